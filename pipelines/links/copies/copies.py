"""Copies of submissions: which work repeats which earlier work or chat message, with the places of every shared passage.

Steps: normalise and fingerprint what is new (:mod:`pipelines.text`, :mod:`pipelines.links.copies.fingerprints`), find candidates by the star join
(:mod:`pipelines.links.copies.copy_candidates`), align them (:mod:`pipelines.links.copies.alignment`), accept what exceeds the rules
(:mod:`pipelines.links.copies.copy_rules`). Nothing here accuses: a row is two texts, the passages they share and how sure the direction is; a
person decides.

Fingerprints are kept (``links.copy_prints``), so a night costs what is new: asked about are works that came or changed, and later works that
share a fingerprint with a text that came, changed or went. What is found is what would be found if everything were asked anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.links.copies.copy_candidates import candidates
from pipelines.links.copies.copy_commons import commons_of, renew_commons
from pipelines.links.copies.copy_files import write_file_signs
from pipelines.links.copies.copy_rules import Pairs, Reference, Texts, accepted_pairs, natural_likeness
from pipelines.links.copies.copy_star import later_holders
from pipelines.links.copies.fingerprints import sampled
from pipelines.links.copies.threaded_map import threaded_map
from pipelines.text import VERSION, words
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse
from pipelines.works import MESSAGES, WORKS

#: Raised whenever the same texts would give other pairs.
RULE_VERSION = 4
#: Texts worked on at once.
_BATCH = 4_000
#: Thresholds on which pairs depend: when one changes, all works are asked anew.
_RULES = (
    "copy_matched_words", "copy_share", "copy_fragment_words", "copy_short_text", "copy_short_share", "copy_calibration_texts",
    "copy_calibration_pairs", "copy_expected_false", "copy_obvious_share", "copy_quoted_share", "copy_run_words", "copy_scattered_share", "copy_unknown_run", "copy_unknown_share",
    "leak_message_words", "copy_common_people", "copy_common_share", "copy_common_texts", "copy_common_words",
)  # fmt: skip

# Whose account is whose: where a name alone tells it, too, for one's own words in a chat are no leak.
_PEOPLE = """
    create or replace temp table copy_people as
    select account_id, coalesce(case when state = 'linked' then person_id when rule = 'name' then candidate_person_id end, account_id) as person_id
    from links.people
"""

# Accounts of those who teach, and bots: what they post is reference material.
_TEACHERS = """
    create or replace temp table copy_teachers as
    with teachers as (
        select distinct person.person_id from raw.enrolments as enrolment
        inner join links.people as person on person.account_id = enrolment.account_id and person.state = 'linked'
        where enrolment.role <> 'learner'
        union
        select person.person_id from raw.programme_curators as curator
        inner join links.people as person on person.account_id = curator.account_id and person.state = 'linked'
    )
    select account_id from copy_people where person_id in (select person_id from teachers)
    union
    select account_id from raw.accounts where is_bot
