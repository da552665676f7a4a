{# Of ind_learner_days, from its members: message_days, question_days: written and asked. waits: for a curator, the median of the first n. oldest_open: the longest wait that goes on. #}
{% macro days_of_messages() %}
message_days as (

    select
        members.person_id,
        members.stream_id,
        greatest(messages.day, members.first_day) as day,
        count(*) as messages,
        count(case when messages.is_technical then 1 end) as technical
    from members
    inner join {{ ref('fct_messages') }} as messages
        on members.person_id = messages.person_id and members.course_id = messages.course_id
    where messages.role = 'learner'
    group by members.person_id, members.stream_id, greatest(messages.day, members.first_day)

),

asked as (

    select
        members.person_id,
        members.stream_id,
        members.from_day,
        questions.question_id,
        questions.asked_at,
        questions.hours_to_curator,
        greatest(questions.day, members.first_day) as asked_day,
        {{ later_of(local_day('questions.first_curator_at'), 'members.first_day') }} as answered_day,
        case
            when questions.first_curator_at is null then null
            else row_number() over (
                partition by members.person_id, members.stream_id
                order by questions.first_curator_at nulls last, questions.question_id
            )
        end as answered_number
    from members
    inner join {{ ref('fct_questions') }} as questions
        on members.person_id = questions.person_id and members.course_id = questions.course_id

),

question_changes as (

    select asked.person_id, asked.stream_id, asked.asked_day as day, 1 as asked, 0 as answered
    from asked
    union all
    select asked.person_id, asked.stream_id, asked.answered_day as day, 0 as asked, 1 as answered
    from asked
    where asked.answered_day is not null

),

question_days as (

    select
        question_changes.person_id,
        question_changes.stream_id,
        question_changes.day,
        sum(question_changes.asked) as asked,
        sum(question_changes.answered) as answered
    from question_changes
    group by question_changes.person_id, question_changes.stream_id, question_changes.day

),

waits as (

    select
        last_questions.person_id,
        last_questions.stream_id,
        last_questions.answered_number as answered,
        {{ median('first_questions.hours_to_curator') }} as median_wait_hours
    from asked as last_questions
    inner join asked as first_questions
        on last_questions.person_id = first_questions.person_id
        and last_questions.stream_id = first_questions.stream_id
        and first_questions.answered_number <= last_questions.answered_number
    group by last_questions.person_id, last_questions.stream_id, last_questions.answered_number

),

oldest_open as (

    select
        spine.person_id,
        spine.stream_id,
        spine.day,
        max({{ hours_between('asked.asked_at', day_end('spine.day')) }}) as oldest_open_hours
    from spine
    inner join asked
        on spine.person_id = asked.person_id
        and spine.stream_id = asked.stream_id
        and spine.day >= asked.asked_day
        and spine.day >= asked.from_day
        and (asked.answered_day is null or spine.day < asked.answered_day)
    group by spine.person_id, spine.stream_id, spine.day

),
{% endmacro %}
