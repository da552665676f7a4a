-- OULAD's tables as numbers, one place for what the data set says only roughly. Reads the views that pipelines/risk/oulad_features.py opens
-- (every column as text); $cuts: the days at whose end learners are looked at, each the last of its week.
create macro whole(value) as try_cast(try_cast(value as double) as integer);

-- week: counted from 0.
create table cuts as select cut, (cut // 7)::integer as week from (select unnest($cuts)::integer as cut);

create table presentations as
select
    row_number() over (order by code_module, code_presentation)::integer as presentation,
    code_module as module,
    code_presentation as code,
    whole(module_presentation_length) as days,
    -- Only the month is published: "B" begins in February, "J" in October.
    make_date(left(code_presentation, 4)::integer, case right(code_presentation, 1) when 'B' then 2 else 10 end, 1) as starts_on
from courses;

-- One row per learner and presentation. Gender, region, age, deprivation, disability and schooling are not read here at all.
create table learners as
select
    presentations.presentation,
    whole(info.id_student) as student,
    presentations.module,
    presentations.code,
    presentations.days,
    presentations.starts_on,
    whole(info.num_of_prev_attempts) as previous_attempts,
    whole(info.studied_credits) as credits,
    whole(registrations.date_registration) as registered_on,
    whole(registrations.date_unregistration) as unregistered_on,
    (info.final_result in ('Fail', 'Withdrawn'))::integer as outcome
from "studentInfo" as info
inner join presentations on info.code_module = presentations.module and info.code_presentation = presentations.code
left join "studentRegistration" as registrations
    on info.code_module = registrations.code_module
    and info.code_presentation = registrations.code_presentation
    and info.id_student = registrations.id_student;

create table kinds as
select
    whole(id_site) as site,
    case
        when activity_type = 'homepage' then 'home'
        when activity_type = 'oucontent' then 'content'
        when activity_type in ('forumng', 'oucollaborate', 'ouelluminate', 'ouwiki') then 'talk'
        when activity_type in ('quiz', 'externalquiz', 'questionnaire') then 'quiz'
        when activity_type = 'subpage' then 'pages'
        else 'materials'
    end as kind,
    -- The finer type as one bit, so that a day's types are one number.
    case activity_type
        when 'homepage' then 1
        when 'oucontent' then 2
        when 'forumng' then 4
        when 'subpage' then 8
        when 'resource' then 16
        when 'url' then 32
        when 'quiz' then 64
        when 'page' then 128
        when 'glossary' then 256
        when 'questionnaire' then 512
        when 'dualpane' then 1024
        when 'ouwiki' then 2048
        when 'oucollaborate' then 4096
        when 'ouelluminate' then 8192
        when 'externalquiz' then 16384
        when 'dataplus' then 32768
        else 0
    end as type
from vle;

-- One row per learner, day and site. Who has clicked at all is known of the whole presentation (the protocol's population); clicks
-- themselves are read only up to the last day that is looked at.
create table visits as
select
    presentations.presentation,
    whole(clicks.id_student) as student,
    whole(clicks.date) as day,
    whole(clicks.id_site) as site,
    sum(whole(clicks.sum_click))::integer as clicks
from "studentVle" as clicks
inner join presentations on clicks.code_module = presentations.module and clicks.code_presentation = presentations.code
where whole(clicks.date) <= (select max(cut) from cuts)
group by all;

-- Clicks of a presentation that no other table knows stay here without its number, so that it can be named.
create table clickers as
select distinct
    presentations.presentation, clicks.code_module as module, clicks.code_presentation as code, whole(clicks.id_student) as student
from "studentVle" as clicks
left join presentations on clicks.code_module = presentations.module and clicks.code_presentation = presentations.code;

-- Assessments with a deadline; the exam comes when nothing can be done any more.
create table assessed as
select
    presentations.presentation,
    whole(assessments.id_assessment) as assessment,
    assessments.assessment_type as kind,
    whole(assessments.date) as due,
    try_cast(assessments.weight as double) as weight
from assessments
inner join presentations on assessments.code_module = presentations.module and assessments.code_presentation = presentations.code
where assessments.assessment_type <> 'Exam' and whole(assessments.date) is not null;

-- When a mark was given is not recorded: it is taken to be known $marking_days after the work was handed in.
create table works as
select
    assessed.*,
    whole(work.id_student) as student,
    whole(work.date_submitted) as handed_in,
    whole(work.date_submitted) + $marking_days::integer as marked,
    try_cast(work.score as double) as score,
    coalesce(whole(work.is_banked) = 1, false) as is_banked
from "studentAssessment" as work
inner join assessed on whole(work.id_assessment) = assessed.assessment;
