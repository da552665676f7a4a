"""Zoom's participants report: CSV with or without the block that names the meeting, in English or Russian.

What has to be known about it:

- The meeting's block (id, topic, start, end, host's address) stands above the participants, set off by a blank line; some downloads have
  no block. Then the id is a run of 9 to 11 digits in the file's name or else the name itself, and start and end are the first join and the
  last leave.
- Times state no zone: ``time_zone`` of the source, else the programme's. They come as ``04/10/2020 07:21:08 PM``, as ``21.03.2022 13:05:11``
  and as ``21.03.2022 13:05:11 PM`` (a 24-hour clock with a tail that says nothing). The order of day and month is found per file
  (:mod:`pipelines.sources.local_times`), from the block's times and the participants' together; where nothing tells, a Russian header
  means day first, an English one month first.
- One row per stay: a reconnect or a second device is another row, often under another name ("iPhone"). An account is a name with an
  address as shown; whom it belongs to is for pipelines.links to say.
- Somebody in the waiting room is not in the webinar: such a row is rejected, with that reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.delimited import Block, DelimitedFile, Header, delimited_items, find_columns, header_word, rows_where
from pipelines.sources.local_times import Order, OrderEvidence, to_utc
from pipelines.sources.moodle_words import person_key
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen

WHAT = "a Zoom participants report (kind zoom)"

COLUMNS = {
    "name": (
        "name (original name)", "name", "participant", "participant name",
        "имя (настоящее имя)", "имя (исходное имя)", "имя пользователя (исходное имя)", "имя", "имя участника", "участник",
    ),
    "email": ("user email", "email", "электронная почта пользователя", "эл. почта пользователя", "электронная почта", "адрес электронной почты"),
    "join": ("join time", "время входа", "время присоединения"),
    "leave": ("leave time", "время выхода"),
    "minutes": ("duration (minutes)", "total duration (minutes)", "продолжительность (минуты)", "общая продолжительность (минуты)", "длительность (минуты)"),
    "guest": ("guest", "гость"),
    "waiting": ("in waiting room", "в зале ожидания"),
}  # fmt: skip
_OPTIONAL = ("email", "minutes", "guest", "waiting")
#: Words of the participants' header that the meeting's block does not have.
_PARTICIPANTS = frozenset(word for name in ("name", "join", "leave", "guest", "waiting") for word in COLUMNS[name])

_MEETING = {
    "id": ("meeting id", "id", "webinar id", "идентификатор конференции", "идентификатор вебинара", "идентификатор"),
    "topic": ("topic", "тема"),
    "start": ("start time", "actual start time", "время начала", "фактическое время начала"),
    "end": ("end time", "время окончания", "время завершения"),
    "host": ("user email", "host email", "email", "электронная почта пользователя", "электронная почта организатора"),
}
_YES = frozenset(("yes", "да", "true", "1"))
_NO = frozenset(("no", "нет", "false", "0"))
_MEETING_ID = re.compile(r"(?<!\d)\d{9,11}(?!\d)")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_HASH_BYTES = 10
_SECONDS_A_MINUTE = 60


@dataclass(frozen=True)
class _Meeting:
    """The block above the participants, as text; empty where it is not there."""

    id: str = ""
    topic: str = ""
    start: str = ""
    end: str = ""
    host: str = ""


class ZoomReader:
    """Reader of Zoom's participants reports. Kind ``zoom``."""

    kind: ClassVar[str] = "zoom"
    version: ClassVar[int] = 1

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """CSV files (also gzipped) below the source's path. Raises BadSource where there is none."""
        return delimited_items(source.path, source.name)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Attendance, one row per stay; derived from it the webinar and the accounts. Raises BadFile for anything else."""
        assert item.path is not None
        realm = source.realm or "zoom"
        file = DelimitedFile(item.path, _PARTICIPANTS | {word for words in _MEETING.values() for word in words})
        header, meeting = _find(file)
        places = find_columns(file, header, COLUMNS, optional=_OPTIONAL, what=WHAT)
        evidence = OrderEvidence()
        evidence.add(pa.array([meeting.start, meeting.end], pa.string()))
        # A webinar's list is at most some thousand rows long: it is held whole, since its start may be the first join.
        blocks = list(file.blocks(header))
        for block in blocks:
            evidence.add(block.columns[places["join"]])
            evidence.add(block.columns[places["leave"]])
        order = evidence.order("day first" if _CYRILLIC.search(" ".join(header.cells)) else "month first")

        block_times, _ = to_utc(pa.array([meeting.start, meeting.end], pa.string()), order, context.zone)
        for text, is_time in zip((meeting.start, meeting.end), block_times.is_valid().to_pylist(), strict=True):
            if text and not is_time:
                raise BadFile(item.path, place="meeting block", expected="start and end as times", found="a time that is not understood")
        stays = [_stays(block, places, order, context, realm) for block in blocks]
        kept = [stay.filter(stay["reason"].is_null()) for stay in stays]
        joined = [moment for stay in kept for moment in pc.min_max(stay["joined_at"]).as_py().values() if moment]
        left = [moment for stay in kept for moment in pc.min_max(stay["left_at"]).as_py().values() if moment]
        start = block_times[0].as_py() or min(joined, default=None)
        end = block_times[1].as_py() or max(left, default=None)
        webinar_id = _webinar_id(realm, meeting, item, start)

        number = 0
        host: str | None = None
        for block, stay in zip(blocks, stays, strict=True):
            if block.seen:
                yield Seen("attendance", block.seen)
            for line, cells in block.misfits:
                reason = "fewer cells than the header" if cells < len(header.cells) else "more cells than the header"
                yield Rejected("attendance", f"line {line}", reason)
            for row in rows_where(stay["reason"].is_valid()):
                yield Rejected("attendance", f"line {block.lines[row]}", stay["reason"][row].as_py())
            numbers = pa.array(np.arange(number + 1, number + block.rows + 1)).cast(pa.string())
            number += block.rows
            table = stay.append_column("attendance_id", pc.binary_join_element_wise(pa.scalar(f"{webinar_id}:"), numbers, ""))
            table = table.append_column("webinar_id", pa.repeat(pa.scalar(webinar_id), block.rows)).filter(stay["reason"].is_null())
            if not table.num_rows:
                continue
            if host is None and meeting.host:
                hosts = table.filter(pc.equal(pc.fill_null(table["email"], ""), meeting.host))
                host = hosts["account_id"][0].as_py() if hosts.num_rows else None
            columns = ["attendance_id", "webinar_id", "account_id", "joined_at", "left_at", "minutes", "is_guest"]
            yield Batch("attendance", table.select(columns))
            people = table.select(["account_id", "native_id", "display_name", "email"])
            people = people.append_column("realm", pa.repeat(pa.scalar(realm), people.num_rows))
            yield Batch("accounts", people.append_column("channel", pa.repeat(pa.scalar("webinar"), people.num_rows)), counted=False)
        minutes = (end - start).total_seconds() / _SECONDS_A_MINUTE if start and end and end >= start else None
        time_type = pa.timestamp("us", tz="UTC")
        yield Batch(
            "webinars",
            pa.table(
                {
                    "webinar_id": pa.array([webinar_id]),
                    "title": pa.array([meeting.topic or None], pa.string()),
                    "host_account_id": pa.array([host], pa.string()),
                    "starts_at": pa.array([start], time_type),
                    "ends_at": pa.array([end], time_type),
                    "minutes": pa.array([minutes], pa.float64()),
                }
            ),
            counted=False,
        )
        yield Covers(min((start, *joined), default=None) if start else None, max((end, *left), default=None) if end else None)


def _find(file: DelimitedFile) -> tuple[Header, _Meeting]:
    """The participants' header and the block above it. Raises BadFile where the header is not there."""
    above: list[list[str]] = []
    for line, cells in file.rows():
        words = [header_word(cell) for cell in cells]
        if len(_PARTICIPANTS.intersection(words)) > 1:
            return Header(tuple(cells), line), _meeting(above)
        above.append(cells)
        if len(above) > 2 * len(_MEETING):
            break
    # Not the report, or a column of it is missing: the error names what there is.
    first = file.header()
    find_columns(file, first, {name: words for name, words in COLUMNS.items() if name not in _OPTIONAL}, what=WHAT)
    raise BadFile(file.path, place="header", expected=WHAT, found="no header of participants")


