-- One row per person, LMS group and span of being in it, of whatever account: who belonged to which group when.
select distinct
    accounts.person_id,
    course_groups.course_id,
    course_groups.group_id,
    memberships.joined_at,
    memberships.left_at
from {{ source('raw', 'memberships') }} as memberships
inner join {{ source('raw', 'course_groups') }} as course_groups
    on memberships.group_id = course_groups.group_id
inner join {{ ref('dim_accounts') }} as accounts
    on memberships.account_id = accounts.account_id
