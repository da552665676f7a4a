"""The evidence behind a similar-work line: which runs of words two texts share, so that a person can decide what it means.

Reads links.copies, links.copy_fragments and the texts of schema personal; shows nothing that is not in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipelines.deliveries.lists.list_model import Copier, SimilarWork
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse
from pipelines.works import MESSAGES, WORKS

#: A piece of text and the number of the shared run that it is (None: not shared).
Piece = tuple[str, int | None]


@dataclass(frozen=True)
class Pair:
    """Two texts side by side. Texts are None where none is kept (an image, an empty file)."""

    later_id: str
    earlier_id: str
    is_source: bool
    later: tuple[Piece, ...] | None
    earlier: tuple[Piece, ...] | None
    matched_words: int | None
    later_share: float | None
    same_file: bool
    hidden_characters: int
    homoglyphs: int
    #: What the works' files say beside their words (pipelines/links/copies/copy_files); None: they do not say.
    same_author: bool | None = None
    same_creation: bool | None = None
    shared_revisions: int | None = None
    unseen_letters: int | None = None
    #: The earlier text is a message, and what is shared stands in a file posted with it.
    earlier_in_file: bool = False


@dataclass(frozen=True)
class Compared:
    """One work of the item and its pair; ``pair`` is None where the links stage keeps none for it."""

    copier: Copier
    pair: Pair | None


def read_pairs(warehouse: Warehouse, items: Iterable[SimilarWork]) -> dict[tuple[str, str], Pair]:
    """The pair to show for each (work, source) of the items, with both texts cut into shared and other pieces.

    Copies are linked in a star (to the earliest holder and to the previous one), so a work may have no pair with the item's source; then
    its pair with most matched words stands in, and ``is_source`` is False. At most ``copies_shown`` works per item are read.
    """
    wanted = sorted({(copier.later_id, item.source_id) for item in items for copier in item.people[: int(threshold("copies_shown"))]})
    if not wanted:
        return {}
    table = pa.table({"later_id": [later for later, _ in wanted], "source_id": [source for _, source in wanted]})
    warehouse.connection.register("wanted_pairs", table)
    try:
        rows = warehouse.rows(
            "select later_id, source_id, earlier_id, earlier_kind, matched_words, later_share, same_file, hidden_characters, homoglyphs, "
            "later_text, earlier_text, same_author, same_creation, shared_revisions, unseen_letters, earlier_in_file from ("
            "  select w.later_id, w.source_id, c.earlier_id, c.earlier_kind, c.matched_words, c.later_share, c.same_file, c.hidden_characters,"
            "    c.homoglyphs, c.same_author, c.same_creation, c.shared_revisions, c.unseen_letters, c.earlier_in_file, s.text as later_text, case when c.earlier_kind = 'message' then m.text else e.text end as earlier_text,"
            "    row_number() over (partition by w.later_id, w.source_id"
            "      order by (c.earlier_id = w.source_id) desc, c.matched_words desc, c.earlier_id) as choice"
            "  from wanted_pairs as w join links.copies as c on c.later_id = w.later_id"
            f"  left join ({WORKS}) as s on s.submission_id = c.later_id"
            f"  left join ({WORKS}) as e on e.submission_id = c.earlier_id"
            f"  left join ({MESSAGES}) as m on m.message_id = c.earlier_id"
            ") where choice = 1 order by later_id, source_id"
        )
        fragments = warehouse.rows(
            "select f.later_id, f.earlier_id, f.fragment, f.later_start, f.later_end, f.earlier_start, f.earlier_end from links.copy_fragments as f "
            "where f.later_id in (select later_id from wanted_pairs) order by f.later_id, f.earlier_id, f.fragment"
        )
    finally:
        warehouse.connection.unregister("wanted_pairs")
    runs: dict[tuple[str, str], list[tuple[int, int, int, int, int]]] = defaultdict(list)
    for later, earlier, number, *ends in fragments:
        runs[later, earlier].append((number, *ends))
    pairs = {}
    for later, source, earlier, _kind, words, share, same_file, hidden, homoglyphs, later_text, earlier_text, *signs in rows:
        shared = runs[later, earlier]
        pairs[later, source] = Pair(
            later_id=later,
            earlier_id=earlier,
            is_source=earlier == source,
            later=cut(later_text, [(start, end, number) for number, start, end, _, _ in shared]),
            earlier=cut(earlier_text, [(start, end, number) for number, _, _, start, end in shared]),
            matched_words=words,
            later_share=share,
            same_file=bool(same_file),
            hidden_characters=hidden or 0,
            homoglyphs=homoglyphs or 0,
            same_author=signs[0],
            same_creation=signs[1],
            shared_revisions=signs[2],
            unseen_letters=signs[3],
            earlier_in_file=bool(signs[4]),
        )
    return pairs


def pairs_of(item: SimilarWork, pairs: Mapping[tuple[str, str], Pair]) -> tuple[Compared, ...]:
    """The works of one item, in the order handed in, each with its pair."""
    shown = item.people[: int(threshold("copies_shown"))]
    return tuple(Compared(copier, pairs.get((copier.later_id, item.source_id))) for copier in shown)


def cut(text: str | None, runs: Sequence[tuple[int, int, int]]) -> tuple[Piece, ...] | None:
    """Cut a text at (start, end, number) of its shared runs. None or a blank text gives None.

    Runs that overlap (one passage repeated in several places) are shown once: the later one begins where the earlier one ends. Offsets
    beyond the text are cut at its end.
    """
    if text is None or not text.strip():
        return None
    pieces: list[Piece] = []
    place = 0
    for start, end, number in sorted(runs):
        start, end = max(start, place), min(end, len(text))
        if start >= end:
            continue
        if start > place:
            pieces.append((text[place:start], None))
        pieces.append((text[start:end], number))
        place = end
    if place < len(text):
        pieces.append((text[place:], None))
    return tuple(pieces)
