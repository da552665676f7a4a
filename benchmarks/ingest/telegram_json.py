"""Speed of the Telegram reader on a large export beside general JSON readers on the same file: Markdown for docs/evaluation.md.

``python -m benchmarks.ingest.telegram_json`` writes a supergroup's ``result.json`` of two million invented messages as Telegram Desktop
writes it (one key a line), reads it with ``telegram`` (nothing is loaded: the reader alone), with ``json.load`` into a pandas frame and with
DuckDB's ``read_json``, each in a process of its own, and prints messages per second and peak memory. The last two only parse: they flatten
no text, count no words, give no ids and hide no names. The invented messages are shaped like a real course chat: three in ten answer
another, one in fifteen was edited, one in six has entities in its text, one in ten a reaction, one in twelve a file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from benchmarks.ingest.contest import peak_mb
from benchmarks.ingest.csv_log import table

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


def _read_with_reader(path: Path) -> int:
    from pipelines.programme import Source
    from pipelines.pseudonyms import Pseudonyms
    from pipelines.sources.chats.telegram import TelegramReader
    from pipelines.sources.reading import Batch, Context, Item

    context = Context(Pseudonyms(b"a key for benchmarks only"), ZoneInfo("Europe/Moscow"), "ru")
    reader = TelegramReader()
    events = reader.read(Source(name="chat", kind=reader.kind, path=path), Item(path.name, path), context)
    return sum(event.table.num_rows for event in events if isinstance(event, Batch) and event.record == "messages")


def _read_with_pandas(path: Path) -> int:
    import pandas as pd

    with path.open(encoding="utf-8") as file:
        return len(pd.DataFrame(json.load(file)["messages"]))


def _read_with_duckdb(path: Path) -> int:
    import duckdb

    connection = duckdb.connect()
    # The whole export is one JSON object, and DuckDB has to hold it whole.
    size = path.stat().st_size + (1 << 20)
    connection.execute(
        f"create table messages as select unnest(messages) from read_json(?, format = 'unstructured', maximum_object_size = {size})",
        [str(path)],
    )
    return int(connection.execute("select count(*) from messages").fetchall()[0][0])


READERS = {
    "telegram (this reader)": _read_with_reader,
    "json.load and pandas": _read_with_pandas,
    "DuckDB read_json into a table": _read_with_duckdb,
}


def measure(path: Path, names: tuple[str, ...] = tuple(READERS), repeats: int = 1) -> list[dict[str, float | int | str]]:
    """Seconds of wall and of CPU, messages and peak resident memory (MB) of each reader, each in a fresh process; the best of ``repeats``.

    A reader that gives up (memory, limits of its own) has no messages.
    """
    figures: list[dict[str, float | int | str]] = []
    for name in names:
        runs = []
        for _ in range(repeats):
            command = [sys.executable, "-m", "benchmarks.ingest.telegram_json", "--one", name, "--path", str(path)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode == 0:
                runs.append(json.loads(done.stdout))
        figures.append(min(runs, key=lambda run: run["seconds"]) if runs else {**_NOTHING, "name": f"{name}: gave up"})
    return figures


_NOTHING: dict[str, float | int | str] = {"rows": 0, "seconds": float("inf"), "cpu": float("inf"), "peak_mb": float("nan")}


def _one(name: str, path: Path) -> dict[str, float | int | str]:
    start, cpu = time.perf_counter(), time.process_time()
    rows = READERS[name](path)
    return {
        "name": name,
        "rows": rows,
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "peak_mb": peak_mb(),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--path", type=Path, help="an existing file to read; left out: one is written and removed")
    parser.add_argument("--one", choices=READERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_one(options.one, options.path)))
        return
    if options.path:
        print(table(measure(options.path, repeats=options.repeats)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        write_export(path, options.messages)
        print(f"{path.stat().st_size / 1e6:.0f} MB")
        print(table(measure(path, repeats=options.repeats)))


if __name__ == "__main__":
    main()
