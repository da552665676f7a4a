-- Value: missed = due - handed in among those due, for every learner; and the stream is the sum of its learners.
-- Resolve: compare the learners of the stream and day that are named with the stream's row; a filter stands in one of the two models only.
{{ config(tags=['value']) }}
with learners as (

    select
        days.stream_id,
        days.day,
        sum(case when days.is_current then days.tasks_missed end) as tasks_missed,
        count(case when days.is_current then 1 end) as learners
    from {{ ref('ind_learner_days') }} as days
    group by days.stream_id, days.day

)

select streams.stream_id, streams.day
from {{ ref('ind_stream_days') }} as streams
full outer join learners
    on streams.stream_id = learners.stream_id and streams.day = learners.day
where streams.tasks_missed is distinct from learners.tasks_missed or streams.learners is distinct from learners.learners
union all
select days.stream_id, days.day
from {{ ref('ind_learner_days') }} as days
where days.tasks_missed > days.tasks_due or days.tasks_missed_in_row > days.tasks_missed or days.tasks_due - days.tasks_missed > days.tasks_submitted
