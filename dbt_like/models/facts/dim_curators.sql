-- One row per stream and curator responsible for it: the programme file's, else the LMS's teachers in the stream's group,
-- else all teachers of the course.
with streams as (

    select * from {{ ref('dim_streams') }}

),

declared as (

    select distinct
        streams.stream_id,
        accounts.person_id as curator_id,
        case when curators.stream_code is null then 2 else 1 end as strength
    from {{ source('raw', 'programme_curators') }} as curators
    inner join streams
        on curators.course_code = streams.course_code
        and (curators.stream_code is null or curators.stream_code = streams.stream_id)
    inner join {{ ref('dim_accounts') }} as accounts
        on curators.account_id = accounts.account_id

),

teachers as (

    select distinct
        enrolments.course_id,
        accounts.account_id,
        accounts.person_id
    from {{ source('raw', 'enrolments') }} as enrolments
    inner join {{ ref('dim_accounts') }} as accounts
        on enrolments.account_id = accounts.account_id
    where
        enrolments.role = 'curator'
        and not accounts.is_service
        and not accounts.is_deleted
        and {{ known('enrolments.created_at') }}
        and (enrolments.state = 'active' or coalesce(enrolments.removed_at, enrolments.ends_at) >= {{ as_of_end() }})

),

group_teachers as (

    select distinct
        streams.stream_id,
        teachers.person_id as curator_id,
        3 as strength
    from streams
    inner join {{ source('raw', 'memberships') }} as memberships
        on streams.group_id = memberships.group_id
    inner join teachers
        on memberships.account_id = teachers.account_id and streams.course_id = teachers.course_id
    where {{ known('memberships.joined_at') }} and (memberships.left_at is null or memberships.left_at >= {{ as_of_end() }})

),

course_teachers as (

    select distinct
        streams.stream_id,
        teachers.person_id as curator_id,
        4 as strength
    from streams
    inner join teachers
        on streams.course_id = teachers.course_id

),

candidates as (

    select * from declared
    union all
    select * from group_teachers
    union all
    select * from course_teachers

),

strongest as (

    select
        candidates.*,
        min(candidates.strength) over (partition by candidates.stream_id) as strongest
    from candidates

)

select distinct
    strongest.stream_id,
    strongest.curator_id,
    case strongest.strength when 1 then 'stream' when 2 then 'course' when 3 then 'group' else 'teacher' end as role
from strongest
where strongest.strength = strongest.strongest
