"""Mattermost's compliance export as CSV: one row per post, per file of a post and per person who came, left or was there; and the table of one channel
that anybody may export who is in it ("Channel Export", a plug-in of Mattermost's): one row per post.

What the format does, and what is made of it (``enterprise/message_export/csv_export`` of mattermost/mattermost):

- A batch is a ZIP with ``posts.csv``, the files below ``files/<post>/`` and ``metadata.json``; the table alone is read too. Columns are known by
  their titles; older versions lack the last ones, and rows of files are one cell short.
- Team, channel, user name and moment are the ones of the bulk export: the same post has the same id in both (:mod:`pipelines.sources.chats.mattermost`).
  Members of a direct conversation are those who wrote, came or were there in the batch.
- Edits are rows of their own, which name the post that they are an earlier state of: rejected, the post itself stands beside them.
- A deletion repeats the post with "delete " before its words and its own moment.
- "enter" and "leave" are service messages; "previously-joined", stamped with the beginning of the batch, is none.
- A batch holds what was written or changed since the last one: nothing is taken for deleted because it lacks it.

The table of a channel (``server/csv.go`` of mattermost/mattermost-plugin-channel-export) is called as the channel is in addresses, and says neither its team nor
its title: its posts are others than those of the exports of a server, so keep one of the two. Its newest posts come first, times are written out
("2026-11-22 11:01:00.25 +0000 UTC"). Who answers whom stood in it until 2023 only, and so did nicknames in the place of user names.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime

from pipelines.errors import BadFile
from pipelines.sources.chats.chat_rows import Chat, ChatRows, from_epoch, media_of
from pipelines.sources.formats.archives import Tree, buffered
from pipelines.sources.formats.plain_text import storable
from pipelines.sources.reading import Event, Rejected

TABLE = "posts.csv"
WHAT = "a Mattermost compliance export (posts.csv)"
EARLIER = "an earlier state of a message that was edited"
_COLUMNS = {
    "at": "Post Creation Time", "team": "Team Name", "channel": "Channel Name", "title": "Channel Display Name", "kind": "Channel Type",
    "email": "User Email", "user": "Username", "post": "Post Id", "edited": "Edited By Post Id", "root": "Replied to Post Id", "text": "Post Message",
    "type": "Post Type", "user_type": "User Type",
}  # fmt: skip
_OPTIONAL = frozenset(("edited", "user_type"))
#: Of the table of a channel; what is not there says nothing.
_OF_A_CHANNEL = {
    "at": "Post Creation Time", "user_id": "User Id", "email": "User Email", "user_type": "User Type", "user": "User Name", "post": "Post Id",
    "root": "Parent Post Id", "text": "Post Message", "type": "Post Type",
}  # fmt: skip
_WRITTEN_OUT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,9}))? ([+-]\d{4})(?: [^\s]+)?(?: m=.*)?", re.ASCII)
_MILLIS = 1000
_DIRECT = frozenset(("direct", "group"))
_CAME, _WAS_THERE = frozenset(("enter", "leave")), "previously-joined"
_FILE, _FILE_GONE = "attachment", "deleted attachment"
_DELETED = "delete "

Row = dict[str, str]


def read_posts(
    tree: Tree,
    name: str,
    rows: ChatRows,
    chat_of: Callable[[str, str, list[str], Row], Chat],
    number_of: Callable[[Chat, str, str], str],
    is_service: Callable[[str], bool],
    mentioned: Callable[[str, set[str]], list[str]],
) -> Iterator[Event]:
    """The events of one table. ``chat_of``: of team, channel and the members of a direct conversation; ``number_of``: of chat, moment and author;
    ``mentioned``: which of these users are named in a text. Raises BadFile for another table, or one that is cut off.
    """
    found = list(_rows(tree, name))
    if found and "user_id" in found[0][1]:
        found = [(line, _as_of_a_server(row, name)) for line, row in reversed(found)]
    members: dict[str, set[str]] = defaultdict(set)
    files: dict[str, list[str]] = defaultdict(list)
    sent: dict[str, Row] = {}
    users, roots = {row["user"].lower() for _, row in found if row["user"]}, {row["root"] for _, row in found if row["root"]}
    for _, row in found:
        if row["kind"] in _DIRECT and row["user"]:
            members[row["channel"]].add(row["user"].lower())
        if row["type"] in (_FILE, _FILE_GONE):
            files[row["post"]].append(row["text"])
    for line, row in found:
        if row["type"] in (_FILE, _FILE_GONE):
            continue
        yield from rows.full()
        place = f"line {line}"
        rows.seen()
        author, at = row["user"].lower(), from_epoch(row["at"], per_second=_MILLIS)
        reason = (
            "no channel" if not row["channel"]
            else "no author" if not author
            else "no readable date" if at is None
            else EARLIER if row["edited"] and row["edited"] != row["post"]
            else "no post: somebody was there already" if row["type"] == _WAS_THERE
            else None
        )  # fmt: skip
        if reason or at is None:
            yield Rejected("messages", place, reason or "")
            continue
        direct = sorted(members[row["channel"]]) if row["kind"] in _DIRECT else []
        chat = chat_of(row["team"], row["channel"], direct, row)
        rows.met(
            author, None, at, username=author, email=row["email"].lower() if "@" in row["email"] else None,
            is_bot=row["user_type"] == "bot" or None,
        )  # fmt: skip
        before = sent.get(row["post"]) if row["post"] else None
        is_deletion = before is not None and row["text"].startswith(_DELETED)
        first = before if is_deletion and before else row
        if row["post"]:
            sent.setdefault(row["post"], row)
        came = row["type"] in _CAME
        number = number_of(chat, first["at"], author if not came else f"{author}\x1f{row['type']}")
        root = sent.get(row["root"])
        root_id = rows.message_id(chat, number_of(chat, root["at"], root["user"].lower())) if root else None
        attached = files.get(row["post"], []) if row["post"] else []
        message_id = rows.message(
            chat,
            number,
            author,
            from_epoch(first["at"], per_second=_MILLIS) or at,
            first["text"],
            thread=root_id or (rows.message_id(chat, number) if row["post"] in roots else None),
            reply_to=root_id,
            deleted_at=at if is_deletion else None,
            is_service=came or is_service(row["type"]),
            media=media_of(attached[0].rpartition(" (files/")[0]) if attached else None,
        )
        if is_deletion:
            rows.reaches(at)
            continue
        for entry in attached:
            file, _, path = entry.rpartition(" (")
            if media_of(file) == "file":
                rows.file(chat, message_id, path.removesuffix(")"), place)
        if came or is_service(row["type"]):
            continue
        for user in mentioned(row["text"], users):
            rows.address(message_id, user, "mention")
        for member in direct:
            if member != author:
                rows.address(message_id, member, "member")


def _as_of_a_server(row: Row, name: str) -> Row:
    """A row of the table of a channel in the words of the compliance export."""
    channel = storable(unicodedata.normalize("NFC", name.rpartition("/")[2].rpartition(".")[0]))
    return {
        **dict.fromkeys(_COLUMNS, ""), **row, "at": _milliseconds(row["at"]), "user": row["user"] or row["user_id"], "channel": channel, "title": channel,
        "kind": "public",
    }  # fmt: skip


def _milliseconds(stated: str) -> str:
    """Since 1970, of a time written out; empty where it is none."""
    if not (match := _WRITTEN_OUT.fullmatch(stated)):
        return ""
    try:
        seconds = int(datetime.fromisoformat(match[1] + match[3]).timestamp())
    except ValueError:
        return ""
    return str(seconds * _MILLIS + int((match[2] or "").ljust(9, "0")[:3]))


def _rows(tree: Tree, name: str) -> Iterator[tuple[int, Row]]:
    path = tree.named(name)
    with buffered(tree, name) as content:
        reader = csv.reader(io.TextIOWrapper(content, encoding="utf-8-sig", newline=""), strict=True)
        try:
            header = next(reader, [])
            columns = _OF_A_CHANNEL if set(_OF_A_CHANNEL.values()) <= set(header) else _COLUMNS
            places = {key: header.index(title) for key, title in columns.items() if title in header}
            if lacking := [title for key, title in columns.items() if key not in places and key not in _OPTIONAL]:
                raise BadFile(
                    path,
                    place="header",
                    expected=f"{WHAT} with the column {lacking[0]!r}",
                    found="no such column" if header else "an empty file",
                )
            narrowest = max(place for key, place in places.items() if key not in _OPTIONAL)
            for cells in reader:
                if len(cells) <= narrowest:
                    raise BadFile(
                        path, place=f"line {reader.line_num}", expected="a whole row", found=f"{len(cells)} cells: the file is cut off"
                    )
                yield (
                    reader.line_num,
                    {key: storable(cells[places[key]]).strip() if key in places and places[key] < len(cells) else "" for key in columns},
                )
        except UnicodeDecodeError:
            raise BadFile(path, place=f"after line {reader.line_num}", expected="UTF-8", found="another encoding") from None
        except csv.Error:
            raise BadFile(
                path, place=f"line {reader.line_num}", expected="a table", found="an open quote: the file is damaged or cut off"
            ) from None
