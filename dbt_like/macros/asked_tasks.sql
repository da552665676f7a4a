{# Which tasks were asked of a stream. asked_tasks: one row per stream and task that somebody of it has done, and when first; is_undated: of some it is
   not known. sizes: whether a stream is large enough for its silence to tell. `enrolled`: a relation with a row per person and stream. #}
{% macro asked_tasks(enrolled) %}
-- A task that not one of a whole stream has handed in or got a mark for is hidden, another group's, or done elsewhere: it is due from the day on which
-- the first of the stream has done it, or on its deadline where nothing tells that day (a downloaded gradebook).
asked_tasks as (

    select
        done.stream_id,
        done.task_id,
        min(done.day) as day,
        sum(case when done.day is null then 1 else 0 end) > 0 as is_undated
    from (
        select submissions.stream_id, submissions.task_id, submissions.day from {{ ref('fct_submissions') }} as submissions
        union all
        select grades.stream_id, grades.task_id, grades.day from {{ ref('fct_grades') }} as grades where grades.is_counting
    ) as done
    group by done.stream_id, done.task_id

),

sizes as (

    select
        enrolled.stream_id,
        count(*) >= {{ threshold('task_asked_learners') }} as is_telling
    from {{ enrolled }} as enrolled
    group by enrolled.stream_id

)
{% endmacro %}
