-- One row per week, condition and indicator: the week of the report and those before it, each counted from what is known today, so that a
-- trend is there from the first report on. Shares carry a 95 % interval (Wilson; for what waits Greenwood). Small groups are in it: reports hide them.
with span as (

    select {{ add_days(as_of(), '7 - 7 * ' ~ threshold('trend_weeks_most')) }} as first_day, {{ as_of() }} as last_day

),

weeks as (

    select
        {{ days_between('steps.day', 'span.last_day') }} / 7 as back,
        {{ add_days('steps.day', '-6') }} as from_day,
        steps.day as until_day
    from span
    cross join {{ each_day('span.first_day', 'span.last_day', 'steps', 'day') }}
    where mod({{ days_between('steps.day', 'span.last_day') }}, 7) = 0

),

live as (

    select
        weeks.back,
        weeks.until_day as day,
        streams.stream_id,
        streams.earlier_stream_id
    from {{ ref('rpt_streams') }} as streams
    inner join weeks
        on streams.starts_on <= weeks.until_day and coalesce(streams.ends_on >= weeks.until_day, true)

),

-- Shares: how many (hits) of how many (n).

hits as (

    select 'practice' as condition, 'copied_task_share' as indicator, weeks.back, count(case when copies.is_copied then 1 end) as hits, count(*) as n
    from weeks
    inner join {{ ref('fct_submissions') }} as submissions
        on submissions.day between weeks.from_day and weeks.until_day and submissions.is_first and submissions.is_comparable
    inner join {{ ref('ind_copies') }} as copies
        on submissions.person_id = copies.person_id and submissions.task_id = copies.task_id
    group by weeks.back
    union all
    select 'practice' as condition, 'survey_practice_vulnerable' as indicator, weeks.back, count(case when answers.rating <= 3 then 1 end) as hits, count(*) as n
    from weeks
    inner join {{ ref('fct_survey_answers') }} as answers
        on coalesce(answers.day <= weeks.until_day, true)
    where
        answers.aspect = 'practice' or answers.aspect in ('content', 'methods')
        or (answers.aspect is null and {{ matches('answers.item', 'практ|practi|метод|method|содерж|content') }})
    group by weeks.back
    union all
    select 'practice' as condition, 'formal_completion_share' as indicator, weeks.back, count(case when formal.is_formal then 1 end) as hits, count(*) as n
    from weeks
    inner join {{ ref('fct_enrolments') }} as enrolments
        on {{ local_day('enrolments.completed_at') }} <= weeks.until_day
    inner join {{ ref('ind_formal_completions') }} as formal
        on enrolments.person_id = formal.person_id and enrolments.stream_id = formal.stream_id
    where formal.is_formal is not null
    group by weeks.back
    union all
    select 'flexibility' as condition, 'substantive_feedback_share' as indicator, weeks.back, count(case when grades.feedback_kind in ('substantive', 'returned') then 1 end) as hits, count(*) as n
    from weeks
    inner join {{ ref('fct_grades') }} as grades
        on grades.day between weeks.from_day and weeks.until_day
    where grades.feedback_kind is not null
    group by weeks.back
    union all
    select 'support' as condition, 'notices_reached_share' as indicator, weeks.back, count(case when notices.first_sign_at is not null then 1 end) as hits, count(*) as n
    from weeks
    inner join {{ ref('fct_notices') }} as notices
        -- Those old enough to be judged.
        on notices.day between {{ add_days('weeks.from_day', '-1 * ' ~ threshold('notice_grace_days')) }} and {{ add_days('weeks.until_day', '-1 * ' ~ threshold('notice_grace_days')) }}
        and notices.tells_silence
    group by weeks.back
    union all
    select 'support' as condition, 'never_started_share' as indicator, live.back, sum(days.never_started) as hits, sum(days.learners) as n
    from live
    inner join {{ ref('ind_stream_days') }} as days
        on live.stream_id = days.stream_id and live.day = days.day
    group by live.back
    union all
    select 'support' as condition, 'contacted_share' as indicator, weeks.back, count(distinct contacts.person_id) as hits, count(distinct days.person_id) as n
    from weeks
    inner join {{ ref('ind_learner_days') }} as days
        on weeks.until_day = days.day and days.is_current
    left join {{ ref('fct_contacts') }} as contacts
        on days.person_id = contacts.person_id
        and days.stream_id = contacts.stream_id
        and contacts.kind <> 'notice'
        and not contacts.is_returned
        and contacts.day between weeks.from_day and weeks.until_day
    group by weeks.back
    union all
    select 'technology' as condition, 'technical_question_share' as indicator, weeks.back, count(case when questions.is_technical then 1 end) as hits, count(*) as n
    from weeks
    inner join {{ ref('fct_questions') }} as questions
        on questions.day between weeks.from_day and weeks.until_day
    group by weeks.back
    union all
    select 'technology' as condition, 'login_failure_share' as indicator, weeks.back, sum(logins.failures) as hits, sum(logins.logins + logins.failures) as n
    from weeks
    inner join {{ ref('fct_logins') }} as logins
        on logins.day between weeks.from_day and weeks.until_day
    group by weeks.back
    union all
    select 'technology' as condition, 'webinar_reconnect_share' as indicator, weeks.back, count(case when attendance.stays > 1 then 1 end) as hits, count(*) as n
    from weeks
    inner join {{ ref('fct_attendance') }} as attendance
        on attendance.day between weeks.from_day and weeks.until_day
    group by weeks.back
    union all
    select 'need' as condition, 'left_share' as indicator, live.back, sum(days.left_early) as hits, sum(days.learners_enrolled) as n
    from live
    inner join {{ ref('ind_stream_days') }} as days
        on live.stream_id = days.stream_id and live.day = days.day
    group by live.back
    union all
    select 'need' as condition, 'missed_task_share' as indicator, live.back, sum(days.tasks_missed) as hits, sum(days.tasks_due) as n
    from live
    inner join {{ ref('ind_stream_days') }} as days
        on live.stream_id = days.stream_id and live.day = days.day
    group by live.back
    union all
    select 'need' as condition, 'survey_need_vulnerable' as indicator, weeks.back, count(case when answers.rating <= 3 then 1 end) as hits, count(*) as n
    from weeks
    inner join {{ ref('fct_survey_answers') }} as answers
        on coalesce(answers.day <= weeks.until_day, true)
    where {{ matches('answers.item', 'потребн|запрос|ожидан|полезн|need|expect|goal|useful|цел') }}
    group by weeks.back

),

