"""Columns of a Moodle query → columns of the contract: ids, pseudonyms, moments. Vectorised, no knowledge of any table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.formats.marked_text import word_count
from pipelines.sources.reading import Batch, Event, Rejected
from pipelines.sources.surveys.likert import Likert

MOMENT = pa.timestamp("us", tz="UTC")
#: 9999-12-31: a greater epoch is no time (milliseconds, garbage).
_LAST_SECOND = 253_402_300_799


@dataclass(frozen=True)
class Site:
    """What is the same for every row of one Moodle: name space, language, the accounts and the course that stand for the site."""

    realm: str
    pseudonyms: Pseudonyms
    language: str
    #: Last moment that the log speaks of: the database's own "now", epoch seconds.
    now: int | None
    guest: int | None
    administrators: tuple[int, ...]
    time_zone: str | None
    front_page: int
    #: The site writes no history of grades.
    has_no_grade_history: bool = False
    #: What the programme file says of rated survey items.
    likert: Likert = field(default_factory=Likert)
    #: Ids of all people of whom a row has spoken so far.
    met: set[int] = field(default_factory=set, compare=False)

    def ids(self, what: str, native: pa.ChunkedArray | pa.Array) -> pa.Array:
        """``<realm>:<what>:<native id>``; null for an id below 1."""
        return joined(f"{self.realm}:{what}:", existing(native))

    def accounts(self, native: pa.ChunkedArray | pa.Array) -> pa.Array:
        """Pseudonyms of user ids; null for ids below 1, which stand for nobody (cron, failed log-ins, ids that a restore lost)."""
        ids = existing(native)
        self.met.update(pc.unique(ids).drop_null().to_pylist())
        return self.pseudonyms.column(self.realm, pc.cast(ids, pa.string()))

    def courses(self, native: pa.ChunkedArray | pa.Array) -> pa.Array:
        """Course ids; null for the front page and for the site itself."""
        native = existing(native)
        return self.ids("course", pc.if_else(pc.equal(native, self.front_page), pa.scalar(None, pa.int64()), native))


def flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One array out of a column."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def coded(column: pa.ChunkedArray | pa.Array, made: Callable[[pa.Array], pa.Array]) -> pa.DictionaryArray:
    """A function of a column, worked out once per distinct value; null stays null."""
    found = pc.dictionary_encode(flat(column))
    values, codes = made(found.dictionary), found.indices
    if values.null_count:
        codes = pc.if_else(pc.is_valid(values).take(codes), codes, pa.scalar(None, pa.int32()))
    return pa.DictionaryArray.from_arrays(codes, values)


def existing(native: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Ids from 1 on; everything below is Moodle's "none"."""
    native = flat(native)
    return pc.if_else(pc.greater(native, 0), native, pa.scalar(None, pa.int64()))


def joined(prefix: str, native: pa.Array, suffix: str = "") -> pa.Array:
    """Texts ``<prefix><number><suffix>``; null stays null."""
    return pc.binary_join_element_wise(pa.scalar(prefix), pc.cast(native, pa.string()), pa.scalar(suffix), "")


def moments(seconds: pa.ChunkedArray | pa.Array) -> pa.Array:
    """UTC moments of epoch seconds; 0 ("not set"), negative and impossible ones become null."""
    seconds = flat(seconds)
    is_time = pc.and_kleene(pc.greater(seconds, 0), pc.less_equal(seconds, _LAST_SECOND))
    return pc.cast(pc.cast(pc.if_else(is_time, seconds, pa.scalar(None, pa.int64())), pa.timestamp("s", tz="UTC")), MOMENT)


def is_moment(seconds: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Is there a time?"""
    return pc.is_valid(moments(seconds))


def moment(seconds: int | None) -> datetime | None:
    """One UTC moment; None for "not set"."""
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds <= _LAST_SECOND else None


def flags(numbers: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Booleans of 0 and 1; null stays null."""
    return pc.not_equal(flat(numbers), 0)


def words(texts: list[str | None]) -> pa.Array:
    """Numbers of words."""
    return pa.array([word_count(text) for text in texts], pa.int32())


def characters(texts: list[str | None]) -> pa.Array:
    """Numbers of characters."""
    return pa.array([None if text is None else len(text) for text in texts], pa.int32())


def chosen(column: pa.ChunkedArray | pa.Array, names: Mapping[str, str], otherwise: str | None = None) -> pa.Array:
    """Each word's counterpart; ``otherwise`` (None: the word itself) for words that have none."""
    coded = pc.dictionary_encode(flat(column))
    counterparts = pa.array(
        [names.get(word, word if otherwise is None else otherwise) if word is not None else None for word in coded.dictionary.to_pylist()],
        pa.string(),
    )
    return counterparts.take(coded.indices) if len(counterparts) else pa.nulls(len(coded), pa.string())


def whole_number(value: object) -> int | None:
    """A number out of an event's own data, where numbers may be written as texts; None for anything else."""
    try:
        return int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return None


def yielded(
    record: str, table: str, rows: pa.Table, ids: pa.ChunkedArray, refused: list[tuple[pa.Array, str]], *, counted: bool = True
) -> Iterator[Event]:
    """The rows as a batch, those refused as rejects.

    Parameters
    ----------
    table: source table, for the place; ``ids``: its ids, row by row.
    refused: masks with their reasons; the first that holds is the row's reason.
    """
    left = pa.array([True] * rows.num_rows, pa.bool_())
    for mask, reason in refused:
        hit = pc.and_(left, pc.fill_null(flat(mask), False))
        for native in pc.filter(ids, hit).to_pylist():
            yield Rejected(record, f"{table} id {native}", reason)
        left = pc.and_(left, pc.invert(hit))
    yield Batch(record, rows.filter(left) if pc.any(pc.invert(left)).as_py() else rows, counted)
