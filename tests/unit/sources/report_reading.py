"""What the tests of the readers of report downloads share: read one fixture, or one text, and look at what came out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.programme import Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Reader, Rejected, Seen

FIXTURES = Path(__file__).parents[2] / "fixtures"
PSEUDONYMS = Pseudonyms(b"a key for tests only")
CONTEXT = Context(PSEUDONYMS, ZoneInfo("Europe/Moscow"), "ru")


class Reading:
    """The events of one file, sorted out. Making one checks that no row was lost."""

    def __init__(self, reader: Reader, path: Path, **source: object) -> None:
        self.source = Source(name="report", kind=reader.kind, path=path, **source)
        self.events: list[Event] = list(reader.read(self.source, Item(path.name, path), CONTEXT))
        seen: Counter[str] = Counter()
        held: Counter[str] = Counter()
        for event in self.events:
            match event:
                case Seen(record, count):
                    seen[record] += count
                case Batch(record, table, True):
                    held[record] += table.num_rows
                case Rejected(record, _, _):
                    held[record] += 1
        assert seen == held, "rows seen are not rows kept and rejected"

    def rows(self, record: str) -> list[dict]:
        """Rows of one record kind, in the order in which they came."""
        return [row for event in self.events if isinstance(event, Batch) and event.record == record for row in event.table.to_pylist()]

    def column(self, record: str, name: str) -> list:
        """One column of it."""
        return [row[name] for row in self.rows(record)]

    @property
    def rejected(self) -> list[tuple[str, str]]:
        """(place, reason) of every rejected row."""
        return [(event.place, event.reason) for event in self.events if isinstance(event, Rejected)]

    @property
    def covers(self) -> Covers:
        """The span of time that a reader states last: it may say sooner what it knows so far."""
        *_, covers = (event for event in self.events if isinstance(event, Covers))
        return covers

    def account(self, native: str, realm: str = "moodle") -> str:
        """The pseudonym of a native id."""
        return PSEUDONYMS.of(realm, native)
