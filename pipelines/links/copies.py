"""Copies of submissions: which work repeats which earlier work or chat message, with the places of every shared passage.

Steps: normalise and fingerprint (:mod:`pipelines.text`, :mod:`pipelines.links.fingerprints`), leave the task's own words out, find
candidates by the star join, align them (:mod:`pipelines.links.alignment`), take away what the person had written before the supposed
source, accept what exceeds both the fixed thresholds and the task's own natural likeness. Nothing here accuses: a row is two texts, the
passages they share and how sure the direction is; a person decides.

Natural likeness: answers to one task resemble each other without anybody copying. From random pairs of the task's texts by different
people the median and 85 % quantile of two statistics are taken (words of the longest fragment; share of the text); their tail is taken as
exponential, as that of longest common runs is, and the bound set where copies by chance are expected in ``copy_expected_false`` of texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.links.alignment import Alignment, align
from pipelines.links.fingerprints import fingerprints, own_pairs, reference_words, star_pairs
from pipelines.programme import Programme
from pipelines.text import Words, mix, words
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Raised whenever the same texts would give other pairs.
RULE_VERSION = 1
_SEED = 20261122
#: Quantile that, with the median, gives the tail of natural likeness: high enough to see the tail, low enough to bear that a third of a
#: task's people copied one text (a ninth of its pairs are then copies).
_HIGH = 0.85
#: Fingerprints joined at once in the star join.
_PARTITION = 40_000_000

_TEXTS = """
    with people as (
        select account_id, coalesce(case when state = 'linked' then person_id when rule = 'name' then candidate_person_id end, account_id) as person_id
        from links.people
    )
    select
        submission.submission_id as text_id, 'submission' as kind, submission.task_id, submission.submitted_at as stood_at,
        case when submission.is_team and submission.group_id is not null then submission.group_id
             else coalesce(people.person_id, submission.account_id, submission.group_id, submission.submission_id) end as person_id,
        case when submission.is_team then submission.group_id end as team_id,
        private.text
    from raw.submissions as submission
    inner join personal.submissions as private on private.submission_id = submission.submission_id
    left join people on people.account_id = submission.account_id
    where submission.state = 'submitted' and submission.submitted_at is not null and not coalesce(submission.is_preview, false)
        and private.text is not null
    union all
    select
        message.message_id, 'message', null, message.sent_at,
        coalesce(people.person_id, message.account_id, message.message_id), null, private.text
    from raw.messages as message
    inner join personal.messages as private on private.message_id = message.message_id
    left join people on people.account_id = message.account_id
    where message.kind = 'post' and message.channel in ('chat', 'forum') and message.sent_at is not null
        and not coalesce(message.is_private, false) and message.words >= $words
    order by stood_at, kind, text_id
"""
_FILES = """
    with people as (
        select account_id, coalesce(case when state = 'linked' then person_id end, account_id) as person_id from links.people
    ), held as (
        select distinct
            file.content_hash, submission.submission_id, submission.task_id, submission.submitted_at,
            coalesce(people.person_id, submission.account_id, submission.group_id) as person_id
        from raw.submission_files as file
        inner join raw.submissions as submission on submission.submission_id = file.submission_id
        left join people on people.account_id = submission.account_id
        where submission.state = 'submitted' and submission.submitted_at is not null and file.bytes > 0
    ), holders as (
        select task_id, count(distinct person_id) as people from held group by task_id
    ), spread as (
        select content_hash, task_id, count(distinct person_id) as people from held group by content_hash, task_id
    ), forms as (
        -- A file that half of those who handed in a file have handed in is a form given out, not a copy.
        select distinct spread.content_hash
        from spread inner join holders on holders.task_id = spread.task_id
        where spread.people >= $form_people and spread.people >= holders.people * $form_share
    )
    select later.submission_id as later_id, arg_min(earlier.submission_id, (earlier.submitted_at, earlier.submission_id)) as earlier_id
    from held as later
    inner join held as earlier
        on earlier.content_hash = later.content_hash and earlier.person_id <> later.person_id
        and (earlier.submitted_at, earlier.submission_id) < (later.submitted_at, later.submission_id)
    where later.content_hash not in (select content_hash from forms)
    group by later.submission_id, earlier.person_id
