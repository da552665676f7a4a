-- One row per letter and address from which it came back. A report that names no address speaks of a letter's only one; a delay is no failure.
with failed as (

    select
        reports.about_message_id as message_id,
        reports.about_account_id as account_id,
        reports.sent_at
    from {{ source('raw', 'messages') }} as reports
    where
        reports.kind = 'delivery_report'
        and reports.delivery_state = 'failed'
        and reports.about_message_id is not null
        and reports.sent_at < {{ as_of_end() }}

),

addressed as (

    select distinct
        addressees.message_id,
        addressees.account_id,
        coalesce(accounts.person_id, addressees.account_id) as receiver_id
    from {{ source('raw', 'addressees') }} as addressees
    left join {{ ref('dim_accounts') }} as accounts
        on addressees.account_id = accounts.account_id
    where
        addressees.role in ('to', 'cc', 'bcc')
        and addressees.message_id in (select failed.message_id from failed)

),

counted as (

    select
        addressed.message_id,
        count(*) as addresses
    from addressed
    group by addressed.message_id

),

named as (

    select
        failed.message_id,
        failed.account_id,
        min(failed.sent_at) as returned_at
    from failed
    where failed.account_id is not null
    group by failed.message_id, failed.account_id

),

unnamed as (

    select
        failed.message_id,
        min(failed.sent_at) as returned_at
    from failed
    where failed.account_id is null
    group by failed.message_id

),

told as (

    select
        addressed.message_id,
        addressed.receiver_id,
        addressed.account_id,
        case
            when counted.addresses = 1 then least(named.returned_at, unnamed.returned_at)
            else named.returned_at
        end as returned_at
    from addressed
    inner join counted
        on addressed.message_id = counted.message_id
    left join named
        on addressed.message_id = named.message_id
        and addressed.account_id = named.account_id
    left join unnamed
        on addressed.message_id = unnamed.message_id

),

judged as (

    select
        told.*,
        bool_and(told.returned_at is not null) over (partition by told.message_id, told.receiver_id) as missed_receiver,
        bool_and(told.returned_at is not null) over (partition by told.message_id) as reached_nobody
    from told

)

select
    judged.message_id,
    judged.account_id,
    judged.receiver_id,
    judged.returned_at,
    judged.missed_receiver,
    judged.reached_nobody
from judged
where judged.returned_at is not null
