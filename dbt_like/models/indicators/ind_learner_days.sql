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

-- Changes per learner and day. What happened before a learner's first day counts on the first day.

act_days as (

    select
        members.person_id,
        members.stream_id,
        greatest(acts.day, members.first_day) as day,
        sum(acts.events) as events,
        sum(acts.messages) as chat_messages
    from members
    inner join {{ ref('fct_acts') }} as acts
        on members.person_id = acts.person_id and members.course_id = acts.course_id
    group by members.person_id, members.stream_id, greatest(acts.day, members.first_day)

),

material_days as (

    select
        members.person_id,
        members.stream_id,
        greatest(materials.day, members.first_day) as day,
        count(*) as materials_opened
    from members
    inner join {{ ref('fct_materials') }} as materials
        on members.person_id = materials.person_id and members.course_id = materials.course_id
    group by members.person_id, members.stream_id, greatest(materials.day, members.first_day)

),

task_states as (

    select
        members.person_id,
        members.stream_id,
        deadlines.task_id,
        deadlines.due_at,
        -- A deadline before the enrolment was nobody's to keep; midnight belongs to the day it ends.
        case
            when {{ local_day("deadlines.due_at - interval '1 second'") }} >= coalesce(members.enrolled_on, members.first_day)
                then greatest({{ local_day("deadlines.due_at - interval '1 second'") }}, members.first_day)
            else null
        end as due_day,
        {{ later_of('submissions.day', 'members.first_day') }} as submitted_day,
        submissions.submitted_at,
        submissions.hours_to_due,
        coalesce(submissions.is_late, false) as is_late,
        submissions.words
    from members
    inner join {{ ref('fct_deadlines') }} as deadlines
        on members.person_id = deadlines.person_id and members.stream_id = deadlines.stream_id
    left join {{ ref('fct_submissions') }} as submissions
        on deadlines.person_id = submissions.person_id and deadlines.task_id = submissions.task_id and submissions.is_first

),

numbered_tasks as (

    select
        task_states.*,
        case
            when task_states.due_day is null then null
            else row_number() over (
                partition by task_states.person_id, task_states.stream_id
                order by task_states.due_day nulls last, task_states.due_at, task_states.task_id
            )
        end as due_number
    from task_states

),

task_changes as (

    select
        numbered_tasks.person_id,
        numbered_tasks.stream_id,
        numbered_tasks.due_day as day,
        1 as due,
        case when numbered_tasks.submitted_day is null or numbered_tasks.submitted_day > numbered_tasks.due_day then 1 else 0 end as missed,
        0 as submitted,
        0 as late,
        0 as texts,
        0 as paced,
        cast(null as bigint) as kept_number
    from numbered_tasks
    where numbered_tasks.due_day <= {{ as_of() }}
    union all
    select
        numbered_tasks.person_id,
        numbered_tasks.stream_id,
        numbered_tasks.submitted_day as day,
        0 as due,
        case when numbered_tasks.submitted_day > numbered_tasks.due_day then -1 else 0 end as missed,
        1 as submitted,
        case when numbered_tasks.is_late then 1 else 0 end as late,
        case when numbered_tasks.words > 0 then 1 else 0 end as texts,
        case when numbered_tasks.hours_to_due is not null then 1 else 0 end as paced,
        cast(null as bigint) as kept_number
    from numbered_tasks
    where numbered_tasks.submitted_day is not null
    union all
    -- From the day on which a task is both due and handed in, no earlier gap is "in a row" any more.
    select
        numbered_tasks.person_id,
        numbered_tasks.stream_id,
        greatest(numbered_tasks.due_day, numbered_tasks.submitted_day) as day,
        0 as due,
        0 as missed,
        0 as submitted,
        0 as late,
        0 as texts,
        0 as paced,
        numbered_tasks.due_number as kept_number
    from numbered_tasks
    where numbered_tasks.due_day <= {{ as_of() }} and numbered_tasks.submitted_day is not null

),

task_days as (

    select
        task_changes.person_id,
        task_changes.stream_id,
        task_changes.day,
        sum(task_changes.due) as due,
        sum(task_changes.missed) as missed,
        sum(task_changes.submitted) as submitted,
        sum(task_changes.late) as late,
        sum(task_changes.texts) as texts,
        sum(task_changes.paced) as paced,
        max(task_changes.kept_number) as kept_number
    from task_changes
    group by task_changes.person_id, task_changes.stream_id, task_changes.day

),

