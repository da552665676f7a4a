"""What the files of two texts say beside their words: equal bytes, one document's history in both, one author, letters nobody sees.

Signs of pairs that are there; equal bytes make a pair of their own where a work shares no text with another work or a message with a file, or has
none. What a document says of itself can be changed, and what a form given out brings along says nothing: whatever half of those who handed in a
file hold, or ``small_group`` people across the programme, is left out, and so are bytes that somebody who teaches had posted before. Names are
compared here and go nowhere: a row says that they are equal, never which.
"""

from __future__ import annotations

from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Names that programs and shops put in: nobody's. Compared in lower case.
_NOBODY = (
    "user", "users", "admin", "administrator", "owner", "home", "pc", "hp", "asus", "acer", "lenovo", "samsung", "dell", "microsoft", "microsoft office user",
    "python-docx", "apache poi", "teacher", "student", "пользователь", "пользователь windows", "администратор", "админ", "владелец", "дом", "учитель", "студент", "ученик",
)  # fmt: skip

# One row per content and work or message that holds it. ``is_taught``: posted by somebody who teaches.
_HELD = """
    with works as (
        select submission_id, sum(bytes) as bytes from (select distinct submission_id, content_hash, bytes from raw.submission_files) group by submission_id
    )
    select distinct
        file.content_hash, submission.submission_id as text_id, 'submission' as kind, false as is_taught, submission.task_id, submission.submitted_at as stood_at,
        coalesce(people.person_id, submission.account_id, submission.group_id) as person_id, file.bytes / cast(works.bytes as double) as share
    from raw.submission_files as file
    inner join works on works.submission_id = file.submission_id
    inner join raw.submissions as submission on submission.submission_id = file.submission_id
    left join copy_people as people on people.account_id = submission.account_id
    where submission.state = 'submitted' and submission.submitted_at is not null and file.bytes > 0
    union all
    select
        file.content_hash, message.message_id, 'message', message.account_id in (select account_id from copy_teachers), null, message.sent_at,
        coalesce(people.person_id, message.account_id, message.message_id), null
    from raw.message_files as file
    inner join raw.messages as message on message.message_id = file.message_id
    left join copy_people as people on people.account_id = message.account_id
    where message.kind = 'post' and message.channel in ('chat', 'forum') and message.sent_at is not null and not coalesce(message.is_private, false)
        and file.bytes > 0
"""

_SAME = """
    with holders as (
        select task_id, count(distinct person_id) as people from copy_held where kind = 'submission' group by task_id
    ), spread as (
        select content_hash, task_id, count(distinct person_id) as people from copy_held where kind = 'submission' group by content_hash, task_id
    ), forms as (
        -- A file that half of those who handed in a file have handed in is a form given out, not a copy.
        select spread.content_hash
        from spread inner join holders on holders.task_id = spread.task_id
        where spread.people >= $form_people and spread.people >= holders.people * $form_share
    ), taught as (
        select content_hash, min(stood_at) as since from copy_held where is_taught group by content_hash
    ), copied as (
        -- So is one that a teacher had given out before; who shows a learner's work afterwards excuses nobody.
        select held.*
        from copy_held as held left join taught on taught.content_hash = held.content_hash
        where held.kind = 'submission' and held.content_hash not in (select content_hash from forms) and coalesce(taught.since >= held.stood_at, true)
    ), pairs as (
        select
            later.text_id as later_id, arg_min(earlier.text_id, (earlier.stood_at, earlier.text_id)) as earlier_id, earlier.kind
        from copied as later
        inner join copy_held as earlier
            on earlier.content_hash = later.content_hash and earlier.person_id <> later.person_id
            and (earlier.stood_at, earlier.text_id) < (later.stood_at, later.text_id)
        group by later.text_id, earlier.kind, earlier.person_id
    )
    select pairs.later_id, pairs.earlier_id, pairs.kind, least(1.0, sum(later.share)) as later_share, least(1.0, coalesce(sum(earlier.share), 1.0)) as earlier_share
    from pairs
    inner join copied as later on later.text_id = pairs.later_id
    inner join copy_held as earlier on earlier.text_id = pairs.earlier_id and earlier.content_hash = later.content_hash
    group by pairs.later_id, pairs.earlier_id, pairs.kind
"""

