-- One row per curator, course and ISO week in which work was marked by hand: what the feedback was worth and how long it took.
with marks as (

    select
        grades.*,
        {{ week_end('grades.day') }} as week_ends_on
    from {{ ref('fct_grades') }} as grades
    where grades.grader_id is not null and grades.graded_at is not null and grades.feedback_kind is not null

)

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
    count(case when marks.hours_to_feedback <= {{ threshold('quick_feedback_hours') }} then 1 end)
    / cast(nullif(count(marks.hours_to_feedback), 0) as double) as quick_share,
    {{ median('marks.comment_words') }} as median_comment_words
from marks
group by marks.grader_id, marks.course_id, marks.week_ends_on