def _meeting(above: Sequence[Sequence[str]]) -> _Meeting:
    found: dict[str, str] = {}
    for names, values in pairwise(above):
        words = [header_word(cell) for cell in names]
        for what, accepted in _MEETING.items():
            for word, value in zip(words, values, strict=False):
                if word in accepted:
                    found.setdefault(what, value.strip())
    found["host"] = found.get("host", "").lower() if "@" in found.get("host", "") else ""
    return _Meeting(**found)


def _webinar_id(realm: str, meeting: _Meeting, item: Item, start: datetime | None) -> str:
    number = "".join(meeting.id.split()).replace("-", "")
    if not number:
        in_name = _MEETING_ID.search(item.name.rsplit("/", 1)[-1])
        number = in_name.group(0) if in_name else blake2b(item.name.encode(), digest_size=_HASH_BYTES).hexdigest()
    return f"{realm}:webinar:{number}:{int(start.timestamp()) if start else 0}"


def _stays(block: Block, places: dict[str, int], order: Order, context: Context, realm: str) -> pa.Table:
    """One row per fitting row of the block, with ``reason`` where it is to be rejected."""
    cells = {name: pc.utf8_trim_whitespace(block.columns[place]) for name, place in places.items()}
    blank = pa.repeat(pa.scalar(""), block.rows)
    email = pc.utf8_lower(cells.get("email", blank))
    email = pc.if_else(pc.match_substring(email, "@"), email, pa.scalar(None, pa.string()))
    keys = pa.array([person_key(name) for name in cells["name"].to_pylist()], pa.string())
    native = pc.binary_join_element_wise(keys, pc.fill_null(email, ""), "|")
    joined, _ = to_utc(cells["join"], order, context.zone)
    left, _ = to_utc(cells["leave"], order, context.zone)
    given = pc.replace_substring(cells.get("minutes", blank), ",", ".")
    is_number = pc.match_substring_regex(given, r"^\d+(\.\d+)?$")
    minutes = pc.cast(pc.if_else(is_number, given, pa.scalar(None, pa.string())), pa.float64())
    seconds = pc.divide(pc.cast(pc.subtract(pc.cast(left, pa.int64()), pc.cast(joined, pa.int64())), pa.float64()), 1e6)
    reason = pa.nulls(block.rows, pa.string())
    for text, mask in (
        ("no time of joining or leaving", pc.or_(pc.equal(cells["join"], ""), pc.equal(cells["leave"], ""))),
        ("a time that is not understood or does not exist", pc.or_(pc.is_null(joined), pc.is_null(left))),
        ("left before joining", pc.less(seconds, 0)),
        ("neither a name nor an address", pc.equal(native, "|")),
        ("in the waiting room, not in the webinar", pc.is_in(pc.utf8_lower(cells.get("waiting", blank)), pa.array(sorted(_YES)))),
    ):
        reason = pc.if_else(pc.and_(pc.is_null(reason), pc.fill_null(mask, False)), text, reason)
    guest = pc.utf8_lower(cells.get("guest", blank))
    is_guest = pc.if_else(
        pc.is_in(guest, pa.array(sorted(_YES))),
        True,
        pc.if_else(pc.is_in(guest, pa.array(sorted(_NO))), False, pa.scalar(None, pa.bool_())),
    )
    return pa.table(
        {
            "account_id": context.pseudonyms.column(realm, native),
            "native_id": native,
            "display_name": pc.if_else(pc.equal(cells["name"], ""), pa.scalar(None, pa.string()), cells["name"]),
            "email": email,
            "joined_at": joined,
            "left_at": left,
            "minutes": pc.coalesce(minutes, pc.divide(seconds, float(_SECONDS_A_MINUTE))),
            "is_guest": is_guest,
            "reason": reason,
        }
    )
