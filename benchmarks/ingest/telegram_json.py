"""An invented Telegram export of any size, and the reader alone on it: a contender of ``python -m benchmarks.ingest --only telegram``.

The export is a supergroup's ``result.json`` as Telegram Desktop writes it (one key a line). Its messages are shaped like a real course chat: three
in ten answer another, one in fifteen was edited, one in six has entities in its text, one in ten a reaction, one in twelve a file. The reader
alone makes every row and loads nothing.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from pipelines.programme import Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.chats.telegram import TelegramReader
from pipelines.sources.reading import Batch, Context, Item

MESSAGES = 2_000_000
_SEED = 20261122
_PEOPLE = 1_500
_FIRST_MESSAGE, _MOST_SECONDS_BETWEEN = 1_700_000_000, 60
_WORDS = [
    "добрый",
    "день",
    "коллеги",
    "подскажите",
    "пожалуйста",
    "когда",
    "откроется",
    "следующее",
    "задание",
    "не",
    "могу",
    "найти",
    "файл",
    "спасибо",
    "получилось",
    "работа",
    "сдана",
    "проверка",
    "вебинар",
    "запись",
    "ссылка",
    "модуль",
    "тест",
    "ответ",
    "вопрос",
    "срок",
    "пятница",
    "завтра",
    "группа",
    "поток",
    "куратор",
    "тоже",
    "самое",
    "вижу",
    "ошибку",
]
#: Messages that stand in the file again and again, under other numbers, times and authors: making each anew takes longer than reading it.
_PATTERNS = 4_000


def _pattern(random: Random) -> str:
    text = " ".join(random.choices(_WORDS, k=random.randint(1, 24))).capitalize() + random.choice((".", "?", "", "!", " 🙂"))
    message: dict[str, object] = {"id": 7000001, "type": "message", "date": "7000002", "date_unixtime": "7000003"}
    if random.random() < 1 / 15:
        message |= {"edited": "7000002", "edited_unixtime": "7000003"}
    message |= {"from": "7000004", "from_id": "user7000005"}
    if random.random() < 0.3:
        message["reply_to_message_id"] = 7000006
    if random.random() < 1 / 12:
        message |= {"file": "files/a.pdf", "file_name": "работа.pdf", "file_size": 12345, "mime_type": "application/pdf"}
    if random.random() < 1 / 6:
        parts = [{"type": "plain", "text": text}, {"type": "link", "text": "https://example.org/x"}, {"type": "bold", "text": "важно"}]
        message |= {"text": [text, *parts[1:]], "text_entities": parts}
    else:
        message |= {"text": text, "text_entities": [{"type": "plain", "text": text}]}
    if random.random() < 0.1:
        message["reactions"] = [{"type": "emoji", "count": 3, "emoji": "👍"}]
    lines = json.dumps(message, ensure_ascii=False, indent=1).replace("\n", "\n  ")
    for number, name in enumerate(("{id}", "{date}", "{epoch}", "{name}", "{user}", "{answered}"), 1):
        lines = lines.replace(f"700000{number}", f"\x00{name[1:-1]}\x00")
    return lines


def write_export(path: Path, messages: int = MESSAGES) -> None:
    """A ``result.json`` of ``messages`` messages by people who do not exist; the same at every call."""
    random = Random(_SEED)
    patterns = [_pattern(random).split("\x00") for _ in range(_PATTERNS)]
    at = _FIRST_MESSAGE
    with path.open("w", encoding="utf-8") as file:
        file.write('{\n "name": "Пример-1",\n "type": "private_supergroup",\n "id": 1700000001,\n "messages": [')
        for number in range(1, messages + 1):
            at += random.randrange(_MOST_SECONDS_BETWEEN)
            user = int(_PEOPLE * random.random() ** 2)
            stated = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
            values = {
                "id": str(number),
                "date": stated,
                "epoch": str(at),
                "name": f"Имя{user} Фамилия",
                "user": str(100_000 + user),
                "answered": str(max(1, number - random.randrange(1, 60))),
            }
            pieces = random.choice(patterns)
            message = "".join(piece if place % 2 == 0 else values[piece] for place, piece in enumerate(pieces))
            file.write(("," if number > 1 else "") + "\n  " + message)
        file.write("\n ]\n}")


def read(given: str, _folder: Path) -> int:
    """Every event of the reader made and let go; returns the messages."""
    reader, path = TelegramReader(), Path(given)
    context = Context(Pseudonyms(b"a key for benchmarks only"), ZoneInfo("Europe/Moscow"), "ru")
    events = reader.read(Source(name="chat", kind=reader.kind, path=path), Item(path.name, path), context)
    return sum(event.table.num_rows for event in events if isinstance(event, Batch) and event.record == "messages")
