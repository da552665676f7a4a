-- One row per sign of technical trouble: cases of the seven days and of the seven before, and how many learners of running streams had them.
-- Signs: question (about uploading, logging in, sound), upload (a work of one task handed in or uploaded thresholds.upload_tries times on one day), reconnect
-- (a webinar with more than one stay), login (failed log-ins: nobody's, the LMS does not know whose). Without a row: no source tells of it.
with weeks as (

    select 0 as back, {{ add_days(as_of(), '-6') }} as from_day, {{ as_of() }} as until_day
    union all
    select 1 as back, {{ add_days(as_of(), '-13') }} as from_day, {{ add_days(as_of(), '-7') }} as until_day

),

tries as (

    select
        acts.person_id,
        acts.task_id,
        acts.day,
        count(*) as tries
    from {{ ref('fct_activity') }} as acts
    where acts.action in ('submitted', 'uploaded') and acts.task_kind = 'assignment'
    group by acts.person_id, acts.task_id, acts.day

),

signs as (

    select
        weeks.back,
        'question' as sign,
        count(case when questions.is_technical then 1 end) as cases,
        count(distinct case when questions.is_technical then questions.person_id end) as people,
        count(*) as n
    from weeks
    inner join {{ ref('fct_questions') }} as questions
        on questions.day between weeks.from_day and weeks.until_day
    group by weeks.back
    union all
    select
        weeks.back,
        'upload' as sign,
        count(case when tries.tries >= {{ threshold('upload_tries') }} then 1 end) as cases,
        count(distinct case when tries.tries >= {{ threshold('upload_tries') }} then tries.person_id end) as people,
        count(*) as n
    from weeks
    inner join tries
        on tries.day between weeks.from_day and weeks.until_day
    group by weeks.back
    union all
    select
        weeks.back,
        'reconnect' as sign,
        count(case when attendance.stays > 1 then 1 end) as cases,
        count(distinct case when attendance.stays > 1 then attendance.person_id end) as people,
        count(*) as n
    from weeks
    inner join {{ ref('fct_attendance') }} as attendance
        on attendance.day between weeks.from_day and weeks.until_day
    group by weeks.back
    union all
    select
        weeks.back,
        'login' as sign,
        cast(sum(logins.failures) as bigint) as cases,
        cast(null as bigint) as people,
        cast(sum(logins.logins + logins.failures) as bigint) as n
    from weeks
    inner join {{ ref('fct_logins') }} as logins
        on logins.day between weeks.from_day and weeks.until_day
    group by weeks.back

),

places as (

    select * from (values (1, 'question'), (2, 'upload'), (3, 'reconnect'), (4, 'login')) as listed (place, sign)

)

select
    {{ as_of() }} as week_ends_on,
    places.place,
    places.sign,
    now.cases,
    now.people,
    now.n,
    now.cases / cast(nullif(now.n, 0) as double) as share,
    {{ wilson_low('(now.cases / cast(nullif(now.n, 0) as double))', 'now.n') }} as low,
    {{ wilson_high('(now.cases / cast(nullif(now.n, 0) as double))', 'now.n') }} as high,
    before.n as n_previous,
    before.cases / cast(nullif(before.n, 0) as double) as share_previous
from places
inner join signs as now
    on places.sign = now.sign and now.back = 0
left join signs as before
    on places.sign = before.sign and before.back = 1
