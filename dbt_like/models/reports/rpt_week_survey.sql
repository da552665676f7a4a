-- One row per course and item of the surveys answered so far, and one per item over all courses (course_name null): shares of the five
-- answers. Vulnerable: negative (1, 2) plus undecided (3) from thresholds.vulnerable_share on. Small groups are not shown.
with answers as (

    select
        courses.course_name,
        answers.item,
        answers.aspect,
        answers.rating
    from {{ ref('fct_survey_answers') }} as answers
    left join (select distinct streams.course_id, streams.course_name from {{ ref('rpt_streams') }} as streams) as courses
        on answers.course_id = courses.course_id

),

counted as (

    select answers.course_name, answers.item, answers.aspect, answers.rating from answers where answers.course_name is not null
    union all
    select cast(null as varchar) as course_name, answers.item, answers.aspect, answers.rating from answers

),

shares as (

    select
        counted.course_name,
        counted.item,
        -- Null where one of the surveys that ask it is not mapped: such an item is shown as it was asked.
        case when count(counted.aspect) = count(*) then min(counted.aspect) end as aspect,
        count(*) as n,
        avg(case when counted.rating = 1 then 1.0 else 0.0 end) as share_1,
        avg(case when counted.rating = 2 then 1.0 else 0.0 end) as share_2,
        avg(case when counted.rating = 3 then 1.0 else 0.0 end) as share_3,
        avg(case when counted.rating = 4 then 1.0 else 0.0 end) as share_4,
        avg(case when counted.rating = 5 then 1.0 else 0.0 end) as share_5,
        avg(case when counted.rating <= 3 then 1.0 else 0.0 end) as vulnerable_share
    from counted
    group by counted.course_name, counted.item

)

select
    {{ as_of() }} as week_ends_on,
    shares.course_name,
    shares.item,
    shares.aspect,
    shares.n,
    {% for rating in range(1, 6) %}case when shares.n >= {{ threshold('small_group') }} then shares.share_{{ rating }} end as share_{{ rating }},
    {% endfor %}case when shares.n >= {{ threshold('small_group') }} then shares.vulnerable_share end as vulnerable_share,
    case when shares.n >= {{ threshold('small_group') }} then shares.vulnerable_share >= {{ threshold('vulnerable_share') }} end as is_vulnerable
from shares
