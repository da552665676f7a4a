-- One row per cluster of repeated questions, stream and ISO week in which it was asked: the cluster is of the whole course, this says where
-- and when it came up. Questions of people in no stream have a null stream.
with questions as (

    select
        questions.*,
        {{ week_end('questions.day') }} as week_ends_on
    from {{ ref('fct_questions') }} as questions
    where questions.cluster_id is not null

)

select
    questions.cluster_id,
    questions.stream_id,
    questions.week_ends_on,
    count(*) as asked,
    count(distinct questions.person_id) as people,
    count(case when questions.is_open then 1 end) as open_now,
    min(questions.asked_at) as first_at,
    max(questions.asked_at) as last_at
from questions
group by questions.cluster_id, questions.stream_id, questions.week_ends_on