-- A median that grows with the days: that of the first n, looked up by n.
paced_tasks as (

    select
        task_states.person_id,
        task_states.stream_id,
        task_states.hours_to_due,
        row_number() over (
            partition by task_states.person_id, task_states.stream_id
            order by task_states.submitted_at, task_states.task_id
        ) as place
    from task_states
    where task_states.hours_to_due is not null

),

paces as (

    select
        last_tasks.person_id,
        last_tasks.stream_id,
        last_tasks.place as paced,
        {{ median('first_tasks.hours_to_due') }} as hours_before_due_median
    from paced_tasks as last_tasks
    inner join paced_tasks as first_tasks
        on last_tasks.person_id = first_tasks.person_id
        and last_tasks.stream_id = first_tasks.stream_id
        and first_tasks.place <= last_tasks.place
    group by last_tasks.person_id, last_tasks.stream_id, last_tasks.place

),

-- A mark holds until the next attempt at the same task is marked.
marks as (

    select
        members.person_id,
        members.stream_id,
        members.first_day,
        grades.share,
        grades.is_passed,
        coalesce(grades.feedback_kind = 'returned', false) as is_returned,
        greatest(grades.day, members.first_day) as from_day,
        lead(greatest(grades.day, members.first_day)) over (
            partition by members.person_id, members.stream_id, grades.task_id
            order by grades.graded_at, grades.attempt nulls first, grades.grade_id
        ) as until_day
    from members
    inner join {{ ref('fct_grades') }} as grades
        on members.person_id = grades.person_id and members.course_id = grades.course_id
    where grades.graded_at is not null

),

grade_changes as (

    select
        marks.person_id,
        marks.stream_id,
        marks.from_day as day,
        -- Decimals, here and of webinars: sums are exact, the same in whatever order the engine adds, and what is taken back leaves nothing behind.
        -- A model's name is a hash of what it learned from, and another last digit would be another model.
        cast(coalesce(marks.share, 0) as decimal(30, 12)) as share,
        case when marks.share is null then 0 else 1 end as shares,
        case when not marks.is_passed then 1 else 0 end as failed,
        case when marks.is_returned then 1 else 0 end as returned
    from marks
    union all
    select
        marks.person_id,
        marks.stream_id,
        marks.until_day as day,
        -cast(coalesce(marks.share, 0) as decimal(30, 12)) as share,
        case when marks.share is null then 0 else -1 end as shares,
        case when not marks.is_passed then -1 else 0 end as failed,
        0 as returned
    from marks
    where marks.until_day is not null

),

grade_days as (

    select
        grade_changes.person_id,
        grade_changes.stream_id,
        grade_changes.day,
        sum(grade_changes.share) as share,
        sum(grade_changes.shares) as shares,
        sum(grade_changes.failed) as failed,
        sum(grade_changes.returned) as returned
    from grade_changes
    group by grade_changes.person_id, grade_changes.stream_id, grade_changes.day

),

quiz_days as (

    select
        members.person_id,
        members.stream_id,
        greatest(attempts.day, members.first_day) as day,
        count(*) as quiz_attempts,
        count(case when attempts.is_burst then 1 end) as bursts,
        count(attempts.is_burst) as timed
    from members
    inner join {{ ref('ind_quiz_attempts') }} as attempts
        on members.person_id = attempts.person_id and members.course_id = attempts.course_id
    group by members.person_id, members.stream_id, greatest(attempts.day, members.first_day)

),

webinar_days as (

    select
        members.person_id,
        members.stream_id,
        webinars.day,
        count(*) as held,
        count(case when attendance.share >= {{ threshold('attended_share') }} then 1 end) as attended,
        sum(cast(coalesce(attendance.share, 0) as decimal(30, 12))) as share,
        count(case when attendance.minutes_past_end >= {{ threshold('idle_past_end_minutes') }} then 1 end) as idle
    from members
    inner join {{ ref('dim_webinars') }} as webinars
        on members.course_id = webinars.course_id
        and (webinars.stream_id is null or webinars.stream_id = members.stream_id)
        and webinars.day >= members.first_day
    left join {{ ref('fct_attendance') }} as attendance
        on webinars.webinar_id = attendance.webinar_id and members.person_id = attendance.person_id
    group by members.person_id, members.stream_id, webinars.day

),

