"""Posts of a forum as its page exports them (Forum → Export, in any form that Moodle's tables have).

Source of the format: ``mod/forum/export.php``, Moodle 3.8 to 5.1.

What has to be known about it:

- One row per post, columns called by their field names whatever the language: id, discussion, parent (0: begins the discussion), userid, userfullname,
  created, modified, subject, message, messageformat, attachment, deleted, privatereplyto, privatereplytofullname and others.
- Moments are epoch seconds, or, with "human-readable dates", as the site writes them out, in the zone of whoever exports. "Remove all HTML" makes plain text.
- Users are known by their number: the accounts are the database's, the log's and the completion report's.
- A post's id is the site's own. It stands under an id of its own here (``<realm>:post:listed:<id>``), so that an export never takes the place of what the
  database or web services tell, who know more; where one of them has the post, the loader leaves this row out (:mod:`pipelines.loading.same_rows`).
- Neither forum nor course is named: the file is called "discussion", so call it as the forum is called; ``course`` of the source, or ``feeds``, says
  the course. Files of one name and course are one forum, also "discussion (1)".
- An export may be of some users, discussions or days, so nothing is taken for gone; what was deleted and had answers says so.

Not kept: scores, counts of words (they are counted here), whether a notice was mailed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import ClassVar

import pyarrow as pa

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.delimited import Block, Header, looks_like
from pipelines.sources.formats.local_times import Order, to_utc
from pipelines.sources.formats.marked_text import FORMAT_HTML, FORMATS, text_of, word_count
from pipelines.sources.formats.plain_text import count_question_marks
from pipelines.sources.formats.tables import day_month_order, open_table
from pipelines.sources.lms.moodle_courses import course_code, course_of, downloads, file_name_of, hash_of
from pipelines.sources.lms.moodle_sheets import reject_further_sheets
from pipelines.sources.lms.moodle_texts import name_in
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, LeftOut, Rejected, Seen

WHAT = "an export of a Moodle forum (kind moodle_forums)"
_FILES = downloads(WHAT)

_NEEDED = ("id", "discussion", "parent", "userid", "created", "message")
_FIELDS = (
    *_NEEDED,
    "userfullname", "modified", "subject", "messageformat", "attachment", "deleted", "privatereplyto", "privatereplytofullname",
)  # fmt: skip
_COPY = re.compile(r"\s*\(\d{1,3}\)$")
#: What Moodle calls every export.
_NO_TITLE = frozenset({"discussion", "discussions"})
_ID = re.compile(r"[1-9]\d{0,17}")
_EPOCH = re.compile(r"\d{9,11}")
_TIME = pa.timestamp("us", tz="UTC")


class MoodleForumsReader:
    """Reader of Moodle's exports of forums. Kind ``moodle_forums``.

    Record kinds: messages (counted), chats, accounts, addressees, courses. Rejected, as "line N": ``no id``, ``no discussion``,
    ``a time that is not understood``, and rows that do not fit the header.
    """

    kind: ClassVar[str] = "moodle_forums"
    version: ClassVar[int] = 2

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Tables below the source's path. Raises BadSource where there is none."""
        return _FILES.items(source)

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside tables."""
        return _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Posts, one per row; derived: the forum, accounts, whom a private reply is for. Raises BadFile for anything else."""
        return _FILES.events(item, lambda one: self._table(source, one, context))

    def _table(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        assert item.path is not None
        realm = source.realm or "moodle"
        file = open_table(item.path, _FIELDS)
        header = file.header()
        places = _places(header)
        missing = [name for name in _NEEDED if name not in places]
        if missing:
            other = looks_like(header.words)
            found = f"what looks like {other}" if other else "others"
            raise BadFile(item.path, place="header", expected=f"{WHAT} with the columns {', '.join(missing)}", found=found)
        yield from reject_further_sheets(file, header, _FIELDS, lambda other: set(_NEEDED) <= set(other.words), "messages")
        code = course_code(source, item)
        course = None if code is None else course_of(realm, code)
        title = _COPY.sub("", file_name_of(item))
        chat = f"{realm}:forum:listed:{hash_of(code or '', title)}"
        if code is not None:
            yield Batch("courses", pa.table({"course_id": [course], "code": [code]}), counted=False)
        columns = {"chat_id": [chat], "channel": ["forum"], "kind": ["forum"], "course_id": pa.array([course], pa.string())}
        yield Batch("chats", pa.table({**columns, "title": pa.array([None if title.lower() in _NO_TITLE else title])}), counted=False)
        order = day_month_order(file, header, [places["created"]])
        since: datetime | None = None
        until: datetime | None = None
        for block in file.blocks(header):
            yield Seen("messages", block.seen)
            for line, reason in block.refused:
                yield Rejected("messages", f"{file.unit} {line}", reason)
            if not block.rows:
                continue
            cell = {name: [(text or "").strip() for text in block.columns[place].to_pylist()] for name, place in places.items()}
            created = _moments(cell["created"], order, context)
            kept: list[int] = []
            for row in range(block.rows):
                reason = ""
                if not _ID.fullmatch(cell["id"][row]):
                    reason = "no id"
                elif not _ID.fullmatch(cell["discussion"][row]):
                    reason = "no discussion"
                elif created[row] is None:
                    reason = "a time that is not understood"
                if reason:
                    yield Rejected("messages", f"{file.unit} {block.lines[row]}", reason)
                else:
                    kept.append(row)
            if kept:
                yield from _rows(
                    cell, kept, created, _moments(_of(cell, "modified", block), order, context), block, realm, course, chat, context
                )
                moments = [moment for row in kept if (moment := created[row])]
                since, until = min([*moments, *([since] if since else [])]), max([*moments, *([until] if until else [])])
        yield Covers(since, until)


def _places(header: Header) -> dict[str, int]:
    return {name: header.words.index(name) for name in _FIELDS if name in header.words}


def _of(cell: dict[str, list[str]], name: str, block: Block) -> list[str]:
    return cell.get(name, [""] * block.rows)


def _moments(texts: Sequence[str], order: Order, context: Context) -> list[datetime | None]:
    """Epoch seconds, or times as the site writes them out; None for anything else, and for 0."""
    written = to_utc(pa.array(["" if _EPOCH.fullmatch(text) else text for text in texts], pa.string()), order, context.zone)[0].to_pylist()
    return [
        datetime.fromtimestamp(int(text), UTC) if _EPOCH.fullmatch(text) else moment for text, moment in zip(texts, written, strict=True)
    ]


def _rows(
    cell: dict[str, list[str]],
    kept: list[int],
    created: list[datetime | None],
    modified: list[datetime | None],
    block: Block,
    realm: str,
    course: str | None,
    chat: str,
    context: Context,
) -> Iterator[Event]:
    def column(name: str) -> list[str]:
        values = _of(cell, name, block)
        return [values[row] for row in kept]

    def post(number: str) -> str | None:
        return f"{realm}:post:listed:{number}" if _ID.fullmatch(number) else None

    users = [number if _ID.fullmatch(number) else None for number in column("userid")]
    readers = [number if _ID.fullmatch(number) else None for number in column("privatereplyto")]
    accounts, addressed = (context.pseudonyms.column(realm, pa.array(ids, pa.string())) for ids in (users, readers))
    people: dict[str, tuple[str, str]] = {}
    for ids, who, names in (
        (users, accounts.to_pylist(), column("userfullname")),
        (readers, addressed.to_pylist(), column("privatereplytofullname")),
    ):
        people |= {account: (native, name) for native, account, name in zip(ids, who, names, strict=True) if native and name}
    if people:
        columns = {
            "account_id": pa.array(list(people)),
            "native_id": pa.array([native for native, _ in people.values()]),
            "display_name": pa.array([name for _, name in people.values()]),
        }
        many = len(people)
        yield Batch(
            "accounts", pa.table({**columns, "realm": pa.array([realm] * many), "channel": pa.array(["lms"] * many)}), counted=False
        )
    is_gone = [cell == "1" for cell in column("deleted")]
    formats = [FORMATS.get(text, FORMAT_HTML) for text in column("messageformat")]
    # Of a deleted post a phrase of the site's language stands in the place of its words.
    texts = [None if gone else text_of(text, form) for text, form, gone in zip(column("message"), formats, is_gone, strict=True)]
    sent = [created[row] for row in kept]
    changed = [moment if (moment := modified[row]) and moment != created[row] else None for row in kept]
    ids = [post(number) for number in column("id")]
    table = {
        "message_id": pa.array(ids, pa.string()),
        "channel": pa.array(["forum"] * len(kept)),
        "chat_id": pa.array([chat] * len(kept)),
        "thread_id": pa.array([f"{realm}:discussion:{number}" for number in column("discussion")]),
        "reply_to_id": pa.array([post(number) for number in column("parent")], pa.string()),
        "account_id": accounts,
        "course_id": pa.array([course] * len(kept), pa.string()),
        "sent_at": pa.array(sent, _TIME),
        "edited_at": pa.array([None if gone else moment for moment, gone in zip(changed, is_gone, strict=True)], _TIME),
        "deleted_at": pa.array(
            [(moment or first) if gone else None for moment, first, gone in zip(changed, sent, is_gone, strict=True)], _TIME
        ),
        "kind": pa.array(["post"] * len(kept)),
        "media": pa.array(["file" if text not in ("", "0") else None for text in column("attachment")], pa.string()),
        "is_private": pa.array([reader is not None for reader in readers]),
        "is_forwarded": pa.array([False] * len(kept)),
        "chars": pa.array([None if text is None else len(text) for text in texts], pa.int32()),
        "words": pa.array([word_count(text) for text in texts], pa.int32()),
        "question_marks": pa.array([None if text is None else count_question_marks(text) for text in texts], pa.int32()),
        "subject": pa.array(
            [None if gone else name_in(text, context.language) or None for text, gone in zip(column("subject"), is_gone, strict=True)],
            pa.string(),
        ),
        "text": pa.array(texts, pa.string()),
    }
    yield Batch("messages", pa.table(table))
    private = [place for place, reader in enumerate(readers) if reader is not None]
    if private:
        columns = {
            "message_id": pa.array([ids[place] for place in private], pa.string()),
            "account_id": addressed.take(pa.array(private)),
            "role": pa.array(["to"] * len(private)),
        }
        yield Batch("addressees", pa.table(columns), counted=False)
