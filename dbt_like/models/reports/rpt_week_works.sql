-- One row per part of the programme (all of it, or a course) with a work in the seven days or a completion so far: how many works agree with
-- another text, and how many completions look formal; and of how many neither can be said. Small parts are in it: the report hides them.
with leaked as (

    -- Of all the texts a work agrees with: the longest agreement is mostly with another learner who took it from the same chat.
    select distinct
        copies.person_id,
        copies.task_id
    from {{ ref('fct_copies') }} as copies
    where copies.is_counted and copies.kind = 'leak'

),

handed_in as (

    -- A quiz has no text that could be compared.
    select
        submissions.course_id,
        submissions.words,
        copies.person_id is not null as is_compared,
        copies.is_copied,
        leaked.person_id is not null as is_leaked,
        coalesce(copies.tamper_signs, 0) > 0 as is_tampered
    from {{ ref('fct_submissions') }} as submissions
    left join {{ ref('ind_copies') }} as copies
        on {{ key_where('submissions.person_id', 'submissions.is_comparable') }} = copies.person_id and submissions.task_id = copies.task_id
    left join leaked
        on submissions.person_id = leaked.person_id and submissions.task_id = leaked.task_id
    where
        submissions.kind = 'assignment' and submissions.is_first and submissions.day between {{ add_days(as_of(), '-6') }} and {{ as_of() }}

),

works as (

    select 'programme' as part, '{{ var("programme_id") }}' as part_id, handed_in.* from handed_in
    union all
    select 'course' as part, handed_in.course_id as part_id, handed_in.* from handed_in

),

texts as (

    select
        works.part,
        works.part_id,
        count(*) as works,
        count(case when works.is_compared then 1 end) as compared,
        count(case when works.is_copied then 1 end) as copied,
        count(case when works.is_copied and works.is_leaked then 1 end) as copied_from_chat,
        count(case when works.is_copied and works.is_tampered then 1 end) as tampered
    from works
    group by works.part, works.part_id

),

formal as (

    select
        formal.course_id,
        formal.is_formal
    from {{ ref('ind_formal_completions') }} as formal
    where formal.outcome = 'completed'

),

completions as (

    select 'programme' as part, '{{ var("programme_id") }}' as part_id, formal.is_formal from formal
    union all
    select 'course' as part, formal.course_id as part_id, formal.is_formal from formal

),

completed as (

    select
        completions.part,
        completions.part_id,
        count(*) as completions,
        count(completions.is_formal) as judged,
        count(case when completions.is_formal then 1 end) as formal
    from completions
    group by completions.part, completions.part_id

),

parts as (

    select texts.part, texts.part_id from texts
    union
    select completed.part, completed.part_id from completed

),

courses as (

    select distinct
        streams.course_id,
        streams.course_name
    from {{ ref('rpt_streams') }} as streams

),

shares as (

    select
        parts.part,
        parts.part_id,
        texts.works,
        texts.compared,
        texts.copied,
        texts.copied_from_chat,
        texts.tampered,
        texts.copied / cast(nullif(texts.compared, 0) as double) as copied_share,
        completed.completions,
        completed.judged,
        completed.formal,
        completed.formal / cast(nullif(completed.judged, 0) as double) as formal_share
    from parts
    left join texts
        on parts.part = texts.part and parts.part_id = texts.part_id
    left join completed
        on parts.part = completed.part and parts.part_id = completed.part_id

)

select
    {{ as_of() }} as week_ends_on,
    shares.part,
    shares.part_id,
    courses.course_name,
    coalesce(shares.works, 0) as works,
    coalesce(shares.compared, 0) as compared,
    shares.copied,
    shares.copied_from_chat,
    shares.tampered,
    shares.copied_share,
    {{ wilson_low('shares.copied_share', 'shares.compared') }} as copied_low,
    {{ wilson_high('shares.copied_share', 'shares.compared') }} as copied_high,
    coalesce(shares.completions, 0) as completions,
    coalesce(shares.judged, 0) as judged,
    shares.formal,
    shares.formal_share,
    {{ wilson_low('shares.formal_share', 'shares.judged') }} as formal_low,
    {{ wilson_high('shares.formal_share', 'shares.judged') }} as formal_high
from shares
left join courses
    on {{ key_where('shares.part_id', "shares.part = 'course'") }} = courses.course_id
