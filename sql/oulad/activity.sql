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
    bit_or(kinds.type) as types,
    visits.day - lag(visits.day) over (partition by visits.presentation, visits.student order by visits.day) as gap
from visits
inner join kinds on visits.site = kinds.site
group by visits.presentation, visits.student, visits.day;

-- The same by week of the course (days before the start: negative weeks). Every day looked at is the last of its week, so all that a learner
-- has done by then, or in the weeks before, is a sum of whole weeks. Logarithms are summed as decimals: sums of them are the same in any order.
create table stretches as
select
    presentation,
    student,
    floor(day / 7.0)::integer as week,
    sum(clicks)::integer as clicks,
    count(*)::integer as active_days,
    -- Of the week's last three days.
    (count(*) filter (where day > 7 * floor(day / 7.0) + 3))::integer as active_3,
    min(day) as first_day,
    max(day) as last_day,
    max(gap) as longest_gap,
    sum(ln(1 + clicks)::decimal(18, 9)) as volume_of_days,
    ln(1 + sum(clicks))::decimal(18, 9) as volume,
    (ln(1 + sum(clicks)) ** 2)::decimal(18, 9) as volume_squared,
    sum(sites)::integer as visits,
    sum(home)::integer as home,
    sum(content)::integer as content,
    sum(talk)::integer as talk,
    sum(quiz)::integer as quiz,
    sum(pages)::integer as pages,
    sum(materials)::integer as materials,
    (count(*) filter (where types & 1 > 0))::integer as days_homepage,
    (count(*) filter (where types & 2 > 0))::integer as days_oucontent,
    (count(*) filter (where types & 4 > 0))::integer as days_forumng,
    (count(*) filter (where types & 8 > 0))::integer as days_subpage,
    (count(*) filter (where types & 16 > 0))::integer as days_resource,
    (count(*) filter (where types & 32 > 0))::integer as days_url,
    (count(*) filter (where types & 64 > 0))::integer as days_quiz,
    (count(*) filter (where types & 128 > 0))::integer as days_page,
    (count(*) filter (where types & 256 > 0))::integer as days_glossary,
    (count(*) filter (where types & 512 > 0))::integer as days_questionnaire,
    (count(*) filter (where types & 1024 > 0))::integer as days_dualpane,
    (count(*) filter (where types & 2048 > 0))::integer as days_ouwiki,
    (count(*) filter (where types & 4096 > 0))::integer as days_oucollaborate,
    (count(*) filter (where types & 8192 > 0))::integer as days_ouelluminate,
    (count(*) filter (where types & 16384 > 0))::integer as days_externalquiz,
    (count(*) filter (where types & 32768 > 0))::integer as days_dataplus
from days
group by all;

