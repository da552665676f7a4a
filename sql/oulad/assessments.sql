-- Deadlines and marks, per learner and day looked at. A mark is set against those given for the same assessment by the same day.
create table deadlines as
select
    cuts.cut,
    presentations.presentation,
    count(*) filter (where assessed.due <= cuts.cut)::integer as due,
    count(*) filter (where assessed.due <= cuts.cut and assessed.kind = 'TMA')::integer as due_tutor,
    coalesce(sum(assessed.weight) filter (where assessed.due <= cuts.cut), 0) as due_weight,
    cuts.cut - max(assessed.due) filter (where assessed.due <= cuts.cut) as days_since_due,
    min(assessed.due) filter (where assessed.due > cuts.cut) - cuts.cut as days_to_due,
    max(assessed.due) filter (where assessed.due <= cuts.cut and assessed.kind = 'TMA') as last_due
from presentations
cross join cuts
left join assessed on presentations.presentation = assessed.presentation
group by cuts.cut, presentations.presentation;

create table usual_marks as
select works.assessment, cuts.cut, avg(works.score) as mean, nullif(stddev(works.score), 0) as spread
from works
inner join cuts on works.marked <= cuts.cut
where not works.is_banked
group by works.assessment, cuts.cut;

create table usual_haste as
select works.assessment, cuts.cut, avg(works.due - works.handed_in) as days_early
from works
inner join cuts on works.handed_in <= cuts.cut
where not works.is_banked
group by works.assessment, cuts.cut;

create table handed_in as
select
    works.presentation,
    works.student,
    cuts.cut,
    count(*) filter (where works.due <= cuts.cut)::integer as handed_in,
    count(*) filter (where works.due <= cuts.cut and works.kind = 'TMA')::integer as handed_in_tutor,
    count(*) filter (where works.due > cuts.cut)::integer as handed_in_ahead,
    count(*) filter (where works.handed_in > works.due)::integer as late,
    avg(works.due - works.handed_in) as days_early,
    min(works.due - works.handed_in) as days_early_least,
    arg_max(works.due - works.handed_in, works.due * 10000 + works.assessment % 10000) as days_early_last,
    avg(works.due - works.handed_in - usual_haste.days_early) as days_earlier_than_usual,
    cuts.cut - max(works.handed_in) as days_since_work,
    max(works.due) filter (where works.kind = 'TMA') as last_kept
from works
inner join cuts on works.handed_in <= cuts.cut
left join usual_haste on works.assessment = usual_haste.assessment and cuts.cut = usual_haste.cut
where not works.is_banked
group by works.presentation, works.student, cuts.cut;

create table marks as
select
    works.presentation,
    works.student,
    cuts.cut,
    sum(works.score * works.weight) / nullif(sum(works.weight) filter (where works.score is not null), 0) as mark,
    avg(works.score) filter (where works.kind = 'TMA') as mark_tutor,
    avg(works.score) filter (where works.kind = 'CMA') as mark_computer,
    arg_max(works.score, works.due * 10000 + works.assessment % 10000) as mark_last,
    min(works.score) as mark_least,
    avg((works.score - usual_marks.mean) / usual_marks.spread) as mark_place,
    arg_max((works.score - usual_marks.mean) / usual_marks.spread, works.due * 10000 + works.assessment % 10000) as mark_place_last,
    min((works.score - usual_marks.mean) / usual_marks.spread) as mark_place_least,
    sum(works.weight * works.score) filter (where works.due <= cuts.cut) as points
from works
inner join cuts on works.marked <= cuts.cut
left join usual_marks on works.assessment = usual_marks.assessment and cuts.cut = usual_marks.cut
where not works.is_banked
group by works.presentation, works.student, cuts.cut;

create table carried_over as
select presentation, student, count(*)::integer as carried_over, avg(score) as carried_over_mark
from works
where is_banked
group by presentation, student;

-- The same person in presentations that began earlier, as far as known on the first day of this one, and in those that run beside it.
create table elsewhere as
select
    here.presentation,
    here.student,
    count(*) filter (where other.starts_on < here.starts_on)::integer as earlier_courses,
    count(*) filter (where other.starts_on = here.starts_on)::integer as courses_beside,
    count(*) filter (where other.starts_on < here.starts_on and other.starts_on + other.unregistered_on < here.starts_on)::integer as earlier_left
from learners as here
inner join learners as other
    on here.student = other.student and here.presentation <> other.presentation and other.starts_on <= here.starts_on
group by here.presentation, here.student;

create table earlier_marks as
select here.presentation, here.student, avg(works.score) as earlier_mark, count(*)::integer as earlier_works
from learners as here
inner join learners as other on here.student = other.student and other.starts_on < here.starts_on
inner join works
    on other.presentation = works.presentation and other.student = works.student and not works.is_banked and other.starts_on + works.marked < here.starts_on
group by here.presentation, here.student;
