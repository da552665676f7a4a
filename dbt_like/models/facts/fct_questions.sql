-- One row per question of a learner: a burst of messages is one question. Answered by a curator's substantive message; "I will find
-- out" and "thank you for writing" are responses, no answers. A question withdrawn (deleted) is none.
with messages as (

    select * from {{ ref('fct_messages') }}

),

calendar as (

    -- Working seconds before each day, so that the working time between two moments is a difference.
    select
        days.day,
        days.work_from_at,
        days.work_until_at,
        coalesce(
            sum(case when days.is_working then {{ hours_between('days.work_from_at', 'days.work_until_at') }} else 0 end)
                over (order by days.day rows between unbounded preceding and 1 preceding),
            0
        ) as hours_before
    from {{ source('raw', 'calendar_days') }} as days

),

asked as (

    select
        coalesce(messages.burst_id, messages.message_id) as question_id,
        bool_or(messages.is_technical) as is_technical
    from messages
    where messages.is_question and messages.role = 'learner' and messages.deleted_at is null
    group by coalesce(messages.burst_id, messages.message_id)

),

replies as (

    select
        links.question_id,
        links.role,
        links.kind,
        answers.person_id,
        answers.message_id,
        answers.sent_at
    from {{ source('links', 'replies') }} as links
    inner join messages as answers
        on links.answer_id = answers.message_id
    where links.role not in ('asker', 'bot')

),

first_replies as (

    select
        replies.question_id,
        min(replies.sent_at) as first_response_at,
        {{ first_by('replies.role', 'replies.sent_at') }} as first_response_role
    from replies
    where replies.kind <> 'thanks'
    group by replies.question_id

),

answers as (

    select
        replies.question_id,
        min(replies.sent_at) as first_curator_at,
        {{ first_by('replies.person_id', 'replies.sent_at') }} as curator_id,
        {{ first_by('replies.message_id', 'replies.sent_at') }} as answer_id
    from replies
    where replies.role = 'curator' and replies.kind = 'substantive'
    group by replies.question_id

),

questions as (

    select
        messages.message_id as question_id,
        messages.channel,
        messages.chat_id,
        messages.course_id,
        messages.stream_id,
        messages.person_id,
        messages.sent_at as asked_at,
        messages.day,
        asked.is_technical,
        first_replies.first_response_at,
        first_replies.first_response_role,
        answers.first_curator_at,
        answers.curator_id,
        answers.answer_id,
        coalesce(answers.first_curator_at, {{ as_of_end() }}) as waited_until
    from asked
    inner join messages
        on asked.question_id = messages.message_id
    left join first_replies
        on asked.question_id = first_replies.question_id
    left join answers
        on asked.question_id = answers.question_id
    where messages.person_id is not null and messages.deleted_at is null

),

timed as (

    select
        questions.*,
        {{ hours_between('questions.asked_at', 'questions.waited_until') }} as hours_waited,
        (
            until_days.hours_before
            + case
                when until_days.work_from_at is null or questions.waited_until <= until_days.work_from_at then 0
                else {{ hours_between('until_days.work_from_at', 'least(questions.waited_until, until_days.work_until_at)') }}
            end
        ) - (
            from_days.hours_before
            + case
                when from_days.work_from_at is null or questions.asked_at <= from_days.work_from_at then 0
                else {{ hours_between('from_days.work_from_at', 'least(questions.asked_at, from_days.work_until_at)') }}
            end
        ) as working_hours_waited
    from questions
    left join calendar as from_days
        on {{ local_day('questions.asked_at') }} = from_days.day
    -- The day's end is the first moment of the next day: a microsecond earlier it is still the day itself.
    left join calendar as until_days
        on {{ local_day("questions.waited_until - interval '1 microsecond'") }} = until_days.day

)

select
    timed.question_id,
    timed.channel,
    timed.chat_id,
    timed.course_id,
    timed.stream_id,
    timed.person_id,
    timed.asked_at,
    timed.day,
    timed.is_technical,
    timed.first_response_at,
    timed.first_response_role,
    timed.first_curator_at,
    timed.curator_id,
    timed.answer_id,
    timed.first_curator_at is null as is_open,
    case when timed.first_curator_at is null then null else timed.hours_waited end as hours_to_curator,
    case when timed.first_curator_at is null then null else timed.working_hours_waited end as working_hours_to_curator,
    case when timed.first_curator_at is null then timed.hours_waited else null end as hours_open,
    case when timed.first_curator_at is null then timed.working_hours_waited else null end as working_hours_open,
    clusters.cluster_id
from timed
left join {{ source('links', 'repeated_questions') }} as clusters
    on timed.question_id = clusters.message_id
