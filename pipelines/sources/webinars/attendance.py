"""What the readers of webinar attendance share: who a row is about, when they were there, and the rows this makes.

Rules that hold for every system:

- *Who.* An address names an account in the whole realm. Without one the name shown has to do: a full name (two words of letters at least,
  none of them the name of a device, what somebody is not counted) is one account in the whole realm, anything less ("iPhone", "Анна", "Иванова И.И.") is an account
  of its own in each webinar, since it is another person next time. Whom an account belongs to is for pipelines.links to say.
- *Which stay.* A stay is known by webinar, account and moment of joining, never by its place in the file: a later or longer export gives it
  the same id. A webinar is known by the system's id and its start; where the export does not state the start, by the id and the day
  (programme's zone) of the first stay, since the first stay itself may be missing from another export.
- *No stay is taken for vanished.* Reports can be cut, filtered and shortened to "unique users" without saying so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.delimited import rows_where
from pipelines.sources.formats.local_times import Order, OrderEvidence, to_utc
from pipelines.sources.formats.report_files import ReportFile, further_rows
from pipelines.sources.formats.tables import FURTHER_SHEET
from pipelines.sources.lms.moodle_words import person_key
from pipelines.sources.reading import Batch, Context, Covers, Event, Rejected, Seen

#: Signs of attention, columns of raw.attendance: how often, and how many minutes.
COUNTS = ("chat_messages", "reactions", "raised_hands", "poll_answers")
MINUTES = ("talk_minutes", "camera_minutes")
SIGNS = (*COUNTS, *MINUTES)
YES = frozenset(("yes", "да", "true", "1", "y", "x", "+", "sí", "si", "oui", "sim", "ja", "так"))
NO = frozenset(("no", "нет", "false", "0", "n", "-", "non", "não", "nein", "ні"))
SECONDS_A_MINUTE = 60
_MINUTES_A_DAY = 24 * 60
#: A year: a longer length of time is a damaged number, and would carry an end beyond the calendar.
MOST_MINUTES = 366 * _MINUTES_A_DAY
_HASH_BYTES = 8
_TIME = pa.timestamp("us", tz="UTC")

_FULL_NAME_WORDS = 2
_WORD = re.compile(r"[^\W\d_]{2,}(?:[-’'][^\W\d_]+)*")
#: Words of devices and stand-ins in shown names. A name with one of them says nothing about a person beyond this webinar.
_DEVICES = frozenset(
    word
    for words in (
        "iphone ipad ipod macbook mac imac android galaxy samsung redmi xiaomi poco mi huawei honor realme oppo vivo oneplus nokia pixel tecno",
        "infinix zte lenovo asus acer dell hp lg sony laptop notebook desktop pc phone tablet pad user guest zoom teams participant unknown",
        "anonymous admin host айфон айпад андроид самсунг ксиаоми сяоми хуавей хонор телефон планшет ноутбук компьютер пк пользователь гость",
        "участник слушатель аноним неизвестный админ администратор ведущий организатор техподдержка кабинет аудитория класс вебинар",
    )
    for word in words.split()
)
#: What stands in the place of a name where somebody has summed up a table of minutes.
_TOTALS = (
    "total",
    "totals",
    "grand total",
    "sum",
    "average",
    "итого",
    "всего",
    "общий итог",
    "итог",
    "сумма",
    "среднее",
    "gesamt",
    "summe",
    "gesamtergebnis",
)
#: What somebody is, not who: of such names the rest has to be a full name.
_ROLES = frozenset(
    (
        "учитель",
        "учительница",
        "педагог",
        "преподаватель",
        "воспитатель",
        "методист",
        "завуч",
        "директор",
        "куратор",
        "школа",
        "teacher",
        "school",
    )
)
#: Words and letters for units of time, in the languages that reports are downloaded in (Teams writes those of the downloader's).
_HOURS = re.compile(
    r"^(?:\s*(?P<h>\d+(?:[.,]\d+)?)\s*(?:h|hr|hrs|hours?|heures?|horas?|ч|час\w*|год\w*|std|stunden?|godz\w*|uur|u|tim\w*|t|or[ae]|hod\w*|sa|saat)\.?)?"
    r"(?:\s*(?P<m>\d+(?:[.,]\d+)?)\s*(?:m|min\w*|мин\w*|м|хв\w*|dk|dakika)\.?)?"
    r"(?:\s*(?P<s>\d+(?:[.,]\d+)?)\s*(?:s|sec\w*|seg\w*|sek\w*|сек\w*|с|sn|saniye)\.?)?\s*$",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"^\s*(?:(?P<h>\d+):)?(?P<m>\d{1,3}):(?P<s>\d{2})(?:[.,]\d+)?\s*$")
_NUMBER = re.compile(r"^\s*\d+(?:[.,]\d+)?\s*$")
#: A clock, or a length of time, out of a workbook: on the day with which spreadsheets begin to count, or on the one after.
_OF_NO_DAY = re.compile(r"^\s*1899-12-3([01])[ T](?=\d)")
_CLOCK_OF_DAY = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:\s*[AaPp]\.?\s?[Mm]\.?)?")


@dataclass(frozen=True)
class Meeting:
    """One webinar as its export states it. ``number``: the system's own id, or what stands in for it."""

    number: str
    title: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    #: Address of the host, in lower case.
    host: str = ""


