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
    accounts.lang,
    accounts.created_at
from people
inner join accounts
    on people.account_id = accounts.account_id
where people.state = 'linked' and people.person_id is not null
