-- One row per person with a linked account: what this person is in the programme, somewhere.
with accounts as (

    select * from {{ ref('dim_accounts') }}

),

roles as (

    select
        accounts.person_id,
        bool_or(enrolments.role = 'curator') as is_curator,
        bool_or(enrolments.role = 'staff') as is_staff
    from {{ source('raw', 'enrolments') }} as enrolments
    inner join accounts
        on enrolments.account_id = accounts.account_id
    where {{ known('enrolments.created_at') }}
    group by accounts.person_id

)

select
    accounts.person_id,
    accounts.person_id in (select learners.person_id from {{ ref('dim_learners') }} as learners) as is_learner,
    coalesce(bool_or(roles.is_curator), false)
    or accounts.person_id in (select curators.curator_id from {{ ref('dim_curators') }} as curators) as is_curator,
    coalesce(bool_or(roles.is_staff), false) as is_staff,
    bool_and(accounts.is_service) as is_service,
    {{ first_by('accounts.lang', "case when accounts.lang is null then null else coalesce(accounts.created_at, timestamptz '9999-01-01') end") }} as lang,
    {{ joined('accounts.channel') }} as channels
from accounts
left join roles
    on accounts.person_id = roles.person_id
group by accounts.person_id