"""


@dataclass(frozen=True)
class Summary:
    """What was found: texts read, pairs aligned, rows written by kind."""

    texts: int
    messages: int
    candidates: int
    pairs: int
    learner: int
    leak: int
    own: int
    team: int
    fragments: int


@dataclass(frozen=True)
class Collection:
    """Texts in the order of time, as arrays: what the search works on.

    ``person``, ``task`` (-1: none), ``team`` (-1: none): numbers per text; ``is_message``; ``hours``: when it stood, in hours.
    """

    person: NDArray[np.int64]
    task: NDArray[np.int64]
    team: NDArray[np.int64]
    is_message: NDArray[np.bool_]
    hours: NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """Accepted pairs, one row each, and the aligned words behind them (``alignment.pair`` numbers the rows)."""

    later: NDArray[np.int64]
    earlier: NDArray[np.int64]
    is_own: NDArray[np.bool_]
    matched: NDArray[np.int64]
    later_share: NDArray[np.float64]
    earlier_share: NDArray[np.float64]
    longest_run: NDArray[np.int64]
    alignment: Alignment
    candidates: int


def link_copies(warehouse: Warehouse, programme: Programme, *, since: datetime | None = None) -> Summary:
    """Fill ``links.copies`` and ``links.copy_fragments`` from submissions and messages.

    Included: submissions handed in, with text; as sources also messages in chats and forums of at least ``leak_message_words`` words.
    Excluded: drafts, teachers' previews, private messages, mail (never read). Works without text appear only where a file of equal bytes
    was handed in before (matched_words 0, same_file true).

    Parameters
    ----------
    since: look for sources of works handed in from then on only (older works remain sources); rows of older works stay as they are.
    """
    texts = warehouse.arrow(_TEXTS, {"words": int(threshold("leak_message_words"))})
    ids = texts["text_id"].to_pylist()
    collection = _collection(texts)
    stood = texts["stood_at"].to_pylist()
    asked = ~collection.is_message
    if since is not None:
        asked &= np.array([at >= since for at in stood], np.bool_)
    found_words = words(texts["text"].to_pylist())
    task_names = _names(texts["task_id"])
    intros = dict(warehouse.rows("select task_id, intro from raw.tasks where intro is not null"))
    reference = words([intros.get(name) for name in task_names])
    pairs = find_copies(found_words, collection, reference, asked)
    same_files = set(warehouse.rows(_FILES, {"form_people": int(threshold("small_group")), "form_share": threshold("copy_obvious_share")}))
    copies, fragments = _tables(
        pairs, found_words, collection, ids, texts["task_id"].to_pylist(), _teams(warehouse), same_files, warehouse, since
    )
    where, parameters = _older_stays(since)
    with warehouse.transaction():
        warehouse.replace("links.copies", copies, where=where, parameters=parameters)
        warehouse.replace("links.copy_fragments", fragments, where=where, parameters=parameters)
    kinds = copies["kind"].to_pylist()
    return Summary(
        texts=int((~collection.is_message).sum()),
        messages=int(collection.is_message.sum()),
        candidates=pairs.candidates,
        pairs=len(kinds),
        learner=kinds.count("learner"),
        leak=kinds.count("leak"),
        own=kinds.count("own"),
        team=kinds.count("team"),
        fragments=fragments.num_rows,
    )


def find_copies(found: Words, collection: Collection, reference: Words, asked: NDArray[np.bool_]) -> Pairs:
    """Accepted pairs among texts that are numbered by time.

    Parameters
    ----------
    found: the words of the texts. reference: the words of the tasks, numbered as ``collection.task``.
    asked: per text, its sources are looked for.
    """
    prints = fingerprints(found)
    is_reference = reference_words(found, prints, reference, collection.task, np.arange(reference.texts))
    prints = np.where(is_reference, np.uint64(0), prints)
    counted = np.bincount(found.text, ~is_reference, found.texts).astype(np.int64)
    sources = np.ones(found.texts, np.bool_)
    partitions = 1 + len(prints) // _PARTITION
    later, earlier, shared = star_pairs(prints, found.text, collection.person, sources, asked, partitions=partitions)
    # Works and messages are two stars: a message must not hide behind a hundred works, nor a work behind a message.
    more = [star_pairs(prints, found.text, collection.person, only, asked, partitions=partitions) for only in _kinds(collection)]
    later, earlier, shared = _union([(later, earlier, shared), *more], found.texts)
    enough = shared >= 2
    later, earlier = later[enough], earlier[enough]
    own_later, own_earlier = _own(prints, found, collection, asked, partitions)
    shortest = int(threshold("copy_fragment_words"))
    own = align(found, prints, own_later, own_earlier, shortest=shortest, reference=is_reference)
    aligned = align(found, prints, later, earlier, shortest=shortest, reference=is_reference)
    aligned = _without_own(aligned, own, own_earlier, earlier, len(found.key))
    aligned = _regroup(aligned, shortest)
    run_bound, share_bound = natural_likeness(found, prints, is_reference, counted, collection)
    accepted = _accept(aligned, later, earlier, counted, collection, run_bound, share_bound)
    accepted &= _needed(aligned, accepted, later, earlier, collection, len(found.key), found.texts)
    own_accepted = _accept(own, own_later, own_earlier, counted, collection, np.zeros_like(run_bound), np.zeros_like(share_bound))
    own_accepted &= ~collection.is_message[own_earlier]
    return _joined(
        [(later, earlier, aligned, accepted, False), (own_later, own_earlier, own, own_accepted, True)],
        counted,
        len(later) + len(own_later),
    )


def natural_likeness(
    found: Words, prints: NDArray[np.uint64], is_reference: NDArray[np.bool_], counted: NDArray[np.int64], collection: Collection
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How alike texts of each task are when nobody copies: bounds (words of the longest fragment, share), per text.

    Tasks with fewer than ``copy_calibration_texts`` texts get the whole collection's bounds; a collection with fewer gets 0: the fixed
    thresholds alone decide.
    """
    long_enough = (counted >= threshold("copy_short_text")) & ~collection.is_message
    generator = np.random.default_rng(_SEED)
    runs, shares = np.zeros(found.texts), np.zeros(found.texts)
    everything = _bounds(np.flatnonzero(long_enough), found, prints, is_reference, counted, collection, generator)
    runs[:], shares[:] = everything
    for task in np.unique(collection.task[long_enough]):
        members = np.flatnonzero(long_enough & (collection.task == task))
        if task >= 0 and len(members) >= threshold("copy_calibration_texts"):
            run, share = _bounds(members, found, prints, is_reference, counted, collection, generator)
            here = collection.task == task
            # The whole collection steadies a task's own estimate: one lucky sample must not lower the bar.
            runs[here], shares[here] = max(run, everything[0]), max(share, everything[1])
    return runs, shares