webinar_coverage as (

    select
        streams.stream_id,
        sum(webinars.unlinked_attendees) > {{ threshold('unlinked_attendees') }} * sum(webinars.attendees) as is_uncertain
    from {{ ref('dim_streams') }} as streams
    inner join {{ ref('dim_webinars') }} as webinars
        on streams.course_id = webinars.course_id and (webinars.stream_id is null or webinars.stream_id = streams.stream_id)
    group by streams.stream_id

),

attenders as (

    select distinct
        attendance.person_id,
        attendance.course_id
    from {{ ref('fct_attendance') }} as attendance

),

message_days as (

    select
        members.person_id,
        members.stream_id,
        greatest(messages.day, members.first_day) as day,
        count(*) as messages,
        count(case when messages.is_technical then 1 end) as technical
    from members
    inner join {{ ref('fct_messages') }} as messages
        on members.person_id = messages.person_id and members.course_id = messages.course_id
    where messages.role = 'learner'
    group by members.person_id, members.stream_id, greatest(messages.day, members.first_day)

),

asked as (

    select
        members.person_id,
        members.stream_id,
        members.from_day,
        questions.question_id,
        questions.asked_at,
        questions.hours_to_curator,
        greatest(questions.day, members.first_day) as asked_day,
        {{ later_of(local_day('questions.first_curator_at'), 'members.first_day') }} as answered_day,
        case
            when questions.first_curator_at is null then null
            else row_number() over (
                partition by members.person_id, members.stream_id
                order by questions.first_curator_at nulls last, questions.question_id
            )
        end as answered_number
    from members
    inner join {{ ref('fct_questions') }} as questions
        on members.person_id = questions.person_id and members.course_id = questions.course_id

),

question_changes as (

    select asked.person_id, asked.stream_id, asked.asked_day as day, 1 as asked, 0 as answered
    from asked
    union all
    select asked.person_id, asked.stream_id, asked.answered_day as day, 0 as asked, 1 as answered
    from asked
    where asked.answered_day is not null

),

question_days as (

    select
        question_changes.person_id,
        question_changes.stream_id,
        question_changes.day,
        sum(question_changes.asked) as asked,
        sum(question_changes.answered) as answered
    from question_changes
    group by question_changes.person_id, question_changes.stream_id, question_changes.day

),

waits as (

    select
        last_questions.person_id,
        last_questions.stream_id,
        last_questions.answered_number as answered,
        {{ median('first_questions.hours_to_curator') }} as median_wait_hours
    from asked as last_questions
    inner join asked as first_questions
        on last_questions.person_id = first_questions.person_id
        and last_questions.stream_id = first_questions.stream_id
        and first_questions.answered_number <= last_questions.answered_number
    group by last_questions.person_id, last_questions.stream_id, last_questions.answered_number

),

oldest_open as (

    select
        spine.person_id,
        spine.stream_id,
        spine.day,
        max({{ hours_between('asked.asked_at', day_end('spine.day')) }}) as oldest_open_hours
    from spine
    inner join asked
        on spine.person_id = asked.person_id
        and spine.stream_id = asked.stream_id
        and spine.day >= asked.asked_day
        and spine.day >= asked.from_day
        and (asked.answered_day is null or spine.day < asked.answered_day)
    group by spine.person_id, spine.stream_id, spine.day

),

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

copied as (

    select
        copies.person_id,
        copies.course_id,
        copies.task_id,
        min(copies.day) as day,
        bool_and(copies.is_by_bytes) as is_by_bytes
    from {{ ref('fct_copies') }} as copies
    where copies.is_counted
    group by copies.person_id, copies.course_id, copies.task_id

),

copy_days as (

    select
        members.person_id,
        members.stream_id,
        greatest(copied.day, members.first_day) as day,
        count(*) as copied,
        -- Works without words are none of the texts; what is known of them is that these are somebody else's.
        count(case when copied.is_by_bytes then 1 end) as copied_by_bytes
    from members
    inner join copied
        on members.person_id = copied.person_id and members.course_id = copied.course_id
    group by members.person_id, members.stream_id, greatest(copied.day, members.first_day)

),

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