_PAIRS = """
    insert into links.copies (
        later_id, earlier_id, earlier_kind, kind, task_id, matched_words, later_share, earlier_share, longest_run, hidden_characters,
        homoglyphs, same_file, direction_certainty, rule_version
    )
    select
        pair.later_id, pair.earlier_id, pair.kind, case when pair.kind = 'message' then 'leak' else 'learner' end, later.task_id, 0,
        pair.later_share, pair.earlier_share, 0, 0, 0, true,
        -- 1 for what stood in a chat, as of texts.
        case when pair.kind = 'message' then 1.0 else 1 - 0.5 * exp(-epoch(later.submitted_at - earlier.submitted_at) / 3600 / $hours) end,
        $version
    from copy_same_files as pair
    inner join raw.submissions as later on later.submission_id = pair.later_id
    left join raw.submissions as earlier on earlier.submission_id = pair.earlier_id
    left join links.copies as known on known.later_id = pair.later_id and known.earlier_id = pair.earlier_id
    where known.later_id is null
    order by 1, 2
"""

#: One row per text and thing its documents tell: an author's name, a moment of creation, a revision id.
_TOLD = """
    create or replace temp table copy_told as
    with documents as (
        select held.text_id, held.task_id, held.person_id, document.created_at, document.revision_ids, private.author, private.last_author
        from copy_held as held
        inner join raw.file_texts as document on document.content_hash = held.content_hash
        left join personal.file_texts as private on private.content_hash = held.content_hash
    ), told as (
        select text_id, task_id, person_id, 'author' as what, lower(trim(unnest([author, last_author]))) as value from documents
        union
        select text_id, task_id, person_id, 'creation', epoch_us(created_at)::varchar from documents
        union
        select text_id, task_id, person_id, 'revision', unnest(from_json(revision_ids, '["VARCHAR"]')) from documents
    ), known as (
        select * from told where value is not null and value <> '' and not (what = 'author' and value in (select unnest($nobody)))
    ), holders as (
        select task_id, what, count(distinct person_id) as people from known group by task_id, what
    ), in_task as (
        select what, value, task_id, count(distinct person_id) as people from known group by what, value, task_id
    ), common as (
        select in_task.what, in_task.value
        from in_task inner join holders on holders.task_id = in_task.task_id and holders.what = in_task.what
        -- Two people of two are a pair, not a form.
        where in_task.people > 2 and in_task.people > holders.people * $form_share
        union
        select what, value from known group by what, value having count(distinct person_id) >= $form_people
    )
    select known.text_id, known.what, known.value, common.value is not null as is_common
    from known left join common on common.what = known.what and common.value = known.value
"""

