"""What comes out of one file: its text, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from pipelines.sources.formats.file_texts.limits import Limits
from pipelines.sources.formats.marked_text import FORMAT_PLAIN, text_of


class Reason(StrEnum):
    """Why a file was refused. Fixed words, nothing out of the file."""

    MISSING = "content is not in the file store"
    CHANGED = "content is not what its hash says"
    NO_HASH = "content hash is none"
    CLOSED = "cannot be opened"
    ENCRYPTED = "encrypted"
    OLD_OFFICE = "old binary Office file"
    IMAGE = "image"
    ARCHIVE = "archive"
    OTHER = "format is not read"
    DAMAGED = "damaged"
    TOO_LARGE = "file too large"
    BOMB = "unpacks to too much"
    MEMBERS = "too many members"
    NESTING = "nested too deep"
    PAGES = "too many pages"
    TEXT = "too much text"
    TIME = "takes too long"
    MEMORY = "takes too much memory"
    CRASHED = "breaks its reader"


#: Of the columns' type.
_MOST = 2_147_483_647


@dataclass(frozen=True)
class Refused:
    """One file that gave no text."""

    reason: Reason


class Refusal(Exception):
    """Raised inside the format readers; never leaves :func:`pipelines.sources.formats.file_texts.read_file`."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)


@dataclass(frozen=True)
class FileText:
    """One file's text and what the document says of itself. Columns of ``raw.file_texts`` and ``personal.file_texts``.

    Times are UTC; ``hidden_chars`` is None where the format cannot tell (TXT).
    """

    format: str
    text: str | None = None
    hidden_text: str | None = None
    hidden_chars: int | None = None
    pages: int | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None
    revision: int | None = None
    revision_ids: tuple[str, ...] = ()
    author: str | None = None
    last_author: str | None = None

    @property
    def state(self) -> str:
        """``text``, or ``no_text``: a scan, an empty document, one whose text is hidden throughout."""
        return "no_text" if self.text is None else "text"

    @property
    def chars(self) -> int | None:
        """Characters of the visible text; None where there is none (a scan's words are unknown, not zero)."""
        return None if self.text is None else len(self.text)

    @property
    def words(self) -> int | None:
        """Words of the visible text; None where there is none."""
        # Imported here: it brings Arrow, which a worker has no use for.
        from pipelines.sources.formats.plain_text import count_words

        return None if self.text is None else count_words(self.text)


@dataclass
class Said:
    """What a document says of itself, as a format reader found it. Times without a zone are those of the author's clock."""

    created_at: datetime | None = None
    modified_at: datetime | None = None
    revision: int | None = None
    pages: int | None = None
    author: str | None = None
    last_author: str | None = None
    revision_ids: list[str] = field(default_factory=list)


class Writing:
    """Collects visible and hidden text in reading order. Raises Refusal where a file holds more text than a file may."""

    def __init__(self, limits: Limits) -> None:
        self._visible: list[str] = []
        self._hidden: list[str] = []
        self._left = limits.characters
        self._hidden_open = False

    def add(self, text: str, *, hidden: bool = False) -> None:
        """More of the paragraph."""
        self._left -= len(text)
        if self._left < 0:
            raise Refusal(Reason.TEXT)
        (self._hidden if hidden else self._visible).append(text)
        self._hidden_open |= hidden

    def end_line(self) -> None:
        """The paragraph ends."""
        self._visible.append("\n")
        if self._hidden_open:
            self._hidden.append("\n")
            self._hidden_open = False

    def followed_by(self, other: Writing) -> Writing:
        """This one with another behind it (notes)."""
        self.end_line()
        self._visible += other._visible
        self._hidden += other._hidden
        return self

    def result(self, kind: str, said: Said, zone: ZoneInfo, *, tells_hidden: bool = True, pick: Callable[[str], str] = str) -> FileText:
        """The file's text. ``pick`` is applied to both texts first (a format's own last corrections)."""
        visible, hidden = (_tidy(pick("".join(parts))) for parts in (self._visible, self._hidden))
        return FileText(
            format=kind,
            text=visible,
            hidden_text=hidden,
            hidden_chars=len(hidden or "") if tells_hidden else None,
            pages=_counted(said.pages) or None,
            created_at=utc(said.created_at, zone),
            modified_at=utc(said.modified_at, zone),
            revision=_counted(said.revision),
            revision_ids=tuple(dict.fromkeys(said.revision_ids)),
            author=_tidy(said.author),
            last_author=_tidy(said.last_author),
        )


def _tidy(text: str | None) -> str | None:
    """As the texts typed into Moodle are kept: no empty lines, single spaces, homoglyphs and invisible characters untouched; None for nothing."""
    # The zero character is what no database stores; halves of surrogate pairs come through no format's decoding.
    return text_of(text.replace("\x00", "\ufffd"), FORMAT_PLAIN) or None if text else None


def utc(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """The moment in UTC; one without a zone is of ``zone``. None for one that no calendar holds."""
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None


def whole(text: str | None) -> int | None:
    """A whole number that a document says of itself; None for anything else."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


def _counted(number: int | None) -> int | None:
    """None for what no count can be."""
    return number if number is not None and 0 <= number <= _MOST else None


def moment_of(text: str | None) -> datetime | None:
    """An ISO 8601 time (W3CDTF, XML Schema); None for anything else."""
    text = (text or "").strip()
    if not text or len(text) > 40:
        return None
    head, dot, tail = text.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        # LibreOffice writes nanoseconds.
        text = f"{head}.{tail[:digits][:6]:0<6}{tail[digits:]}"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
