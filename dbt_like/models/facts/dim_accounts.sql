-- One row per account that is known to belong to a person. Accounts to review or unlinked are nobody's.
with people as (

    select * from {{ source('links', 'people') }}

),

accounts as (

    select * from {{ source('raw', 'accounts') }}

)

select
    people.account_id,
    people.person_id,
    accounts.channel,
    accounts.realm,
    coalesce(accounts.is_bot, false) or coalesce(accounts.is_service, false) as is_service,
    coalesce(accounts.is_deleted, false) as is_deleted,
    -- Who cannot log in any more takes part in nothing, whatever the enrolments say.
    (coalesce(accounts.is_deleted, false) or coalesce(accounts.is_suspended, false)) and coalesce(accounts.closed_at < {{ as_of_end() }}, true) as is_closed,
    case
        when coalesce(accounts.is_deleted, false) or coalesce(accounts.is_suspended, false) then {{ if_known('accounts.closed_at') }}
        else null
    end as closed_at,
    accounts.lang,
    accounts.created_at
from people
inner join accounts
    on people.account_id = accounts.account_id
where people.state = 'linked' and people.person_id is not null
