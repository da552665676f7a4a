-- One row per turn of a learner that waits for the course's people, and measure of the waiting:
--   first_response  from the question to the first word of a curator or of staff, "I will find out" included;
--   first_answer    from the question to the first substantive answer of a curator;
--   next_reply      from a later turn to the curator's next substantive answer: a question that goes on from an earlier response in the same
--                   conversation, or the asker's "still does not work" after an answer, which reopens the question.
-- Words that come while the learner waits already begin nothing new, and thanks wait for nobody: a question that is reopened twice is one
-- question with three turns. What is still waited for ends with the day, open: a right-censored observation.
with questions as (

    select * from {{ ref('fct_questions') }}

),

calendar as (

    {{ calendar_sums() }}

),

replies as (

    select
        links.question_id,
        links.role,
        links.kind,
        words.person_id,
        words.message_id,
        words.sent_at,
        coalesce(links.said_at, words.sent_at) as said_at
    from {{ source('links', 'replies') }} as links
    inner join {{ ref('fct_messages') }} as words
        on links.answer_id = words.message_id
    -- What the asker took back waits for nothing; an answer that was deleted after it had been read had been given.
    where
        (links.role = 'curator' or words.deleted_at is null)
        -- A letter that came back answered nobody.
        and not exists (
            select 1 from {{ ref('fct_unreceived_answers') }} as unreceived
            where unreceived.question_id = links.question_id and unreceived.answer_id = links.answer_id
        )

),

answers as (

    select
        replies.question_id,
        replies.person_id,
        replies.message_id,
        replies.said_at as sent_at,
        row_number() over (partition by replies.question_id order by replies.said_at, replies.message_id) as place
    from replies
    where replies.role = 'curator' and replies.kind = 'substantive'

),

-- The asker comes back: words that the search for questions knows to go on with what was asked.
returns as (

    select
        replies.question_id,
        replies.message_id,
        replies.sent_at,
        count(answers.place) as answers_before
    from replies
    inner join {{ source('links', 'questions') }} as judged
        on replies.message_id = judged.message_id and judged.rule = 'follow_up'
    left join answers
        on replies.question_id = answers.question_id and answers.sent_at <= replies.sent_at
    where replies.role = 'asker' and replies.kind <> 'thanks'
    group by replies.question_id, replies.message_id, replies.sent_at

),

reopened as (

    select
        returns.question_id,
        returns.answers_before,
        min(returns.sent_at) as from_at,
        row_number() over (partition by returns.question_id order by returns.answers_before) + 1 as turn
    from returns
    where returns.answers_before > 0
    group by returns.question_id, returns.answers_before

),

turns as (

    select
        questions.question_id,
        'first_response' as measure,
        1 as turn,
        questions.asked_at as from_at,
        questions.first_staff_at as until_at,
        cast(null as varchar) as curator_id
    from questions
    union all
    select
        questions.question_id,
        'first_answer' as measure,
        1 as turn,
        questions.asked_at as from_at,
        questions.first_curator_at as until_at,
        questions.curator_id
    from questions
    union all
    select
        questions.question_id,
        'next_reply' as measure,
        1 as turn,
        questions.asked_at as from_at,
        questions.first_curator_at as until_at,
        questions.curator_id
    from questions
    where questions.follows_question_id is not null
    union all
    select
        reopened.question_id,
        'next_reply' as measure,
        reopened.turn,
        reopened.from_at,
        answers.sent_at as until_at,
        answers.person_id as curator_id
    from reopened
    left join answers
        on reopened.question_id = answers.question_id and reopened.answers_before + 1 = answers.place

),

ended as (

    select
        turns.*,
        questions.channel,
        questions.course_id,
        questions.stream_id,
        questions.person_id,
        coalesce(turns.until_at, {{ as_of_end() }}) as waited_until
    from turns
    inner join questions
        on turns.question_id = questions.question_id

)

select
    ended.question_id,
    ended.measure,
    ended.turn,
    ended.channel,
    ended.course_id,
    ended.stream_id,
    ended.person_id,
    ended.from_at,
    {{ local_day('ended.from_at') }} as day,
    ended.until_at,
    ended.curator_id,
    ended.until_at is null as is_open,
    {{ hours_between('ended.from_at', 'ended.waited_until') }} as hours,
    {{ working_hours_up_to('ended.waited_until', 'until_days') }} - {{ working_hours_up_to('ended.from_at', 'from_days') }} as working_hours
from ended
left join calendar as from_days
    on {{ local_day('ended.from_at') }} = from_days.day
left join calendar as until_days
    on {{ day_waited_until('ended.waited_until') }} = until_days.day
