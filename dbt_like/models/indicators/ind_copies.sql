-- One row per learner and task with a text or a file handed in: how much of it stands in somebody else's earlier text, or, where it has no
-- words, in files of equal bytes. Evidence, no verdict.
with texts as (

    select
        submissions.person_id,
        submissions.stream_id,
        submissions.course_id,
        submissions.task_id,
        min(submissions.submitted_at) as handed_in_at,
        max(submissions.words) as words
    from {{ ref('fct_submissions') }} as submissions
    where submissions.is_comparable
    group by submissions.person_id, submissions.stream_id, submissions.course_id, submissions.task_id

),

-- In dispute, found innocent, allowed: neither counted nor in the bounds.
standing as (

    select
        copies.*,
        max(case when copies.is_counted then copies.matched_words end) over (partition by copies.later_id, copies.person_id) as fullest
    from {{ ref('fct_copies') }} as copies
    where copies.kind in ('learner', 'leak') and coalesce(copies.verdict, 'copied') = 'copied' and (copies.matched_words > 0 or copies.is_by_bytes)

),

-- The fullest pair first.
ranked as (

    select
        standing.*,
        row_number() over (
            partition by standing.person_id, standing.task_id
            order by standing.later_share desc, standing.earlier_at, standing.earlier_id, standing.later_id
        ) as place
    from standing

),

copies as (

    select
        ranked.person_id,
        ranked.task_id,
        count(*) as pairs,
        max(ranked.later_share) as copied_share,
        max(ranked.matched_words) as matched_words,
        max(case when ranked.place = 1 then ranked.earlier_id end) as source_id,
        max(case when ranked.place = 1 then ranked.kind end) as source_kind,
        max(case when ranked.place = 1 then ranked.later_id end) as later_id,
        max(ranked.tamper_signs) as tamper_signs,
        bool_or(ranked.is_counted) as is_copied,
        bool_and(case when ranked.is_counted then ranked.is_by_bytes end) as is_by_bytes
    from ranked
    group by ranked.person_id, ranked.task_id

),

-- Words of several sources together, each passage once: how far the passages before have reached tells what is new in the next.
passages as (

    select
        bounds.bound,
        standing.person_id,
        standing.task_id,
        standing.later_id,
        standing.matched_words / standing.later_share as words,
        fragments.words as matched,
        fragments.later_start,
        fragments.later_end,
        max(fragments.later_end) over (
            partition by bounds.bound, standing.person_id, standing.later_id
            order by fragments.later_start, fragments.later_end, fragments.earlier_id, fragments.fragment
            rows between unbounded preceding and 1 preceding
        ) as reached
    from standing
    inner join (select 'low' as bound union all select 'high' as bound) as bounds
        on standing.is_counted or bounds.bound = 'high'
    inner join {{ source('links', 'copy_fragments') }} as fragments
        on standing.later_id = fragments.later_id and standing.earlier_id = fragments.earlier_id
    where standing.later_share > 0 and fragments.later_end > fragments.later_start

),

together as (

    select
        passages.bound,
        passages.person_id,
        passages.task_id,
        passages.later_id,
        least(1.0, sum(
            passages.matched * greatest(0, passages.later_end - greatest(passages.later_start, coalesce(passages.reached, 0)))
            / cast(passages.later_end - passages.later_start as double)
        ) / max(passages.words)) as share
    from passages
    group by passages.bound, passages.person_id, passages.task_id, passages.later_id

),

-- A pair alone is a lower limit of what several together have.
shares as (

    select together.bound, together.person_id, together.task_id, together.share from together
    union all
    select 'high' as bound, standing.person_id, standing.task_id, standing.later_share as share from standing
    union all
    select 'low' as bound, standing.person_id, standing.task_id, standing.later_share as share from standing where standing.is_counted

),

limits as (

    select
        shares.person_id,
        shares.task_id,
        max(case when shares.bound = 'low' then shares.share end) as low,
        max(shares.share) as high
    from shares
    group by shares.person_id, shares.task_id

),

-- Where it came from: of the counted sources with enough of the words a message in a chat before another's work, then the earliest.
origins as (

    select
        standing.person_id,
        standing.task_id,
        standing.earlier_id,
        standing.kind,
        standing.earlier_person_id,
        standing.earlier_stream_id,
        standing.earlier_at,
        standing.handed_in_at,
        row_number() over (
            partition by standing.person_id, standing.task_id
            order by case standing.kind when 'leak' then 0 else 1 end, standing.earlier_at, standing.earlier_id, standing.handed_in_at, standing.later_id
        ) as place
    from standing
    where standing.is_counted and standing.matched_words >= standing.fullest * {{ threshold('copy_obvious_share') }}

)

select
    texts.person_id,
    texts.stream_id,
    texts.course_id,
    texts.task_id,
    texts.handed_in_at,
    texts.words,
    coalesce(copies.pairs, 0) as pairs,
    coalesce(copies.copied_share, 0.0) as copied_share,
    coalesce(limits.low, 0.0) as copied_low,
    -- Of a scan nobody knows the words.
    case when coalesce(texts.words, 0) = 0 then 1.0 else coalesce(limits.high, 0.0) end as copied_high,
    coalesce(copies.matched_words, 0) as matched_words,
    copies.source_id,
    copies.source_kind,
    copies.later_id,
    origins.earlier_id as origin_id,
    origins.kind as origin_kind,
    origins.earlier_person_id as origin_person_id,
    origins.earlier_stream_id as origin_stream_id,
    origins.earlier_at as origin_at,
    origins.handed_in_at as copied_at,
    coalesce(copies.tamper_signs, 0) as tamper_signs,
    coalesce(copies.is_copied, false) as is_copied,
    coalesce(copies.is_by_bytes, false) as is_by_bytes
from texts
left join copies
    on texts.person_id = copies.person_id and texts.task_id = copies.task_id
left join limits
    on texts.person_id = limits.person_id and texts.task_id = limits.task_id
left join origins
    on texts.person_id = origins.person_id and texts.task_id = origins.task_id and origins.place = 1
