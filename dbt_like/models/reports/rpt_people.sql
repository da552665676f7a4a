-- One row per person: the name and the ways to reach this person, from the LMS account; from the oldest other one where there is none.
with accounts as (

    select
        accounts.person_id,
        accounts.channel,
        accounts.created_at,
        accounts.account_id,
        accounts.is_deleted,
        {{ tidy('names.last_name') }} as last_name,
        {{ tidy('names.first_name') }} as first_name,
        {{ tidy('names.display_name') }} as display_name,
        names.email,
        names.phone,
        names.institution
    from {{ ref('dim_accounts') }} as accounts
    inner join {{ source('personal', 'accounts') }} as names
        on accounts.account_id = names.account_id

),

ranked as (

    select
        accounts.*,
        row_number() over (
            partition by accounts.person_id
            order by
                case accounts.channel when 'lms' then 0 else 1 end,
                case when accounts.is_deleted then 1 else 0 end,
                accounts.created_at nulls last,
                accounts.account_id
        ) as place
    from accounts

),

named as (

    select
        ranked.person_id,
        {{ proper_name('ranked.last_name') }} as last_name,
        {{ proper_name('ranked.first_name') }} as first_name,
        {{ proper_name('ranked.display_name') }} as display_name
    from ranked
    where ranked.place = 1

),

reached as (

    -- Any account may hold the phone; the address of the LMS account goes before the others'.
    select
        ranked.person_id,
        {{ first_by('ranked.email', 'case when ranked.email is null then null else ranked.place end') }} as email,
        {{ first_by('ranked.phone', 'case when ranked.phone is null then null else ranked.place end') }} as phone,
        {{ first_by('ranked.institution', 'case when ranked.institution is null then null else ranked.place end') }} as institution
    from ranked
    group by ranked.person_id

)

select
    named.person_id,
    coalesce(
        case
            when named.last_name is not null and named.first_name is not null then named.last_name || ' ' || named.first_name
            else coalesce(named.last_name, named.first_name)
        end,
        named.display_name,
        named.person_id
    ) as name,
    reached.email,
    reached.phone,
    {{ tidy('reached.institution') }} as institution
from named
inner join reached
    on named.person_id = reached.person_id
