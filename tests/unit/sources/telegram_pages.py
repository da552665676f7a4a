"""Pages as Telegram Desktop's HTML export writes them (``export_output_html.cpp``), made of messages in the shape of its JSON export.

Only what the reader may look at is faithful: nesting, classes, ids, white space, escaping, joined messages, date lines. Pages hold fewer
messages than the real thousand so that a fixture has several.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

JOIN_WITHIN = timedelta(seconds=900)
ZONE = timezone(timedelta(hours=3))
_TAGS = {"bold": "strong", "italic": "em", "code": "code", "pre": "pre", "underline": "u", "strikethrough": "s", "blockquote": "blockquote"}
_LINKS = {"link", "text_link", "mention", "mention_name", "hashtag", "email", "phone", "bot_command", "cashtag", "custom_emoji"}


class Page:
    """Tags as the exporter's ``pushTag`` and ``popTag`` write them."""

    def __init__(self) -> None:
        self.text, self._open = "<!DOCTYPE html>", list[tuple[str, bool]]()

    def push(self, tag: str, inline: bool = False, empty: bool = False, **attributes: str) -> None:
        inner = "".join(f' {name.rstrip("_")}="{escaped(value)}"' for name, value in sorted(attributes.items()))
        start = f"<{tag}{inner}{'/' if empty else ''}>"
        self.text += start if inline else f"\n{' ' * len(self._open)}{start}\n"
        if not empty:
            self._open.append((tag, inline))

    def pop(self, count: int = 1) -> None:
        for _ in range(count):
            tag, inline = self._open.pop()
            self.text += f"</{tag}>" if inline else f"\n{' ' * len(self._open)}</{tag}>\n"

    def div(self, classes: str, words: str | None = None) -> None:
        self.push("div", class_=classes)
        if words is not None:
            self.text += words
            self.pop()

    def end(self) -> str:
        self.pop(len(self._open))
        return self.text


def escaped(text: str) -> str:
    return html.escape(text, quote=True).replace("&#x27;", "&apos;").replace("\n", "<br>")


def formatted(text: Any) -> str:
    """``FormatText``: entities as tags."""
    parts = []
    for part in [text] if isinstance(text, str) else text:
        if isinstance(part, str):
            parts.append(escaped(part))
            continue
        words, kind = escaped(part["text"]), part["type"]
        if kind in _TAGS:
            words = f"<{_TAGS[kind]}>{words}</{_TAGS[kind]}>"
        elif kind in _LINKS:
            words = f'<a href="">{words}</a>'
        elif kind == "spoiler":
            words = f'<span class="spoiler hidden" onclick="ShowSpoiler(this)"><span aria-hidden="true">{words}</span></span>'
        parts.append(words)
    return "".join(parts)


def write_pages(folder: Path, title: str, messages: Iterable[dict[str, Any]], per_page: int = 1000) -> None:
    """``messages.html`` and so on for messages of one chat."""
    folder.mkdir(parents=True, exist_ok=True)
    messages = list(messages)
    lines, last_ids = 0, list[int]()
    starts = range(0, max(1, len(messages)), per_page)
    for index, start in enumerate(starts):
        page = Page()
        page.push("html")
        page.push("head")
        page.push("meta", charset="utf-8", empty=True)
        page.pop()
        page.push("body", onload="CheckLocation();")
        page.div("page_wrap")
        page.div("page_header")
        page.div("content")
        page.div("text bold", escaped(f"{title} "))
        page.pop(2)
        page.div("page_body chat_page")
        page.div("history")
        previous: dict[str, Any] | None = None
        for message in messages[start : start + per_page]:
            day = _at(message).date()
            if previous is None or _at(previous).date() != day:
                lines += 1
                _service(page, -lines, f"{day.day} {day:%B} {day.year}")
            _message(page, message, previous, last_ids)
            previous = message
        if index + 1 < len(starts):
            page.push("a", class_="pagination block_link", href=_name(index + 1))
            page.text += "Next messages"
            page.pop()
        if previous is not None:
            last_ids.append(previous["id"])
        (folder / _name(index)).write_text(page.end(), encoding="utf-8")


def _name(index: int) -> str:
    return f"messages{index + 1 if index else ''}.html"


def _at(message: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(message["date_unixtime"]), UTC).astimezone(ZONE)


def _stamp(at: datetime) -> str:
    return f"{at:%d.%m.%Y %H:%M:%S} UTC+03:00"


def _link(number: int, words: str, last_ids: Sequence[int]) -> str:
    page = next((index for index, last in enumerate(last_ids) if number <= last), None)
    if page is None:
        return f'<a href="#go_to_message{number}" onclick="return GoToMessage({number})">{words}</a>'
    return f'<a href="{_name(page)}#go_to_message{number}">{words}</a>'


def _service(page: Page, number: int, words: str) -> None:
    page.push("div", class_="message service", id=f"message{number}")
    page.div("body details", words)
    page.pop()


