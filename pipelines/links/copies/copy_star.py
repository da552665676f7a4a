"""The star join of :mod:`pipelines.links.copies.copy_candidates` in arrays: the pairs that its SQL says, at a fraction of its cost.

Fingerprints are sorted once; previous and first holders then stand beside each other. The SQL, which any engine reads, sorts several
times over; tests hold both to the same pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.links.copies.fingerprints import are_marked, marks_of
from pipelines.links.copies.threaded_map import threaded_map
from pipelines.warehouse import Warehouse

#: So many shared fingerprints are the fewest that can mean anything: of a text with few, where they are a large part of it.
FEWEST_OF_FEW = 2
#: Rows of fingerprints joined at once: bounds memory to about half a gigabyte per thread.
_PART_ROWS = 6_000_000
#: Rows looked through at once, and marks per fingerprint looked for.
_LOOKED_THROUGH, _MARKS = 500_000, 16
#: Runs in order among them, beyond which all are put in order: a batch of texts has some 300,000 rows.
_MOST_RUNS = 8
_NONE = -1

Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]


@dataclass(frozen=True)
class _Docs:
    """The known texts. ``seq_of``: per ``text_no`` its ``seq``, -1 where the text is gone; the others per ``seq``. ``number``: its ``text_no``."""

    seq_of: NDArray[np.int64]
    number: NDArray[np.int32]
    person: NDArray[np.int64]
    holder: NDArray[np.int8]
    is_asked: NDArray[np.bool_]
    #: The person has other texts too.
    has_more: NDArray[np.bool_]

    def places(self, number: NDArray[np.int32]) -> NDArray[np.int64]:
        """The ``seq`` of texts by their ``text_no``, -1 where the text is gone."""
        return self.seq_of[np.minimum(number, len(self.seq_of) - 1)]


def star_pairs(warehouse: Warehouse, prints: str, *, narrow: bool) -> Pairs:
    """Pairs of the asked works that share at least :data:`FEWEST_OF_FEW` fingerprints: later, earlier (``seq``), is_own, shared; sorted by the first three.

    Reads temp table ``copy_docs`` and ``prints`` (text_no, print). ``narrow``: fingerprints of the asked works alone are sorted: the same pairs, quicker
    where few are asked.
    """
    docs = _docs(warehouse)
    bits = len(docs.person).bit_length()

    def linked(given: tuple[NDArray[np.int32], NDArray[np.int64]]) -> NDArray[np.int64]:
        later, earlier, is_own = _links(docs, *given)
        return (((later << bits) | earlier) << 1) | is_own

    code = np.concatenate([np.zeros(0, np.int64), *threaded_map(linked, _parts(warehouse, prints, docs, narrow))])
    code.sort()
    first = np.flatnonzero(_begins(code))
    shared = np.diff(first, append=len(code))
    several = shared >= FEWEST_OF_FEW
    code, shared = code[first[several]], shared[several]
    return code >> (bits + 1), (code >> 1) & ((1 << bits) - 1), (code & 1) == 1, shared


def later_holders(warehouse: Warehouse, prints: str, marked: str) -> NDArray[np.int64]:
    """Numbers (``text_no``) of the known texts that share a fingerprint with a marked text and stand after it. ``marked``: table of text_no, seq."""
    touched = warehouse.arrow(
        f"select prints.print, marked.seq from {prints} as prints inner join {marked} as marked on marked.text_no = prints.text_no"
    )
    wanted, place = np.unique(touched["print"].to_numpy(), return_inverse=True)
    first = np.full(len(wanted), np.iinfo(np.int64).max)
    np.minimum.at(first, place, touched["seq"].to_numpy().astype(np.int64))
    number, print_ = _holders(warehouse, prints, wanted)
    seq = _docs(warehouse).places(number)
    return np.unique(number[seq > first[np.searchsorted(wanted, print_)]]).astype(np.int64)


def _holders(warehouse: Warehouse, prints: str, wanted: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Rows of ``prints`` (text_no, print) with a wanted fingerprint (sorted, each once)."""
    parts = list(_looked_through(warehouse, prints, wanted, lambda number, place: (number, wanted[place])))
    numbers, found = zip((np.zeros(0, np.int32), np.zeros(0, np.int64)), *parts, strict=True)
    return np.concatenate(numbers), np.concatenate(found)


_Made = TypeVar("_Made")