"""

# Every text that counts, with whom it belongs to. The engine's own hash of the words is several times as quick as md5 and is asked of every text
# every night; another version of the engine may give others, and then everything is fingerprinted once more.
_DOCUMENTS = f"""
    create or replace temp table copy_found as
    with works as (
        -- The digest before the joins: they need not carry the texts.
        select submission_id, $version || hash(text)::varchar as digest from ({WORKS})
    ), said as (
        select message_id, $version || hash(text)::varchar as digest from ({MESSAGES})
    ), posted as (
        select file.message_id, sum(written.words) as words
        from raw.message_files as file inner join raw.file_texts as written on written.content_hash = file.content_hash
        group by file.message_id
    ), documents as (
        select
            submission.submission_id as text_id, 0 as holder, submission.task_id, submission.course_id, submission.submitted_at as stood_at,
            case when submission.is_team and submission.group_id is not null then submission.group_id
                 else coalesce(people.person_id, submission.account_id, submission.group_id, submission.submission_id) end as person_id,
            case when submission.is_team then submission.group_id end as team_id,
            works.digest
        from raw.submissions as submission
        inner join works on works.submission_id = submission.submission_id
        left join copy_people as people on people.account_id = submission.account_id
        where submission.state = 'submitted' and submission.submitted_at is not null and not coalesce(submission.is_preview, false)
        union all
        select
            message.message_id, case when message.account_id in (select account_id from copy_teachers) then 2 else 1 end,
            null, null, message.sent_at, coalesce(people.person_id, message.account_id, message.message_id), null, said.digest
        from raw.messages as message
        inner join said on said.message_id = message.message_id
        left join posted on posted.message_id = message.message_id
        left join copy_people as people on people.account_id = message.account_id
        where message.kind = 'post' and message.channel in ('chat', 'forum') and message.sent_at is not null
            and not coalesce(message.is_private, false) and coalesce(message.words, 0) + coalesce(posted.words, 0) >= $words
    )
    select
        document.text_id, document.holder, document.task_id, document.course_id, document.stood_at, document.person_id, document.team_id,
        document.digest
    from documents as document
"""

# Clusters without chaining: a work belongs to the earliest source that has at least half of the words of its fullest one, so a copy of a copy
# stands with the first text, and two works that a third one has joined stay apart.
_CLUSTERS = """
    insert into links.copy_clusters (submission_id, origin_id, origin_kind, leak_id, matched_words, share)
    with pairs as (
        select
            copies.later_id, copies.earlier_id, copies.earlier_kind, copies.matched_words, copies.later_share, docs.seq,
            max(copies.matched_words) over (partition by copies.later_id) as fullest
        from links.copies as copies
        inner join copy_docs as docs on docs.text_id = copies.earlier_id
        where copies.kind in ('learner', 'leak') and copies.matched_words > 0
    )
    select
        later_id, arg_min(earlier_id, seq) filter (where matched_words >= fullest * $half),
        arg_min(earlier_kind, seq) filter (where matched_words >= fullest * $half),
        arg_min(earlier_id, seq) filter (where earlier_kind = 'message' and matched_words >= fullest * $half),
        arg_min(matched_words, seq) filter (where matched_words >= fullest * $half),
        arg_min(later_share, seq) filter (where matched_words >= fullest * $half)
    from pairs
    group by later_id
    order by later_id
