{# Of ind_learner_days, from its members: notice_days: received, due a sign of having been read, and up to which one there was a sign. #}
{% macro days_of_notices() %}
numbered_notices as (

    select
        members.person_id,
        members.stream_id,
        greatest(notices.day, members.first_day) as received_day,
        -- Nobody has to answer at once.
        greatest({{ add_days('notices.day', threshold('notice_grace_days')) }}, members.first_day) as judged_day,
        {{ later_of(local_day('notices.first_sign_at'), 'members.first_day') }} as sign_day,
        row_number() over (partition by members.person_id, members.stream_id order by notices.sent_at, notices.notice_id) as notice_number
    from members
    inner join {{ ref('fct_notices') }} as notices
        on members.person_id = notices.person_id and members.stream_id = notices.stream_id
    -- Of what stands in a chat no silence is known.
    where notices.tells_silence

),

notice_changes as (

    select numbered_notices.person_id, numbered_notices.stream_id, numbered_notices.received_day as day, 1 as received, 0 as judged, cast(null as bigint) as signed_number
    from numbered_notices
    union all
    select numbered_notices.person_id, numbered_notices.stream_id, numbered_notices.judged_day as day, 0 as received, 1 as judged, cast(null as bigint) as signed_number
    from numbered_notices
    union all
    select numbered_notices.person_id, numbered_notices.stream_id, numbered_notices.sign_day as day, 0 as received, 0 as judged, numbered_notices.notice_number as signed_number
    from numbered_notices
    where numbered_notices.sign_day is not null

),

notice_days as (

    select
        notice_changes.person_id,
        notice_changes.stream_id,
        notice_changes.day,
        sum(notice_changes.received) as received,
        sum(notice_changes.judged) as judged,
        max(notice_changes.signed_number) as signed_number
    from notice_changes
    group by notice_changes.person_id, notice_changes.stream_id, notice_changes.day

),
{% endmacro %}