shares as (

    select
        hits.condition,
        hits.indicator,
        hits.back,
        hits.n,
        hits.hits / cast(nullif(hits.n, 0) as double) as value
    from hits

),

wilson as (

    select
        shares.condition,
        shares.indicator,
        shares.back,
        shares.n,
        shares.value,
        {{ wilson_low('shares.value', 'shares.n') }} as low,
        {{ wilson_high('shares.value', 'shares.n') }} as high,
        'share' as unit
    from shares
    where shares.n > 0

),

latency as (

    select
        weeks.back,
        latency.*
    from {{ ref('ind_response_latency') }} as latency
    inner join weeks
        on latency.week_ends_on = {{ week_end('weeks.until_day') }}
    where latency.scope = 'programme' and latency.measure = 'first_answer' and latency.clock = 'elapsed' and latency.period = 'week'

),

feedback as (

    select
        weeks.back,
        count(grades.hours_to_feedback) as n,
        {{ median('grades.hours_to_feedback') }} as value
    from weeks
    inner join {{ ref('fct_grades') }} as grades
        on grades.day between weeks.from_day and weeks.until_day
    -- Marked by hand: a quiz marks itself at once.
    where grades.feedback_kind is not null and grades.hours_to_feedback is not null
    group by weeks.back

),

marked as (

    -- Works by the week in which they were handed in; what has no mark yet waits.
    select
        weeks.back,
        times.works as n,
        times.km_quick as value,
        times.low,
        times.high
    from {{ ref('ind_feedback_times') }} as times
    inner join weeks
        on times.week_ends_on = {{ week_end('weeks.until_day') }}
    where times.scope = 'programme' and times.clock = 'hand_in'

),

opened as (

    -- Open at the end of the week, whenever it was asked.
    select
        weeks.back,
        count(*) as n,
        count(case when questions.first_curator_at is null or questions.first_curator_at >= {{ day_end('weeks.until_day') }} then 1 end) as value
    from weeks
    inner join {{ ref('fct_questions') }} as questions
        on questions.day <= weeks.until_day
    inner join {{ ref('rpt_streams') }} as streams
        on questions.stream_id = streams.stream_id
        and streams.starts_on <= weeks.until_day
        and coalesce({{ add_days('streams.ends_on', threshold('live_days_after_end')) }} >= weeks.until_day, true)
    group by weeks.back

),

figures as (

    select wilson.condition, wilson.indicator, wilson.back, wilson.n, wilson.value, wilson.low, wilson.high, wilson.unit from wilson
    union all
    select 'flexibility' as condition, 'answered_within_24h' as indicator, latency.back, latency.questions as n, latency.km_within_24h as value, latency.low, latency.high, 'share' as unit from latency
    union all
    select 'flexibility' as condition, 'median_answer_hours' as indicator, latency.back, latency.questions as n, latency.km_median_hours as value, latency.km_median_low as low, latency.km_median_high as high, 'hours' as unit from latency
    union all
    select 'flexibility' as condition, 'median_feedback_hours' as indicator, feedback.back, feedback.n, feedback.value, cast(null as double) as low, cast(null as double) as high, 'hours' as unit from feedback
    union all
    select 'flexibility' as condition, 'feedback_in_time_share' as indicator, marked.back, marked.n, marked.value, marked.low, marked.high, 'share' as unit from marked
    union all
    select 'support' as condition, 'open_questions' as indicator, opened.back, opened.n, cast(opened.value as double) as value, cast(null as double) as low, cast(null as double) as high, 'questions' as unit from opened

)

select
    {{ as_of() }} as week_ends_on,
    weeks.until_day,
    figures.back,
    figures.condition,
    figures.indicator,
    cast(figures.n as bigint) as n,
    figures.value,
    figures.low,
    figures.high,
    figures.unit
from figures
inner join weeks
    on figures.back = weeks.back
