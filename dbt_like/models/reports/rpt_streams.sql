-- One row per stream as people name it. Live: begun, and not longer ended than thresholds.live_days_after_end: questions outlast a course.
with streams as (

    select * from {{ ref('dim_streams') }}

)

select
    streams.stream_id,
    streams.course_id,
    {% if var('language') == 'en' %}coalesce(courses.name_en, courses.name, courses.code){% else %}coalesce(courses.name, courses.code){% endif %} as course_name,
    streams.title as stream_title,
    streams.starts_on,
    streams.ends_on,
    streams.days as course_days,
    least({{ days_between('streams.starts_on', as_of()) }} + 1, streams.days) as course_day,
    streams.is_ended,
    coalesce(streams.starts_on <= {{ as_of() }}, false)
    and coalesce({{ add_days('streams.ends_on', threshold('live_days_after_end')) }} >= {{ as_of() }}, true) as is_live,
    lag(streams.stream_id) over (partition by streams.course_id order by streams.starts_on nulls last, streams.stream_id) as earlier_stream_id
from streams
inner join {{ ref('dim_courses') }} as courses
    on streams.course_id = courses.course_id
