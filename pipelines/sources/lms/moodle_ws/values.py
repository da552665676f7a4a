"""Values of Moodle's answers: whole numbers that may come as texts, epoch seconds with 0 for "never", decimals, flags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.formats.event_tables import table_of
from pipelines.sources.lms.moodle_db.columns import moment
from pipelines.sources.reading import Batch, Event, Seen

#: ``seen_at`` of rows of which the services tell less than the database, under the same id: the database's stand, whichever was read last.
BESIDE_DATABASE = datetime(1970, 1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Names:
    """Name space and language: the same ids as the database reader's."""

    realm: str
    pseudonyms: Pseudonyms
    language: str

    def id(self, what: str, native: Any) -> str | None:
        """``<realm>:<what>:<native id>``; None for an id below 1."""
        number = whole(native)
        return f"{self.realm}:{what}:{number}" if number and number > 0 else None

    def account(self, native: Any) -> str | None:
        """Pseudonym of a user id; None for ids below 1, which stand for nobody."""
        number = whole(native)
        return self.pseudonyms.of(self.realm, str(number)) if number and number > 0 else None


def whole(value: Any) -> int | None:
    """A whole number, however it is written; None for anything else."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value if abs(value) < 1 << 62 else None
    if isinstance(value, str) and len(value) < 20:
        try:
            return int(value)
        except ValueError:
            return None
    return None


def decimal(value: Any) -> float | None:
    """A number, however it is written; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or (isinstance(value, str) and len(value) > 40):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < 1e15 else None


def at(value: Any) -> datetime | None:
    """UTC moment of epoch seconds; None for 0 and for what is no time."""
    return moment(whole(value))


def text(value: Any) -> str | None:
    """A text with something in it."""
    return value.strip() or None if isinstance(value, str) else None


def batch(record: str, rows: Sequence[dict[str, Any]], *, counted: bool = True) -> Iterator[Event]:
    """The rows as one batch, and how many they are."""
    if counted:
        yield Seen(record, len(rows))
    if rows:
        yield Batch(record, table_of({name: [row[name] for row in rows] for name in rows[0]}), counted)
