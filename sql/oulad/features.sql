-- One row per learner, presentation and day looked at: keys, the protocol's facts and the features. Who has not clicked has done nothing
-- (0); marks of who has none are unknown (null). Places (0 to 1) are among everybody of the presentation on the same day.
create table joined as
select
    learners.presentation,
    learners.student,
    learners.module,
    learners.code,
    cuts.cut,
    learners.outcome,
    (clickers.student is not null) as has_clicked,
    coalesce(learners.unregistered_on > cuts.cut, true) as is_enrolled,
    coalesce(learners.unregistered_on > cuts.cut and learners.unregistered_on <= cuts.cut + 7, false)::integer as leaves_next_week,
    coalesce(activity.clicks, 0) as clicks,
    coalesce(activity.active_days, 0) as active_days,
    coalesce(activity.silent_days, cuts.cut + 30) as silent_days,
    activity.first_day,
    activity.longest_gap,
    activity.clicks_a_day,
    coalesce(activity.clicks_before, 0) as clicks_before,
    coalesce(activity.active_before, 0) as active_before,
    coalesce(activity.active_since, 0) as active_since,
    coalesce(activity.clicks_7, 0) as clicks_7,
    coalesce(activity.clicks_previous_7, 0) as clicks_previous_7,
    coalesce(activity.clicks_previous_14, 0) as clicks_previous_14,
    coalesce(activity.active_3, 0) as active_3,
    coalesce(activity.active_7, 0) as active_7,
    coalesce(activity.active_previous_7, 0) as active_previous_7,
    coalesce(activity.active_previous_14, 0) as active_previous_14,
    coalesce(activity.active_weeks, 0) as active_weeks,
    coalesce(activity.home, 0) as home,
    coalesce(activity.content, 0) as content,
    coalesce(activity.talk, 0) as talk,
    coalesce(activity.quiz, 0) as quiz,
    coalesce(activity.pages, 0) as pages,
    coalesce(activity.materials, 0) as materials,
    coalesce(activity.content_14, 0) as content_14,
    coalesce(activity.talk_14, 0) as talk_14,
    coalesce(activity.quiz_14, 0) as quiz_14,
    coalesce(activity.pages_14, 0) as pages_14,
    coalesce(activity.materials_14, 0) as materials_14,
    coalesce(activity.visits_14, 0) as visits_14,
    coalesce(activity.visits, 0) as visits,
    coalesce(activity.clicks, 0) / greatest(coalesce(activity.active_days, 0), 1) as clicks_an_active_day,
    ln((coalesce(activity.clicks_7, 0) + 1.0) / (coalesce(activity.clicks_previous_7, 0) + 1.0)) as change_7,
    ln((coalesce(activity.clicks_7, 0) + coalesce(activity.clicks_previous_7, 0) + 1.0) / (coalesce(activity.clicks_previous_14, 0) + 1.0)) as change_14,
    coalesce(steadiness.week_mean, 0) as week_mean,
    coalesce(steadiness.week_spread, 0) as week_spread,
    coalesce(steadiness.week_slope, 0) as week_slope,
    coalesce(reading.sites, 0) as sites,
    coalesce(reading.sites_14, 0) as sites_14,
    coalesce(reading.usual_opened, 0) as usual_opened,
    deadlines.due,
    deadlines.due_weight,
    deadlines.days_since_due,
    deadlines.days_to_due,
    coalesce(handed_in.handed_in, 0) as handed_in,
    deadlines.due - coalesce(handed_in.handed_in, 0) as missed,
    deadlines.due_tutor - coalesce(handed_in.handed_in_tutor, 0) as missed_tutor,
    coalesce(handed_in.handed_in, 0) / nullif(deadlines.due, 0)::double as handed_in_share,
    case when deadlines.due_tutor > 0 then (coalesce(handed_in.last_kept, -1) < deadlines.last_due)::integer end as missed_last,
    coalesce(handed_in.handed_in_ahead, 0) as handed_in_ahead,
    coalesce(handed_in.late, 0) as late,
    handed_in.days_early,
    handed_in.days_early_least,
    handed_in.days_early_last,
    handed_in.days_earlier_than_usual,
    handed_in.days_since_work,
    marks.mark,
    marks.mark_tutor,
    marks.mark_computer,
    marks.mark_last,
    marks.mark_least,
    marks.mark_place,
    marks.mark_place_last,
    marks.mark_place_least,
    coalesce(marks.points, 0) / nullif(deadlines.due_weight, 0) as points_share,
    coalesce(carried_over.carried_over, 0) as carried_over,
    carried_over.carried_over_mark,
    learners.registered_on,
    learners.previous_attempts,
    learners.credits,
    coalesce(elsewhere.earlier_courses, 0) as earlier_courses,
    coalesce(elsewhere.courses_beside, 0) as courses_beside,
    coalesce(elsewhere.earlier_left, 0) as earlier_left,
    earlier_marks.earlier_mark,
    coalesce(earlier_marks.earlier_works, 0) as earlier_works,
    cuts.cut / learners.days::double as progress