def _looked_through(
    warehouse: Warehouse, prints: str, wanted: NDArray[np.int64], make: Callable[[NDArray[np.int32], NDArray[np.int64]], _Made]
) -> Iterator[_Made]:
    """What is made of the rows of ``prints`` with a wanted fingerprint (sorted, each once), some at once: of their text_no and the place among the wanted.

    By looking through all of them: a join would ask a table of what is wanted, larger than the processor's cache, for each of them.
    """
    if not len(wanted):
        return
    marks = marks_of(wanted.view(np.uint64), _MARKS)

    def looked_through(batch: pa.RecordBatch) -> _Made:
        held = batch["print"].to_numpy()
        likely = np.flatnonzero(are_marked(held.view(np.uint64), marks))
        found = held[likely]
        place = np.minimum(np.searchsorted(wanted, found), len(wanted) - 1)
        is_wanted = wanted[place] == found
        return make(batch["text_no"].to_numpy()[likely[is_wanted]], place[is_wanted])

    yield from threaded_map(
        looked_through, warehouse.connection.execute(f"select text_no, print from {prints}").to_arrow_reader(_LOOKED_THROUGH)
    )


#: First or last works of fingerprints: of all, and of another person than that one. Places where there is none hold what the other side begins with.
_Ends = tuple[NDArray[np.int64], NDArray[np.int64]]
_NEVER = np.iinfo(np.int64).max


