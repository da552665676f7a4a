-- One row per scope (curator, course, stream, programme), its id, ISO week of handing in and clock: time until work was marked by hand, by
-- Kaplan and Meier. Work still unmarked stays in as a right-censored observation: a mean over marked work lies. Clock "hand_in" runs from the hand-in,
-- "due" from the later of hand-in and the learner's own deadline (overrides and extensions included): markers may wait for the deadline.
-- Work belongs to every curator responsible for its stream, whoever marked it: else leaving work would look like diligence.
with marks as (

    select
        grades.person_id,
        grades.task_id,
        grades.first_graded_at as graded_at,
        grades.submission_id
    from {{ ref('fct_grades') }} as grades
    where grades.feedback_kind is not null and grades.graded_at is not null

),

submissions as (

    select
        handed_in.*,
        lead(handed_in.submitted_at) over (partition by handed_in.person_id, handed_in.task_id order by handed_in.submitted_at, handed_in.submission_id) as next_at
    from {{ ref('fct_submissions') }} as handed_in

),

-- The first mark given after the hand-in, of this attempt where the mark names one. Sought apart from the works: an outer join on "this attempt or
-- none named" is compared with every mark there is.
marked as (

    select
        submissions.submission_id,
        submissions.person_id,
        min(marks.graded_at) as marked_at
    from submissions
    inner join marks
        on submissions.person_id = marks.person_id and submissions.task_id = marks.task_id
    where
        submissions.kind = 'assignment'
        and marks.graded_at >= submissions.submitted_at
        and (marks.submission_id is null or marks.submission_id = submissions.submission_id)
    group by submissions.submission_id, submissions.person_id

),

works as (

    select
        submissions.submission_id,
        submissions.person_id,
        submissions.stream_id,
        submissions.course_id,
        submissions.submitted_at,
        submissions.due_at,
        {{ week_end('submissions.day') }} as week_ends_on,
        submissions.next_at,
        marked.marked_at
    from submissions
    left join marked
        on submissions.submission_id = marked.submission_id and submissions.person_id = marked.person_id
    -- Only what somebody marks by hand: a task in which no work was ever marked so is marked by nobody.
    where submissions.kind = 'assignment' and submissions.task_id in (select marks.task_id from marks)

),

-- Handed in again before it was marked: nobody waits for a mark of the earlier one any more.
ended as (

    select
        works.*,
        coalesce(works.marked_at, works.next_at, {{ as_of_end() }}) as waited_until
    from works

),

clocked as (

    select
        'hand_in' as clock,
        ended.*,
        {{ hours_between('ended.submitted_at', 'ended.waited_until') }} as hours
    from ended
    union all
    select
        'due' as clock,
        ended.*,
        {{ hours_between('greatest(ended.submitted_at, coalesce(ended.due_at, ended.submitted_at))', 'ended.waited_until') }} as hours
    from ended

),

-- Marked before the deadline is over: at once, as far as that clock goes. Not due yet: nobody waits.
observed as (

    select
        clocked.clock,
        clocked.stream_id,
        clocked.course_id,
        clocked.week_ends_on,
        greatest(clocked.hours, 0.0) as hours,
        clocked.marked_at is not null as is_marked
    from clocked
    where clocked.marked_at is not null or clocked.hours >= 0

),

scoped as (

    select 'programme' as scope, '{{ var("programme_id") }}' as scope_id, observed.* from observed
    union all
    select 'course' as scope, observed.course_id as scope_id, observed.* from observed
    union all
    select 'stream' as scope, observed.stream_id as scope_id, observed.* from observed where observed.stream_id is not null
    union all
    select 'curator' as scope, curators.curator_id as scope_id, observed.*
    from observed
    inner join {{ ref('dim_curators') }} as curators
        on observed.stream_id = curators.stream_id

),

times as (

    select
        scoped.scope,
        scoped.scope_id,
        scoped.week_ends_on,
        scoped.clock,
        scoped.hours,
        count(*) as leaving,
        count(case when scoped.is_marked then 1 end) as marked
    from scoped
    group by scoped.scope, scoped.scope_id, scoped.week_ends_on, scoped.clock, scoped.hours

),

at_risk as (

    select
        times.*,
        sum(times.leaving) over (
            partition by times.scope, times.scope_id, times.week_ends_on, times.clock
            order by times.hours desc
            rows between unbounded preceding and current row
        ) as waiting
    from times

),

survival as (

    select
        at_risk.*,
        {{ km_survival('at_risk.marked', 'at_risk.waiting', 'up_to_now') }} as unmarked,
        sum({{ greenwood_step('at_risk.marked', 'at_risk.waiting') }}) over up_to_now as greenwood
    from at_risk
    window up_to_now as (
        partition by at_risk.scope, at_risk.scope_id, at_risk.week_ends_on, at_risk.clock
        order by at_risk.hours
        rows between unbounded preceding and current row
    )

),

curves as (

    select
        survival.scope,
        survival.scope_id,
        survival.week_ends_on,
        survival.clock,
        cast(sum(survival.leaving) as integer) as works,
        cast(sum(survival.marked) as integer) as marked,
        min(case when survival.unmarked <= {{ km_half() }} then survival.hours end) as km_median_hours,
        max(survival.hours) as last_hours,
        min(survival.unmarked) as last_unmarked,
        min(case when survival.hours <= {{ threshold('quick_feedback_hours') }} then survival.unmarked end) as unmarked_then,
        max(case when survival.hours <= {{ threshold('quick_feedback_hours') }} then survival.greenwood end) as greenwood_then
    from survival
    group by survival.scope, survival.scope_id, survival.week_ends_on, survival.clock

),

estimates as (

    select
        curves.*,
        {{ threshold('confidence_z') }} as z,
        -- Past the last observation of a curve that has not come down, nothing is known.
        case
            when curves.works < {{ threshold('feedback_works_least') }} then null
            when curves.last_hours < {{ threshold('quick_feedback_hours') }} and curves.last_unmarked > 0 then null
            else 1.0 - coalesce(curves.unmarked_then, 1.0)
        end as km_quick,
        coalesce(curves.unmarked_then, 1.0) * sqrt(coalesce(curves.greenwood_then, 0.0)) as error
    from curves

)

select
    estimates.scope,
    estimates.scope_id,
    estimates.week_ends_on,
    estimates.clock,
    estimates.works,
    estimates.marked,
    estimates.works - estimates.marked as unmarked,
    case when estimates.works < {{ threshold('feedback_works_least') }} then null else estimates.km_median_hours end as km_median_hours,
    round(estimates.km_quick, 6) as km_quick,
    -- Greenwood's error is zero where nothing or everything was marked in time; Wilson's interval says there how little few works tell.
    round(case
        when estimates.km_quick is null then null
        when estimates.error > 0 then greatest(0.0, estimates.km_quick - estimates.z * estimates.error)
        when estimates.km_quick >= 1 then estimates.works / (estimates.works + estimates.z * estimates.z)
        else 0.0
    end, 6) as low,
    round(case
        when estimates.km_quick is null then null
        when estimates.error > 0 then least(1.0, estimates.km_quick + estimates.z * estimates.error)
        when estimates.km_quick >= 1 then 1.0
        else estimates.z * estimates.z / (estimates.works + estimates.z * estimates.z)
    end, 6) as high
from estimates
