-- What was clicked, per learner and day looked at.
create table days as
select
    visits.presentation,
    visits.student,
    visits.day,
    sum(visits.clicks)::integer as clicks,
    count(*)::integer as sites,
    coalesce(sum(visits.clicks) filter (where kinds.kind = 'home'), 0)::integer as home,
    coalesce(sum(visits.clicks) filter (where kinds.kind = 'content'), 0)::integer as content,
    coalesce(sum(visits.clicks) filter (where kinds.kind = 'talk'), 0)::integer as talk,
    coalesce(sum(visits.clicks) filter (where kinds.kind = 'quiz'), 0)::integer as quiz,
    coalesce(sum(visits.clicks) filter (where kinds.kind = 'pages'), 0)::integer as pages,
    coalesce(sum(visits.clicks) filter (where kinds.kind = 'materials'), 0)::integer as materials,
    visits.day - lag(visits.day) over (partition by visits.presentation, visits.student order by visits.day) as gap
from visits
inner join kinds on visits.site = kinds.site
group by visits.presentation, visits.student, visits.day;

create table activity as
select
    days.presentation,
    days.student,
    cuts.cut,
    sum(days.clicks)::integer as clicks,
    count(*)::integer as active_days,
    cuts.cut - max(days.day) as silent_days,
    min(days.day) as first_day,
    max(days.gap) as longest_gap,
    avg(ln(1 + days.clicks)) as clicks_a_day,
    coalesce(sum(days.clicks) filter (where days.day < 0), 0)::integer as clicks_before,
    count(*) filter (where days.day < 0)::integer as active_before,
    count(*) filter (where days.day >= 0)::integer as active_since,
    coalesce(sum(days.clicks) filter (where days.day > cuts.cut - 7), 0)::integer as clicks_7,
    coalesce(sum(days.clicks) filter (where days.day > cuts.cut - 14 and days.day <= cuts.cut - 7), 0)::integer as clicks_previous_7,
    coalesce(sum(days.clicks) filter (where days.day > cuts.cut - 28 and days.day <= cuts.cut - 14), 0)::integer as clicks_previous_14,
    count(*) filter (where days.day > cuts.cut - 3)::integer as active_3,
    count(*) filter (where days.day > cuts.cut - 7)::integer as active_7,
    count(*) filter (where days.day > cuts.cut - 14 and days.day <= cuts.cut - 7)::integer as active_previous_7,
    count(*) filter (where days.day > cuts.cut - 28 and days.day <= cuts.cut - 14)::integer as active_previous_14,
    count(distinct case when days.day >= 0 then days.day // 7 end)::integer as active_weeks,
    sum(days.home)::integer as home,
    sum(days.content)::integer as content,
    sum(days.talk)::integer as talk,
    sum(days.quiz)::integer as quiz,
    sum(days.pages)::integer as pages,
    sum(days.materials)::integer as materials,
    coalesce(sum(days.content) filter (where days.day > cuts.cut - 14), 0)::integer as content_14,
    coalesce(sum(days.talk) filter (where days.day > cuts.cut - 14), 0)::integer as talk_14,
    coalesce(sum(days.quiz) filter (where days.day > cuts.cut - 14), 0)::integer as quiz_14,
    coalesce(sum(days.pages) filter (where days.day > cuts.cut - 14), 0)::integer as pages_14,
    coalesce(sum(days.materials) filter (where days.day > cuts.cut - 14), 0)::integer as materials_14,
    coalesce(sum(days.sites) filter (where days.day > cuts.cut - 14), 0)::integer as visits_14,
    sum(days.sites)::integer as visits
from days
inner join cuts on days.day <= cuts.cut
group by days.presentation, days.student, cuts.cut;

-- Steadiness over the weeks of the course: mean and spread of the week's log clicks, and their covariance with the week's number.
create table weeks as
select presentation, student, day // 7 as week, ln(1 + sum(clicks)) as volume
from days
where day >= 0
group by presentation, student, day // 7;

create table steadiness as
select
    weeks.presentation,
    weeks.student,
    cuts.cut,
    sum(weeks.volume) / ((cuts.cut + 1) // 7) as week_mean,
    sqrt(greatest(0, sum(weeks.volume ** 2) / ((cuts.cut + 1) // 7) - (sum(weeks.volume) / ((cuts.cut + 1) // 7)) ** 2)) as week_spread,
    sum(weeks.volume * (weeks.week - ((cuts.cut + 1) // 7 - 1) / 2.0)) / ((cuts.cut + 1) // 7) as week_slope
from weeks
inner join cuts on weeks.week < (cuts.cut + 1) // 7
group by weeks.presentation, weeks.student, cuts.cut;

-- Materials: how many were opened, and how many of those that most of the presentation had opened by the same day.
create table openings as
select presentation, student, site, min(day) as day from visits group by presentation, student, site;

create table readers as
select openings.presentation, cuts.cut, count(distinct openings.student) as people
from openings
inner join cuts on openings.day <= cuts.cut
group by openings.presentation, cuts.cut;

create table usual as
select openings.presentation, openings.site, cuts.cut, count(*) / any_value(readers.people)::double as share
from openings
inner join cuts on openings.day <= cuts.cut
inner join readers on openings.presentation = readers.presentation and cuts.cut = readers.cut
group by openings.presentation, openings.site, cuts.cut
having count(*) / any_value(readers.people)::double >= $usual_share;

create table reading as
select
    openings.presentation,
    openings.student,
    cuts.cut,
    count(*)::integer as sites,
    count(*) filter (where openings.day > cuts.cut - 14)::integer as sites_14,
    coalesce(sum(usual.share), 0) / any_value(totals.share) as usual_opened
from openings
inner join cuts on openings.day <= cuts.cut
left join usual on openings.presentation = usual.presentation and openings.site = usual.site and cuts.cut = usual.cut
left join (select presentation, cut, sum(share) as share from usual group by presentation, cut) as totals
    on openings.presentation = totals.presentation and cuts.cut = totals.cut
group by openings.presentation, openings.student, cuts.cut;