"""


@dataclass(frozen=True)
class Summary:
    """What was found: texts known, texts fingerprinted and works asked about this time, pairs looked at, rows that stand by kind."""

    texts: int
    messages: int
    fingerprinted: int
    asked: int
    candidates: int
    pairs: int
    learner: int
    leak: int
    reference: int
    own: int
    team: int
    fragments: int


def link_copies(warehouse: Warehouse) -> Summary:
    """Bring ``links.copies``, ``links.copy_fragments`` and ``links.copy_clusters`` up to what is known.

    Included: submissions handed in, with text, typed or in files; as sources also messages in chats and forums of at least
    ``leak_message_words`` words, those of files posted with them included. Excluded: drafts, teachers' previews, private messages, mail (never
    read). Works without text appear only where a file of equal bytes was handed in or posted before (matched_words 0, same_file true).
    """
    warehouse.connection.execute(_PEOPLE)
    warehouse.connection.execute(_TEACHERS)
    warehouse.connection.execute(_DOCUMENTS, {"words": int(threshold("leak_message_words")), "version": f"{VERSION}:"})
    reference = _references(warehouse)
    method = blake2b(f"{RULE_VERSION} {[threshold(name) for name in _RULES]}".encode(), digest_size=8).hexdigest()
    fingerprinted = _renew(warehouse)
    _number(warehouse, method)
    _ask(warehouse)
    _calibrate(warehouse, reference)
    asked = int(warehouse.value("select count(*) from copy_docs where is_asked"))
    looked_at, rows, fragments = _search(warehouse, reference) if asked else (0, None, None)
    with warehouse.transaction():
        _write(warehouse, rows, fragments)
    kinds = dict(warehouse.rows("select kind, count(*) from links.copies group by kind"))
    texts, messages = warehouse.rows("select count(*) filter (where holder = 0), count(*) filter (where holder <> 0) from copy_docs")[0]
    pieces = int(warehouse.value("select count(*) from links.copy_fragments"))
    for table in ("copy_people", "copy_teachers", "copy_found", "copy_docs", "copy_gone", "copy_marked", "copy_sizes"):
        warehouse.connection.execute(f"drop table if exists temp.{table}")
    learner, leak, taught, own, team = (int(kinds.get(kind, 0)) for kind in ("learner", "leak", "reference", "own", "team"))
    return Summary(texts, messages, fingerprinted, asked, looked_at, sum(kinds.values()), learner, leak, taught, own, team, pieces)


def _references(warehouse: Warehouse) -> Reference:
    """The words of every task of a course, forms to be filled in included, per course.

    Pages to be read are left out: answers share their subject's sentences with them, and a copy of an answer would vanish behind the page.
    """
    rows = warehouse.rows(
        "select course_id, string_agg(intro, chr(10) order by task_id) from raw.tasks where intro is not null and kind in ('assignment', 'quiz') group by course_id"
    )
    warehouse.connection.execute(
        "create or replace temp table copy_courses as select course_id, row_number() over (order by course_id)::integer - 1 as course_no, "
        "md5(string_agg(intro, chr(10) order by task_id)) as digest from raw.tasks where intro is not null and kind in ('assignment', 'quiz') group by course_id"
    )
    numbers = dict(warehouse.rows("select course_id, course_no from copy_courses"))
    texts = [""] * len(rows)
    for course, text in rows:
        texts[numbers[course]] = text
    return Reference(words(texts), np.arange(len(texts)), np.zeros(0, np.uint64))


def _renew(warehouse: Warehouse) -> int:
    """Fingerprint the texts that are new or changed; returns how many."""
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table copy_fresh as
        select found.text_id, found.holder, found.digest, known.text_no as old_no,
            (coalesce(known.text_no, coalesce((select max(text_no) from links.copy_texts), 0) + row_number() over (
                partition by known.text_no is null order by found.stood_at, found.text_id)))::integer as text_no
        from copy_found as found left join links.copy_texts as known on known.text_id = found.text_id
        where known.digest is distinct from found.digest
        """
    )
    count = int(warehouse.value("select count(*) from copy_fresh"))
    if not count:
        return 0
    with warehouse.transaction():
        connection.execute("delete from links.copy_prints where text_no in (select old_no from copy_fresh where old_no is not null)")
        connection.execute("delete from links.copy_texts where text_id in (select text_id from copy_fresh)")
        wanted = "select text_no // $size as batch, text_no, text_id, holder from copy_fresh"
        for numbers, prints in threaded_map(_prints_of, _written(warehouse, wanted, {"size": _BATCH})):
            warehouse.append("links.copy_prints", ("text_no", "print"), pa.table({"text_no": numbers, "print": prints}))
        connection.execute(
            "insert into links.copy_texts (text_no, text_id, holder, digest, state) select text_no, text_id, holder, digest, null from copy_fresh"
        )
    return count


