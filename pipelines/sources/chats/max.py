"""MAX: group chats and channels, read by a bot that is in them (``GET /messages`` of the Bot API), or saved answers of it.

Grain: one row of ``messages`` per message; one of ``chats`` per chat or channel; one of ``accounts`` per account that wrote, is mentioned or is a
member; one of ``addressees`` per mention.

MAX lets nobody download a chat; what is documented is the Bot API (dev.max.ru/docs-api; schema: github.com/max-messenger/api-schema 0.0.33). What has to be
known about it:

- The bot sees what its rights allow: in a group it has to be an administrator with the right to read all messages.
- ``GET /chats`` lists its chats (a page is up to 100; the next one is at ``marker``), ``GET /chats/{id}`` tells of one, with the pinned message. Newer servers may
  know the second alone: then the ids stand in the source (``chats``). Ids of groups are negative.
- ``GET /messages`` gives the newest first, 100 at most, between ``after`` and ``before`` (Unix milliseconds); whether the bounds themselves are within is not
  said, so they are asked for and what is known is passed over.
- No message says when, or whether, it was edited, and what is deleted is not there. So the last days (``OVERLAP``) of a chat in which something
  happened are read again: edits become versions, what lacks is taken for deleted. Later edits and deletions are not seen.
- ``link`` is a reply or a forward, with the words of the other message; a forward may have no words of its own.
- Reactions, votes and joins are not told. People have no username; bots have.
- The service's certificate is signed by an authority that few computers know: ``certificates`` of the source names its file.

One item is one chat ("-72270307698082"), known by its last event and its number of messages; or one file with an answer of ``GET /messages``.

Not kept: places of files (they need the bot's token), buttons, markup, views, pictures of people.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from pipelines.errors import BadSource
from pipelines.programme import Source
from pipelines.sources.chats.chat_rows import Chat, ChatRows, from_epoch, id_of, media_of, records, said
from pipelines.sources.formats.delimited import delimited_items
from pipelines.sources.formats.http_client import HttpClient
from pipelines.sources.formats.json_lines import storable_value
from pipelines.sources.formats.small_files import json_of, other_json, small_content
from pipelines.sources.reading import Context, Event, Item, Rejected

WHAT = "messages as MAX's Bot API answers them (kind max)"
DEFAULT_REALM = "max"
DEFAULT_ADDRESS = "https://platform-api2.max.ru"
#: So long after its writing a message is read again: edits and deletions are seen within it.
OVERLAP = timedelta(days=3)
#: Rows of one answer at most; the service's own bound.
PAGE = 100
#: Pages of one list: fifty million messages. More is a service that hands out the same page for ever.
_PAGES_MAX = 500_000
_ENDINGS = (".json", ".json.gz")
_KINDS = {"chat": "group", "channel": "channel"}
_MEDIA = {"image": "photo", "video": "video", "audio": "voice", "sticker": "sticker", "contact": "contact", "location": "location"}
_MILLISECONDS = 1000
_THROUGH = "read_through_ms"
#: "You may not see this": of members, whom a bot may be kept from; the messages are there all the same.
_HIDDEN = frozenset((400, 403, 404))


class MaxReader:
    """Reads chats of MAX (kind "max").

    Record kinds: chats, accounts, messages (counted), addressees. Rejected, as "message N": ``not an object``, ``no id``, ``no chat``,
    ``no readable date``.
    """

    kind: ClassVar[str] = "max"
    version: ClassVar[int] = 1

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """JSON files below the source's path; without a path the chats in which the bot is active.

        Raises BadSource where there is no file, without a token and where the service refuses; SourceAway where it stays silent.
        """
        if source.path is not None:
            return delimited_items(source.path, source.name, endings=_ENDINGS)
        with _Service(source, context, self._sleep) as service:
            told = ((_number(chat.get("chat_id")), chat) for chat in service.chats())
            return [
                Item(number, fingerprint=f"{chat.get('last_event_time')} {chat.get('messages_count')} {chat.get('title')}")
                for number, chat in sorted((pair for pair in told if pair[0]), key=lambda pair: int(pair[0]))
                if chat.get("status") == "active" and said(chat, "type") in _KINDS
            ]

    def cursor(self, source: Source, item: Item, context: Context) -> Mapping[str, int]:
        """``read_through_ms``: messages from so much before it on are read next time; of files nothing."""
        if item.path is not None:
            return {}
        with _Service(source, context, self._sleep) as service:
            last = service.chat(item.name).get("last_event_time")
        return {_THROUGH: last} if isinstance(last, int) and from_epoch(last, per_second=_MILLISECONDS) else dict(context.cursor)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one chat or file. Raises BadFile for a file of anything else; BadSource and SourceAway for the service."""
        rows = ChatRows(context, source.realm or DEFAULT_REALM)
        if item.path is not None:
            for number, raw in enumerate(_saved(item.path), start=1):
                rows.seen()
                if reason := _message(raw, None, "", rows):
                    yield Rejected("messages", f"message {number}", reason)
                yield from rows.full()
            yield from rows.last(is_whole=bool(source.is_whole))
            return
        through = context.cursor.get(_THROUGH)
        after = through - OVERLAP // timedelta(milliseconds=1) if through else 0
        with _Service(source, context, self._sleep) as service:
            told = service.chat(item.name)
            chat = Chat(item.name, kind=_KINDS.get(str(told.get("type")), "group"), title=said(told, "title"))
            rows.chat(chat)
            pinned = told.get("pinned_message")
            pinned = id_of(pinned.get("body"), "mid") if isinstance(pinned, dict) else None
            for member in service.members(item.name):
                _account(member, rows, None)
            for number, raw in enumerate(service.messages(item.name, after), start=1):
                rows.seen()
                if reason := _message(raw, chat, pinned or "", rows):
                    yield Rejected("messages", f"message {number}", reason)
                yield from rows.full()
        # What is whole is the span that was asked for, not only that from the first message found to the last: either may be what was deleted.
        for bound in (after + 1 if after else None, told.get("last_event_time")):
            if moment := from_epoch(bound, per_second=_MILLISECONDS):
                rows.spoke(chat, moment)
        yield from rows.last(is_whole=True)


