-- One row per learner, stream and day of the stream: the state at the END of that day, from what had happened by then.
-- Sets only: every source becomes changes per learner and day, a spine of days adds them up. Grows by day: the last days are built
-- again, and so are days that are missing (a learner who moved, enrolled late or was recognised late) or were forgotten (macro forget_days). Never holds a
-- later day than as_of.
-- depends_on: {{ ref('fct_load_days') }} {{ ref('dim_learners') }} {{ ref('dim_accounts') }} {{ ref('dim_streams') }}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['person_id', 'stream_id', 'day'],
    on_schema_change='fail',
    pre_hook="{{ forget_days() }}",
    post_hook="{{ remember_rules() }}"
) }}

with learners as (

    select
        learners.person_id,
        learners.stream_id,
        learners.course_id,
        learners.is_bulk_enrolled,
        learners.ended_at,
        learners.is_current as is_current_now,
        streams.starts_on,
        streams.days as course_days,
        {{ local_day('learners.enrolled_at') }} as enrolled_on,
        greatest(streams.starts_on, coalesce({{ local_day('learners.enrolled_at') }}, streams.starts_on)) as first_day,
        least({{ as_of() }}, coalesce(streams.ends_on, {{ as_of() }})) as last_day
    from {{ ref('fct_enrolments') }} as learners
    inner join {{ ref('dim_streams') }} as streams
        on learners.stream_id = streams.stream_id
    where streams.starts_on is not null

),

{% if is_incremental() %}
fresh as (

    -- The days of the look-back, and of loads not seen before as far as they reach.
    select least(days.look_back_day, coalesce(days.load_day, days.look_back_day)) as day
    from (select {{ first_new_day() }} as look_back_day, {{ first_day_of_new_loads() }} as load_day) as days

),

-- What stands per learner and stream: fewer days than there should be means that some are missing.
standing as (

    select
        kept.person_id,
        kept.stream_id,
        count(*) as days,
        min(kept.day) as first_day
    from {{ this }} as kept
    group by kept.person_id, kept.stream_id

),

wanted_from as (

    select
        learners.person_id,
        learners.stream_id,
        case
            when standing.days is null or standing.first_day > learners.first_day then learners.first_day
            when standing.days < {{ days_between('standing.first_day', 'least(learners.last_day, ' ~ add_days('fresh.day', '-1') ~ ')') }} + 1 then learners.first_day
            else fresh.day
        end as from_day
    from learners
    cross join fresh
    left join standing
        on learners.person_id = standing.person_id and learners.stream_id = standing.stream_id

),
{% else %}
wanted_from as (

    select
        learners.person_id,
        learners.stream_id,
        learners.first_day as from_day
    from learners

),
{% endif %}

-- A stream is built whole or not at all: shares of the stream need everybody.
wanted_streams as (

    select learners.stream_id
    from learners
    inner join wanted_from
        on learners.person_id = wanted_from.person_id and learners.stream_id = wanted_from.stream_id
    where wanted_from.from_day <= learners.last_day
    group by learners.stream_id

),

members as (

    select
        learners.*,
        wanted_from.from_day
    from learners
    inner join wanted_from
        on learners.person_id = wanted_from.person_id and learners.stream_id = wanted_from.stream_id
    where
        learners.first_day <= learners.last_day
        and learners.stream_id in (select wanted_streams.stream_id from wanted_streams)

),

spine as (

    select
        members.person_id,
        members.stream_id,
        days.day
    from members
    cross join {{ each_day('members.first_day', 'members.last_day', 'days', 'day') }}

),

-- Which channels have a source at all: without one the answer is "unknown".

known_courses as (

    select
        courses.course_id,
        courses.course_id in (select acts.course_id from {{ ref('fct_acts') }} as acts where acts.lms > 0) as has_log,
        courses.course_id in (select messages.course_id from {{ ref('fct_messages') }} as messages where messages.course_id is not null) as has_messages,
        courses.course_id in (select notices.course_id from {{ ref('fct_notices') }} as notices where notices.tells_silence) as has_notices,
        courses.course_id in (select tasks.course_id from {{ ref('dim_tasks') }} as tasks where tasks.kind in ('assignment', 'quiz')) as has_tasks,
        courses.course_id in (select submissions.course_id from {{ ref('fct_submissions') }} as submissions where submissions.words > 0) as has_texts,
        courses.course_id in (
            select grades.course_id from {{ ref('fct_grades') }} as grades
        ) as has_grades
    from {{ ref('dim_courses') }} as courses

),

materials as (

    select
        tasks.course_id,
        count(*) as materials_total
    from {{ ref('dim_tasks') }} as tasks
    where tasks.is_material
    group by tasks.course_id

),

-- Changes per learner and day, a macro for each kind of trace (macros/learner_days), whose first line names what it hands on. What happened before a
-- learner's first day counts on the first day.
{{ days_of_activity() }}
{{ days_of_tasks() }}
{{ days_of_grades() }}
{{ days_of_webinars() }}
{{ days_of_messages() }}
{{ days_of_notices() }}
{{ days_of_copies() }}

