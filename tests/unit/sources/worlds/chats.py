"""Messages as chats and mailboxes export them."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from tests.unit.sources.worlds.happening import PEOPLE, Export, Thing, World

_MONTHS = ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")


def name_of(who: int) -> str:
    return " ".join(PEOPLE[who])


def answered(thing: Thing, things: Sequence[Thing]) -> Thing | None:
    """Every third message answers what begins its export's day; that is never taken away."""
    return next(other for other in things if other.at.date() == thing.at.date()) if thing.number % 3 == 0 else None


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _write_lines(path: Path, objects: Sequence[object]) -> None:
    path.write_text("".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in objects), encoding="utf-8")


def telegram(world: World, export: Export, folder: Path) -> None:
    things = export.standing(world)
    messages: list[dict[str, Any]] = []
    for thing in things:
        message: dict[str, Any] = {
            "id": thing.number, "type": "message", "date": f"{thing.local:%Y-%m-%dT%H:%M:%S}", "date_unixtime": str(int(thing.at.timestamp())),
            "from": name_of(thing.who), "from_id": f"user{100 + thing.who}", "text": thing.words(export.made),
        }  # fmt: skip
        if thing.is_changed(export.made):
            message |= {"edited": "x", "edited_unixtime": str(int(thing.edited.timestamp()))}
        if other := answered(thing, things):
            message["reply_to_message_id"] = other.number
        messages.append(message)
    _write_json(folder / "result.json", {"name": "Поток 1", "type": "private_supergroup", "id": 700, "messages": messages})


