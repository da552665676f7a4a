-- One row per cluster of questions that were asked more than once, with the answer that could stand in a list of answers.
-- The best answer: a curator's substantive one, the longest; of equals the earliest.
with questions as (

    select * from {{ ref('fct_questions') }}
    where cluster_id is not null

),

answers as (

    select
        questions.cluster_id,
        questions.answer_id,
        row_number() over (
            partition by questions.cluster_id
            order by messages.words desc nulls last, messages.sent_at, messages.message_id
        ) as place
    from questions
    inner join {{ ref('fct_messages') }} as messages
        on questions.answer_id = messages.message_id

),

clusters as (

    select
        questions.cluster_id,
        count(*) as asked,
        count(distinct questions.person_id) as people,
        count(distinct questions.course_id) as courses,
        {{ first_by('questions.course_id', 'questions.asked_at') }} as course_id,
        count(distinct questions.stream_id) as streams,
        count(case when questions.is_open then 1 end) as open_now,
        bool_or(questions.is_technical) as is_technical,
        min(questions.asked_at) as first_at,
        max(questions.asked_at) as last_at
    from questions
    group by questions.cluster_id
    having count(*) > 1

)

select
    clusters.*,
    answers.answer_id as best_answer_id
from clusters
left join answers
    on clusters.cluster_id = answers.cluster_id and answers.place = 1
