"""What readers of event streams (tracking logs, learning records) share: rows gathered by record kind, handed over as Arrow batches.

An event names an account, a course or a task again and again: of those only the last state is kept per batch. Rows that are the state of
something carry the moment of their event as ``seen_at``, so that the newest event stands whatever the order of files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.reading import Batch, Event

#: Events in one Arrow batch.
BATCH_ROWS = 50_000
#: States held of one record before they are handed over: a mark per person and task is what grows with a file.
STATES_MAX = 50_000
_GROWING = ("completions", "grades")
#: ``seen_at`` of a row that knows less than others may: it replaces nothing.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
#: Years that an event may be of; a clock that was never set, or milliseconds taken for seconds, is no time.
_YEARS = range(2000, 2101)

_MOMENT = pa.timestamp("us", tz="UTC")
_TYPES = {
    **dict.fromkeys(
        ("occurred_at", "created_at", "removed_at", "submitted_at", "graded_at", "completed_at", "reached_at", "sent_at", "edited_at",
         "joined_at", "left_at", "first_seen_at", "last_seen_at", "seen_at", "starts_at", "ends_at", "opens_at", "due_at", "cutoff_at", "deleted_at"), _MOMENT),
    **dict.fromkeys(("is_impersonated", "is_anonymous", "is_team", "is_preview", "is_released", "is_overridden", "is_private",
                     "is_service", "is_deleted", "is_bot", "is_suspended", "is_latest", "is_pinned", "is_forwarded", "is_scale", "is_blind", "uses_workflow", "is_hidden",
                     "is_required"), pa.bool_()),
    **dict.fromkeys(("attempt", "chars", "words", "question_marks", "section", "files", "comment_chars", "comment_words"), pa.int32()),
    **dict.fromkeys(("grade", "max_grade", "score", "max_score", "seconds_spent"), pa.float64()),
}  # fmt: skip


def moment(text: object) -> datetime | None:
    """UTC moment of an ISO 8601 text with any offset ("Z", " UTC", none = UTC); None for anything else and for years out of reach."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text if text[-1:].isdigit() or text.endswith("Z") else text.strip().removesuffix("UTC").rstrip())
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year in _YEARS else None


class Rows:
    """Rows of the record kinds of one item, as they come.

    ``derived``: names of further sets of rows → the record that they are of; handed over after it and not counted.
    """

    def __init__(self, pseudonyms: Pseudonyms, realm: str, derived: Mapping[str, str] | None = None) -> None:
        self.realm = realm
        self._derived = derived or {}
        self._pseudonyms = pseudonyms
        self._known: dict[str, str] = {}
        #: Record → its rows in columns.
        self._columns: dict[str, dict[str, list[Any]]] = {}
        self._states: dict[str, dict[Any, dict[str, Any]]] = {}
        #: Hash of a state handed over already → its moment: an older one that comes later says nothing new.
        self._gone: dict[int, float] = {}
        self.since: datetime | None = None
        self.until: datetime | None = None

    def account(self, native: str) -> str:
        """Pseudonym of a native id, made once."""
        known = self._known.get(native)
        if known is None:
            known = self._known[native] = self._pseudonyms.of(self.realm, native)
        return known

    def spans(self, at: datetime) -> None:
        """An event of this moment was read."""
        if self.since is None or at < self.since:
            self.since = at
        if self.until is None or at > self.until:
            self.until = at

    def add(self, record: str, row: tuple[Any, ...], names: tuple[str, ...]) -> None:
        """One more row; ``names`` are the same at every call for a record."""
        columns = self._columns.get(record)
        if columns is None:
            columns = self._columns[record] = {name: [] for name in names}
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)

    def state(self, record: str, key: Any, at: datetime, /, **row: Any) -> None:
        """The state of something at a moment; of several the newest stands."""
        states = self._states.setdefault(record, {})
        known = states.get(key)
        if known is None and self._gone and self._gone.get(hash((record, key)), 0.0) > at.timestamp():
            return
        if known is None or at >= known["seen_at"]:
            states[key] = {**row, "seen_at": at}

    def met(self, native: str, at: datetime, /, **told: Any) -> str:
        """An account was seen: its pseudonym. Of what is told of it (names, addresses) the newest that is known stands."""
        account = self.account(native)
        accounts = self._states.setdefault("accounts", {})
        known = accounts.get(account)
        if known is None:
            accounts[account] = {
                "account_id": account, "realm": self.realm, "channel": "lms", "native_id": native, **told, "last_seen_at": at, "seen_at": at,
            }  # fmt: skip
            return account
        is_newer = at >= known["seen_at"]
        if is_newer:
            known["last_seen_at"] = known["seen_at"] = at
        for name, value in told.items():
            if value is not None and (is_newer or known[name] is None):
                known[name] = value
        return account

    def held(self, record: str, key: Any) -> dict[str, Any] | None:
        """The state gathered so far."""
        return self._states.get(record, {}).get(key)

    @property
    def waiting(self) -> int:
        """Rows of activity gathered and not handed over."""
        columns = self._columns.get("activity")
        return len(next(iter(columns.values()))) if columns else 0

    def flush(self) -> Iterator[Event]:
        """Hand over the rows gathered; only activity is counted."""
        for record, columns in self._columns.items():
            if next(iter(columns.values())):
                yield Batch(self._derived.get(record, record), table_of(columns), counted=record == "activity")
                self._columns[record] = {name: [] for name in columns}
        for record in _GROWING:
            states = self._states.get(record, {})
            if len(states) > STATES_MAX:
                self._gone.update({hash((record, key)): row["seen_at"].timestamp() for key, row in states.items()})
                yield from self._hand_over(record)

    def last(self) -> Iterator[Event]:
        """Hand over everything: rows and states."""
        yield from self.flush()
        for record in list(self._states):
            yield from self._hand_over(record)

    def _hand_over(self, record: str) -> Iterator[Event]:
        rows = list(self._states.pop(record).values())
        for start in range(0, len(rows), BATCH_ROWS):
            part = rows[start : start + BATCH_ROWS]
            yield Batch(record, table_of({name: [row[name] for row in part] for name in part[0]}), counted=False)


def table_of(columns: Mapping[str, list[Any]]) -> pa.Table:
    """An Arrow table of columns of the contract."""
    return pa.table({name: pa.array(values, _TYPES.get(name, pa.string())) for name, values in columns.items()})


def number(value: object) -> float | None:
    """A finite number; None for anything else, texts and truth values included."""
    if type(value) is int or type(value) is float:
        try:
            found = float(value)
        except OverflowError:
            return None
        return found if abs(found) < 1e15 else None
    return None
