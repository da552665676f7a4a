-- One row per learner and stream with a text or a file handed in: how many of them repeat somebody else's earlier one. Evidence, no verdict.
with learners as (

    select
        copies.person_id,
        copies.stream_id,
        copies.course_id,
        count(*) as texts,
        count(case when coalesce(copies.words, 0) = 0 then 1 end) as without_words,
        count(case when copies.is_copied then 1 end) as copied,
        count(case when copies.is_copied then 1 end) / cast(count(*) as double) as copied_share,
        count(case when copies.origin_kind = 'leak' then 1 end) as leaked,
        count(case when copies.is_copied and copies.tamper_signs > 0 then 1 end) as tampered,
        coalesce(sum(copies.words), 0) as words,
        sum(copies.words * copies.copied_low) as words_low,
        sum(copies.words * copies.copied_high) as words_high,
        max(copies.copied_at) as last_copied_at,
        {{ threshold('confidence_z') }} as z
    from {{ ref('ind_copies') }} as copies
    group by copies.person_id, copies.stream_id, copies.course_id

)

select
    learners.person_id,
    learners.stream_id,
    learners.course_id,
    learners.texts,
    learners.without_words,
    learners.copied,
    learners.copied_share,
    {{ wilson_low('learners.copied_share', 'learners.texts', 'learners.z') }} as copied_low,
    {{ wilson_high('learners.copied_share', 'learners.texts', 'learners.z') }} as copied_high,
    learners.texts >= {{ threshold('copied_texts_least') }} as is_enough,
    learners.words,
    learners.words_low / nullif(learners.words, 0) as copied_words_low,
    learners.words_high / nullif(learners.words, 0) as copied_words_high,
    learners.leaked,
    learners.tampered,
    learners.last_copied_at
from learners