-- Added up along the days of each learner.
added as (

    select
        spine.person_id,
        spine.stream_id,
        spine.day,
        max(case when act_days.events is not null then spine.day end) over so_far as last_act_day,
        min(case when act_days.events is not null then spine.day end) over so_far as first_act_day,
        count(act_days.events) over last_7 as active_days_7,
        count(act_days.events) over last_14 as active_days_14,
        coalesce(sum(act_days.events) over last_7, 0) as events_7,
        coalesce(sum(act_days.events) over previous_7, 0) as events_previous_7,
        coalesce(sum(material_days.materials_opened) over so_far, 0) as materials_opened,
        coalesce(sum(task_days.due) over so_far, 0) as tasks_due,
        coalesce(sum(task_days.submitted) over so_far, 0) as tasks_submitted,
        coalesce(sum(task_days.missed) over so_far, 0) as tasks_missed,
        coalesce(sum(task_days.due) over so_far, 0) - coalesce(max(task_days.kept_number) over so_far, 0) as tasks_missed_in_row,
        coalesce(sum(task_days.late) over so_far, 0) as tasks_late,
        coalesce(sum(task_days.texts) over so_far, 0) as texts,
        coalesce(sum(task_days.paced) over so_far, 0) as paced,
        coalesce(sum(grade_days.share) over so_far, 0) as grade_share,
        coalesce(sum(grade_days.shares) over so_far, 0) as graded,
        coalesce(sum(grade_days.failed) over so_far, 0) as tasks_failed,
        coalesce(sum(grade_days.returned) over so_far, 0) as tasks_returned,
        coalesce(sum(quiz_days.quiz_attempts) over so_far, 0) as quiz_attempts,
        coalesce(sum(quiz_days.bursts) over so_far, 0) as burst_answers,
        coalesce(sum(quiz_days.timed) over so_far, 0) as timed_attempts,
        coalesce(sum(webinar_days.held) over so_far, 0) as webinars_held,
        coalesce(sum(webinar_days.attended) over so_far, 0) as webinars_attended,
        coalesce(sum(webinar_days.share) over so_far, 0) as webinar_shares,
        coalesce(sum(webinar_days.idle) over so_far, 0) as idle_webinars,
        coalesce(sum(message_days.messages) over last_14, 0) as messages_14,
        coalesce(sum(message_days.technical) over last_14, 0) as technical_questions_14,
        coalesce(sum(question_days.asked) over so_far, 0) as questions_asked,
        coalesce(sum(question_days.answered) over so_far, 0) as questions_answered,
        coalesce(sum(notice_days.received) over so_far, 0) as notices_received,
        greatest(coalesce(sum(notice_days.judged) over so_far, 0) - coalesce(max(notice_days.signed_number) over so_far, 0), 0) as notices_unacknowledged_in_row,
        coalesce(sum(copy_days.copied) over so_far, 0) as copied_tasks,
        coalesce(sum(copy_days.copied_by_bytes) over so_far, 0) as copied_by_bytes
    from spine
    left join act_days
        on spine.person_id = act_days.person_id and spine.stream_id = act_days.stream_id and spine.day = act_days.day
    left join material_days
        on spine.person_id = material_days.person_id and spine.stream_id = material_days.stream_id and spine.day = material_days.day
    left join task_days
        on spine.person_id = task_days.person_id and spine.stream_id = task_days.stream_id and spine.day = task_days.day
    left join grade_days
        on spine.person_id = grade_days.person_id and spine.stream_id = grade_days.stream_id and spine.day = grade_days.day
    left join quiz_days
        on spine.person_id = quiz_days.person_id and spine.stream_id = quiz_days.stream_id and spine.day = quiz_days.day
    left join webinar_days
        on spine.person_id = webinar_days.person_id and spine.stream_id = webinar_days.stream_id and spine.day = webinar_days.day
    left join message_days
        on spine.person_id = message_days.person_id and spine.stream_id = message_days.stream_id and spine.day = message_days.day
    left join question_days
        on spine.person_id = question_days.person_id and spine.stream_id = question_days.stream_id and spine.day = question_days.day
    left join notice_days
        on spine.person_id = notice_days.person_id and spine.stream_id = notice_days.stream_id and spine.day = notice_days.day
    left join copy_days
        on spine.person_id = copy_days.person_id and spine.stream_id = copy_days.stream_id and spine.day = copy_days.day
    window
        so_far as (partition by spine.person_id, spine.stream_id order by spine.day rows between unbounded preceding and current row),
        last_7 as (partition by spine.person_id, spine.stream_id order by spine.day rows between 6 preceding and current row),
        previous_7 as (partition by spine.person_id, spine.stream_id order by spine.day rows between 13 preceding and 7 preceding),
        last_14 as (partition by spine.person_id, spine.stream_id order by spine.day rows between 13 preceding and current row)

),