def webinar_id(realm: str, meeting: Meeting, first_joined: datetime | None, zone: ZoneInfo) -> str:
    """``<realm>:webinar:<number>:<start, epoch s>``; without a stated start the beginning of the first stay's day (in ``zone``)."""
    moment = meeting.starts_at
    if moment is None and first_joined is not None:
        moment = first_joined.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{realm}:webinar:{meeting.number}:{int(moment.timestamp()) if moment else 0}"


def native_ids(names: pa.Array, emails: pa.Array, webinar: str) -> pa.Array:
    """What an account is known by in its realm; null where a row has neither name nor address.

    ``name|address``, ``name|`` for a full name, ``name|@<webinar>`` for anything less.
    """
    found: list[str | None] = []
    for name, email in zip(names.to_pylist(), emails.to_pylist(), strict=True):
        key = person_key(name or "")
        if email:
            found.append(f"{key}|{email}")
        elif not key:
            found.append(None)
        else:
            found.append(f"{key}|" if is_full_name(key) else f"{key}|@{webinar}")
    return pa.array(found, pa.string())


def is_full_name(key: str) -> bool:
    """Two words of letters or more and no word of a device: enough to mean the same person in another webinar."""
    words = _WORD.findall(key)
    return sum(word not in _ROLES for word in words) >= _FULL_NAME_WORDS and not _DEVICES.intersection(words)


def minutes_of(text: str | None) -> float | None:
    """A length of time as reports write it: "85", "75,5" (minutes), "1:30:51", "30:51", "1h 30m 51s", "1 ч 30 мин"; None for anything else.

    So is anything over :data:`MOST_MINUTES`.
    """
    if not text or not text.strip():
        return None
    plain = text.replace("\u00a0", " ").replace("\u202f", " ")
    if _NUMBER.match(plain):
        return _credible(float(plain.replace(",", ".")))
    # A spreadsheet keeps a length of time as a moment of its first days.
    cell = _OF_NO_DAY.match(plain)
    days = int(cell.group(1)) if cell else 0
    plain = plain[cell.end() :] if cell else plain
    found = _CLOCK.match(plain) or _HOURS.match(plain)
    if found is None:
        return None
    hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in found.group("h", "m", "s"))
    return _credible(days * _MINUTES_A_DAY + hours * 60 + minutes + seconds / SECONDS_A_MINUTE)


def _credible(minutes: float) -> float | None:
    return minutes if minutes <= MOST_MINUTES else None


def lower_addresses(texts: pa.Array) -> pa.Array:
    """Addresses in lower case; null for a cell that holds none."""
    address = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return pc.if_else(pc.match_substring(address, "@"), address, pa.scalar(None, pa.string()))


