-- One row per part of the programme (all of it, or a course): what the comments of the week's marks are worth, and how long works wait for
-- their mark. Marks by the week of marking; times by the week of handing in (this one and the one before), by Kaplan and Meier, unmarked works counted as
-- waiting. Small parts are in it: the report hides them.
with marks as (

    select
        grades.course_id,
        grades.feedback_kind
    from {{ ref('fct_grades') }} as grades
    where grades.feedback_kind is not null and grades.day between {{ add_days(as_of(), '-6') }} and {{ as_of() }}

),

kinds as (

    select
        'programme' as part,
        '{{ var("programme_id") }}' as part_id,
        marks.feedback_kind
    from marks
    union all
    select
        'course' as part,
        marks.course_id as part_id,
        marks.feedback_kind
    from marks

),

counted as (

    select
        kinds.part,
        kinds.part_id,
        count(*) as marks,
        count(case when kinds.feedback_kind = 'substantive' then 1 end) as substantive,
        count(case when kinds.feedback_kind = 'returned' then 1 end) as returned,
        count(case when kinds.feedback_kind = 'formal' then 1 end) as formal,
        count(case when kinds.feedback_kind = 'boilerplate' then 1 end) as boilerplate,
        count(case when kinds.feedback_kind = 'none' then 1 end) as without_comment
    from kinds
    group by kinds.part, kinds.part_id

),

times as (

    select
        times.scope as part,
        times.scope_id as part_id,
        case when times.week_ends_on = {{ week_end(as_of()) }} then 0 else 1 end as back,
        times.works,
        times.marked,
        times.unmarked,
        times.km_median_hours,
        times.km_quick,
        times.low,
        times.high
    from {{ ref('ind_feedback_times') }} as times
    where
        times.scope in ('programme', 'course') and times.clock = 'hand_in'
        and times.week_ends_on in ({{ week_end(as_of()) }}, {{ add_days(week_end(as_of()), '-7') }})

),

parts as (

    select counted.part, counted.part_id from counted
    union
    select times.part, times.part_id from times

),

courses as (

    select distinct
        streams.course_id,
        streams.course_name
    from {{ ref('rpt_streams') }} as streams

),

shared as (

    select
        counted.*,
        (counted.substantive + counted.returned) / cast(counted.marks as double) as substantive_share
    from counted

)

select
    {{ as_of() }} as week_ends_on,
    parts.part,
    parts.part_id,
    courses.course_name,
    coalesce(shared.marks, 0) as marks,
    shared.substantive,
    shared.returned,
    shared.formal,
    shared.boilerplate,
    shared.without_comment,
    shared.substantive_share,
    {{ wilson_low('shared.substantive_share', 'shared.marks') }} as low,
    {{ wilson_high('shared.substantive_share', 'shared.marks') }} as high,
    coalesce(now.works, 0) as works,
    now.marked,
    now.unmarked,
    now.km_median_hours as median_hours,
    now.km_quick as in_time_share,
    now.low as in_time_low,
    now.high as in_time_high,
    coalesce(before.works, 0) as works_previous,
    before.unmarked as unmarked_previous,
    before.km_median_hours as median_hours_previous,
    before.km_quick as in_time_share_previous
from parts
left join shared
    on parts.part = shared.part and parts.part_id = shared.part_id
left join times as now
    on parts.part = now.part and parts.part_id = now.part_id and now.back = 0
left join times as before
    on parts.part = before.part and parts.part_id = before.part_id and before.back = 1
left join courses
    on {{ key_where('parts.part_id', "parts.part = 'course'") }} = courses.course_id
