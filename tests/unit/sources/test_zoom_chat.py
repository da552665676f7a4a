"""Saved chats of Zoom, in the layouts of its versions. All people are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.sources.webinars.zoom import ZoomReader
from pipelines.warehouse import Warehouse
from tests.unit.sources.report_reading import CONTEXT, PSEUDONYMS, Reading

FOLDER = "2026-09-08 17.00.10 Цифровая школа 85674014600"

BELOW = """17:06:12 From Ирина Полевая to Everyone:
\tДобрый день!
\tЕсть вопрос
17:06:40 From Oleg Stepnoy To Everyone:
\tReplying to "Добрый день!..."
\t
\tЗдравствуйте
17:06:41 From Oleg Stepnoy to Everyone:
\tReacted to "Добрый день!..." with 👍
17:06:42 From Oleg Stepnoy to Everyone:
\tReacted to "Добрый день!..." with ❤️
17:06:43 From Oleg Stepnoy to Everyone:
\tRemoved a 👍 reaction from "Добрый день!..."
17:07:00 From Ирина Полевая to Анна Лесная (Direct Message):
\tтолько вам
"""
IN_LINE = """17:06:12\t From  Ирина Полевая : Добрый день!
17:06:30\t From  Oleg Stepnoy  to  Everyone : Когда зачёт: в пятницу?
17:06:31\t From  Oleg Stepnoy to Ирина Полевая(Privately) : только вам
ещё строка
17:06:50 From Ирина Полевая to Everyone : В пятницу
"""
RUSSIAN = """17:06:12 От  Ирина Полевая  кому  Все : Добрый день!
17:06:40 От  Oleg Stepnoy  кому  Все : Здравствуйте
17:06:41 От  Oleg Stepnoy  кому  Ирина Полевая (Личное сообщение) : только вам
17:06:50 От  Ирина Полевая  кому  Все : В пятницу
"""
RUSSIAN_BELOW = """17:06:12 От Ирина Полевая кому Все:
\tДобрый день!
\tЕсть вопрос
17:06:40 От Oleg Stepnoy кому Все:
\tОтветил(а) на "Добрый день!..."