def yes_or_no(texts: pa.Array) -> pa.Array:
    """True, False, or null where the cell says neither."""
    word = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    is_yes, is_no = pc.is_in(word, pa.array(sorted(YES))), pc.is_in(word, pa.array(sorted(NO)))
    return pc.if_else(is_yes, True, pc.if_else(is_no, False, pa.scalar(None, pa.bool_())))


def counts_of(texts: pa.Array) -> pa.Array:
    """Whole numbers; null where the cell is none."""
    trimmed = pc.utf8_trim_whitespace(texts)
    is_number = pc.fill_null(pc.match_substring_regex(trimmed, r"^\d{1,9}$"), False)
    return pc.cast(pc.if_else(is_number, trimmed, pa.scalar(None, pa.string())), pa.int32())


def time_order(columns: Sequence[pa.Array], habit: Order) -> Order:
    """The order of day and month of a file, by all its times together."""
    evidence = OrderEvidence()
    for column in columns:
        evidence.add(plain_times(column))
    return evidence.order(habit)


# -- rows of text to stays ----------------------------------------------------------------------------------------------------


def text_column(rows: Sequence[Sequence[str]], place: int | None) -> pa.Array:
    """One column of rows of text; empty texts where the column is not there."""
    if place is None:
        return pa.array([""] * len(rows), pa.string())
    return pc.utf8_trim_whitespace(pa.array([row[place] if place < len(row) else "" for row in rows], pa.string()))


def plain_times(texts: pa.Array) -> pa.Array:
    """Times with plain spaces: newer exports write a narrow no-break space before AM and PM, and marks of direction around.

    Nor with a word between date and time, which some languages have.
    """
    plain = pc.replace_substring_regex(pc.replace_substring_regex(texts, "[\u00a0\u202f]", " "), "[\u200e\u200f]", "")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(plain, r"(\d),? (?:à|um|в|at) (\d)", r"\1 \2"))


def on_days(days: Sequence[str], join: pa.Array, leave: pa.Array, zone: ZoneInfo) -> tuple[pa.Array, pa.Array]:
    """Times of joining and leaving of which some are a clock alone, each with the day of its row before it; the leaving on the next day where the
    clock would be before the joining.

    ``days``: of each row, in any layout whose order of day and month is no question ("" where none is known): what is a whole time, and a clock
    without a day, stays as it is.
    """
    dated = [[_on_day(day, text) for day, text in zip(days, column.to_pylist(), strict=True)] for column in (join, leave)]
    joined, left = (to_utc(pa.array(texts, pa.string()), "day first", zone)[0].to_pylist() for texts in dated)
    for row, (day, cell) in enumerate(zip(days, leave.to_pylist(), strict=True)):
        clock = _OF_NO_DAY.sub("", cell)
        if joined[row] and left[row] and left[row] < joined[row] and dated[1][row] != clock:
            noon = to_utc(pa.array([f"{day} 12:00"]), "day first", zone)[0][0].as_py()
            dated[1][row] = f"{(noon.astimezone(zone) + timedelta(days=1)).date().isoformat()} {clock}"
    return pa.array(dated[0], pa.string()), pa.array(dated[1], pa.string())


def _on_day(day: str, text: str) -> str:
    text = _OF_NO_DAY.sub("", text)
    return f"{day} {text}" if day and _CLOCK_OF_DAY.fullmatch(text) else text


def stays_of(
    *,
    places: Sequence[str],
    name: pa.Array,
    email: pa.Array,
    join: pa.Array,
    leave: pa.Array,
    order: Order,
    zone: ZoneInfo,
    minutes: pa.Array | None = None,
    needs_times: bool = True,
    has_id: pa.Array | None = None,
) -> pa.Table:
    """Stays out of columns of text, one per row, with ``reason`` where the row is to be rejected.

    ``needs_times``: a row without times is rejected; otherwise minutes alone will do.
    """
    join, leave = plain_times(join), plain_times(leave)
    joined, _ = to_utc(join, order, zone)
    left, _ = to_utc(leave, order, zone)
    given = (
        pa.array([minutes_of(text) for text in minutes.to_pylist()], pa.float64())
        if minutes is not None
        else pa.nulls(len(name), pa.float64())
    )
    return made_stays(
        places=places,
        name=name,
        email=lower_addresses(email),
        joined=joined,
        left=left,
        minutes=given,
        no_time=pc.or_(pc.equal(join, ""), pc.equal(leave, "")) if needs_times else None,
        bad_time=pc.or_(
            pc.and_(pc.not_equal(join, ""), pc.is_null(joined)),
            pc.and_(pc.not_equal(leave, ""), pc.is_null(left)),
        ),
        has_id=has_id,
    )  # fmt: skip


