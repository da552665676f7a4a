-- One row per pair of texts of which one repeats the other, and learner who handed in the later one. Evidence, no verdict.
with copies as (

    select * from {{ source('links', 'copies') }}

),

submissions as (

    select * from {{ ref('fct_submissions') }}

),

-- The last thing said about a pair that stood at the end of the day.
decisions as (

    select
        said.later_id,
        said.earlier_id,
        {{ last_by('said.kind', 'said.sequence') }} as verdict
    from {{ source('links', 'copy_decisions') }} as said
    where
        said.decided_at < {{ as_of_end() }}
        and (said.undone_at is null or said.undone_at >= {{ as_of_end() }})
    group by said.later_id, said.earlier_id

),

earlier_submissions as (

    select
        submissions.submission_id,
        case when count(*) = 1 then min(submissions.person_id) else null end as person_id,
        min(submissions.stream_id) as stream_id,
        min(submissions.submitted_at) as submitted_at
    from submissions
    group by submissions.submission_id

)

select
    copies.later_id,
    copies.earlier_id,
    copies.earlier_kind,
    copies.kind,
    submissions.person_id,
    coalesce(earlier_submissions.person_id, messages.person_id) as earlier_person_id,
    submissions.task_id,
    submissions.course_id,
    submissions.stream_id,
    coalesce(earlier_submissions.stream_id, messages.stream_id) as earlier_stream_id,
    submissions.submitted_at as handed_in_at,
    submissions.day,
    coalesce(earlier_submissions.submitted_at, messages.sent_at) as earlier_at,
    copies.matched_words,
    copies.later_share,
    copies.longest_run,
    copies.hidden_characters + copies.homoglyphs as tamper_signs,
    copies.same_file,
    coalesce(copies.earlier_in_file, false) as earlier_in_file,
    copies.same_author,
    copies.same_creation,
    copies.shared_revisions,
    copies.unseen_letters,
    copies.direction_certainty,
    decisions.verdict,
    -- Where words cannot tell, for there are none or too few, equal bytes do. Of a work with words of its own a file that others have too is a sign.
    copies.same_file
    and copies.matched_words = 0
    and coalesce(submissions.words, 0) < {{ threshold('copy_matched_words') }} as is_by_bytes,
    -- Enough of the text, and clear enough who was later, to be counted; not while it is disputed, nor where it was found or declared no fault.
    coalesce(decisions.verdict, 'copied') = 'copied'
    and copies.kind in ('learner', 'leak')
    and (copies.matched_words > 0 or coalesce(submissions.words, 0) < {{ threshold('copy_matched_words') }})
    and copies.later_share >= {{ threshold('copied_work_share') }}
    and copies.direction_certainty >= {{ threshold('copied_certainty') }} as is_counted
from copies
inner join submissions
    on copies.later_id = submissions.submission_id
left join decisions
    on copies.later_id = decisions.later_id and copies.earlier_id = decisions.earlier_id
left join earlier_submissions
    on copies.earlier_id = earlier_submissions.submission_id
left join {{ ref('fct_messages') }} as messages
    on copies.earlier_id = messages.message_id
where coalesce(earlier_submissions.submitted_at, messages.sent_at) is not null
