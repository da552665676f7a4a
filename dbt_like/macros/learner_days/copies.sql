{# Of ind_learner_days, from its members: copy_days: works that count as copied. #}
{% macro days_of_copies() %}
copied as (

    select
        copies.person_id,
        copies.course_id,
        copies.task_id,
        min(copies.day) as day,
        bool_and(copies.is_by_bytes) as is_by_bytes
    from {{ ref('fct_copies') }} as copies
    where copies.is_counted
    group by copies.person_id, copies.course_id, copies.task_id

),

copy_days as (

    select
        members.person_id,
        members.stream_id,
        greatest(copied.day, members.first_day) as day,
        count(*) as copied,
        -- Works without words are none of the texts; what is known of them is that these are somebody else's.
        count(case when copied.is_by_bytes then 1 end) as copied_by_bytes
    from members
    inner join copied
        on members.person_id = copied.person_id and members.course_id = copied.course_id
    group by members.person_id, members.stream_id, greatest(copied.day, members.first_day)

),
{% endmacro %}
