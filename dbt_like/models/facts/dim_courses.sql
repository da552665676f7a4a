-- One row per course of the LMS, those left out by the programme file excluded.
with courses as (

    select * from {{ source('raw', 'courses') }}

)

select
    courses.course_id,
    coalesce({{ tidy('courses.code') }}, courses.course_id) as code,
    courses.name,
    courses.name_en,
    {{ local_day('courses.starts_at') }} as starts_on,
    -- An LMS states the first moment after the last day as often as a moment of it.
    {{ local_day("courses.ends_at - interval '1 second'") }} as ends_on
from courses
{% if var('ignore_courses') %}
where courses.code is null or courses.code not in ({% for code in var('ignore_courses') %}'{{ code | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor %})
{% endif %}