\tЗдравствуйте
17:06:41 От Oleg Stepnoy кому Все:
\tПоставил(а) на "Добрый день!..." реакцию 👍
"""
COPIED = """Ирина Полевая  кому  Все 17:06
Добрый день!
Oleg Stepnoy  кому  Все 17:06 (Отредактировано)
Здравствуйте
Oleg Stepnoy  кому  Ирина Полевая (Личное сообщение) 17:06
только вам
Ирина Полевая  to  Everyone 5:07 PM
В пятницу
"""
OF_CLOUD = "00:05:02\tИрина Полевая:\tДобрый день!\n00:05:30\tOleg Stepnoy:\tЗдравствуйте\nвсем\n00:06:12\tИрина Полевая:\tВ пятницу\n"


def read(tmp_path: Path, text: str, name: str = f"{FOLDER}/meeting_saved_chat.txt", *, encoding: str = "utf-8") -> Reading:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return Reading(ZoomReader(), path)


def signs(chat: Reading) -> dict[str, tuple[int, int | None]]:
    names = {row["account_id"]: row["display_name"] for row in chat.rows("accounts")}
    return {names[row["account_id"]]: (row["chat_messages"], row["reactions"]) for row in chat.rows("attendance")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BELOW, {"Ирина Полевая": (1, 0), "Oleg Stepnoy": (1, 1)}),
        (BELOW.replace("17:0", "2026-09-08 17:0"), {"Ирина Полевая": (1, 0), "Oleg Stepnoy": (1, 1)}),
        (IN_LINE, {"Ирина Полевая": (2, None), "Oleg Stepnoy": (1, None)}),
        (RUSSIAN, {"Ирина Полевая": (2, None), "Oleg Stepnoy": (1, None)}),
        (RUSSIAN_BELOW, {"Ирина Полевая": (1, 0), "Oleg Stepnoy": (1, 1)}),
        (COPIED, {"Ирина Полевая": (2, 0), "Oleg Stepnoy": (1, 0)}),
        (OF_CLOUD, {"Ирина Полевая": (2, None), "Oleg Stepnoy": (1, None)}),
    ],
    ids=["text below", "with the day", "in one line", "Russian", "Russian, text below", "copied", "of the cloud"],
)
def test_messages_to_all_and_reactions_are_counted_per_name(text: str, expected: dict[str, tuple[int, int | None]], tmp_path: Path):
    chat = read(tmp_path, text)
    assert signs(chat) == expected
    assert {(row.get("joined_at"), row.get("minutes")) for row in chat.rows("attendance")} == {(None, None)}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1251"])
def test_chat_that_an_editor_saved_again(encoding: str, tmp_path: Path):
    assert signs(read(tmp_path, RUSSIAN.replace("\n", "\r\n"), encoding=encoding))["Ирина Полевая"] == (2, None)


def test_folder_says_number_title_and_start(tmp_path: Path):
    (webinar,) = read(tmp_path, IN_LINE).rows("webinars")
    assert webinar["webinar_id"].startswith("zoom:webinar:85674014600:")
    assert webinar["title"] == "Цифровая школа"
    assert webinar["starts_at"] == datetime(2026, 9, 8, 14, 0, 10, tzinfo=UTC)
    assert webinar["ends_at"] == datetime(2026, 9, 8, 14, 6, 50, tzinfo=UTC)


def test_copied_chat_has_the_clock_of_its_halves(tmp_path: Path):
    (webinar,) = read(tmp_path, COPIED).rows("webinars")
    assert webinar["ends_at"] == datetime(2026, 9, 8, 14, 7, tzinfo=UTC)


def test_name_of_a_recording_says_its_start_in_utc(tmp_path: Path):
    (webinar,) = read(tmp_path, OF_CLOUD, "GMT20260908-140110_RecordingnewChat.txt").rows("webinars")
    assert (webinar["starts_at"], webinar["ends_at"]) == (
        datetime(2026, 9, 8, 14, 1, 10, tzinfo=UTC),
        datetime(2026, 9, 8, 14, 7, 22, tzinfo=UTC),
    )


def test_who_saved_the_chat_is_not_named_in_old_versions(tmp_path: Path):
    chat = read(tmp_path, "17:06:12 From  Me  to  Everyone : Начинаем\n17:06:13 From Ирина Полевая to Everyone : Да\n")
    assert signs(chat) == {"Ирина Полевая": (1, None)}
    assert chat.rejected == [("line 1", "of the person who saved the chat, who is not named")]


def test_sentence_with_a_quotation_is_a_message(tmp_path: Path):
    text = '17:06:12 From A Bc to Everyone:\n\tотлично\n17:06:13 From D Ef to Everyone:\n\tВы сказали "спасибо" 👍\n'
    assert signs(read(tmp_path, text)) == {"A Bc": (1, 0), "D Ef": (1, 0)}


def test_captions_and_transcripts_beside_the_chat_are_passed_over(tmp_path: Path):
    folder = tmp_path / FOLDER
    folder.mkdir()
    for name in ("meeting_saved_chat.txt", "meeting_saved_closed_caption.txt", "GMT20260908-140110_Recording.transcript.txt"):
        (folder / name).write_text(IN_LINE, encoding="utf-8")
    items = ZoomReader().items(Source(name="zoom", kind="zoom", path=tmp_path), CONTEXT)
    assert [item.name for item in items] == [f"{FOLDER}/meeting_saved_chat.txt"]
    (folder / "meeting_saved_chat.txt").unlink()
    with pytest.raises(BadSource, match="nothing but captions"):
        list(ZoomReader().items(Source(name="zoom", kind="zoom", path=tmp_path), CONTEXT))


def test_text_that_is_no_chat_is_refused(tmp_path: Path):
    with pytest.raises(BadFile, match="Zoom participants report"):
        read(tmp_path, "просто заметки\nещё строка\n", "notes.txt")
    with pytest.raises(BadFile, match="an empty file"):
        read(tmp_path, " \n")


REPORT = """Meeting ID,Topic,Start Time,End Time,User Email,Duration (Minutes),Participants
856 7401 4600,Цифровая школа,09/{day}/2026 05:00:13 PM,09/{day}/2026 06:10:00 PM,host@center.example.org,70,2

Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest
Ирина Полевая,irina@school.example.org,09/{day}/2026 05:01:00 PM,09/{day}/2026 06:10:00 PM,69,No
Oleg Stepnoy,,09/{day}/2026 05:02:00 PM,09/{day}/2026 06:10:00 PM,68,Yes
Анна,,09/{day}/2026 05:02:00 PM,09/{day}/2026 06:10:00 PM,68,Yes
"""


@pytest.mark.parametrize("order", list(permutations(("08", "15", "chat"))), ids="_".join)
@pytest.mark.parametrize(
    "name",
    [f"{FOLDER}/meeting_saved_chat.txt", "2026-09-08 17.00.10 Цифровая школа/chat.txt", "GMT20260908-140110_Recording.txt"],
    ids=["number", "title", "people"],
)
def test_chat_is_of_the_webinar_and_the_people_of_the_participants_report(name: str, order: tuple[str, ...], tmp_path: Path):
    text = OF_CLOUD if name.startswith("GMT") else IN_LINE
    text += text.splitlines()[-1].replace("Ирина Полевая", "Анна") + "\n"
    source = Source(name="zoom", kind="zoom", path=tmp_path)
    programme = Programme(id="test", name="Test", folder=tmp_path, time_zone="Europe/Moscow", sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for what in order:
            path = tmp_path / (name if what == "chat" else f"{what}.csv")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text if what == "chat" else REPORT.format(day=what), encoding="utf-8")
            loads = load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=datetime(2026, 9, 16, tzinfo=UTC))
            assert [load.problem for load in loads if load.problem] == []
        assert warehouse.value("select count(*) from raw.webinars") == 2
        rows = warehouse.rows(
            "select webinar_id, display_name, count(*), sum(minutes), sum(chat_messages) from raw.attendance "
            "inner join personal.accounts using (account_id) where webinar_id in (select webinar_id from raw.attendance where chat_messages is not null) "
            "group by all order by display_name"
        )
        assert [row[1:] for row in rows] == [("Oleg Stepnoy", 2, 68, 1), ("Анна", 2, 68, 1), ("Ирина Полевая", 2, 69, 2)]
        assert warehouse.value("select min(joined_at) from raw.attendance where webinar_id = ?", [rows[0][0]]).day == 8


def test_two_files_of_one_chat_count_once(tmp_path: Path):
    (tmp_path / "08.csv").write_text(REPORT.format(day="08"), encoding="utf-8")
    for folder in (FOLDER, "2026-09-08 17.00.30 Цифровая школа 85674014600"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "meeting_saved_chat.txt").write_text(IN_LINE, encoding="utf-8")
    source = Source(name="zoom", kind="zoom", path=tmp_path)
    programme = Programme(id="test", name="Test", folder=tmp_path, time_zone="Europe/Moscow", sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=datetime(2026, 9, 16, tzinfo=UTC))
        assert warehouse.value("select sum(chat_messages) from raw.attendance") == 3
