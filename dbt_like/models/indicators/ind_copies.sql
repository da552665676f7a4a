-- One row per learner and task with a text handed in: how much of it stands in somebody else's earlier text. Evidence, no verdict.
with texts as (

    select
        submissions.person_id,
        submissions.stream_id,
        submissions.course_id,
        submissions.task_id,
        max(submissions.words) as words
    from {{ ref('fct_submissions') }} as submissions
    where submissions.words > 0
    group by submissions.person_id, submissions.stream_id, submissions.course_id, submissions.task_id

),

copies as (

    select
        copies.person_id,
        copies.task_id,
        count(*) as pairs,
        max(copies.later_share) as copied_share,
        max(copies.matched_words) as matched_words,
        {{ last_by('copies.earlier_id', 'copies.later_share') }} as source_id,
        {{ last_by('copies.kind', 'copies.later_share') }} as source_kind,
        {{ last_by('copies.later_id', 'copies.later_share') }} as later_id,
        max(copies.tamper_signs) as tamper_signs,
        bool_or(copies.is_counted) as is_copied
    from {{ ref('fct_copies') }} as copies
    where copies.kind in ('learner', 'leak')
    group by copies.person_id, copies.task_id

)

select
    texts.person_id,
    texts.stream_id,
    texts.course_id,
    texts.task_id,
    texts.words,
    coalesce(copies.pairs, 0) as pairs,
    coalesce(copies.copied_share, 0.0) as copied_share,
    coalesce(copies.matched_words, 0) as matched_words,
    copies.source_id,
    copies.source_kind,
    copies.later_id,
    coalesce(copies.tamper_signs, 0) as tamper_signs,
    coalesce(copies.is_copied, false) as is_copied
from texts
left join copies
    on texts.person_id = copies.person_id and texts.task_id = copies.task_id
