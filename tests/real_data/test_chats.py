"""Real exports of other chat programs: nothing lost, and what is read is what an independent count finds."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipelines.programme import Source
from pipelines.sources.chats.discord import DiscordReader
from pipelines.sources.chats.slack import SlackReader
from pipelines.sources.chats.whatsapp import WhatsAppReader
from pipelines.sources.reading import Batch, Item, Reader, Rejected, Seen
from tests.unit.sources.report_reading import CONTEXT

pytestmark = pytest.mark.real_data

MOSCOW = ZoneInfo("Europe/Moscow")
#: Messages and notices that stand in each file, counted by a pattern that knows these files only.
WHATSAPP = {
    "englishandroid24h": 50, "englishandroidampm": 50, "englishios24h": 50, "englishiosampm": 50, "germanandroid24h": 50,
    "germanandroidampm": 50, "germanios24h": 50, "germaniosampm": 50, "pokemon": 20, "rwhatsapp_sample": 9,
}  # fmt: skip
BEGIN = re.compile("^[\ufeff\u200e]*\\[?[\ufeff\u200e]*\\d{1,2}[./]\\d{1,2}[./]\\d{2,4}, \\d{1,2}:\\d{2}", re.MULTILINE)


class Loaded:
    """Rows and counts of one item."""

    def __init__(self, reader: Reader, path: Path) -> None:
        self.seen = self.kept = 0
        self.reasons: Counter[str] = Counter()
        self.tables: dict[str, list] = {}
        for event in reader.read(Source(name="chat", kind=reader.kind, path=path), Item(path.name, path), CONTEXT):
            match event:
                case Seen(_, rows):
                    self.seen += rows
                case Rejected(_, _, reason):
                    self.reasons[reason] += 1
                case Batch(record, table, counted):
                    self.tables.setdefault(record, []).extend(table.to_pylist())
                    self.kept += table.num_rows if counted else 0

    @property
    def messages(self) -> list[dict]:
        return self.tables["messages"]


@pytest.mark.parametrize("name", WHATSAPP)
def test_whatsapp_loses_no_message(name: str, real_data: Path):
    file = real_data / "chat_whatsapp" / f"{name}.txt"
    counted = len(BEGIN.findall(file.read_text("utf-8")))
    chat = Loaded(WhatsAppReader(), file)
    assert counted == WHATSAPP[name]
    assert chat.seen == chat.kept + chat.reasons.total() == counted
    assert not chat.reasons
    assert len({row["message_id"] for row in chat.messages}) == counted


@pytest.mark.parametrize("name", [name for name in WHATSAPP if name.startswith(("english", "german"))])
def test_whatsapp_tells_notices_and_media_apart_from_words(name: str, real_data: Path):
    chat = Loaded(WhatsAppReader(), real_data / "chat_whatsapp" / f"{name}.txt")
    assert {row["display_name"] for row in chat.tables["accounts"]} == {"Alice", "Bob", "Carol", "Dave", "Mallory"}
    assert Counter(row["kind"] for row in chat.messages) == {"service": 8, "post": 42}
    assert Counter(row["media"] for row in chat.messages if row["media"])["voice"] == 1
    assert Counter(row["media"] for row in chat.messages if row["media"])["location"] == 2
    times = sorted(row["sent_at"].astimezone(MOSCOW) for row in chat.messages)
    assert (times[0].date().isoformat(), times[-1].date().isoformat()) == ("2018-01-29", "2018-01-30")


def test_android_and_ios_exports_of_one_chat_agree_on_ids(real_data: Path, tmp_path: Path):
    """The files hold the same talk; what differs (words of notices, an edit by hand) has ids of its own."""
    ids = []
    for name in ("englishandroid24h", "englishios24h"):
        folder = tmp_path / name
        folder.mkdir()
        file = folder / "WhatsApp Chat with Test.txt"
        file.write_bytes((real_data / "chat_whatsapp" / f"{name}.txt").read_bytes())
        ids.append({row["message_id"] for row in Loaded(WhatsAppReader(), file).messages})
    assert len(ids[0] & ids[1]) >= 40


def test_every_header_that_a_public_reader_knows_is_read(real_data: Path, tmp_path: Path):
    formats = json.loads((real_data / "chat_whatsapp" / "header_format_support.json").read_text())
    moments = [
        datetime(2026, 11, day, hour, minute, tzinfo=MOSCOW) for day, hour, minute in ((2, 9, 5), (13, 0, 7), (25, 12, 30), (30, 23, 59))
    ]
    assert len(formats) == 96
    for number, entry in enumerate(formats):
        header = entry["format"].replace("%name:", "Anna Example:")
        file = tmp_path / f"{number}.txt"
        file.write_text("".join(moment.strftime(header) + f" words {place}\n" for place, moment in enumerate(moments)), "utf-8")
        chat = Loaded(WhatsAppReader(), file)
        assert [row["sent_at"] for row in chat.messages] == moments, entry["format"]
        assert [row["text"] for row in chat.messages] == [f"words {place}" for place in range(len(moments))]


def test_slack_loses_no_message(real_data: Path):
    path = real_data / "chat_slack_export" / "testarchive.zip"
    with zipfile.ZipFile(path) as archive:
        days = [name for name in archive.namelist() if re.fullmatch(r"[\w-]+/\d{4}-\d\d-\d\d\.json", name)]
        messages = [message for name in days for message in json.loads(archive.read(name))]
        people = json.loads(archive.read("users.json"))
    export = Loaded(SlackReader(), path)
    assert export.seen == export.kept + export.reasons.total() == len(messages)
    assert len({row["message_id"] for row in export.messages}) == len(messages)
    posts = sum(message.get("subtype") in (None, "bot_message", "file_share", "file_comment", "me_message") for message in messages)
    assert sum(row["kind"] == "post" for row in export.messages) == posts
    assert {row["native_id"] for row in export.tables["accounts"]} >= {person["id"] for person in people}
    assert {row["title"] for row in export.tables["chats"]} == {"enrique", "traveling-sailor"}
    assert sum(row["reactions"] for row in export.messages) == sum(
        reaction["count"] for message in messages for reaction in message.get("reactions", ())
    )


def test_discord_loses_no_message(real_data: Path):
    (path,) = (real_data / "chat_discord").glob("*.json")
    stated = json.loads(path.read_text("utf-8"))
    channel = Loaded(DiscordReader(), path)
    assert channel.seen == channel.kept == stated["messageCount"] == 1
    assert channel.messages[0]["is_pinned"]