def _written(warehouse: Warehouse, wanted: str, parameters: dict[str, int] | None = None) -> Iterator[tuple[NDArray[np.int64], list[str]]]:
    """Texts in batches (numbers, texts), both in the order of the numbers. ``wanted``: query for batch, text_no, text_id, holder."""
    connection = warehouse.connection
    connection.execute(f"create or replace temp table copy_wanted as {wanted}", parameters)
    if not warehouse.value("select count(*) from copy_wanted"):
        connection.execute("drop table temp.copy_wanted")
        return
    connection.execute(
        f"""
        create or replace temp table copy_written as
        select wanted.batch, wanted.text_no, works.text
        from copy_wanted as wanted inner join ({WORKS}) as works on works.submission_id = wanted.text_id
        where wanted.holder = 0
        union all
        select wanted.batch, wanted.text_no, said.text
        from copy_wanted as wanted inner join ({MESSAGES}) as said on said.message_id = wanted.text_id
        where wanted.holder <> 0
        order by 1
        """
    )
    try:
        for (batch,) in warehouse.rows("select distinct batch from copy_wanted order by batch"):
            rows = warehouse.arrow("select text_no, text from copy_written where batch = ? order by text_no", [batch])
            yield rows["text_no"].to_numpy().astype(np.int64), rows["text"].to_pylist()
    finally:
        connection.execute("drop table if exists temp.copy_written")
        connection.execute("drop table if exists temp.copy_wanted")


def _prints_of(given: tuple[NDArray[np.int64], list[str]]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    numbers, texts = given
    text, prints = sampled(words(texts))
    return numbers[text].astype(np.int32), prints.view(np.int64)


def _number(warehouse: Warehouse, method: str) -> None:
    """``copy_docs``: the texts known now, numbered in the order of time, and which of them came or changed since last time; ``copy_gone``: which went."""
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table copy_docs as
        -- Narrow rows are put in order, and the wide ones joined to them: that costs a third of ordering the wide ones.
        with ordered as (
            select rowid as place, (row_number() over (order by stood_at, holder, text_id))::integer as seq from copy_found
        ), stated as (
            select
                found.*, ordered.seq, known.text_no, known.state as old_state, coalesce(course.course_no, -1) as course_no,
                md5(concat_ws('|', $method, found.holder, found.task_id, found.person_id, found.team_id, epoch_us(found.stood_at), found.digest, course.digest)) as state
            from copy_found as found
            inner join ordered on ordered.place = found.rowid
            inner join links.copy_texts as known on known.text_id = found.text_id
            left join copy_courses as course on course.course_id = found.course_id
        -- Numbers that are the same for the same person, the same task, and no more: the number of its first text.
        ), people as (
            select person_id, min(seq) as person_no from stated group by person_id
        ), tasks as (
            select task_id, min(seq) as task_no from stated where task_id is not null group by task_id
        )
        select
            stated.text_no, stated.text_id, stated.holder, stated.task_id, stated.course_no, stated.team_id, stated.person_id, stated.stood_at, stated.state,
            stated.seq, people.person_no, coalesce(tasks.task_no, -1) as task_no,
            stated.state is distinct from stated.old_state as is_touched,
            stated.old_state is null as is_new,
            stated.holder = 0 and stated.state is distinct from stated.old_state as is_asked
        from stated
        inner join people on people.person_id = stated.person_id
        left join tasks on tasks.task_id = stated.task_id
        """,
        {"method": method},
    )
    # Where as many texts as were searched are still known, none has gone: a count is quicker than asking for each.
    some_gone = bool(
        warehouse.value("select count(*) from links.copy_texts where state is not null")
        > warehouse.value("select count(*) from copy_docs where not is_new")
    )
    connection.execute(
        "create or replace temp table copy_gone as select text_no, text_id from links.copy_texts as known "
        "where $some and state is not null and not exists (select 1 from copy_docs as docs where docs.text_no = known.text_no)",
        {"some": some_gone},
    )


def _ask(warehouse: Warehouse) -> None:
    """Ask also about works that share a fingerprint with a text that came before them, changed or went."""
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table copy_marked as
        select text_no, case when is_new then seq else 0 end as seq from copy_docs where is_touched
        union all
        select text_no, 0 from copy_gone
        """
    )
    if warehouse.value("select bool_and(is_asked) from copy_docs where holder = 0") or not warehouse.value(
        "select count(*) from copy_marked"
    ):
        return
    # Where all that came stands after what was known, as on most nights, nothing known can have a new source.
    if not warehouse.value("select count(*) from copy_docs where holder = 0 and not is_asked and seq > (select min(seq) from copy_marked)"):
        return
    near = pa.table({"text_no": later_holders(warehouse, "links.copy_prints", "copy_marked")})
    with warehouse.registered("copy_near", near):
        connection.execute(
            "update copy_docs set is_asked = true where not is_asked and holder = 0 and text_no in (select text_no from copy_near)"
        )


