"""The reader: files or a store, and what becomes of each statement."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.sources.formats.delimited import delimited_items
from pipelines.sources.formats.event_tables import BATCH_ROWS, Rows, moment
from pipelines.sources.formats.json_lines import storable_value
from pipelines.sources.lms.xapi.files import statements, voided_in
from pipelines.sources.lms.xapi.lrs import OVERLAP, Lrs, microseconds, moment_of
from pipelines.sources.lms.xapi.statements import Statements
from pipelines.sources.reading import Context, Covers, Event, Item, Rejected, Seen

DEFAULT_REALM = "xapi"
#: The one item of a store.
STORE = "statements"
_ENDINGS = (".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_STORED_AFTER = "stored_after_us"


class XapiReader:
    """Reads xAPI statements (kind "xapi"): one item is one file, or "statements" of a store.

    Rejected, as "line N" or "statement N" of ``activity``: ``no JSON``, ``not an object``, ``line too long``, ``no actor``, ``no verb``,
    ``no object``, ``no readable time``, ``nested too deep``, ``voided``.
    """

    kind: ClassVar[str] = "xapi"
    version: ClassVar[int] = 6
    #: Pages of Moodle say of which kind a task is since 3, and a grade is called after it; questions of a quiz are no tasks since 5; a type said once holds since 6.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("grades", "tasks", "completions"), 6)

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every file below the source's path; without a path the store at its URL, whose fingerprint is its newest statement.

        Raises BadSource and SourceAway.
        """
        if source.path is not None:
            return delimited_items(source.path, source.name, endings=_ENDINGS)
        with Lrs(source, context, self._sleep) as store:
            return [Item(STORE, fingerprint=store.newest()[0] or "empty")]

    def cursor(self, source: Source, item: Item, context: Context) -> Mapping[str, int]:
        """``stored_after_us``: statements stored after it are read next time; of files nothing."""
        if item.path is not None:
            return {}
        with Lrs(source, context, self._sleep) as store:
            _, newest, through = store.newest()
        if newest is None:
            return dict(context.cursor)
        return {_STORED_AFTER: microseconds((min(newest, through) if through else newest) - OVERLAP)}

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one file or of what the store took in since the last load.

        Raises BadFile for a file that is cut off or something else; BadSource and SourceAway for a store.
        """
        rows = Rows(context.pseudonyms, source.realm or DEFAULT_REALM, {"members": "activity", "tombstones": "activity"})
        home = source.home_page.rstrip("/") if source.home_page else None
        if item.path is not None:
            made = Statements(rows, home, context.language, voided_in(item.path))
            if _is_newest_first(statements(item.path)):
                # What says the type stands behind what needs it.
                for _, statement, _ in statements(item.path):
                    made.learn(statement)
            kept = yield from _through(made, rows, statements(item.path))
            if kept is False:
                raise BadFile(item.path, place="statement 1", expected="xAPI statements", found="JSON of something else")
        else:
            if item.name != STORE:
                raise BadSource(f"source {source.name}: no item {item.name!r}")
            made = Statements(rows, home, context.language, set())
            after = context.cursor.get(_STORED_AFTER)
            with Lrs(source, context, self._sleep) as store:
                yield from _through(made, rows, _numbered(store.since(moment_of(after) if after else None)))
        made.tombstones()
        yield from rows.last()
        yield Covers(rows.since, rows.until)


def _is_newest_first(found: Iterator[tuple[str, Any, str]]) -> bool:
    """Do the first two statements with different times go back in time?"""
    first: datetime | None = None
    for _, statement, _ in found:
        at = moment(statement.get("timestamp")) if isinstance(statement, dict) else None
        if at is not None and first is not None and at != first:
            return at < first
        first = first or at
    return False


def _numbered(found: Iterator[Any]) -> Iterator[tuple[str, Any, str]]:
    for number, statement in enumerate(found, 1):
        yield f"statement {number}", storable_value(statement), ""


def _through(made: Statements, rows: Rows, found: Iterator[tuple[str, Any, str]]) -> Any:
    """Take every statement; returns whether one was kept (None: there was none at all)."""
    seen, kept, any_seen = 0, False, False
    for place, statement, reason in found:
        seen, any_seen = seen + 1, True
        refusal = reason or made.take(statement)
        if refusal:
            yield Rejected("activity", place, refusal)
            kept = kept or refusal == "voided"
            continue
        kept = True
        if rows.waiting >= BATCH_ROWS:
            yield Seen("activity", seen)
            seen = 0
            yield from rows.flush()
    yield Seen("activity", seen)
    return kept if any_seen else None