def made_stays(
    *,
    places: Sequence[str],
    name: pa.Array,
    email: pa.Array,
    joined: pa.Array,
    left: pa.Array,
    minutes: pa.Array,
    no_time: pa.Array | None = None,
    bad_time: pa.Array | None = None,
    has_id: pa.Array | None = None,
) -> pa.Table:
    """Stays out of typed columns. Minutes that the export does not state are those between joining and leaving.

    ``has_id``: rows about a person whose id the export states: neither name nor address is needed.
    """
    seconds = pc.divide(pc.cast(pc.subtract(pc.cast(left, pa.int64()), pc.cast(joined, pa.int64())), pa.float64()), 1e6)
    rows = len(name)
    never = pa.array([False] * rows, pa.bool_())
    reason = pa.nulls(rows, pa.string())
    nobody = pc.and_(pc.equal(pc.utf8_trim_whitespace(pc.fill_null(name, "")), ""), pc.is_null(email))
    if has_id is not None:
        nobody = pc.and_(nobody, pc.invert(has_id))
    is_total = pc.is_in(pc.utf8_rtrim(pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(name, ""))), ": "), pa.array(_TOTALS))
    for text, mask in (
        ("no time of joining or leaving", no_time if no_time is not None else never),
        ("a time that is not understood or does not exist", bad_time if bad_time is not None else never),
        ("neither times nor minutes", pc.and_(pc.or_(pc.is_null(joined), pc.is_null(left)), pc.is_null(minutes))),
        ("left before joining", pc.less(seconds, 0)),
        ("neither a name nor an address", nobody),
        ("a line of totals", pc.and_(is_total, pc.and_(pc.is_null(joined), pc.is_null(email)))),
    ):
        reason = pc.if_else(pc.and_(pc.is_null(reason), pc.fill_null(mask, False)), text, reason)
    shown = pc.utf8_trim_whitespace(name)
    return pa.table(
        {
            "place": pa.array(places, pa.string()),
            "name": pc.if_else(pc.equal(shown, ""), pa.scalar(None, pa.string()), shown),
            "email": email,
            "native_id": pa.nulls(rows, pa.string()),
            "is_lms": pa.array([False] * rows, pa.bool_()),
            "joined_at": pc.cast(joined, _TIME),
            "left_at": pc.cast(left, _TIME),
            "minutes": pc.coalesce(minutes, pc.divide(seconds, float(SECONDS_A_MINUTE))),
            "is_guest": pa.nulls(rows, pa.bool_()),
            **{sign: pa.nulls(rows, pa.int32()) for sign in COUNTS},
            **{sign: pa.nulls(rows, pa.float64()) for sign in MINUTES},
            "reason": reason,
        }
    )


