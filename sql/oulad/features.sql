-- One row per learner, presentation and day looked at: keys, the protocol's facts and the features. Who has not clicked has done nothing
-- (0); marks of who has none are unknown (null).
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
    coalesce(activity.days_homepage, 0) as days_homepage,
    coalesce(activity.days_oucontent, 0) as days_oucontent,
    coalesce(activity.days_forumng, 0) as days_forumng,
    coalesce(activity.days_subpage, 0) as days_subpage,
    coalesce(activity.days_resource, 0) as days_resource,
    coalesce(activity.days_url, 0) as days_url,
    coalesce(activity.days_quiz, 0) as days_quiz,
    coalesce(activity.days_page, 0) as days_page,
    coalesce(activity.days_glossary, 0) as days_glossary,
    coalesce(activity.days_questionnaire, 0) as days_questionnaire,
    coalesce(activity.days_dualpane, 0) as days_dualpane,
    coalesce(activity.days_ouwiki, 0) as days_ouwiki,
    coalesce(activity.days_oucollaborate, 0) as days_oucollaborate,
    coalesce(activity.days_ouelluminate, 0) as days_ouelluminate,
    coalesce(activity.days_externalquiz, 0) as days_externalquiz,
    coalesce(activity.days_dataplus, 0) as days_dataplus,
    coalesce(activity.clicks, 0) / greatest(coalesce(activity.active_days, 0), 1) as clicks_an_active_day,
    ln((coalesce(activity.clicks_7, 0) + 1.0) / (coalesce(activity.clicks_previous_7, 0) + 1.0)) as change_7,
    ln((coalesce(activity.clicks_7, 0) + coalesce(activity.clicks_previous_7, 0) + 1.0) / (coalesce(activity.clicks_previous_14, 0) + 1.0)) as change_14,
    coalesce(activity.week_mean, 0) as week_mean,
    sqrt(greatest(0, coalesce(activity.week_mean_squared - activity.week_mean ** 2, 0))) as week_spread,
    coalesce(activity.week_slope, 0) as week_slope,
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
left join reading on learners.presentation = reading.presentation and learners.student = reading.student and cuts.cut = reading.cut
left join handed_in on learners.presentation = handed_in.presentation and learners.student = handed_in.student and cuts.cut = handed_in.cut
left join marks on learners.presentation = marks.presentation and learners.student = marks.student and cuts.cut = marks.cut
left join carried_over on learners.presentation = carried_over.presentation and learners.student = carried_over.student
left join elsewhere on learners.presentation = elsewhere.presentation and learners.student = elsewhere.student
left join earlier_marks on learners.presentation = earlier_marks.presentation and learners.student = earlier_marks.student
-- Who registers later is nobody's learner yet.
where learners.registered_on is null or learners.registered_on <= cuts.cut;

create table usual_pace as
select presentation, cut, median(clicks_7) as clicks_7
from joined
where is_enrolled and clicks > 0
group by presentation, cut;

create view features as
select
    joined.*,
    ln((joined.clicks_7 + 1.0) / (usual_pace.clicks_7 + 1.0)) as pace
from joined
left join usual_pace on joined.presentation = usual_pace.presentation and joined.cut = usual_pace.cut;
