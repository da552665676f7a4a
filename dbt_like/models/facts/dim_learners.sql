-- One row per person and course in which this person learns: the one stream he or she belongs to.
-- Who teaches or manages in a course is no learner there, though perhaps elsewhere. After a move the current group counts;
-- of two streams at once the one joined last counts, then the stream id that sorts first.
-- Enrolled "from the course's start" is enrolled when it was entered, three weeks later perhaps: nothing could be kept or missed before.
-- A restored LMS enters everybody anew: who acted before was there before.
with first_acts as (

    select
        activity.account_id,
        activity.course_id,
        min(activity.occurred_at) as first_at
    from {{ source('raw', 'activity') }} as activity
    inner join (
        select distinct
            entered.account_id,
            entered.course_id
        from {{ source('raw', 'enrolments') }} as entered
        where entered.starts_at < entered.created_at
    ) as backdated
        on activity.account_id = backdated.account_id and activity.course_id = backdated.course_id
    where activity.occurred_at < {{ as_of_end() }} and not coalesce(activity.is_impersonated, false)
    group by activity.account_id, activity.course_id

),

enrolments as (

    select
        accounts.person_id,
        enrolments.course_id,
        enrolments.account_id,
        enrolments.role,
        enrolments.method,
        enrolments.enrolled_by,
        case
            when enrolments.starts_at < enrolments.created_at
                then greatest(enrolments.starts_at, least(enrolments.created_at, coalesce(first_acts.first_at, enrolments.created_at)))
            else coalesce(enrolments.starts_at, enrolments.created_at)
        end as enrolled_at,
        -- What the state was at the end of the day: an end that lies ahead has not come.
        case
            when enrolments.state = 'active' and coalesce(enrolments.ends_at < {{ as_of_end() }}, false) then 'ended'
            -- A suspended account is out of every course.
            when accounts.is_closed and (enrolments.state = 'active' or coalesce(enrolments.removed_at, enrolments.ends_at) >= {{ as_of_end() }}) then 'suspended'
            when enrolments.state <> 'active' and coalesce(enrolments.removed_at, enrolments.ends_at) >= {{ as_of_end() }} then 'active'
            else enrolments.state
        end as state,
        case
            when not accounts.is_closed or accounts.closed_at is null then coalesce(enrolments.removed_at, enrolments.ends_at)
            -- Enrolled although the account was closed already: out from the first moment.
            else greatest(
                least(coalesce(enrolments.removed_at, enrolments.ends_at, accounts.closed_at), accounts.closed_at),
                coalesce(enrolments.starts_at, enrolments.created_at, accounts.closed_at)
            )
        end as stated_end_at
    from {{ source('raw', 'enrolments') }} as enrolments
    inner join {{ ref('dim_accounts') }} as accounts
        on enrolments.account_id = accounts.account_id
    inner join {{ ref('dim_courses') }} as courses
        on enrolments.course_id = courses.course_id
    left join first_acts
        on enrolments.account_id = first_acts.account_id and enrolments.course_id = first_acts.course_id
    where not accounts.is_service and {{ known('coalesce(enrolments.created_at, enrolments.starts_at)') }}

),

teachers as (

    select distinct
        enrolments.person_id,
        enrolments.course_id
    from enrolments
    where enrolments.role in ('curator', 'staff')

),

bulk as (

    select
        enrolments.course_id,
        enrolments.enrolled_by,
        date_trunc('hour', enrolments.enrolled_at) as enrolled_hour,
        count(distinct enrolments.person_id) as people
    from enrolments
    where enrolments.role = 'learner' and enrolments.enrolled_by is not null
    group by enrolments.course_id, enrolments.enrolled_by, date_trunc('hour', enrolments.enrolled_at)

),

learners as (

    select
        enrolments.person_id,
        enrolments.course_id,
        min(enrolments.enrolled_at) as enrolled_at,
        {{ first_by('enrolments.method', '(enrolments.enrolled_at, enrolments.method)') }} as method,
        case when bool_or(enrolments.state = 'active') then null else max(enrolments.stated_end_at) end as ended_at,
        min(case enrolments.state when 'active' then 1 when 'suspended' then 2 when 'ended' then 3 else 4 end) as state_rank,
        -- Unknown who enrolled: unknown whether from a list.
        case
            when bool_and(enrolments.enrolled_by is null) then null
            else bool_or(coalesce(bulk.people >= {{ threshold('bulk_enrolment') }}, false) and enrolments.method <> 'self')
        end as is_bulk_enrolled
    from enrolments
    left join bulk
        on enrolments.course_id = bulk.course_id
        and enrolments.enrolled_by = bulk.enrolled_by
        and date_trunc('hour', enrolments.enrolled_at) = bulk.enrolled_hour
    left join teachers
        on enrolments.person_id = teachers.person_id and enrolments.course_id = teachers.course_id
    where enrolments.role = 'learner' and teachers.person_id is null
    group by enrolments.person_id, enrolments.course_id

),

stays as (

    select
        accounts.person_id,
        streams.course_id,
        streams.stream_id,
        memberships.joined_at,
        {{ if_known('memberships.left_at') }} as left_at
    from {{ source('raw', 'memberships') }} as memberships
    inner join {{ ref('dim_streams') }} as streams
        on memberships.group_id = streams.group_id
    inner join {{ ref('dim_accounts') }} as accounts
        on memberships.account_id = accounts.account_id
    where {{ known('memberships.joined_at') }}

),

ranked_stays as (

    select
        stays.*,
        row_number() over (
            partition by stays.person_id, stays.course_id
            order by
                case when stays.left_at is null then 0 else 1 end,
                stays.left_at desc nulls last,
                stays.joined_at desc nulls last,
                stays.stream_id
        ) as place,
        lead(stays.stream_id) over (
            partition by stays.person_id, stays.course_id
            order by
                case when stays.left_at is null then 0 else 1 end,
                stays.left_at desc nulls last,
                stays.joined_at desc nulls last,
                stays.stream_id
        ) as other_stream_id
    from stays

),

whole_courses as (

    -- A course may declare several whole-course streams only one after the other: the one running then, else the last.
    select
        streams.course_id,
        {{ last_by('streams.stream_id', "case when streams.starts_on <= " ~ as_of() ~ " then streams.starts_on else null end") }} as running_stream_id,
        min(streams.stream_id) as first_stream_id
    from {{ ref('dim_streams') }} as streams
    where streams.is_whole_course
    group by streams.course_id

)

select
    learners.person_id,
    learners.course_id,
    coalesce(ranked_stays.stream_id, whole_courses.running_stream_id, whole_courses.first_stream_id) as stream_id,
    learners.enrolled_at,
    learners.ended_at,
    learners.method,
    case learners.state_rank when 1 then 'active' when 2 then 'suspended' when 3 then 'ended' else 'removed' end as state,
    learners.state_rank = 1 as is_current,
    learners.is_bulk_enrolled,
    ranked_stays.joined_at as joined_stream_at,
    case when ranked_stays.other_stream_id <> ranked_stays.stream_id then ranked_stays.other_stream_id else null end as other_stream_id
from learners
left join ranked_stays
    on learners.person_id = ranked_stays.person_id and learners.course_id = ranked_stays.course_id and ranked_stays.place = 1
left join whole_courses
    on learners.course_id = whole_courses.course_id
where coalesce(ranked_stays.stream_id, whole_courses.running_stream_id, whole_courses.first_stream_id) is not null
