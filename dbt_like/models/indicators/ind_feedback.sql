-- One row per curator, course and ISO week in which work was marked by hand: what the feedback was worth and how long it took.
with marks as (

    select
        grades.*,
        submissions.due_at,
        {{ week_end('grades.day') }} as week_ends_on
    from {{ ref('fct_grades') }} as grades
    left join {{ ref('fct_submissions') }} as submissions
        on grades.person_id = submissions.person_id and grades.submission_id = submissions.submission_id
    where grades.grader_id is not null and grades.graded_at is not null and grades.feedback_kind is not null

),

weeks as (

    select
        marks.grader_id as curator_id,
        marks.course_id,
        marks.week_ends_on,
        count(*) as marks,
        count(case when marks.feedback_kind in ('substantive', 'returned') then 1 end) as substantive,
        count(case when marks.feedback_kind = 'formal' then 1 end) as formal,
        count(case when marks.feedback_kind = 'boilerplate' then 1 end) as boilerplate,
        count(case when marks.feedback_kind = 'none' then 1 end) as without_comment,
        count(case when marks.feedback_kind = 'returned' then 1 end) as returned,
        count(case when marks.feedback_kind in ('substantive', 'returned') then 1 end) / cast(count(*) as double) as substantive_share,
        {{ median('marks.hours_to_feedback') }} as median_hours_to_feedback,
        -- From the later of hand-in and the learner's own deadline; marked before the deadline: zero.
        {{ median("case when marks.hours_to_feedback is null then null when marks.due_at > marks.submitted_at then greatest(" ~ hours_between('marks.due_at', 'marks.first_graded_at') ~ ", 0.0) else marks.hours_to_feedback end") }} as median_hours_after_due,
        count(case when marks.hours_to_feedback <= {{ threshold('quick_feedback_hours') }} then 1 end)
        / cast(nullif(count(marks.hours_to_feedback), 0) as double) as quick_share,
        {{ median('marks.comment_words') }} as median_comment_words
    from marks
    group by marks.grader_id, marks.course_id, marks.week_ends_on

)

select
    weeks.curator_id,
    weeks.course_id,
    weeks.week_ends_on,
    weeks.marks,
    weeks.substantive,
    weeks.formal,
    weeks.boilerplate,
    weeks.without_comment,
    weeks.returned,
    weeks.substantive_share,
    -- Wilson's interval; of a few marks it says how little they tell.
    {{ wilson_low('weeks.substantive_share', 'weeks.marks') }} as substantive_low,
    {{ wilson_high('weeks.substantive_share', 'weeks.marks') }} as substantive_high,
    weeks.marks >= {{ threshold('feedback_works_least') }} as is_enough,
    weeks.median_hours_to_feedback,
    weeks.median_hours_after_due,
    weeks.quick_share,
    weeks.median_comment_words
from weeks