def _message(page: Page, message: dict[str, Any], previous: dict[str, Any] | None, last_ids: Sequence[int]) -> None:
    if message["type"] == "unsupported":
        text = "This message is not supported by this version of Telegram Desktop. Please update the application."
        return _service(page, message["id"], text)
    if message["type"] == "service":
        actor = escaped(message.get("actor") or "Deleted")
        words = {
            "pin_message": lambda: f"{actor} pinned {_link(message['message_id'], 'this message', last_ids)}",
            "topic_created": lambda: f"{actor} created topic &laquo;{escaped(message['title'])}&raquo;",
            "invite_members": lambda: f"{actor} invited {escaped(', '.join(message['members']))}",
        }[message["action"]]()
        return _service(page, message["id"], words)
    name = message["from"] or "Deleted Account"
    keys = ("from_id", "forwarded_from")
    is_joined = (
        previous is not None
        and previous["type"] == "message"
        and all(previous.get(key) == message.get(key) for key in keys)
        and _at(previous).date() == _at(message).date()
        and _at(message) - _at(previous) <= JOIN_WITHIN
    )
    page.push("div", class_="message default clearfix" + (" joined" if is_joined else ""), id=f"message{message['id']}")
    if not is_joined:
        _userpic(page, "pull_left userpic_wrap", name)
    page.div("body")
    page.push("div", class_="pull_right date details", title=_stamp(_at(message)))
    page.text += f"{_at(message):%H:%M}"
    page.pop()
    if not is_joined:
        page.div("from_name", escaped(name) + (f" via {message['via_bot']}" if "via_bot" in message else ""))
    is_forwarded = "forwarded_from" in message
    if is_forwarded:
        original = message["forwarded_from"] or "Deleted Account"
        _userpic(page, "pull_left forwarded userpic_wrap", original)
        page.div("forwarded body")
        stamp = _stamp(_at(message) - timedelta(days=1))
        page.div("from_name", f'{escaped(original)}<span class="date details" title="{stamp}"> {stamp[:19]}</span>')
    if "reply_to_message_id" in message:
        target = (
            "a message in another chat"
            if "reply_to_peer_id" in message
            else _link(message["reply_to_message_id"], "this message", last_ids)
        )
        page.div("reply_to details", f"In reply to {target}")
    _media(page, message)
    if message["text"]:
        page.div("text", formatted(message["text"]))
    if is_forwarded:
        page.pop()
    if "reactions" in message:
        page.push("span", class_="reactions")
        for reaction in message["reactions"]:
            page.push("span", class_="reaction")
            page.push("span", class_="emoji")
            page.text += reaction["emoji"]
            page.pop()
            recent = reaction.get("recent", [])
            if recent:
                page.push("span", class_="userpics")
                for one in recent:
                    page.push("div", class_="userpic userpic1", style="width: 20px; height: 20px")
                    page.push("div", class_="initials", style="line-height: 20px", title=one["from"])
                    page.text += one["from"][:1]
                    page.pop(2)
                page.pop()
            if reaction["count"] > len(recent):
                page.push("span", class_="count")
                page.text += str(reaction["count"])
                page.pop()
            page.pop()
        page.pop()
    page.pop(2)
    return None


def _userpic(page: Page, classes: str, name: str) -> None:
    page.div(classes)
    page.push("div", class_="userpic userpic4", style="width: 42px; height: 42px")
    page.push("div", class_="initials", style="line-height: 42px")
    page.text += escaped(name[:1])
    page.pop(3)


def _media(page: Page, message: dict[str, Any]) -> None:
    if poll := message.get("poll"):
        page.div("media_wrap clearfix")
        page.div("media_poll")
        page.div("question bold", formatted(poll["question"]))
        page.div("details", "Anonymous poll")
        for answer in poll["answers"]:
            votes = f' <span class="details">{answer["voters"]} votes</span>' if answer["voters"] else ""
            page.div("answer", f"- {formatted(answer['text'])}{votes}")
        page.div("total details\t", f"{poll['total_voters']} votes")
        page.pop(2)
    elif "photo" in message:
        page.div("media_wrap clearfix")
        page.push("a", class_="photo_wrap clearfix pull_left", href=message["photo"])
        page.push("img", class_="photo", src=message["photo"], empty=True)
        page.pop(2)
    elif "file" in message:
        kind = {"voice_message": "media_voice_message", "sticker": "media_photo"}.get(message.get("media_type", ""), "media_file")
        page.div("media_wrap clearfix")
        page.push("a", class_=f"media clearfix pull_left block_link {kind}", href=message["file"])
        page.div("fill pull_left", "")
        page.div("body")
        page.div("title bold", "Sticker" if message.get("media_type") == "sticker" else escaped(message.get("file_name", "File")))
        page.div("status details", "2.0 KB")
        page.pop(3)
