"""A course chat as Telegram Desktop exports it (``result.json``)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.simulation.behaviour import moscow

_LINK = re.compile(r"https?://\S+")
_NO_FILE = "(File not included. Change data exporting settings to download.)"


@dataclass
class Entry:
    """One message before it has an id; ``id`` is set when the chat is written (None: it lies after the plan's day)."""

    at: int
    uid: int
    name: str
    text: str = ""
    reply_to: Entry | None = None
    mention: tuple[int, str] | None = None
    action: str | None = None
    more: dict[str, object] = field(default_factory=dict)
    id: int | None = None


def _parts(entry: Entry) -> list[dict[str, object]]:
    parts: list[dict[str, object]] = []
    if entry.mention:
        uid, name = entry.mention
        parts.append({"type": "mention_name", "text": name, "user_id": uid})
        parts.append({"type": "plain", "text": ", "})
    at = 0
    for link in _LINK.finditer(entry.text):
        if link.start() > at:
            parts.append({"type": "plain", "text": entry.text[at : link.start()]})
        parts.append({"type": "link", "text": link[0]})
        at = link.end()
    if at < len(entry.text):
        parts.append({"type": "plain", "text": entry.text[at:]})
    return parts


def write_chat(folder: Path, *, chat_id: int, name: str, entries: list[Entry], until: int) -> int:
    """Write ``result.json``; gives every entry that is not after ``until`` its id. Returns the number of messages."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = [entry for _, entry in sorted(enumerate(entries), key=lambda pair: (pair[1].at, pair[0]))]
    number = 0
    for place, entry in enumerate(ordered):
        # messages deleted before the export leave gaps
        number += 2 if (place * 2654435761 + chat_id) % 53 == 0 else 1
        entry.id = number if entry.at <= until else None
    messages = []
    for entry in ordered:
        if entry.id is None:
            continue
        clock = moscow(entry.at)
        row: dict[str, object] = {
            "id": entry.id,
            "type": "service" if entry.action else "message",
            "date": clock.isoformat(),
            "date_unixtime": str(entry.at),
        }
        if entry.action:
            row |= {
                "actor": entry.name,
                "actor_id": f"user{entry.uid}",
                "action": entry.action,
                **entry.more,
                "text": "",
                "text_entities": [],
            }
            if entry.action == "pin_message":
                row["message_id"] = entry.reply_to.id if entry.reply_to else None
            messages.append(row)
            continue
        more = dict(entry.more)
        if "edited" in more:
            edited = int(str(more.pop("edited")))
            row |= {"edited": moscow(edited).isoformat(), "edited_unixtime": str(edited)}
        row |= {"from": entry.name, "from_id": f"user{entry.uid}"}
        if entry.reply_to is not None and entry.reply_to.id is not None:
            row["reply_to_message_id"] = entry.reply_to.id
        reactions = more.pop("reactions", None)
        row |= more
        parts = _parts(entry)
        if not parts:
            row |= {"text": "", "text_entities": []}
        elif len(parts) == 1 and parts[0]["type"] == "plain":
            row |= {"text": parts[0]["text"], "text_entities": parts}
        else:
            row |= {"text": [part["text"] if part["type"] == "plain" else part for part in parts], "text_entities": parts}
        if reactions:
            row["reactions"] = reactions
        messages.append(row)
    text = json.dumps({"name": name, "type": "private_supergroup", "id": chat_id, "messages": messages}, ensure_ascii=False, indent=1)
    (folder / "result.json").write_text(text, encoding="utf-8")
    return len(messages)


def media(kind: str, pick: int) -> dict[str, object]:
    """Fields of a message without words: sticker, photo, voice, file."""
    if kind == "sticker":
        return {
            "file": _NO_FILE,
            "thumbnail": _NO_FILE,
            "media_type": "sticker",
            "sticker_emoji": "❤️👍😂🌷🙏"[pick % 5],
            "width": 512,
            "height": 512,
        }
    if kind == "photo":
        return {"photo": _NO_FILE, "width": 960, "height": 1280}
    if kind == "voice":
        return {"file": _NO_FILE, "media_type": "voice_message", "mime_type": "audio/ogg", "duration_seconds": 4 + pick % 90}
    return {
        "file": _NO_FILE,
        "file_name": ("Заявление.docx", "Расписание.pdf", "Программа курса.pdf")[pick % 3],
        "mime_type": "application/pdf",
    }