create table activity as
select
    done.presentation,
    done.student,
    cuts.cut,
    sum(done.clicks)::integer as clicks,
    sum(done.active_days)::integer as active_days,
    cuts.cut - max(done.last_day) as silent_days,
    min(done.first_day) as first_day,
    max(done.longest_gap) as longest_gap,
    sum(done.volume_of_days) / sum(done.active_days) as clicks_a_day,
    coalesce(sum(done.clicks) filter (where done.week < 0), 0)::integer as clicks_before,
    coalesce(sum(done.active_days) filter (where done.week < 0), 0)::integer as active_before,
    coalesce(sum(done.active_days) filter (where done.week >= 0), 0)::integer as active_since,
    coalesce(sum(done.clicks) filter (where done.week = cuts.week), 0)::integer as clicks_7,
    coalesce(sum(done.clicks) filter (where done.week = cuts.week - 1), 0)::integer as clicks_previous_7,
    coalesce(sum(done.clicks) filter (where done.week in (cuts.week - 3, cuts.week - 2)), 0)::integer as clicks_previous_14,
    coalesce(sum(done.active_3) filter (where done.week = cuts.week), 0)::integer as active_3,
    coalesce(sum(done.active_days) filter (where done.week = cuts.week), 0)::integer as active_7,
    coalesce(sum(done.active_days) filter (where done.week = cuts.week - 1), 0)::integer as active_previous_7,
    coalesce(sum(done.active_days) filter (where done.week in (cuts.week - 3, cuts.week - 2)), 0)::integer as active_previous_14,
    (count(*) filter (where done.week >= 0))::integer as active_weeks,
    sum(done.home)::integer as home,
    sum(done.content)::integer as content,
    sum(done.talk)::integer as talk,
    sum(done.quiz)::integer as quiz,
    sum(done.pages)::integer as pages,
    sum(done.materials)::integer as materials,
    coalesce(sum(done.content) filter (where done.week >= cuts.week - 1), 0)::integer as content_14,
    coalesce(sum(done.talk) filter (where done.week >= cuts.week - 1), 0)::integer as talk_14,
    coalesce(sum(done.quiz) filter (where done.week >= cuts.week - 1), 0)::integer as quiz_14,
    coalesce(sum(done.pages) filter (where done.week >= cuts.week - 1), 0)::integer as pages_14,
    coalesce(sum(done.materials) filter (where done.week >= cuts.week - 1), 0)::integer as materials_14,
    coalesce(sum(done.visits) filter (where done.week >= cuts.week - 1), 0)::integer as visits_14,
    sum(done.visits)::integer as visits,
    -- On how many days each type of material was opened.
    sum(done.days_homepage)::integer as days_homepage,
    sum(done.days_oucontent)::integer as days_oucontent,
    sum(done.days_forumng)::integer as days_forumng,
    sum(done.days_subpage)::integer as days_subpage,
    sum(done.days_resource)::integer as days_resource,
    sum(done.days_url)::integer as days_url,
    sum(done.days_quiz)::integer as days_quiz,
    sum(done.days_page)::integer as days_page,
    sum(done.days_glossary)::integer as days_glossary,
    sum(done.days_questionnaire)::integer as days_questionnaire,
    sum(done.days_dualpane)::integer as days_dualpane,
    sum(done.days_ouwiki)::integer as days_ouwiki,
    sum(done.days_oucollaborate)::integer as days_oucollaborate,
    sum(done.days_ouelluminate)::integer as days_ouelluminate,
    sum(done.days_externalquiz)::integer as days_externalquiz,
    sum(done.days_dataplus)::integer as days_dataplus,
    -- Steadiness over the weeks of the course: mean and spread of the week's log clicks, and their covariance with the week's number.
    coalesce(sum(done.volume) filter (where done.week >= 0), 0) / (cuts.week + 1) as week_mean,
    coalesce(sum(done.volume_squared) filter (where done.week >= 0), 0) / (cuts.week + 1) as week_mean_squared,
    coalesce(sum(done.volume * (2 * done.week - cuts.week)) filter (where done.week >= 0), 0) / (2 * (cuts.week + 1)) as week_slope
from stretches as done
inner join cuts on done.week <= cuts.week
group by done.presentation, done.student, cuts.cut, cuts.week;

-- Materials: how many were opened, and how many of those that most of the presentation had opened by the same day.
create table openings as
select presentation, student, site, min(day) as day from visits group by presentation, student, site;

-- Who has opened anything by the day; a share of readers is kept as two whole numbers, whose sums are the same in any order.
create table readers as
select beginners.presentation, cuts.cut, count(*) as people
from (select presentation, student, min(day) as day from days group by presentation, student) as beginners
inner join cuts on beginners.day <= cuts.cut
group by beginners.presentation, cuts.cut;

create table usual as
select readers.presentation, early.site, readers.cut, early.people
from (
    select presentation, site, cut, count(*) as people
    from openings
    inner join cuts on openings.day <= cuts.cut
    group by presentation, site, cut
) as early
inner join readers on early.presentation = readers.presentation and early.cut = readers.cut
where early.people / readers.people >= $usual_share;

create table usual_reading as
select openings.presentation, openings.student, usual.cut, sum(usual.people)::integer as people
from openings
inner join usual on openings.presentation = usual.presentation and openings.site = usual.site and openings.day <= usual.cut
group by openings.presentation, openings.student, usual.cut;

create table reading as
select
    opened.presentation,
    opened.student,
    opened.cut,
    opened.sites,
    opened.sites_14,
    coalesce(usual_reading.people, 0) / totals.people as usual_opened
from (
    select
        early.presentation,
        early.student,
        cuts.cut,
        sum(early.sites)::integer as sites,
        coalesce(sum(early.sites) filter (where early.week >= cuts.week - 1), 0)::integer as sites_14
    from (select presentation, student, floor(day / 7.0)::integer as week, count(*) as sites from openings group by all) as early
    inner join cuts on early.week <= cuts.week
    group by early.presentation, early.student, cuts.cut
) as opened
left join (select presentation, cut, sum(people)::integer as people from usual group by presentation, cut) as totals
    on opened.presentation = totals.presentation and opened.cut = totals.cut
left join usual_reading
    on opened.presentation = usual_reading.presentation and opened.student = usual_reading.student and opened.cut = usual_reading.cut;