states as (

    select
        added.*,
        members.course_id,
        members.starts_on,
        members.course_days,
        members.first_day,
        members.from_day,
        members.is_bulk_enrolled,
        -- An end of unknown date has come by the day of which the run knows, no earlier.
        coalesce({{ local_day('members.ended_at') }} > added.day, members.is_current_now or added.day < {{ as_of() }}) as is_current
    from added
    inner join members
        on added.person_id = members.person_id and added.stream_id = members.stream_id

),

shares as (

    select
        states.stream_id,
        states.day,
        avg(case when not states.is_current then null when states.active_days_7 > 0 then 1.0 else 0.0 end) as stream_active_share_7
    from states
    group by states.stream_id, states.day

)

select
    states.day,
    states.person_id,
    states.stream_id,
    states.course_id,
    {{ days_between('states.starts_on', 'states.day') }} + 1 as course_day,
    states.course_days,
    states.is_current,
    states.first_act_day is not null as has_started,
    {{ days_between('states.starts_on', 'states.first_act_day') }} + 1 as first_activity_course_day,
    {{ days_between('coalesce(states.last_act_day, states.first_day)', 'states.day') }} as silent_days,
    states.active_days_7,
    states.active_days_14,
    cast(states.events_7 as bigint) as events_7,
    cast(states.events_previous_7 as bigint) as events_previous_7,
    case when known_courses.has_log and materials.materials_total > 0 then cast(states.materials_opened as bigint) else null end as materials_opened,
    materials.materials_total,
    case when known_courses.has_tasks then cast(states.tasks_due as bigint) else null end as tasks_due,
    case when known_courses.has_tasks then cast(states.tasks_submitted as bigint) else null end as tasks_submitted,
    case when known_courses.has_tasks then cast(states.tasks_missed as bigint) else null end as tasks_missed,
    case when known_courses.has_tasks then cast(states.tasks_missed_in_row as bigint) else null end as tasks_missed_in_row,
    case when known_courses.has_tasks then cast(states.tasks_late as bigint) else null end as tasks_late,
    paces.hours_before_due_median,
    case when states.graded > 0 then cast(states.grade_share as double) / states.graded else null end as mean_grade_share,
    case when known_courses.has_grades then cast(states.tasks_failed as bigint) else null end as tasks_failed,
    case when known_courses.has_grades then cast(states.tasks_returned as bigint) else null end as tasks_returned,
    case when known_courses.has_tasks then cast(states.quiz_attempts as bigint) else null end as quiz_attempts,
    case when states.timed_attempts > 0 then cast(states.burst_answers as bigint) else null end as burst_answers,
    case when webinar_coverage.stream_id is null then null else cast(states.webinars_held as bigint) end as webinars_held,
    case
        when webinar_coverage.stream_id is null then null
        when webinar_coverage.is_uncertain and attenders.person_id is null then null
        else cast(states.webinars_attended as bigint)
    end as webinars_attended,
    case
        when webinar_coverage.stream_id is null or states.webinars_held = 0 then null
        when webinar_coverage.is_uncertain and attenders.person_id is null then null
        else cast(states.webinar_shares as double) / states.webinars_held
    end as webinar_share,
    case
        when webinar_coverage.stream_id is null then null
        when webinar_coverage.is_uncertain and attenders.person_id is null then null
        else cast(states.idle_webinars as bigint)
    end as idle_webinars,
    case when known_courses.has_messages then cast(states.messages_14 as bigint) else null end as messages_14,
    case when known_courses.has_messages then cast(states.questions_asked as bigint) else null end as questions_asked,
    case when known_courses.has_messages then cast(states.questions_asked - states.questions_answered as bigint) else null end as open_questions,
    oldest_open.oldest_open_hours,
    waits.median_wait_hours,
    case when known_courses.has_messages then cast(states.technical_questions_14 as bigint) else null end as technical_questions_14,
    case when known_courses.has_notices then cast(states.notices_received as bigint) else null end as notices_received,
    case when known_courses.has_notices then cast(states.notices_unacknowledged_in_row as bigint) else null end as notices_unacknowledged_in_row,
    case when known_courses.has_texts or states.copied_tasks > 0 then cast(states.copied_tasks as bigint) else null end as copied_tasks,
    case
        when states.texts + states.copied_by_bytes > 0 then least(1.0, states.copied_tasks / cast(states.texts + states.copied_by_bytes as double))
        else null
    end as copied_share,
    shares.stream_active_share_7,
    states.is_bulk_enrolled
from states
inner join shares
    on states.stream_id = shares.stream_id and states.day = shares.day
inner join known_courses
    on states.course_id = known_courses.course_id
left join materials
    on states.course_id = materials.course_id
left join webinar_coverage
    on states.stream_id = webinar_coverage.stream_id
left join attenders
    on states.person_id = attenders.person_id and states.course_id = attenders.course_id
left join paces
    on states.person_id = paces.person_id and states.stream_id = paces.stream_id and states.paced = paces.paced
left join waits
    on states.person_id = waits.person_id and states.stream_id = waits.stream_id and states.questions_answered = waits.answered
left join oldest_open
    on states.person_id = oldest_open.person_id and states.stream_id = oldest_open.stream_id and states.day = oldest_open.day
where states.day >= states.from_day