from learners
cross join cuts
inner join deadlines on learners.presentation = deadlines.presentation and cuts.cut = deadlines.cut
left join clickers on learners.presentation = clickers.presentation and learners.student = clickers.student
left join activity on learners.presentation = activity.presentation and learners.student = activity.student and cuts.cut = activity.cut
left join steadiness on learners.presentation = steadiness.presentation and learners.student = steadiness.student and cuts.cut = steadiness.cut
left join reading on learners.presentation = reading.presentation and learners.student = reading.student and cuts.cut = reading.cut
left join handed_in on learners.presentation = handed_in.presentation and learners.student = handed_in.student and cuts.cut = handed_in.cut
left join marks on learners.presentation = marks.presentation and learners.student = marks.student and cuts.cut = marks.cut
left join carried_over on learners.presentation = carried_over.presentation and learners.student = carried_over.student
left join elsewhere on learners.presentation = elsewhere.presentation and learners.student = elsewhere.student
left join earlier_marks on learners.presentation = earlier_marks.presentation and learners.student = earlier_marks.student
-- Who registers later is nobody's learner yet.
where learners.registered_on is null or learners.registered_on <= cuts.cut;

-- Twenty sorts: of narrow rows, or they would carry the whole width each time.
create table places as
select
    presentation,
    cut,
    student,
    percent_rank() over (partition by presentation, cut order by clicks) as place_clicks,
    percent_rank() over (partition by presentation, cut order by clicks_7) as place_clicks_7,
    percent_rank() over (partition by presentation, cut order by active_days) as place_active_days,
    percent_rank() over (partition by presentation, cut order by active_7) as place_active_7,
    percent_rank() over (partition by presentation, cut order by active_since) as place_active_since,
    percent_rank() over (partition by presentation, cut order by home) as place_home,
    percent_rank() over (partition by presentation, cut order by content) as place_content,
    percent_rank() over (partition by presentation, cut order by talk) as place_talk,
    percent_rank() over (partition by presentation, cut order by quiz) as place_quiz,
    percent_rank() over (partition by presentation, cut order by pages) as place_pages,
    percent_rank() over (partition by presentation, cut order by materials) as place_materials,
    percent_rank() over (partition by presentation, cut order by sites) as place_sites,
    percent_rank() over (partition by presentation, cut order by sites_14) as place_sites_14,
    percent_rank() over (partition by presentation, cut order by usual_opened) as place_usual_opened,
    percent_rank() over (partition by presentation, cut order by silent_days) as place_silent_days,
    percent_rank() over (partition by presentation, cut order by week_mean) as place_week_mean,
    percent_rank() over (partition by presentation, cut order by content_14) as place_content_14,
    percent_rank() over (partition by presentation, cut order by quiz_14) as place_quiz_14,
    percent_rank() over (partition by presentation, cut order by points_share nulls first) as place_points,
    percent_rank() over (partition by presentation, cut order by registered_on nulls first) as place_registered_on
from (
    select presentation, cut, student, points_share, registered_on, clicks, clicks_7, active_days, active_7, active_since, home, content, talk, quiz, pages, materials, sites, sites_14, usual_opened, silent_days, week_mean, content_14, quiz_14
    from joined
);

create table usual_pace as
select presentation, cut, median(clicks_7) as clicks_7
from joined
where is_enrolled and clicks > 0
group by presentation, cut;

create table features as
select
    joined.*,
    ln((joined.clicks_7 + 1.0) / (usual_pace.clicks_7 + 1.0)) as pace,
    places.* exclude (presentation, cut, student)
from joined
inner join places on joined.presentation = places.presentation and joined.cut = places.cut and joined.student = places.student
left join usual_pace on joined.presentation = usual_pace.presentation and joined.cut = usual_pace.cut;