def with_column(stays: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """The stays with one column replaced."""
    place = stays.schema.get_field_index(name)
    return stays.set_column(place, name, pc.cast(values, stays.schema.field(name).type))


def reject_where(stays: pa.Table, mask: pa.Array, reason: str) -> pa.Table:
    """The stays with a reason where ``mask`` holds and there is none yet."""
    have = stays["reason"].combine_chunks()
    return with_column(stays, "reason", pc.if_else(pc.and_(pc.is_null(have), pc.fill_null(mask, False)), reason, have))


# -- stays to events ----------------------------------------------------------------------------------------------------------


def attendance_events(realm: str, meeting: Meeting, stays: pa.Table, context: Context, *, numbered: bool = False) -> Iterator[Event]:
    """Events of one webinar: its stays, the accounts and the webinar itself; :class:`Covers` is the reader's.

    ``stays``: a table of :func:`stays_of` or :func:`made_stays`. A ``native_id`` that is there stands; the others are made of name and address.
    Where ``is_lms`` holds, the native id is one of the LMS (the source shares its realm): the LMS says who that is, the webinar only that
    they are there. ``numbered``: stays are known by their number among those of the account, for systems that export one webinar in two ways
    whose clocks differ.
    """
    if stays.num_rows:
        yield Seen("attendance", stays.num_rows)
    for row in rows_where(stays["reason"].is_valid()):
        yield Rejected("attendance", stays["place"][row].as_py(), stays["reason"][row].as_py())
    kept = stays.filter(stays["reason"].is_null()).combine_chunks()
    first, last = _ends(kept)
    identity = webinar_id(realm, meeting, first, context.zone)
    host: str | None = None
    if kept.num_rows:
        flat = {name: _flat(kept[name]) for name in ("name", "email", "native_id")}
        native = pc.coalesce(flat["native_id"], native_ids(flat["name"], flat["email"], identity.split(":", 2)[2]))
        accounts = context.pseudonyms.column(realm, native)
        is_lms = _flat(kept["is_lms"])
        if meeting.host:
            hosts = rows_where(pc.equal(pc.fill_null(flat["email"], ""), meeting.host))
            host = accounts[hosts[0]].as_py() if hosts else None
        columns = ("joined_at", "left_at", "minutes", "is_guest", *SIGNS)
        yield Batch(
            "attendance",
            pa.table(
                {
                    "attendance_id": stay_ids(identity, accounts, kept, numbered=numbered),
                    "webinar_id": pa.array([identity] * kept.num_rows, pa.string()),
                    "account_id": accounts,
                    **{name: kept[name] for name in columns},
                }
            ),
        )
        yield Batch(
            "accounts",
            pa.table(
                {
                    "account_id": accounts,
                    "native_id": native,
                    "display_name": pc.if_else(is_lms, pa.scalar(None, pa.string()), flat["name"]),
                    "email": pc.if_else(is_lms, pa.scalar(None, pa.string()), flat["email"]),
                    "realm": pa.array([realm] * kept.num_rows, pa.string()),
                    "channel": pc.if_else(is_lms, "lms", "webinar"),
                }
            ),
            counted=False,
        )
    start, end = meeting.starts_at or first, meeting.ends_at or last
    if start is None and not kept.num_rows:
        return
    yield Batch("webinars", webinar_row(identity, meeting, start, end, host), counted=False)


def reject_further_sheets(file: ReportFile) -> Iterator[Event]:
    """The rows of a workbook's other sheets that hold such a report, rejected: what they are of (another webinar, a copy) nothing says."""
    for place in further_rows(file):
        yield Seen("attendance", 1)
        yield Rejected("attendance", place, FURTHER_SHEET)


#: Ends of the ids of rows that are no stays: how many polls somebody answered, what somebody wrote in the chat.
POLLS, CHAT = ":polls", ":chat"
#: Questions asked by the report of them, which finds its webinar as polls do.
QUESTIONS = f":questions{POLLS}"


def poll_events(realm: str, identity: str, counts: Mapping[tuple[str, str], int], context: Context) -> Iterator[Event]:
    """One row of attendance per (name, address) without times or minutes, and their accounts. ``counts``: polls answered."""
    yield from sign_events(realm, identity, {person: {"poll_answers": count} for person, count in counts.items()}, POLLS, context)


def sign_events(
    realm: str, identity: str, signs: Mapping[tuple[str, str], Mapping[str, int | None]], end: str, context: Context
) -> Iterator[Event]:
    """One row of attendance per (name, address) without times or minutes, and their accounts.

    ``signs``: signs of attention of each, the same of everybody. ``end``: of the rows' ids.
    """
    if not signs:
        return
    pairs = sorted(signs)
    names, emails = (
        pa.array([name for name, _ in pairs], pa.string()),
        lower_addresses(pa.array([email for _, email in pairs], pa.string())),
    )
    native = native_ids(names, emails, identity.split(":", 2)[2])
    accounts = context.pseudonyms.column(realm, native)
    # Two ways to write one name are one account.
    total: dict[str, dict[str, int | None]] = {}
    for account, pair in zip(accounts.to_pylist(), pairs, strict=True):
        so_far = total.setdefault(account, dict.fromkeys(signs[pair]))
        for sign, count in signs[pair].items():
            so_far[sign] = count if so_far[sign] is None or count is None else so_far[sign] + count  # type: ignore[operator]
    yield Seen("attendance", len(total))
    columns = {
        "attendance_id": [f"{identity}:{account}{end}" for account in total],
        "webinar_id": [identity] * len(total),
        "account_id": list(total),
        **{sign: pa.array([counts[sign] for counts in total.values()], pa.int32()) for sign in signs[pairs[0]]},
    }
    yield Batch("attendance", pa.table(columns))
    people = {"account_id": accounts, "native_id": native, "display_name": names, "email": emails}
    many = len(pairs)
    yield Batch("accounts", pa.table({**people, "realm": pa.array([realm] * many), "channel": pa.array(["webinar"] * many)}), counted=False)


def webinar_row(identity: str, meeting: Meeting, start: datetime | None, end: datetime | None, host: str | None) -> pa.Table:
    """One row of raw.webinars."""
    minutes = (end - start).total_seconds() / SECONDS_A_MINUTE if start and end and end >= start else None
    return pa.table(
        {
            "webinar_id": pa.array([identity], pa.string()),
            "title": pa.array([meeting.title or None], pa.string()),
            "host_account_id": pa.array([host], pa.string()),
            "starts_at": pa.array([start], _TIME),
            "ends_at": pa.array([end], _TIME),
            "minutes": pa.array([minutes], pa.float64()),
        }
    )


def covers_of(meetings: Sequence[tuple[Meeting, pa.Table]]) -> Covers:
    """From the first start or joining to the last end or leaving."""
    moments: list[datetime] = []
    for meeting, stays in meetings:
        kept = stays.filter(stays["reason"].is_null())
        moments += [moment for moment in (meeting.starts_at, meeting.ends_at, *_ends(kept)) if moment is not None]
    return Covers(min(moments, default=None), max(moments, default=None))


def stay_ids(identity: str, accounts: pa.Array, stays: pa.Table, *, numbered: bool = False) -> pa.Array:
    """``<webinar>:<account>:<joined, epoch s>``; a second stay of one account from the same second has its number behind it, by leaving.

    ``numbered``: ``<webinar>:<account>:<number>`` in order of joining instead.
    """
    joined, left = (
        [value // 1_000_000 if value is not None else 0 for value in pc.cast(_flat(stays[name]), pa.int64()).to_pylist()]
        for name in ("joined_at", "left_at")
    )
    names = accounts.to_pylist()
    equals: Counter[str] = Counter()
    ids = [""] * stays.num_rows
    for row in sorted(range(stays.num_rows), key=lambda row: (joined[row], left[row], row)):
        if numbered:
            equals[names[row]] += 1
            ids[row] = f"{identity}:{names[row]}:{equals[names[row]]}"
            continue
        one = f"{identity}:{names[row]}:{joined[row]}"
        equals[one] += 1
        ids[row] = one if equals[one] == 1 else f"{one}-{equals[one]}"
    return pa.array(ids, pa.string())


def digest(*parts: str) -> str:
    """A short hash that stands in for an id: of a title or a file's name, never of a person."""
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=_HASH_BYTES).hexdigest()


def find_places(words: Sequence[str], wanted: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Own name → place of the first header word that stands for it."""
    found: dict[str, int] = {}
    for name, accepted in wanted.items():
        for word in accepted:
            if word in words:
                found[name] = list(words).index(word)
                break
    return found


def _ends(kept: pa.Table) -> tuple[datetime | None, datetime | None]:
    first = pc.min(kept["joined_at"]).as_py()
    last = pc.max(kept["left_at"]).as_py()
    return first, last


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
