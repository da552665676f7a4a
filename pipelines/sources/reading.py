"""What every reader has in common: the events it yields and the context it is given.

A reader turns one *item* (a file, a folder that is one export, a database) into a stream of events:

- :class:`Batch`: rows of one record kind, as an Arrow table whose columns are columns of ``raw.<record>`` or of
  ``personal.<record>`` (``sql/schema/raw.sql``, ``sql/schema/personal.sql``). Columns left out become null, ``load_id``,
  ``source`` and ``seen_at`` are added by the loader.
- :class:`Seen`: how many rows of a record kind the item holds. The loader insists that seen = kept + rejected.
- :class:`Rejected`: one row that was not kept, with its place and a reason from a short fixed list of the reader's.
- :class:`Covers`: the span of time of which the item speaks; its end decides which of two versions of a row is newer. A reader that knows it
  may say so before its rows, and again when it knows better: the last stands.
- :class:`Whole`: the item holds every row of a record kind (of one chat, of a span of time); what it lacks has vanished there.

Readers rename, type and turn times to UTC; they never look anything up in the warehouse, never read the clock or the
environment, and never raise anything but :mod:`pipelines.errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipelines.programme import Source
from pipelines.pseudonyms import Pseudonyms


@dataclass(frozen=True)
class Item:
    """One thing to load: ``name`` is unique inside the source and stable from run to run (a relative path, "database")."""

    name: str
    path: Path | None = None
    #: For items that are not files: what tells an unchanged item from a changed one. Files are fingerprinted by content.
    fingerprint: str | None = None
    #: What lies beside the file and belongs to it (files posted in a chat), as far as it makes the item another; empty: nothing.
    beside: str = ""


@dataclass(frozen=True)
class LeftOut:
    """One thing that lies in the source and that the reader leaves out by its rules, so that it is no item.

    ``name`` may stand on anybody's screen: what people called it by themselves is not in it. ``reason`` is one of a short list of the reader's.
    ``path``: of one that is a file or folder of its own.
    """

    name: str
    reason: str
    path: Path | None = None


@dataclass(frozen=True)
class Batch:
    """Rows of one record kind. ``counted`` is False for rows derived from another row (the author of a message)."""

    record: str
    table: pa.Table
    counted: bool = True


@dataclass(frozen=True)
class Seen:
    """``rows`` rows of ``record`` stand in the item; may be yielded in parts, the parts add up."""

    record: str
    rows: int


@dataclass(frozen=True)
class Rejected:
    """One row that was not kept. ``place`` finds it in the item ("line 14"); ``reason`` is short and without content."""

    record: str
    place: str
    reason: str


@dataclass(frozen=True)
class Covers:
    """The item speaks of ``since`` to ``until`` (UTC, both inclusive; None: not known)."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class Whole:
    """The item holds every row of ``record`` that stands in the given scope: known rows of this source that it lacks have vanished.

    ``within``: (column, value) that the rows share, e.g. ``("chat_id", …)``; None: all rows of the source.
    ``since``, ``until``: bounds (both inclusive, UTC) of the record's own time (:data:`pipelines.loading.vanishing.TIME_OF`); None: unbounded.
    ``keys``: the keys of every row there is, where the item was read in part only (a cursor); None: its batches are all there is.

    What becomes of a vanished row: :mod:`pipelines.loading.vanishing`. A row that is there again in a newer item is there again.
    """

    record: str
    within: tuple[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    keys: pa.Array | None = None


Event = Batch | Seen | Rejected | Covers | Whole


@dataclass(frozen=True)
class Context:
    """What a reader is given beside its source.

    ``url``, ``token``: from the environment (``MAYAK_SOURCES__<NAME>__URL``, ``…__TOKEN``). ``cursor``: what the same reader left behind at the last successful load of this item (see ``Reader.cursor``); empty at first.
    """

    pseudonyms: Pseudonyms
    zone: ZoneInfo
    language: str
    url: str | None = None
    #: A secret that stands in no URL: the token of a web service.
    token: str | None = None
    cursor: Mapping[str, int] = field(default_factory=dict)
    #: Contents of files whose text is known, by their hash: not opened anew. Told to readers that say ``opens_files``.
    known_contents: frozenset[str] = frozenset()
    #: The reader may take for the whole item what the beginning says of it: whoever asked takes back what it was told on :class:`Misjudged`.
    trusting: bool = False


class Misjudged(Exception):
    """What a reader took for granted, having seen the beginning, does not hold: the item is to be read anew without ``Context.trusting``."""


class Reader(Protocol):
    """One export format or system. Stateless: everything it needs is passed in.

    A reader whose files are called after people (an exported conversation, a mailbox) says ``items_name_people: ClassVar[bool] = True``: the
    ledger, errors and logs then show a pseudonym of the item, and ``personal.items`` tells its name.

    A reader that opens files for their text says ``opens_files: ClassVar[bool] = True`` and is told in its context whose text is known.

    A reader that leaves out by rules what it could read as well (spam) says what there is of it: ``left_out(source, context) -> Iterable[LeftOut]``,
    in a fixed order. ``mayak doctor`` tells it. Raises as ``items`` does.

    A reader whose rows of some records are called otherwise since one of its versions says ``new_ids: ClassVar = (records, version)``: what an item
    told under an earlier version is taken out when it is read anew, or every row would stand there twice.
    """

    #: The word in ``programme.toml``.
    kind: ClassVar[str]
    #: Raised whenever the same item would now be read differently, so that it is loaded again.
    version: ClassVar[int]

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """What there is to load, in a fixed order. Raises BadSource where nothing is, SourceAway where a server is away."""
        ...

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one item. Raises BadFile for a file that is not what it is said to be."""
        ...


class CursorReader(Reader, Protocol):
    """A reader that reads only what came since the last load."""

    def cursor(self, source: Source, item: Item, context: Context) -> Mapping[str, int]:
        """Where the *next* load shall begin, asked before the read starts so that nothing falls between two loads."""
        ...