def _outermost(warehouse: Warehouse, prints: str, wanted: NDArray[np.int64], docs: _Docs) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Rows of ``prints`` with a wanted fingerprint, as far as they can lead anywhere: what everybody writes has tens of thousands of holders.

    Of works that stand before all that are asked about, and whose people none of these are by, a fingerprint's first two and last two people's are enough:
    a link leads to its first, its second person's first, or the last before the asked one. Everything else is kept.
    """
    asked = np.flatnonzero(docs.is_asked)
    is_by_asked = np.zeros(len(docs.person) + 1, np.bool_)
    is_by_asked[docs.person[asked]] = True
    since = int(asked.min(initial=_NEVER))

    def ends_of(place: NDArray[np.int64], seq: NDArray[np.int64]) -> tuple[NDArray[np.int64], _Ends, _Ends]:
        """Of rows by rising place, the places and what is outermost in each."""
        begin = np.flatnonzero(_begins(place))
        counts = np.diff(begin, append=len(place))
        person = docs.person[seq]
        first, last = np.minimum.reduceat(seq, begin), np.maximum.reduceat(seq, begin)
        second = np.minimum.reduceat(np.where(person != np.repeat(docs.person[first], counts), seq, _NEVER), begin)
        other = np.maximum.reduceat(np.where(person != np.repeat(docs.person[last], counts), seq, _NONE), begin)
        return place[begin], (first, second), (last, other)

    def reduced(number: NDArray[np.int32], place: NDArray[np.int64]) -> tuple[list[tuple[NDArray[np.int64], _Ends, _Ends]], _Ends]:
        seq = docs.places(number)
        known = seq != _NONE
        seq, place = seq[known], place[known]
        stays = (docs.holder[seq] != 0) | (seq >= since) | is_by_asked[docs.person[seq]]
        rest, where = seq[~stays], place[~stays]
        # Fingerprints are written in order, some thousand texts at once.
        edges = np.flatnonzero(where[1:] < where[:-1]) + 1
        if len(edges) >= _MOST_RUNS:
            order = np.argsort(where, kind="stable")
            rest, where, edges = rest[order], where[order], edges[:0]
        bounds = [0, *edges.tolist(), len(where)]
        pieces = [ends_of(where[one:two], rest[one:two]) for one, two in pairwise(bounds) if two > one]
        return pieces, (place[stays], seq[stays])

    first, second = np.full((2, len(wanted)), _NEVER)
    last, other = np.full((2, len(wanted)), _NONE)
    kept: list[_Ends] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for pieces, stays in _looked_through(warehouse, prints, wanted, reduced):
        kept.append(stays)
        for place, begins, ends in pieces:
            # Texts are looked through about as they came: what comes now seldom stands before what is known, and mostly behind all of it.
            near = begins[0] < second[place]
            rows = place[near]
            first[rows], second[rows] = _outer(docs, (first[rows], second[rows]), (begins[0][near], begins[1][near]), np.minimum, _NEVER)
            known = last[place]
            behind = begins[0] > known
            rows, latest, before = place[behind], ends[0][behind], known[behind]
            before = np.where(docs.person[before] != docs.person[latest], before, other[rows])
            other[rows] = np.where(ends[1][behind] != _NONE, ends[1][behind], before)
            last[rows] = latest
            if len(rows) < len(place):
                rows = place[~behind]
                last[rows], other[rows] = _outer(docs, (last[rows], other[rows]), (ends[0][~behind], ends[1][~behind]), np.maximum, _NONE)
    whole = np.arange(len(wanted))
    kept += [
        (whole[column != empty], column[column != empty])
        for column, empty in ((first, _NEVER), (second, _NEVER), (last, _NONE), (other, _NONE))
    ]
    places, seqs = (np.concatenate([part[side] for part in kept]) for side in (0, 1))
    # One work may be several of these.
    code = np.sort((places << len(docs.person).bit_length()) | seqs)
    code = code[_begins(code)]
    return docs.number[code & ((1 << len(docs.person).bit_length()) - 1)], wanted[code >> len(docs.person).bit_length()]


def _outer(docs: _Docs, one: _Ends, two: _Ends, outer: np.ufunc, empty: int) -> _Ends:
    """The outermost of two, and the outermost by another person than that one."""
    found = outer(one[0], two[0])
    most = len(docs.person) - 1
    person = docs.person[np.clip(found, 0, most)]
    second = np.full(len(found), empty)
    for candidate in (*one, *two):
        second = outer(second, np.where(docs.person[np.clip(candidate, 0, most)] != person, candidate, empty))
    return found, second


def _docs(warehouse: Warehouse) -> _Docs:
    rows = warehouse.arrow("select text_no, seq, person_no, holder, is_asked from copy_docs")
    number, seq = (rows[name].to_numpy().astype(np.int64) for name in ("text_no", "seq"))
    size = int(seq.max(initial=0)) + 1
    # One place more, for all numbers beyond those that are known.
    seq_of = np.full(int(number.max(initial=0)) + 2, _NONE)
    seq_of[number] = seq
    number_of = np.zeros(size, np.int32)
    number_of[seq] = number
    person, holder, is_asked = np.full(size, _NONE), np.zeros(size, np.int8), np.zeros(size, np.bool_)
    person[seq] = rows["person_no"].to_numpy()
    holder[seq] = rows["holder"].to_numpy()
    is_asked[seq] = rows["is_asked"].to_numpy(zero_copy_only=False)
    has_more = np.bincount(person[seq])[person] > 1 if len(seq) else is_asked
    return _Docs(seq_of, number_of, person, holder, is_asked, has_more)


def _parts(warehouse: Warehouse, prints: str, docs: _Docs, narrow: bool) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
    if narrow:
        asked = (
            f"select prints.print from {prints} as prints inner join copy_docs as docs on docs.text_no = prints.text_no where docs.is_asked"
        )
        # numpy's own ``unique`` goes by a hash table, which takes several times as long.
        wanted = np.sort(warehouse.arrow(asked)["print"].to_numpy())
        number, print_ = _outermost(warehouse, prints, wanted[_begins(wanted)], docs)
        parts = _parts_for(len(print_))
        for part in range(parts):
            chosen = (print_ & (parts - 1)) == part
            yield number[chosen], print_[chosen]
        return
    parts = _parts_for(int(warehouse.value(f"select count(*) from {prints}")))
    for part in range(parts):
        found = warehouse.arrow(f"select text_no, print from {prints} where (print & {parts - 1}) = {part}")
        yield found["text_no"].to_numpy(), found["print"].to_numpy()


def _parts_for(rows: int) -> int:
    return 1 << (rows // _PART_ROWS).bit_length()


def _begins(*columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where a new group of equal rows begins."""
    size = len(columns[0])
    result = np.ones(size, np.bool_)
    if size:
        result[1:] = columns[0][1:] != columns[0][:-1]
        for column in columns[1:]:
            result[1:] |= column[1:] != column[:-1]
    return result