# -- the service --------------------------------------------------------------------------------------------------------------


class _Service:
    """The Bot API. Use as a context manager."""

    def __init__(self, source: Source, context: Context, sleep: Callable[[float], None]) -> None:
        if not context.token:
            raise BadSource(
                f"source {source.name}: neither a path in the programme file nor a bot's token in MAYAK_SOURCES__{source.name.upper()}__TOKEN"
            )
        self._source = source
        self._client = HttpClient(
            source.name,
            context.url or DEFAULT_ADDRESS,
            headers={"Authorization": context.token, "Accept": "application/json"},
            pace=source.requests_per_second,
            certificates=source.certificates,
            sleep=sleep,
        )

    def __enter__(self) -> _Service:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.__exit__()

    def chats(self) -> Iterator[dict[str, Any]]:
        """What is said of each chat: of those of the source, else of all that the service lists."""
        if self._source.chats:
            yield from (self.chat(str(number)) for number in self._source.chats)
        else:
            yield from self._pages("chats", "chats")

    def chat(self, number: str) -> dict[str, Any]:
        """What is said of one chat."""
        found = self._ask(f"chats/{number}", {})
        if not isinstance(found, dict):
            raise self._odd(f"chats/{number}")
        return found

    def members(self, number: str) -> Iterator[dict[str, Any]]:
        """Who is in a chat; nobody where the bot may not know."""
        yield from self._pages(f"chats/{number}/members", "members", empty=_HIDDEN)

    def messages(self, number: str, after: int) -> Iterator[Any]:
        """Messages of a chat from a moment (milliseconds) on, newest first, each once."""
        bounds = {"chat_id": number, "count": str(PAGE)} | ({"after": str(after)} if after else {})
        before: int | None = None
        known: set[str] = set()
        for _ in range(_PAGES_MAX):
            found = self._ask("messages", bounds | ({"before": str(before)} if before is not None else {}))
            page = found.get("messages") if isinstance(found, dict) else None
            if not isinstance(page, list):
                raise self._odd("messages")
            ids = [id_of(raw.get("body"), "mid") if isinstance(raw, dict) else None for raw in page]
            yield from (raw for raw, mid in zip(page, ids, strict=True) if mid is None or mid not in known)
            # Of what was handed over only the last page can come again.
            known = {mid for mid in ids if mid}
            moments = [raw["timestamp"] for raw in page if isinstance(raw, dict) and isinstance(raw.get("timestamp"), int)]
            if len(page) < PAGE or not moments:
                return
            if before is not None and min(moments) + 1 >= before:
                # Else the history before would be missing without a word.
                raise BadSource(f"{self._source.name}: {self._client.base.host}: pages of messages do not go back any further")
            before = min(moments) + 1
        raise BadSource(f"{self._source.name}: {self._client.base.host}: pages of messages have no end")

    def _pages(self, what: str, key: str, *, empty: frozenset[int] = frozenset()) -> Iterator[dict[str, Any]]:
        marker: Any = None
        for _ in range(_PAGES_MAX):
            found = self._ask(what, {"count": str(PAGE)} | ({"marker": str(marker)} if marker is not None else {}), empty=empty)
            if found is None:
                return
            if not isinstance(found, dict) or not isinstance(found.get(key), list):
                raise self._odd(what)
            yield from records(found, key)
            before, marker = marker, found.get("marker")
            if not isinstance(marker, int) or marker == before or not found[key]:
                return
        raise BadSource(f"{self._source.name}: {self._client.base.host}: pages of {key} have no end")

    def _ask(self, what: str, params: Mapping[str, str], *, empty: frozenset[int] = frozenset()) -> Any:
        base = self._client.base
        url = base.copy_with(path=f"{base.path.rstrip('/')}/{what}")
        return storable_value(self._client.get(url, params, empty=empty).value)

    def _odd(self, what: str) -> BadSource:
        return BadSource(
            f"{self._source.name}: {self._client.base.host}: expected what the Bot API answers to {what.split('/')[0]}; found other JSON"
        )


