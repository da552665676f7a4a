-- One row per module presentation.
select
    $realm || ':course:' || code as course_id,
    code,
    code as name,
    timezone($zone, starts_on::timestamp) as starts_at,
    end_of(starts_on + length::integer, $zone) as ends_at,
    case when known.code is null then 'courses row ' || courses.row end as place,
    case when known.code is null then 'no such presentation' end as reason
from courses
left join presentation as known on known.row = courses.row
order by courses.row