def _last(marks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Per row the last marked row up to it (the first row where none is)."""
    return np.maximum.accumulate(np.where(marks, np.arange(len(marks)), 0))


def _links(
    docs: _Docs, number: NDArray[np.int32], print_: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Links of one part of the fingerprints, each once per fingerprint: later, earlier, is_own."""
    order = np.argsort(print_)
    print_, seq = print_[order], docs.places(number[order])
    new = _begins(print_)
    # A fingerprint of one text leads nowhere: most are.
    alone = new & np.concatenate((new[1:], [True])) if len(new) else new
    keep = ~alone & (seq != _NONE)
    group = np.cumsum(new)[keep]
    size = int(group[-1]) + 1 if len(group) else 0
    bits = len(docs.person).bit_length()
    packed = (group << bits) | seq[keep]
    packed.sort()
    group, seq = packed >> bits, packed & ((1 << bits) - 1)
    holder = docs.holder[seq]
    is_work = holder == 0
    found = [_of_works(docs, group[is_work], seq[is_work], size)]
    if not is_work.all():
        found.append(_of_messages(docs, group, seq, holder))
    found.append(_of_own(docs, group, seq))
    return tuple(np.concatenate([part[place] for part in found]) for place in range(3))  # type: ignore[return-value]


_Links = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def _of_works(docs: _Docs, group: NDArray[np.int64], seq: NDArray[np.int64], size: int) -> _Links:
    """To the previous and to the first holder of another person."""
    person = docs.person[seq]
    begins = _begins(group)
    first = _last(begins)
    run = _last(_begins(group, person))
    previous = np.where(run > first, seq[run - 1], _NONE)
    is_other = person != person[first]
    others = np.flatnonzero(is_other)
    second_of = np.full(size, _NONE)
    second_of[group[others[::-1]]] = seq[others[::-1]]
    second = second_of[group]
    earliest = np.where(is_other, seq[first], np.where(second < seq, second, _NONE))
    earliest[earliest == previous] = _NONE
    asked = docs.is_asked[seq]
    one, other = np.flatnonzero(asked & (previous != _NONE)), np.flatnonzero(asked & (earliest != _NONE))
    later = np.concatenate((seq[one], seq[other]))
    return later, np.concatenate((previous[one], earliest[other])), np.zeros(len(later), np.int64)


def _of_messages(docs: _Docs, group: NDArray[np.int64], seq: NDArray[np.int64], holder: NDArray[np.int8]) -> _Links:
    """To the first two people who said it, among learners and among those who teach."""
    is_work = holder == 0
    works_group, works = group[is_work], seq[is_work]
    said_group, said = group[~is_work], seq[~is_work]
    kind, person = holder[~is_work].astype(np.int64), docs.person[seq[~is_work]]
    # What each person said first, then the first two of these, in each group and kind.
    order = np.lexsort((said, person, kind, said_group))
    order = order[_begins(said_group[order], kind[order], person[order])]
    order = order[np.lexsort((said[order], kind[order], said_group[order]))]
    said_group, kind, person, said = said_group[order], kind[order], person[order], said[order]
    rank = np.arange(len(order)) - _last(_begins(said_group, kind))
    said_group, person, said = (column[rank < 2] for column in (said_group, person, said))
    asked = docs.is_asked[works]
    works_group, works = works_group[asked], works[asked]
    begin, end = np.searchsorted(said_group, works_group), np.searchsorted(said_group, works_group, side="right")
    row = np.repeat(np.arange(len(works)), end - begin)
    place = np.arange(len(row)) - np.repeat(np.cumsum(end - begin) - (end - begin), end - begin) + begin[row]
    led = (said[place] < works[row]) & (person[place] != docs.person[works[row]])
    later = works[row[led]]
    return later, said[place[led]], np.zeros(len(later), np.int64)


def _of_own(docs: _Docs, group: NDArray[np.int64], seq: NDArray[np.int64]) -> _Links:
    """To the same person's previous and first text."""
    more = docs.has_more[seq]
    group, seq = group[more], seq[more]
    person = docs.person[seq]
    order = np.lexsort((person, group))
    group, seq, person = group[order], seq[order], person[order]
    begins = _begins(group, person)
    first = seq[_last(begins)]
    previous = np.concatenate(([_NONE], seq[:-1])) if len(seq) else seq
    asked = docs.is_asked[seq] & ~begins
    one, other = np.flatnonzero(asked), np.flatnonzero(asked & (first != previous))
    later = np.concatenate((seq[one], seq[other]))
    return later, np.concatenate((previous[one], first[other])), np.ones(len(later), np.int64)