def _bounds(
    members: NDArray[np.int64],
    found: Words,
    prints: NDArray[np.uint64],
    is_reference: NDArray[np.bool_],
    counted: NDArray[np.int64],
    collection: Collection,
    generator: np.random.Generator,
) -> tuple[float, float]:
    if len(members) < threshold("copy_calibration_texts"):
        return 0.0, 0.0
    wanted = int(threshold("copy_calibration_pairs"))
    first, second = generator.integers(0, len(members), (2, wanted))
    key = np.unique(np.maximum(first, second) * len(members) + np.minimum(first, second))
    later, earlier = members[key // len(members)], members[key % len(members)]
    strangers = collection.person[later] != collection.person[earlier]
    later, earlier = later[strangers], earlier[strangers]
    if not len(later):
        return 0.0, 0.0
    aligned = align(found, prints, later, earlier, shortest=int(threshold("copy_fragment_words")), reference=is_reference)
    longest = _longest_fragment(aligned, len(later))
    share = np.bincount(aligned.pair, minlength=len(later)) / counted[later]
    obvious = threshold("copy_obvious_share")
    if np.median(share) < obvious:
        longest, share = longest[share < obvious], share[share < obvious]
    texts = int((~collection.is_message).sum())
    # Whole words make quantiles jump by one; spreading each over its unit steadies them.
    longest = np.maximum(longest + generator.random(len(longest)) - 0.5, 0)
    return _tail(longest, texts), min(_tail(share, texts), threshold("copy_short_share"))


def _tail(values: NDArray[np.floating | np.integer], texts: int) -> float:
    """Where an exponential tail through median and 85 % quantile leaves ``copy_expected_false`` of texts above, at best of ``texts``."""
    middle, high = np.quantile(values, (0.5, _HIGH))
    scale = (high - middle) / np.log(0.5 / (1 - _HIGH))
    return float(middle + scale * np.log(texts / (2 * threshold("copy_expected_false"))))


def _names(column: pa.ChunkedArray) -> list[str]:
    return sorted(name for name in column.unique().to_pylist() if name is not None)


def _numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Number of each value among the sorted distinct ones; -1 for null."""
    place = {name: number for number, name in enumerate(_names(column))}
    encoded = column.combine_chunks().dictionary_encode()
    known = np.array([place.get(name, -1) for name in encoded.dictionary.to_pylist()] or [-1], np.int64)
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where(indices < 0, -1, known[indices]).astype(np.int64)


def _collection(texts: pa.Table) -> Collection:
    is_message = np.array([kind == "message" for kind in texts["kind"].to_pylist()], np.bool_)
    stood = texts["stood_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    return Collection(_numbers(texts["person_id"]), _numbers(texts["task_id"]), _numbers(texts["team_id"]), is_message, stood / 3.6e9)


def _kinds(collection: Collection) -> list[NDArray[np.bool_]]:
    return [collection.is_message, ~collection.is_message] if collection.is_message.any() else []


def _union(parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]], texts: int) -> tuple[NDArray[np.int64], ...]:
    key = np.concatenate([later * texts + earlier for later, earlier, _ in parts])
    pair, place = np.unique(key, return_inverse=True)
    shared = np.zeros(len(pair), np.int64)
    np.maximum.at(shared, place, np.concatenate([count for _, _, count in parts]))
    return pair // max(texts, 1), pair % max(texts, 1), shared


def _own(
    prints: NDArray[np.uint64], found: Words, collection: Collection, asked: NDArray[np.bool_], partitions: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of one person's texts: attempts at one task, and whatever shares fingerprints."""
    with np.errstate(over="ignore"):
        salted = np.where(prints == 0, 0, mix(prints + mix(collection.person.astype(np.uint64))[found.text])).astype(np.uint64)
    each_its_own = np.arange(found.texts)
    later, earlier, _ = star_pairs(salted, found.text, each_its_own, np.ones(found.texts, np.bool_), asked, partitions=partitions)
    again, before = own_pairs(collection.person, np.where(collection.is_message, -2 - each_its_own, collection.task))
    keep = asked[again]
    pair = np.unique(np.concatenate((later * found.texts + earlier, again[keep] * found.texts + before[keep])))
    return pair // max(found.texts, 1), pair % max(found.texts, 1)


def _without_own(aligned: Alignment, own: Alignment, own_earlier: NDArray[np.int64], earlier: NDArray[np.int64], size: int) -> Alignment:
    """Take away words that the later text's author had written before the supposed source stood."""
    never = np.iinfo(np.int64).max
    first_own = np.full(size, never)
    np.minimum.at(first_own, own.later, own_earlier[own.pair])
    keep = first_own[aligned.later] > earlier[aligned.pair]
    return Alignment(aligned.pair[keep], aligned.later[keep], aligned.earlier[keep], aligned.fragment[keep])


def _regroup(aligned: Alignment, shortest: int) -> Alignment:
    """Leave out fragments that lost their words."""
    if not len(aligned.pair):
        return aligned
    key = np.stack((aligned.pair, aligned.fragment))
    _, place, count = np.unique(key, axis=1, return_inverse=True, return_counts=True)
    keep = count[place.ravel()] >= shortest
    return Alignment(aligned.pair[keep], aligned.later[keep], aligned.earlier[keep], aligned.fragment[keep])


def _longest_fragment(aligned: Alignment, pairs: int) -> NDArray[np.int64]:
    longest = np.zeros(pairs, np.int64)
    if len(aligned.pair):
        _, first, count = np.unique(aligned.fragment, return_index=True, return_counts=True)
        np.maximum.at(longest, aligned.pair[first], count)
    return longest


def _longest_run(aligned: Alignment, pairs: int) -> NDArray[np.int64]:
    longest = np.zeros(pairs, np.int64)
    if len(aligned.pair):
        breaks = np.concatenate(([True], (np.diff(aligned.pair) != 0) | (np.diff(aligned.later) != 1) | (np.diff(aligned.earlier) != 1)))
        run = np.cumsum(breaks) - 1
        np.maximum.at(longest, aligned.pair[breaks], np.bincount(run))
    return longest


def _accept(
    aligned: Alignment,
    later: NDArray[np.int64],
    earlier: NDArray[np.int64],
    counted: NDArray[np.int64],
    collection: Collection,
    run_bound: NDArray[np.float64],
    share_bound: NDArray[np.float64],
) -> NDArray[np.bool_]:
    matched = np.bincount(aligned.pair, minlength=len(later))
    share = matched / np.maximum(counted[later], 1)
    back = matched / np.maximum(counted[earlier], 1)
    longest = _longest_fragment(aligned, len(later))
    enough = (matched >= threshold("copy_matched_words")) & (share >= threshold("copy_share"))
    beyond_nature = (longest > run_bound[later]) | (share > share_bound[later])
    is_short = counted[later] < threshold("copy_short_text")
    near_equal = np.minimum(share, np.where(collection.is_message[earlier], 1, back)) >= threshold("copy_short_share")
    return enough & np.where(is_short, near_equal, beyond_nature)


def _needed(
    aligned: Alignment,
    accepted: NDArray[np.bool_],
    later: NDArray[np.int64],
    earlier: NDArray[np.int64],
    collection: Collection,
    size: int,
    texts: int,
) -> NDArray[np.bool_]:
    """Of several sources of one text those to show: the first holder of enough of its words, the fullest, both among works and messages.

    Of one person's several texts the fullest alone. A clique of copiers thus gives each copier a few rows, not one per pair.
    """
    matched = np.bincount(aligned.pair, minlength=len(later))
    keep = np.zeros(len(later), np.bool_)
    source_kind = collection.is_message[earlier].astype(np.int64)
    candidate = np.flatnonzero(accepted)
    by_person = candidate[
        _best_of(np.stack((later, collection.person[earlier], source_kind))[:, candidate], matched[candidate], earlier[candidate])
    ]
    fullest = by_person[_best_of(np.stack((later, source_kind))[:, by_person], matched[by_person], earlier[by_person])]
    keep[fullest] = True
    chosen = np.zeros(len(later), np.bool_)
    chosen[by_person] = True
    rows = np.flatnonzero(chosen[aligned.pair])
    word, pair = aligned.later[rows], aligned.pair[rows]
    order = np.lexsort((earlier[pair], source_kind[pair], word))
    word, pair = word[order], pair[order]
    first = (
        np.concatenate(([True], (word[1:] != word[:-1]) | (source_kind[pair][1:] != source_kind[pair][:-1])))
        if len(word)
        else np.zeros(0, bool)
    )
    keep |= np.bincount(pair[first], minlength=len(later)) >= threshold("copy_matched_words")
    return keep


def _best_of(group: NDArray[np.int64], matched: NDArray[np.int64], earlier: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each group (equal columns) the row with most matched words, the earliest of equals."""
    order = np.lexsort((earlier, -matched, *group[::-1]))
    sorted_group = group[:, order]
    return order[np.concatenate(([True], (sorted_group[:, 1:] != sorted_group[:, :-1]).any(axis=0)))] if len(order) else order


def _joined(
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], Alignment, NDArray[np.bool_], bool]],
    counted: NDArray[np.int64],
    candidates: int,
) -> Pairs:
    later, earlier, is_own, columns, offset = [], [], [], [], 0
    for part_later, part_earlier, aligned, accepted, own in parts:
        number = np.cumsum(accepted) - 1 + offset
        rows = accepted[aligned.pair] if len(aligned.pair) else np.zeros(0, np.bool_)
        columns.append((number[aligned.pair[rows]], aligned.later[rows], aligned.earlier[rows], aligned.fragment[rows]))
        later.append(part_later[accepted])
        earlier.append(part_earlier[accepted])
        is_own.append(np.full(int(accepted.sum()), own))
        offset += int(accepted.sum())
    alignment = Alignment(*(np.concatenate([column[place] for column in columns]) for place in range(4)))
    all_later, all_earlier = np.concatenate(later), np.concatenate(earlier)
    matched = np.bincount(alignment.pair, minlength=offset)
    return Pairs(
        all_later,
        all_earlier,
        np.concatenate(is_own),
        matched,
        matched / np.maximum(counted[all_later], 1),
        np.minimum(matched / np.maximum(counted[all_earlier], 1), 1.0),
        _longest_run(alignment, offset),
        alignment,
        candidates,
    )


def _teams(warehouse: Warehouse) -> set[tuple[str, str]]:
    """(team, person) of every member of a team that handed something in."""
    return set(
        warehouse.rows(
            "select distinct member.group_id, coalesce(people.person_id, member.account_id) from raw.memberships as member "
            "left join links.people as people on people.account_id = member.account_id "
            "where member.group_id in (select group_id from raw.submissions where is_team)"
        )
    )


def _older_stays(since: datetime | None) -> tuple[str | None, list[datetime] | None]:
    if since is None:
        return None, None
    return "later_id in (select submission_id from raw.submissions where submitted_at >= ?)", [since]


def _direction(pairs: Pairs, found: Words, collection: Collection) -> NDArray[np.float64]:
    """How sure it is that the later one is the copy: 1 for what stood in a chat, else by the time between; tampering tells the copier."""
    hours = collection.hours[pairs.later] - collection.hours[pairs.earlier]
    certainty = 1 - 0.5 * np.exp(-hours / threshold("copy_direction_hours"))
    signs = found.homoglyphs + found.invisible
    tampered = (signs[pairs.later] > 0) & (signs[pairs.earlier] == 0)
    return np.where(collection.is_message[pairs.earlier] | tampered, 1.0, certainty)


def _tables(
    pairs: Pairs,
    found: Words,
    collection: Collection,
    ids: list[str],
    tasks: list[str | None],
    teams: set[tuple[str, str]],
    same_files: set[tuple[str, str]],
    warehouse: Warehouse,
    since: datetime | None,
) -> tuple[pa.Table, pa.Table]:
    name = np.array(ids, object)
    later_id, earlier_id = name[pairs.later], name[pairs.earlier]
    is_message = collection.is_message[pairs.earlier]
    team = collection.team[pairs.later] >= 0
    allowed = _of_one_team(pairs, collection, ids, teams, warehouse) if team.any() else np.zeros(len(pairs.later), np.bool_)
    kind = np.where(is_message, "leak", "learner")
    kind = np.where(pairs.is_own & ~team, "own", np.where(team & (pairs.is_own | allowed) & ~is_message, "team", kind))
    text_pairs = set(zip(later_id.tolist(), earlier_id.tolist(), strict=True))
    same = np.array([pair in same_files for pair in zip(later_id.tolist(), earlier_id.tolist(), strict=True)], np.bool_)
    with_text = {
        "later_id": pa.array(later_id, pa.string()),
        "earlier_id": pa.array(earlier_id, pa.string()),
        "earlier_kind": pa.array(np.where(is_message, "message", "submission"), pa.string()),
        "kind": pa.array(kind, pa.string()),
        "task_id": pa.array([tasks[number] for number in pairs.later], pa.string()),
        "matched_words": pa.array(pairs.matched, pa.int32()),
        "later_share": pa.array(pairs.later_share, pa.float64()),
        "earlier_share": pa.array(pairs.earlier_share, pa.float64()),
        "longest_run": pa.array(pairs.longest_run, pa.int32()),
        "hidden_characters": pa.array(found.invisible[pairs.later], pa.int32()),
        "homoglyphs": pa.array(found.homoglyphs[pairs.later], pa.int32()),
        "same_file": pa.array(same, pa.bool_()),
        "direction_certainty": pa.array(_direction(pairs, found, collection), pa.float64()),
        "rule_version": pa.array(np.full(len(later_id), RULE_VERSION), pa.int32()),
    }
    copies = pa.concat_tables([pa.table(with_text), _file_rows(warehouse, sorted(same_files - text_pairs), since)])
    return copies, _fragments(pairs, found, name)


def _of_one_team(
    pairs: Pairs, collection: Collection, ids: list[str], teams: set[tuple[str, str]], warehouse: Warehouse
) -> NDArray[np.bool_]:
    """The earlier text is by a member of the team that handed in the later one."""
    owners = dict(
        warehouse.rows(
            "select submission.submission_id, coalesce(submission.group_id, people.person_id, submission.account_id) from raw.submissions as submission "
            "left join links.people as people on people.account_id = submission.account_id"
        )
    )
    return np.array(
        [
            (owners.get(ids[later]), owners.get(ids[earlier])) in teams
            for later, earlier in zip(pairs.later.tolist(), pairs.earlier.tolist(), strict=True)
        ],
        np.bool_,
    )


def _file_rows(warehouse: Warehouse, pairs: list[tuple[str, str]], since: datetime | None) -> pa.Table:
    """Rows for works that share no text (or have none) but a file of equal bytes."""
    found = pa.table(
        {
            "later_id": pa.array([later for later, _ in pairs], pa.string()),
            "earlier_id": pa.array([early for _, early in pairs], pa.string()),
        }
    )
    warehouse.connection.register("file_pairs", found)
    try:
        return warehouse.arrow(
            "select pair.later_id, pair.earlier_id, 'submission' as earlier_kind, 'learner' as kind, later.task_id, 0::integer as matched_words, "
            "0::double as later_share, 0::double as earlier_share, 0::integer as longest_run, 0::integer as hidden_characters, "
            "0::integer as homoglyphs, true as same_file, "
            "1 - 0.5 * exp(-epoch(later.submitted_at - earlier.submitted_at) / 3600 / $hours) as direction_certainty, "
            "$version::integer as rule_version "
            "from file_pairs as pair inner join raw.submissions as later on later.submission_id = pair.later_id "
            "inner join raw.submissions as earlier on earlier.submission_id = pair.earlier_id "
            "where $since is null or later.submitted_at >= $since::timestamptz",
            {"hours": threshold("copy_direction_hours"), "version": RULE_VERSION, "since": since},
        )
    finally:
        warehouse.connection.unregister("file_pairs")


def _fragments(pairs: Pairs, found: Words, name: NDArray[np.object_]) -> pa.Table:
    aligned = pairs.alignment
    if len(aligned.pair):
        key = np.stack((aligned.pair, aligned.fragment))
        unique, place = np.unique(key, axis=1, return_inverse=True)
        place = place.ravel()
        size = unique.shape[1]
        bounds = {
            "later_start": _least(found.start[aligned.later], place, size),
            "later_end": -_least(-found.end[aligned.later], place, size),
            "earlier_start": _least(found.start[aligned.earlier], place, size),
            "earlier_end": -_least(-found.end[aligned.earlier], place, size),
        }
        pair = unique[0]
        order = np.lexsort((bounds["later_start"], pair))
        bounds = {column: values[order] for column, values in bounds.items()}
        pair, count = pair[order], np.bincount(place)[order]
        first = np.concatenate(([True], pair[1:] != pair[:-1]))
        index = np.arange(size)
        number = index - np.maximum.accumulate(np.where(first, index, 0)) + 1
    else:
        pair = count = number = np.zeros(0, np.int64)
        bounds = dict.fromkeys(("later_start", "later_end", "earlier_start", "earlier_end"), np.zeros(0, np.int64))
    return pa.table(
        {
            "later_id": pa.array(name[pairs.later[pair]] if len(pair) else [], pa.string()),
            "earlier_id": pa.array(name[pairs.earlier[pair]] if len(pair) else [], pa.string()),
            "fragment": pa.array(number, pa.int32()),
            **{column: pa.array(values, pa.int32()) for column, values in bounds.items()},
            "words": pa.array(count, pa.int32()),
        }
    )


def _least(values: NDArray[np.int64], group: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    result = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(result, group, values)
    return result
