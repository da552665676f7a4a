-- One row per stream. Programme file first; else the LMS's groups that match the pattern; else the course as a whole.
-- Learners of a course with streams who are in none of them are kept in a stream of their own, "<course>/none".
with courses as (

    select * from {{ ref('dim_courses') }}

),

declared as (

    select
        courses.course_id,
        courses.code as course_code,
        streams.stream_code as stream_id,
        case
            when streams.stream_code like courses.code || '/%' then substr(streams.stream_code, length(courses.code) + 2)
            else streams.stream_code
        end as stream_code,
        coalesce({{ tidy('streams.title') }}, {{ tidy('streams.group_code') }}, courses.name, courses.code) as title,
        streams.group_code,
        streams.starts_on,
        streams.ends_on
    from {{ source('raw', 'programme_streams') }} as streams
    inner join courses
        on streams.course_code = courses.code

),

declared_groups as (

    select
        declared.stream_id,
        min(course_groups.group_id) as group_id
    from declared
    inner join {{ source('raw', 'course_groups') }} as course_groups
        on declared.course_id = course_groups.course_id
        and lower({{ tidy('declared.group_code') }}) in (lower({{ tidy('course_groups.code') }}), lower({{ tidy('course_groups.name') }}))
    group by declared.stream_id

),

matching_groups as (

    select
        course_groups.course_id,
        course_groups.group_id,
        coalesce({{ tidy('course_groups.code') }}, {{ tidy('course_groups.name') }}, course_groups.group_id) as stream_code,
        coalesce({{ tidy('course_groups.name') }}, {{ tidy('course_groups.code') }}) as title,
        count(*) over (
            partition by course_groups.course_id, coalesce({{ tidy('course_groups.code') }}, {{ tidy('course_groups.name') }}, course_groups.group_id)
        ) as namesakes
    from {{ source('raw', 'course_groups') }} as course_groups
    where
        course_groups.course_id not in (select declared.course_id from declared)
        and (
            {{ matches("coalesce(course_groups.code, '')", var('stream_pattern')) }}
            or {{ matches("coalesce(course_groups.name, '')", var('stream_pattern')) }}
            or {{ matches("coalesce(course_groups.groupings, '')", var('stream_pattern')) }}
        )

),

group_streams as (

    select
        courses.course_id,
        courses.code as course_code,
        -- Two groups of one name: the group's own id tells them apart.
        courses.code || '/' || matching_groups.stream_code
        || case when matching_groups.namesakes > 1 then '#' || matching_groups.group_id else '' end as stream_id,
        matching_groups.stream_code,
        coalesce(matching_groups.title, matching_groups.stream_code) as title,
        matching_groups.group_id
    from matching_groups
    inner join courses
        on matching_groups.course_id = courses.course_id

),

-- Courses whose declared stream is the whole course need no stream for those in no group.
grouped_courses as (

    select group_streams.course_id from group_streams
    union
    select declared.course_id
    from declared
    group by declared.course_id
    having count(declared.group_code) = count(*)

),

stream_members as (

    select distinct
        stream_groups.course_id,
        memberships.account_id
    from {{ source('raw', 'memberships') }} as memberships
    inner join (
        select group_streams.course_id, group_streams.group_id from group_streams
        union
        select declared.course_id, declared_groups.group_id
        from declared
        inner join declared_groups
            on declared.stream_id = declared_groups.stream_id
    ) as stream_groups
        on memberships.group_id = stream_groups.group_id
    where {{ known('memberships.joined_at') }}

),

courses_with_others as (

    select distinct enrolments.course_id
    from {{ source('raw', 'enrolments') }} as enrolments
    inner join grouped_courses
        on enrolments.course_id = grouped_courses.course_id
    inner join {{ ref('dim_accounts') }} as accounts
        on enrolments.account_id = accounts.account_id
    where
        enrolments.role = 'learner'
        and not accounts.is_service
        and {{ known('enrolments.created_at') }}
        and not exists (
            select 1
            from stream_members
            where stream_members.course_id = enrolments.course_id and stream_members.account_id = enrolments.account_id
        )

),

streams as (

    select
        declared.stream_id,
        declared.course_id,
        declared.course_code,
        declared.stream_code,
        declared.title,
        declared_groups.group_id,
        declared.group_code is null as is_whole_course,
        'programme' as rule,
        declared.starts_on,
        declared.ends_on
    from declared
    left join declared_groups
        on declared.stream_id = declared_groups.stream_id
    union all
    select
        group_streams.stream_id,
        group_streams.course_id,
        group_streams.course_code,
        group_streams.stream_code,
        group_streams.title,
        group_streams.group_id,
        false as is_whole_course,
        'group' as rule,
        cast(null as date) as starts_on,
        cast(null as date) as ends_on
    from group_streams
    union all
    select
        courses.code || '/all' as stream_id,
        courses.course_id,
        courses.code as course_code,
        'all' as stream_code,
        coalesce(courses.name, courses.code) as title,
        cast(null as varchar) as group_id,
        true as is_whole_course,
        'course' as rule,
        cast(null as date) as starts_on,
        cast(null as date) as ends_on
    from courses
    where
        courses.course_id not in (select declared.course_id from declared)
        and courses.course_id not in (select group_streams.course_id from group_streams)
    union all
    select
        courses.code || '/none' as stream_id,
        courses.course_id,
        courses.code as course_code,
        'none' as stream_code,
        coalesce(courses.name, courses.code) as title,
        cast(null as varchar) as group_id,
        true as is_whole_course,
        'none' as rule,
        cast(null as date) as starts_on,
        cast(null as date) as ends_on
    from courses
    inner join courses_with_others
        on courses.course_id = courses_with_others.course_id

),

course_activity as (

    select
        activity.course_id,
        min({{ local_day('activity.occurred_at') }}) as first_day,
        max({{ local_day('activity.occurred_at') }}) as last_day
    from {{ source('raw', 'activity') }} as activity
    where activity.course_id is not null and activity.occurred_at < {{ as_of_end() }}
    group by activity.course_id

),

dated as (

    select
        streams.*,
        coalesce(streams.starts_on, courses.starts_on, course_activity.first_day) as first_day,
        coalesce(
            streams.ends_on,
            courses.ends_on,
            case
                when course_activity.last_day < {{ add_days(as_of(), '-1 * ' ~ threshold('stream_quiet_days')) }} then course_activity.last_day
                else null
            end
        ) as last_day
    from streams
    inner join courses
        on streams.course_id = courses.course_id
    left join course_activity
        on streams.course_id = course_activity.course_id

)

select
    dated.stream_id,
    dated.course_id,
    dated.course_code,
    dated.stream_code,
    dated.title,
    dated.group_id,
    dated.rule,
    dated.is_whole_course,
    dated.first_day as starts_on,
    dated.last_day as ends_on,
    {{ days_between('dated.first_day', 'dated.last_day') }} + 1 as days,
    coalesce(dated.last_day < {{ as_of() }}, false) as is_ended
from dated
