-- One row per course and aspect rated in the surveys so far, and one per aspect over all courses (course_name null): per cents of the five
-- steps, each rounded by itself as the study does (a row may add up to 99 or 101). Vulnerable: negative (1, 2) plus undecided (3) from
-- thresholds.vulnerable_share on, by the unrounded share. Small groups are not shown.
with aspects as (

    select * from (values
        (1, 'teaching', 'content'), (2, 'teaching', 'practice'), (3, 'teaching', 'methods'), (4, 'teaching', 'communication'),
        (5, 'organisation', 'equipment'), (6, 'organisation', 'time'), (7, 'organisation', 'information'), (8, 'organisation', 'group_size'),
        (9, 'organisation', 'certificates'), (10, 'organisation', 'feedback')
    ) as listed (place, part, aspect)

),

answers as (

    select
        courses.course_name,
        answers.aspect,
        answers.rating
    from {{ ref('fct_survey_answers') }} as answers
    left join (select distinct streams.course_id, streams.course_name from {{ ref('rpt_streams') }} as streams) as courses
        on answers.course_id = courses.course_id
    where answers.aspect is not null

),

counted as (

    select answers.course_name, answers.aspect, answers.rating from answers where answers.course_name is not null
    union all
    select cast(null as varchar) as course_name, answers.aspect, answers.rating from answers

),

steps as (

    select
        counted.course_name,
        counted.aspect,
        count(*) as n,
        {% for rating in range(1, 6) %}count(case when counted.rating = {{ rating }} then 1 end) as n_{{ rating }},
        {% endfor %}count(case when counted.rating <= 3 then 1 end) as n_vulnerable
    from counted
    group by counted.course_name, counted.aspect

)

select
    {{ as_of() }} as week_ends_on,
    steps.course_name,
    aspects.place,
    aspects.part,
    aspects.aspect,
    steps.n,
    {% for rating in range(1, 6) %}case when steps.n >= {{ threshold('small_group') }} then cast(round(100.0 * steps.n_{{ rating }} / steps.n) as integer) end as percent_{{ rating }},
    {% endfor %}case when steps.n >= {{ threshold('small_group') }} then 1.0 * steps.n_vulnerable / steps.n end as vulnerable_share,
    case when steps.n >= {{ threshold('small_group') }} then 1.0 * steps.n_vulnerable / steps.n >= {{ threshold('vulnerable_share') }} end as is_vulnerable
from steps
inner join aspects
    on steps.aspect = aspects.aspect