_SIGNS = """
    with texts as (
        select later_id as text_id from links.copies
        union
        select earlier_id from links.copies
    ), tellers as (
        select distinct told.text_id, told.what from copy_told as told where told.text_id in (select text_id from texts)
    ), hidden as (
        select held.text_id, sum(document.hidden_chars) as letters
        from copy_held as held inner join raw.file_texts as document on document.content_hash = held.content_hash
        group by held.text_id
    ), typed as (
        select held.text_id, max(case when trim(coalesce(message.text, '')) = '' then 0 else length(message.text) end) as chars
        from copy_held as held inner join personal.messages as message on message.message_id = held.text_id
        where held.kind = 'message'
        group by held.text_id
    ), places as (
        select later_id, earlier_id, max(earlier_end) as reaches from links.copy_fragments
        where earlier_id in (select text_id from typed)
        group by later_id, earlier_id
    ), shared as (
        select
            pair.later_id, pair.earlier_id, count(case when later.what = 'author' then 1 end) as authors,
            count(case when later.what = 'creation' then 1 end) as creations, count(case when later.what = 'revision' then 1 end) as revisions
        from links.copies as pair
        inner join copy_told as later on later.text_id = pair.later_id and not later.is_common
        inner join copy_told as earlier on earlier.text_id = pair.earlier_id and earlier.what = later.what and earlier.value = later.value
        group by pair.later_id, pair.earlier_id
    ), both_tell as (
        select
            pair.later_id, pair.earlier_id, bool_or(later.what = 'author') as author, bool_or(later.what = 'creation') as creation,
            bool_or(later.what = 'revision') as revision
        from links.copies as pair
        inner join tellers as later on later.text_id = pair.later_id
        inner join tellers as earlier on earlier.text_id = pair.earlier_id and earlier.what = later.what
        group by pair.later_id, pair.earlier_id
    )
    select
        pair.later_id, pair.earlier_id, same.later_id is not null as same_file,
        -- In the text of a message the words typed stand first.
        pair.earlier_kind = 'message' and (same.later_id is not null or coalesce(places.reaches > typed.chars, false)) as earlier_in_file,
        case when both_tell.author then coalesce(shared.authors, 0) > 0 end as same_author,
        case when both_tell.creation then coalesce(shared.creations, 0) > 0 end as same_creation,
        case when both_tell.revision then coalesce(shared.revisions, 0) end as shared_revisions,
        hidden.letters as unseen_letters
    from links.copies as pair
    left join copy_same_files as same on same.later_id = pair.later_id and same.earlier_id = pair.earlier_id
    left join both_tell on both_tell.later_id = pair.later_id and both_tell.earlier_id = pair.earlier_id
    left join shared on shared.later_id = pair.later_id and shared.earlier_id = pair.earlier_id
    left join hidden on hidden.text_id = pair.later_id
    left join places on places.later_id = pair.later_id and places.earlier_id = pair.earlier_id
    left join typed on typed.text_id = pair.earlier_id
"""

_UPDATE = """
    update links.copies set
        same_file = sign.same_file, earlier_in_file = sign.earlier_in_file, same_author = sign.same_author, same_creation = sign.same_creation, shared_revisions = sign.shared_revisions,
        unseen_letters = sign.unseen_letters
    from copy_signs as sign
    where sign.later_id = copies.later_id and sign.earlier_id = copies.earlier_id
        and (sign.same_file, sign.earlier_in_file, sign.same_author, sign.same_creation, sign.shared_revisions, sign.unseen_letters)
            is distinct from (copies.same_file, copies.earlier_in_file, copies.same_author, copies.same_creation, copies.shared_revisions, copies.unseen_letters)
"""


def write_file_signs(warehouse: Warehouse, rule_version: int) -> None:
    """Bring the signs of files in ``links.copies`` and the pairs that rest on equal bytes alone up to what is known.

    Reads temp tables ``copy_people`` (account_id, person_id) and ``copy_teachers`` (account_id: those who teach, bots among them).
    """
    connection = warehouse.connection
    connection.execute("delete from links.copies where matched_words = 0")
    connection.execute(f"create or replace temp table copy_held as {_HELD}")
    form = {"form_people": int(threshold("small_group")), "form_share": threshold("copy_obvious_share")}
    connection.execute(f"create or replace temp table copy_same_files as {_SAME}", form)
    connection.execute(_PAIRS, {"hours": threshold("copy_direction_hours"), "version": rule_version})
    connection.execute(_TOLD, form | {"nobody": list(_NOBODY)})
    connection.execute(f"create or replace temp table copy_signs as {_SIGNS}")
    connection.execute(_UPDATE)
    for table in ("copy_held", "copy_same_files", "copy_told", "copy_signs"):
        connection.execute(f"drop table temp.{table}")