def _calibrate(warehouse: Warehouse, reference: Reference) -> None:
    """What is common to a task's answers and how alike they are by nature (``links.copy_commons``, ``links.copy_bounds``): made anew where the
    texts that both are taken from are others."""
    connection = warehouse.connection
    most, fewest = int(threshold("copy_calibration_most")), int(threshold("copy_calibration_texts"))
    # New texts behind all others leave a task's first ones what they were; what changed or went may have been among any task's.
    all_tasks = bool(
        warehouse.value("select exists (select 1 from copy_gone) or exists (select 1 from copy_docs where is_touched and not is_new)")
    )
    connection.execute(
        """
        create or replace temp table copy_sizes as
        with counted as (
            select task_id, count(*) as texts, min(case when is_touched then seq end) as first_touched, max(case when not is_touched then seq end) as last_known
            from copy_docs where holder = 0 and task_id is not null group by task_id
        ), sized as (
            -- Counted in doublings, so that a task that grows a little keeps its bounds.
            select *, ($fewest * 2 ** floor(log2(texts / $fewest)))::bigint as size from counted where texts >= $fewest
        )
        select
            sized.task_id, sized.size,
            $all or known.texts is distinct from sized.size or coalesce(sized.first_touched < sized.last_known, false) as is_doubtful
        from sized left join links.copy_bounds as known on known.task_id = sized.task_id
        """,
        {"fewest": fewest, "all": all_tasks},
    )
    if all_tasks:
        # A task that has become too small for bounds and grows again shall not find those of other texts.
        connection.execute("delete from links.copy_bounds where task_id not in (select task_id from copy_sizes)")
    if not warehouse.value("select bool_or(is_doubtful) from copy_sizes"):
        return
    connection.execute(
        """
        create or replace temp table copy_sized as
        with placed as (
            select docs.task_id, text_no, text_id, holder, seq, person_no, state, sizes.size, row_number() over (partition by docs.task_id order by seq) as place
            from copy_docs as docs inner join copy_sizes as sizes on sizes.task_id = docs.task_id
            where docs.holder = 0 and sizes.is_doubtful
        )
        select task_id, text_no, text_id, holder, seq, person_no, state, size, place <= $most as is_sample from placed where place <= size
        """,
        {"most": most},
    )
    connection.execute(
        """
        create or replace temp table copy_due as
        select sized.task_id, sized.digest, sized.size, (row_number() over (order by sized.task_id)) // $each as batch, known.run_words, known.share
        from (select task_id, md5(concat_ws('|', max(size), string_agg(state, '' order by seq))) as digest, max(size) as size from copy_sized group by task_id) as sized
        left join links.copy_bounds as known on known.task_id = sized.task_id
        where known.digest is distinct from sized.digest
        """,
        {"each": max(1, _BATCH // most)},
    )
    renew_commons(warehouse, "select task_id, text_no, seq, person_no from copy_sized where task_id in (select task_id from copy_due)")
    reference = replace(
        reference, commons=commons_of(warehouse, "select task_no from copy_docs where task_id in (select task_id from copy_due)")
    )
    samples = "copy_sized as sample inner join copy_due as due on due.task_id = sample.task_id where sample.is_sample"
    wanted = f"select due.batch, sample.text_no, sample.text_id, sample.holder from {samples}"
    docs = _docs_of(warehouse, f"select sample.text_no from {samples}")
    due = {task: (digest, size) for task, digest, size in warehouse.rows("select task_id, digest, size from copy_due")}

    def measured(given: tuple[NDArray[np.int64], list[str]]) -> list[tuple[str, str, int, float, float]]:
        known = docs.of(*given)
        tasks = np.unique(known.task_name)
        groups = [np.flatnonzero(known.task_name == task) for task in tasks]
        bounds = natural_likeness(known.texts, reference, groups, [due[task][1] for task in tasks])
        return [(task, *due[task], run, share) for task, (run, share) in zip(tasks.tolist(), bounds, strict=True)]

    made = [row for rows in threaded_map(measured, _written(warehouse, wanted)) for row in rows]
    if made:
        columns = list(zip(*made, strict=True))
        bounds = pa.table(
            {name: pa.array(column) for name, column in zip(("task_id", "digest", "texts", "run_words", "share"), columns, strict=True)}
        )
        changed = {(task, run, share) for task, _, _, run, share in made} - {
            (task, run, share)
            for task, run, share in warehouse.rows("select task_id, run_words, share from copy_due where run_words is not null")
        }
        tasks = pa.table({"task_id": pa.array(sorted({task for task, _, _ in changed}), pa.string())})
        with warehouse.transaction():
            connection.execute("delete from links.copy_bounds where task_id in (select task_id from copy_due)")
            warehouse.append("links.copy_bounds", ("task_id", "digest", "texts", "run_words", "share"), bounds)
        with warehouse.registered("copy_changed", tasks):
            connection.execute("update copy_docs set is_asked = true where holder = 0 and task_id in (select task_id from copy_changed)")
    for table in ("copy_sized", "copy_due"):
        connection.execute(f"drop table temp.{table}")


@dataclass(frozen=True)
class _Known:
    """Some texts in the order of time. ``seq``: their numbers in it; ``task_name``: their tasks."""

    texts: Texts
    seq: NDArray[np.int64]
    task_name: NDArray[np.object_]


@dataclass(frozen=True)
class _Docs:
    """Columns of ``copy_docs`` by rising ``text_no``."""

    text_no: NDArray[np.int64]
    columns: dict[str, NDArray[np.generic]]

    def of(self, numbers: NDArray[np.int64], written: Sequence[str | None]) -> _Known:
        place = np.searchsorted(self.text_no, numbers)
        order = np.argsort(self.columns["seq"][place])
        place = place[order]
        holder = self.columns["holder"][place]
        texts = Texts(
            [written[one] for one in order.tolist()],
            self.columns["person_no"][place].astype(np.int64),
            self.columns["course_no"][place].astype(np.int64),
            self.columns["task_no"][place].astype(np.int64),
            holder != 0,
            holder == 2,
            self.columns["run_bound"][place].astype(np.float64),
            self.columns["share_bound"][place].astype(np.float64),
        )
        return _Known(texts, self.columns["seq"][place].astype(np.int64), self.columns["task_id"][place].astype(object))


def _docs_of(warehouse: Warehouse, numbers: str) -> _Docs:
    # A task that has become too small for bounds of its own has those of tasks whose nature is unknown.
    rows = warehouse.arrow(
        f"""
        select
            docs.text_no, docs.seq, docs.holder, docs.person_no, docs.course_no, docs.task_no, coalesce(docs.task_id, '') as task_id,
            coalesce(bounds.run_words, $run::double) as run_bound, coalesce(bounds.share, $share::double) as share_bound
        from copy_docs as docs
        left join copy_sizes as sizes on sizes.task_id = docs.task_id
        left join links.copy_bounds as bounds on bounds.task_id = sizes.task_id
        where docs.text_no in ({numbers})
        order by docs.text_no
        """,
        {"run": threshold("copy_unknown_run"), "share": threshold("copy_unknown_share")},
    )
    return _Docs(
        rows["text_no"].to_numpy().astype(np.int64),
        {name: rows[name].to_numpy(zero_copy_only=False) for name in rows.column_names if name != "text_no"},
    )


def _search(warehouse: Warehouse, reference: Reference) -> tuple[int, pa.Table, pa.Table]:
    """Pairs of the asked works: how many were looked at, the accepted ones and their fragments, both by ``seq``."""
    connection = warehouse.connection
    reference = replace(reference, commons=commons_of(warehouse, "select task_no from copy_docs where is_asked"))
    found = candidates(warehouse, "links.copy_prints")
    later, earlier = (found[name].to_numpy().astype(np.int64) for name in ("later", "earlier"))
    is_own = found["is_own"].to_numpy(zero_copy_only=False).astype(np.bool_)
    # All pairs of a later text stand in one batch; a batch holds so many texts, or one work's pairs.
    fresh = np.concatenate(([True], later[1:] != later[:-1])) if len(later) else np.zeros(0, np.bool_)
    batch = np.maximum.accumulate(np.where(fresh, (np.arange(len(later)) + fresh.cumsum()) // _BATCH, 0)) if len(later) else later
    table = pa.table({"batch": np.concatenate((batch, batch)), "seq": np.concatenate((later, earlier))})
    with warehouse.registered("copy_pairs", table):
        connection.execute("create or replace temp table copy_texts_of as select distinct batch, seq from copy_pairs")
    docs = _docs_of(warehouse, "select text_no from copy_docs where seq in (select seq from copy_texts_of)")
    wanted = "select pair.batch, docs.text_no, docs.text_id, docs.holder from copy_texts_of as pair inner join copy_docs as docs on docs.seq = pair.seq"
    starts = np.flatnonzero(np.concatenate(([True], batch[1:] != batch[:-1]))).tolist() if len(batch) else []
    edges = list(zip(starts, [*starts[1:], len(batch)][: len(starts)], strict=True))

    def decided(given: tuple[tuple[int, int], tuple[NDArray[np.int64], list[str]]]) -> tuple[Pairs, NDArray[np.int64]]:
        (begin, end), written = given
        known = docs.of(*written)
        later_place, earlier_place = (np.searchsorted(known.seq, column[begin:end]) for column in (later, earlier))
        return accepted_pairs(known.texts, reference, later_place, earlier_place, is_own[begin:end]), known.seq

    pairs, fragments = [_pair_rows(None, None)], [_fragment_rows(None, None)]
    for accepted, seq in threaded_map(decided, zip(edges, _written(warehouse, wanted), strict=True)):
        pairs.append(_pair_rows(accepted, seq))
        fragments.append(_fragment_rows(accepted, seq))
    connection.execute("drop table if exists temp.copy_texts_of")
    return len(later), pa.concat_tables(pairs), pa.concat_tables(fragments)


_NONE = np.zeros(0, np.int64)


def _pair_rows(pairs: Pairs | None, seq: NDArray[np.int64] | None) -> pa.Table:
    def column(name: str, kind: pa.DataType) -> pa.Array:
        return pa.array(_NONE if pairs is None else getattr(pairs, name), kind)

    return pa.table(
        {
            "later": pa.array(_NONE if pairs is None or seq is None else seq[pairs.later], pa.int32()),
            "earlier": pa.array(_NONE if pairs is None or seq is None else seq[pairs.earlier], pa.int32()),
            "is_own": pa.array(_NONE.astype(np.bool_) if pairs is None else pairs.is_own, pa.bool_()),
            "tampered": pa.array(_NONE.astype(np.bool_) if pairs is None else pairs.tampered, pa.bool_()),
            "matched_words": column("matched", pa.int32()), "later_share": column("later_share", pa.float64()),
            "earlier_share": column("earlier_share", pa.float64()), "longest_run": column("longest_run", pa.int32()),
            "hidden_characters": column("hidden", pa.int32()), "homoglyphs": column("homoglyphs", pa.int32()),
        }
    )  # fmt: skip


def _fragment_rows(pairs: Pairs | None, seq: NDArray[np.int64] | None) -> pa.Table:
    names = ("later_start", "later_end", "earlier_start", "earlier_end", "words")
    if pairs is None or seq is None:
        return pa.table({name: pa.array(_NONE, pa.int32()) for name in ("later", "earlier", *names)})
    pair = pairs.fragments["pair"]
    return pa.table(
        {
            "later": pa.array(seq[pairs.later[pair]], pa.int32()),
            "earlier": pa.array(seq[pairs.earlier[pair]], pa.int32()),
            **{name: pa.array(pairs.fragments[name], pa.int32()) for name in names},
        }
    )


_COPIES = """
    insert into links.copies (
        later_id, earlier_id, earlier_kind, kind, task_id, matched_words, later_share, earlier_share, longest_run, hidden_characters, homoglyphs,
        same_file, direction_certainty, rule_version
    )
    with members as (
        select distinct member.group_id, coalesce(people.person_id, member.account_id) as person_id
        from raw.memberships as member left join links.people as people on people.account_id = member.account_id
        where member.group_id in (select group_id from raw.submissions where is_team)
    )
    select
        later.text_id, earlier.text_id, case when earlier.holder = 0 then 'submission' else 'message' end,
        case
            when earlier.holder = 2 then 'reference'
            when earlier.holder = 1 then 'leak'
            when later.team_id is not null and (pair.is_own or members.group_id is not null) then 'team'
            when pair.is_own then 'own'
            else 'learner'
        end,
        later.task_id, pair.matched_words, pair.later_share, pair.earlier_share, pair.longest_run, pair.hidden_characters, pair.homoglyphs, false,
        -- 1 for what stood in a chat, else by the time between; tampering tells the copier.
        case when earlier.holder <> 0 or pair.tampered then 1.0
            else 1 - 0.5 * exp(-epoch(later.stood_at - earlier.stood_at) / 3600 / $hours) end,
        $version
    from copy_rows as pair
    inner join copy_docs as later on later.seq = pair.later
    inner join copy_docs as earlier on earlier.seq = pair.earlier
    left join members on members.group_id = later.team_id and members.person_id = earlier.person_id
    order by 1, 2
"""

# Pairs of equal bytes alone, which are no texts of the search, are made anew with the signs of files.
_STALE = "later_id in (select text_id from copy_docs where is_asked union all select text_id from copy_gone)"


def _write(warehouse: Warehouse, rows: pa.Table | None, fragments: pa.Table | None) -> None:
    connection = warehouse.connection
    for table in ("copies", "copy_fragments"):
        connection.execute(f"delete from links.{table} where {_STALE}")
    if rows is not None and fragments is not None:
        connection.register("copy_rows", rows)
        connection.register("copy_pieces", fragments)
        connection.execute(_COPIES, {"hours": threshold("copy_direction_hours"), "version": RULE_VERSION})
        connection.execute(
            "insert into links.copy_fragments (later_id, earlier_id, fragment, later_start, later_end, earlier_start, earlier_end, words) "
            "select later.text_id, earlier.text_id, row_number() over (partition by piece.later, piece.earlier order by piece.later_start, "
            "piece.earlier_start), piece.later_start, piece.later_end, piece.earlier_start, piece.earlier_end, piece.words "
            "from copy_pieces as piece inner join copy_docs as later on later.seq = piece.later "
            "inner join copy_docs as earlier on earlier.seq = piece.earlier order by 1, 2, 3"
        )
    write_file_signs(warehouse, RULE_VERSION)
    connection.execute("update links.copy_texts set state = null where text_no in (select text_no from copy_gone)")
    connection.execute(
        "update links.copy_texts set state = docs.state from copy_docs as docs where docs.text_no = copy_texts.text_no and docs.is_touched"
    )
    connection.execute("delete from links.copy_clusters")
    connection.execute(_CLUSTERS, {"half": threshold("copy_obvious_share")})