# -- messages -----------------------------------------------------------------------------------------------------------------


def _saved(path: Path) -> list[Any]:
    data = json_of(path, small_content(path, WHAT), WHAT)
    if not isinstance(data, dict) or not isinstance(data.get("messages"), list):
        raise other_json(path, WHAT)
    return [storable_value(raw) for raw in data["messages"]]


def _message(raw: Any, chat: Chat | None, pinned: str, rows: ChatRows) -> str | None:
    """Take one message, or say why not. ``chat`` None: the message says where it stands."""
    if not isinstance(raw, dict):
        return "not an object"
    body, link = raw.get("body"), raw.get("link")
    mid = id_of(body, "mid")
    if mid is None:
        return "no id"
    if chat is None:
        recipient = raw.get("recipient")
        number = _number(recipient.get("chat_id")) if isinstance(recipient, dict) else ""
        if not number or not isinstance(recipient, dict) or said(recipient, "chat_type") not in _KINDS:
            return "no chat"
        chat = Chat(number, kind=_KINDS[recipient["chat_type"]])
    sent_at = from_epoch(raw.get("timestamp"), per_second=_MILLISECONDS)
    if sent_at is None:
        return "no readable date"
    linked = link if isinstance(link, dict) else {}
    is_forward = linked.get("type") == "forward"
    other = linked.get("message") if isinstance(linked.get("message"), dict) else None
    words = [said(body, "text"), *([said(other, "text")] if is_forward else [])]
    answered = id_of(other, "mid") if linked.get("type") == "reply" else None
    message_id = rows.message(
        chat,
        mid,
        _account(raw.get("sender"), rows, sent_at),
        sent_at,
        "\n".join(text for text in words if text),
        reply_to=rows.message_id(_number(linked.get("chat_id")) or chat.part, answered) if answered else None,
        media=_media(body) or (_media(other) if is_forward else None),
        is_pinned=mid == pinned,
        is_forwarded=is_forward,
    )
    for mark in records(body, "markup"):
        if mark.get("type") == "user_mention" and (mentioned := id_of(mark, "user_id")):
            rows.address(message_id, mentioned, "mention")
    return None


def _account(raw: Any, rows: ChatRows, at: datetime | None) -> str | None:
    native = id_of(raw, "user_id")
    if native is None:
        return None
    parts = [part for part in (said(raw, "first_name"), said(raw, "last_name")) if part]
    rows.met(native, " ".join(parts) or said(raw, "name"), at, username=said(raw, "username"), is_bot=raw.get("is_bot") is True or None)
    rows.met(native, first_name=said(raw, "first_name"), last_name=said(raw, "last_name"))
    if joined := from_epoch(raw.get("last_access_time"), per_second=_MILLISECONDS):
        rows.met(native, last_seen_at=joined.astimezone(UTC))
    return native


def _media(body: Any) -> str | None:
    for attachment in records(body, "attachments"):
        kind = said(attachment, "type")
        if kind == "file":
            return media_of(said(attachment, "filename"))
        if kind in _MEDIA:
            return _MEDIA[kind]
    return None


def _number(value: Any) -> str:
    """A chat's id: groups' are negative; empty for anything else."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and 0 < abs(value) < 1 << 63 else ""
