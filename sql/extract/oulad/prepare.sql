-- Presentations with their first day; whole numbers out of what may be text, "19.0" or 19.
create macro whole(value) as try_cast(try_cast(value as double) as bigint);
create macro presentation_of(module, presentation) as module || '-' || presentation;
-- "2013B": February; "2013J": October.
create macro first_day(presentation) as
try_strptime(left(presentation, 4) || case right(presentation, 1) when 'B' then '-02-01' when 'J' then '-10-01' end, '%Y-%m-%d')::date;
create macro noon(day, zone) as timezone(zone, day + interval 12 hour);
create macro end_of(day, zone) as timezone(zone, day + interval 1 day - interval 1 second);

create table presentation as
select
    presentation_of(code_module, code_presentation) as code,
    first_day(code_presentation) as starts_on,
    whole(module_presentation_length) as length,
    row
from courses
where code_module is not null and first_day(code_presentation) is not null and whole(module_presentation_length) is not null
qualify row_number() over (partition by code order by row) = 1;

create table assessment as
select
    whole(id_assessment) as id,
    presentation.code,
    presentation.starts_on,
    presentation.length,
    assessment_type as type,
    whole(date) as day,
    try_cast(weight as double) as weight,
    assessments.row
from assessments
left join presentation on presentation.code = presentation_of(code_module, code_presentation);