def whatsapp(world: World, export: Export, folder: Path) -> None:
    # An edited message is another one to the reader, and the earlier has vanished: there are no ids.
    lines = [
        f"{thing.local:%d.%m.%Y, %H:%M} - {name_of(thing.who)}: {thing.words(export.made)}"
        + (" <This message was edited>" if thing.is_changed(export.made) else "")
        for thing in export.standing(world)
    ]
    (folder / "WhatsApp Chat with Поток 1.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def vk(world: World, export: Export, folder: Path) -> None:
    def said(moment: datetime) -> str:
        return f"{moment.day} {_MONTHS[moment.month - 1]} {moment:%Y} в {moment:%H:%M:%S}"

    owner = base64.b64encode(json.dumps({"user_id": 100, "time_current": int(export.made.timestamp()), "lang": "ru"}).encode()).decode()
    messages = []
    for thing in reversed(export.standing(world)):
        by = f'<a href="https://vk.com/id{100 + thing.who}">{name_of(thing.who)}</a>' if thing.who else "Вы"
        edited = (
            f"<span class='message-edited' title='{said(thing.edited.astimezone(thing.local.tzinfo))}'> (ред.)</span>"
            if thing.is_changed(export.made)
            else ""
        )
        messages.append(
            f'<div class="item"><div class="item__main"><div class="message" data-id="{thing.number}">\n'
            f'  <div class="message__header">{by}, {said(thing.local)}{edited}</div>\n'
            f'  <div>{thing.words(export.made)}<div class="kludges"></div></div>\n</div></div></div>\n'
        )
    page = (
        f'<!DOCTYPE html>\n<html><head><meta charset="windows-1251" /><meta name="jd" content="{owner}"><title>VK</title></head><body>'
        f'<div class="wrap"><div class="ui_crumb">Профиль</div><div class="ui_crumb">Поток 1</div>{"".join(messages)}</div></body></html>'
    )
    path = folder / "archive" / "messages" / "2000000005" / "messages0.html"
    path.parent.mkdir(parents=True)
    path.write_text(page, encoding="cp1251")
    index = (
        page.partition('<div class="item">')[0]
        + '<div class="message-peer--id"><a href="2000000005/messages0.html">Поток 1</a></div></div></body></html>'
    )
    (path.parent.parent / "index-messages.html").write_text(index, encoding="cp1251")


def slack(world: World, export: Export, folder: Path) -> None:
    def stamp(moment: datetime, number: int) -> str:
        return f"{int(moment.timestamp())}.{number:06}"

    users = [
        {"id": f"U0{who}", "name": f"user{who}", "profile": {"real_name": name_of(who), "email": f"user{who}@example.org"}}
        for who in range(len(PEOPLE))
    ]
    _write_json(folder / "export" / "users.json", users)
    _write_json(folder / "export" / "channels.json", [{"id": "C01", "name": "potok", "members": [user["id"] for user in users]}])
    things = export.standing(world)
    days: dict[str, list[dict[str, Any]]] = {}
    roots = [other for thing in things if (other := answered(thing, things))]
    for thing in things:
        message: dict[str, Any] = {
            "type": "message", "user": f"U0{thing.who}", "text": thing.words(export.made), "ts": stamp(thing.at, thing.number),
        }  # fmt: skip
        if thing.is_changed(export.made):
            message["edited"] = {"user": f"U0{thing.who}", "ts": stamp(thing.edited, 0)}
        if other := answered(thing, things):
            message["thread_ts"] = stamp(other.at, other.number)
        elif thing in roots:
            message["thread_ts"] = message["ts"]
        days.setdefault(f"{thing.at:%Y-%m-%d}", []).append(message)
    for day, messages in days.items():
        _write_json(folder / "export" / "potok" / f"{day}.json", messages)


def mattermost(world: World, export: Export, folder: Path) -> None:
    things = export.standing(world)

    def post(thing: Thing) -> dict[str, Any]:
        content: dict[str, Any] = {
            "user": f"user{thing.who}", "message": thing.words(export.made), "create_at": int(thing.at.timestamp() * 1000),
        }  # fmt: skip
        if thing.is_changed(export.made):
            content["edit_at"] = int(thing.edited.timestamp() * 1000)
        return content

    lines: list[dict[str, Any]] = [
        {"type": "version", "version": 1, "info": {"generator": "mattermost-server"}},
        {"type": "team", "team": {"name": "school", "display_name": "Школа"}},
        {"type": "channel", "channel": {"team": "school", "name": "potok", "display_name": "Поток 1", "type": "O"}},
        *({"type": "user", "user": {"username": f"user{who}", "email": f"user{who}@example.org"}} for who in range(len(PEOPLE))),
    ]
    for thing in things:
        if answered(thing, things) is None:
            replies = [post(other) for other in things if answered(other, things) == thing]
            lines.append({"type": "post", "post": {"team": "school", "channel": "potok", **post(thing), "replies": replies}})
    _write_lines(folder / "bulk.jsonl", lines)


def rocketchat(world: World, export: Export, folder: Path) -> None:
    def moment(at: datetime) -> dict[str, str]:
        return {"$date": f"{at:%Y-%m-%dT%H:%M:%S}.000Z"}

    people = [{"_id": f"u{who}aaaaaaaaaaaaaaa", "username": f"user{who}", "name": name_of(who)} for who in range(len(PEOPLE))]
    things = export.standing(world)
    messages: list[dict[str, Any]] = []
    for thing in things:
        message: dict[str, Any] = {
            "_id": f"m{thing.number}", "rid": "GENERAL1", "msg": thing.words(export.made), "ts": moment(thing.at), "u": people[thing.who],
        }  # fmt: skip
        if thing.is_changed(export.made):
            message |= {"editedAt": moment(thing.edited), "editedBy": people[thing.who]}
        if other := answered(thing, things):
            message["tmid"] = f"m{other.number}"
        messages.append(message)
    place = folder / "export"
    place.mkdir()
    _write_lines(place / "rocketchat_message.json", messages)
    _write_lines(place / "users.json", [{**person, "type": "user", "active": True} for person in people])
    _write_lines(place / "rocketchat_room.json", [{"_id": "GENERAL1", "t": "c", "name": "potok", "usersCount": 3}])


def max_chat(world: World, export: Export, folder: Path) -> None:
    # Newest first; an edit shows in the words alone.
    things = export.standing(world)
    messages: list[dict[str, Any]] = []
    for thing in reversed(things):
        first, last = PEOPLE[thing.who]
        message: dict[str, Any] = {
            "sender": {"user_id": 100 + thing.who, "first_name": first, "last_name": last, "is_bot": False},
            "recipient": {"chat_id": -70, "chat_type": "chat"},
            "timestamp": int(thing.at.timestamp() * 1000),
            "body": {"mid": f"mid.{thing.number}", "seq": thing.number, "text": thing.words(export.made), "attachments": None},
        }
        if other := answered(thing, things):
            message["link"] = {"type": "reply", "chat_id": -70, "message": {"mid": f"mid.{other.number}", "seq": other.number}}
        messages.append(message)
    _write_json(folder / "messages.json", {"messages": messages})


def discord(world: World, export: Export, folder: Path) -> None:
    things = export.standing(world)
    messages: list[dict[str, Any]] = []
    for thing in things:
        other = answered(thing, things)
        messages.append(
            {
                "id": str(1000 + thing.number),
                "type": "Reply" if other else "Default",
                "timestamp": thing.local.isoformat(),
                "timestampEdited": thing.edited.isoformat() if thing.is_changed(export.made) else None,
                "isPinned": False,
                "content": thing.words(export.made),
                "author": {"id": str(thing.who), "name": f"user{thing.who}", "nickname": name_of(thing.who), "isBot": False},
                "attachments": [],
                "embeds": [],
                "stickers": [],
                "reactions": [],
                "mentions": [],
                **({"reference": {"messageId": str(1000 + other.number), "channelId": "500", "guildId": "900"}} if other else {}),
            }
        )
    channel = {"id": "500", "type": "GuildTextChat", "categoryId": "400", "category": "Курсы", "name": "potok", "topic": None}
    head = {"guild": {"id": "900", "name": "Школа"}, "channel": channel, "exportedAt": export.made.isoformat()}
    _write_json(folder / "potok.json", {**head, "messages": messages})


def _mail(thing: Thing, things: Sequence[Thing]) -> str:
    other = answered(thing, things)
    fields = {
        "Received": f"from a by b; {format_datetime(thing.shown)}",
        "Date": format_datetime(thing.local),
        "From": f"User <user{thing.who}@example.org>",
        "To": "kira@example.org" if thing.number % 2 else "kira@example.org, list@example.org",
        "Subject": f"Question {thing.number}",
        "Message-ID": f"<{thing.number}@example.org>",
        **({"In-Reply-To": f"<{other.number}@example.org>", "References": f"<{other.number}@example.org>"} if other else {}),
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items()) + "\nbody\n"


def mbox(world: World, export: Export, folder: Path) -> None:
    # A mail is never changed, and one that is in the mailbox no more was moved, not unwritten; it may come days after it was sent.
    things = export.logged(world)
    mails = [f"From user@example.org {thing.shown:%a %b %d %H:%M:%S %Y}\n{_mail(thing, things)}\n" for thing in things]
    (folder / "inbox.mbox").write_text("".join(mails), encoding="utf-8")


def maildir(world: World, export: Export, folder: Path) -> None:
    for name in ("cur", "new", "tmp"):
        (folder / "inbox" / name).mkdir(parents=True)
    things = export.logged(world)
    for thing in things:
        # Read on the day after it came.
        is_read = thing.shown + timedelta(days=1) <= export.made
        name = f"{int(thing.shown.timestamp())}.M{thing.number}.host"
        place = folder / "inbox" / "cur" / f"{name}:2,S" if is_read else folder / "inbox" / "new" / name
        place.write_text(_mail(thing, things), encoding="utf-8")
