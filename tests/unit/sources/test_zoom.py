"""Zoom's participants report: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.sources.webinars.attendance import is_full_name
from pipelines.sources.webinars.zoom import ZoomReader
from pipelines.warehouse import Warehouse
from tests.unit.sources.orders import STAYS, rows_after
from tests.unit.sources.report_reading import FIXTURES, PSEUDONYMS, Reading

FOLDER = FIXTURES / "zoom"


def read(name: str, **source: object) -> Reading:
    return Reading(ZoomReader(), FOLDER / name, **source)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


FIVE_O_CLOCK = utc(2026, 9, 8, 14)


@pytest.mark.parametrize("name", ["russian_dots.csv", "russian_month_first.csv", "english.csv"])
def test_webinar_of_the_block_in_every_format(name: str):
    (webinar,) = read(name).rows("webinars")
    assert webinar["webinar_id"] == f"zoom:webinar:85674014600:{int(FIVE_O_CLOCK.timestamp())}"
    assert (webinar["starts_at"], webinar["ends_at"], webinar["minutes"]) == (FIVE_O_CLOCK, utc(2026, 9, 8, 15, 10), 70)
    assert webinar["title"] == ("Digital school, stream 1" if name == "english.csv" else "ЦОС-36, поток 1")


def test_stays_and_who_they_say_they_are():
    report = read("russian_dots.csv")
    first, second, third = report.rows("attendance")
    assert first["account_id"] == report.account("анна кураторова|anna@school.example.org", "zoom")
    assert (first["joined_at"], first["left_at"], first["minutes"], first["is_guest"]) == (
        utc(2026, 9, 8, 13, 46), utc(2026, 9, 8, 15, 11), 85, False,
    )  # fmt: skip
    assert second["account_id"] == report.account("галя (галина луговая)|", "zoom")
    assert (second["is_guest"], third["is_guest"]) == (True, True)
    assert first["attendance_id"] == f"{first['webinar_id']}:{first['account_id']}:{int(utc(2026, 9, 8, 13, 46).timestamp())}"
    assert third["account_id"] == report.account("iphone|@" + third["webinar_id"].removeprefix("zoom:webinar:"), "zoom")
    assert report.column("accounts", "display_name") == ["Анна Кураторова", "Галя (Галина Луговая)", "iPhone"]
    assert report.column("accounts", "email") == ["anna@school.example.org", None, None]


def test_host_is_the_account_with_the_address_of_the_block():
    report = read("russian_dots.csv")
    assert report.column("webinars", "host_account_id") == [report.rows("attendance")[0]["account_id"]]


def test_full_clock_with_a_tail_is_a_full_clock():
    report = read("full_clock_with_a_tail.csv")
    assert report.column("webinars", "starts_at") == [utc(2026, 9, 8, 9)]
    assert report.column("attendance", "left_at") == [utc(2026, 9, 8, 10, 11)]


@pytest.mark.parametrize(
    ("name", "month"),
    [("slashes_without_halves_english.csv", 9), ("slashes_without_halves_russian.csv", 8)],
    ids=["English: month first", "Russian: day first"],
)
def test_where_nothing_tells_the_order_the_language_does(name: str, month: int):
    (stay,) = read(name).rows("attendance")
    assert stay["joined_at"] == utc(2026, month, 17 - month, 13, 46)


def test_without_the_block_the_file_name_and_the_stays_have_to_do():
    report = read("participants_85674014600.csv")
    (webinar,) = report.rows("webinars")
    assert webinar["webinar_id"] == f"zoom:webinar:85674014600:{int(utc(2026, 9, 27, 21).timestamp())}"
    assert (webinar["starts_at"], webinar["ends_at"], webinar["title"]) == (utc(2026, 9, 28, 13, 46), utc(2026, 9, 28, 15, 15, 30), None)
    assert report.column("attendance", "minutes") == [85, 75.5]


def test_odd_rows_are_rejected_with_their_line():
    report = read("odd_rows.csv")
    assert sorted(report.rejected) == [
        ("line 3", "left before joining"),
        ("line 4", "no time of joining or leaving"),
        ("line 5", "in the waiting room, not in the webinar"),
        ("line 6", "neither a name nor an address"),
        ("line 7", "a time that is not understood or does not exist"),
        ("line 8", "fewer cells than the header"),
    ]
    assert report.column("attendance", "is_guest") == [False, None]
    assert report.rows("attendance")[1]["account_id"] == report.account("ирина полевая|", "zoom")


def test_webinar_that_nobody_came_to_is_one():
    report = read("nobody_came.csv")
    assert report.rows("attendance") == []
    assert report.column("webinars", "starts_at") == [utc(2026, 9, 18, 14)]


def test_missing_column_is_named_with_what_is_there():
    with pytest.raises(BadFile, match=r"'leave time' or 'время выхода'.*found 'Имя \(настоящее имя\)'"):
        read("column_missing.csv")


def test_meeting_without_its_participants_is_refused():
    with pytest.raises(BadFile, match=r"expected a Zoom participants report"):
        read("only_the_meeting.csv")


def test_another_report_is_called_by_its_name():
    with pytest.raises(BadFile, match=r"found what looks like a Moodle log"):
        Reading(ZoomReader(), FIXTURES / "moodle_logs" / "english_with_bom.csv")


def test_shorter_and_longer_export_of_one_meeting_are_one_webinar_in_any_order():
    """Without the block the first stay's time is no part of an id: the shorter export lacks whoever came first."""
    files = [FOLDER / "participants_85674014600.csv", FOLDER / "participants_85674014600_cut.csv"]
    reader = ZoomReader()
    one, other = (rows_after(reader, order, STAYS) for order in (files, files[::-1]))
    assert len(one) == 2
    assert one == other
    assert len(rows_after(reader, files, "select webinar_id from raw.webinars")) == 1


def test_a_full_name_is_one_account_anything_less_one_per_webinar():
    report = read("no_full_names.csv")
    natives = report.column("accounts", "native_id")
    webinar = report.rows("webinars")[0]["webinar_id"].removeprefix("zoom:webinar:")
    assert natives[:5] == [f"{name}|@{webinar}" for name in ("iphone", "анна", "galaxy a51", "ipad ольга", "полевая и.и.")]
    assert natives[5:] == ["ирина полевая|"] * 2


@pytest.mark.parametrize(
    ("shown", "is_full"),
    [
        ("ирина полевая", True), ("полевая ирина ивановна", True), ("миронова и. сош 116", True), ("irina o'polevaya", True), ("ирина", False),
        ("полевая и. и.", False), ("redmi note 12", False), ("ipad ольга", False), ("пользователь zoom", False), ("учитель математики", False),
        ("учитель ирина полевая", True), ("", False), ("🌷 ирина", False),
    ],
)  # fmt: skip
def test_what_a_full_name_is(shown: str, is_full: bool):
    assert is_full_name(shown) is is_full


def test_two_devices_joined_at_once_are_two_stays():
    ids = read("no_full_names.csv").column("attendance", "attendance_id")
    assert len(set(ids)) == len(ids) == 7


def test_attendee_report_of_a_webinar_in_sections():
    report = read("attendee_report.csv")
    (webinar,) = report.rows("webinars")
    assert webinar["webinar_id"] == f"zoom:webinar:91234567890:{int(FIVE_O_CLOCK.timestamp())}"
    assert (webinar["starts_at"], webinar["ends_at"], webinar["minutes"]) == (FIVE_O_CLOCK, utc(2026, 9, 8, 15, 10), 70)
    assert report.column("attendance", "minutes") == [85, 28, 30]
    assert report.column("accounts", "email") == ["anna@school.example.org", "galya@school.example.org", "galya@school.example.org"]
    assert report.rejected == []


def test_meetings_in_one_table_are_each_a_webinar_of_its_own():
    report = read("meetings_in_one_table.csv")
    fourth, fifth = report.rows("webinars")
    assert (fourth["title"], fourth["starts_at"], fourth["minutes"]) == ("Week 4", FIVE_O_CLOCK, 60)
    assert (fifth["title"], fifth["starts_at"], fifth["minutes"]) == ("Week 5", utc(2026, 9, 15, 14), 60)
    assert [(row["webinar_id"], row["minutes"]) for row in report.rows("attendance")] == [
        (fourth["webinar_id"], 58), (fourth["webinar_id"], 48), (fifth["webinar_id"], 53),
    ]  # fmt: skip
    assert report.rejected == []


def test_a_meeting_whose_time_is_unclear_costs_its_own_rows(tmp_path):
    report = tmp_path / "meetings.csv"
    text = (FOLDER / "meetings_in_one_table.csv").read_text(encoding="utf-8")
    report.write_text(text.replace("09/15/2026 05:00:00 PM,09/15", "soon,09/15"), encoding="utf-8")
    found = Reading(ZoomReader(), report)
    assert len(found.rows("attendance")) == 2
    assert found.rejected == [("line 4", "the meeting's time is not understood")]


def test_a_table_of_meetings_that_was_cut_is_refused(tmp_path):
    report = tmp_path / "meetings.csv"
    report.write_text((FOLDER / "meetings_in_one_table.csv").read_text(encoding="utf-8")[:-30], encoding="utf-8")
    with pytest.raises(BadFile, match="it was cut"):
        Reading(ZoomReader(), report)


def test_first_and_last_name_make_a_name():
    report = read("first_and_last_name.csv")
    assert report.column("accounts", "display_name") == ["Irina Polevaya"]
    assert report.column("attendance", "minutes") == [89]


def test_a_row_may_lack_last_cells_that_nobody_needs():
    """The file's last row may not: so a cut would look."""
    report = read("without_last_cells.csv")
    assert report.column("accounts", "display_name") == ["Irina Polevaya", "Oleg Stepnoy"]
    assert report.rejected == [("line 4", "fewer cells than the header"), ("line 5", "fewer cells than the header")]


def test_a_length_beyond_the_calendar_is_none(tmp_path):
    report = tmp_path / "usage.csv"
    text = (FOLDER / "usage_report.csv").read_text(encoding="utf-8-sig")
    report.write_text(re.sub(r",(70|60),", f",{10**14},", text), encoding="utf-8")
    assert [(row["ends_at"], row["minutes"]) for row in Reading(ZoomReader(), report).rows("webinars")] == [
        (utc(2026, 9, 8, 15, 10), 70),
        (None, None),
    ]


def test_usage_report_is_webinars_without_stays():
    report = read("usage_report.csv")
    assert [(row["webinar_id"], row["minutes"]) for row in report.rows("webinars")] == [
        (f"zoom:webinar:85674014600:{int(FIVE_O_CLOCK.timestamp())}", 70),
        (f"zoom:webinar:85674014600:{int(utc(2026, 9, 9, 14).timestamp())}", 60),
    ]
    assert report.rejected == [("line 4", "no meeting id or no start that is understood")]
    assert report.rows("attendance") == report.rows("accounts") == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("poll_report_without_details.csv", "a Zoom poll report without its details"),
        ("registration_report.csv", "a Zoom registration report: nobody was there by it"),
        ("registration_report_russian.csv", "a Zoom registration report: nobody was there by it"),
        ("cut_inside_a_row.csv", "it was cut"),
        ("empty.csv", "an empty file"),
    ],
)
def test_what_is_no_whole_report_is_refused(name: str, found: str):
    with pytest.raises(BadFile, match=found):
        read(name)


def test_polls_answered_are_counted_per_person():
    """Two polls, one launched twice; who answered anonymously is nobody."""
    report = read("poll_report.csv")
    galya, oleg = report.account("galya|galya@school.example.org", "zoom"), report.account("олег степной|", "zoom")
    assert {row["account_id"]: row["poll_answers"] for row in report.rows("attendance")} == {galya: 2, oleg: 1}
    assert {(row.get("joined_at"), row.get("minutes")) for row in report.rows("attendance")} == {(None, None)}
    assert report.rejected == [("line 10", "answered anonymously"), ("line 13", "a time that is not understood or does not exist")]
    (webinar,) = report.rows("webinars")
    assert (webinar["starts_at"], webinar["minutes"]) == (utc(2026, 9, 8, 14), 70)


def test_questions_asked_are_counted_per_person():
    """A second answer has a row without a question, and a question may hold a line end."""
    report = read("questions_report.csv")
    galya, oleg = report.account("galya|galya@school.example.org", "zoom"), report.account("олег степной|", "zoom")
    assert {row["account_id"]: row["chat_messages"] for row in report.rows("attendance")} == {galya: 2, oleg: 1}
    assert report.rejected == [("line 12", "asked anonymously")]
    (webinar,) = report.rows("webinars")
    assert (webinar["starts_at"], webinar["minutes"]) == (utc(2026, 9, 8, 14), 70)


@pytest.mark.parametrize("order", [("participants", "polls"), ("polls", "participants")], ids="_".join)
@pytest.mark.parametrize("name", ["with_block.csv", "participants_85674014600.csv"], ids=["start stated to the second", "day alone"])
def test_polls_are_of_the_webinar_of_the_participants_report(order: tuple[str, ...], name: str, tmp_path: Path):
    stays = (FOLDER / "english.csv").read_text(encoding="utf-8-sig").replace("05:00:00 PM", "05:00:13 PM")
    if name != "with_block.csv":
        stays = (FOLDER / name).read_text(encoding="utf-8-sig").replace("09/28/2026", "09/08/2026")
    texts = {"participants": stays, "polls": (FOLDER / "poll_report.csv").read_text(encoding="utf-8")}
    source = Source(name="zoom", kind="zoom", path=tmp_path)
    programme = Programme(id="test", name="Test", folder=tmp_path, time_zone="Europe/Moscow", sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for what in order:
            (tmp_path / (f"polls_{name}" if what == "polls" else name)).write_text(texts[what], encoding="utf-8")
            loads = load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=utc(2026, 9, 9))
            assert [load.problem for load in loads if load.problem] == []
        assert warehouse.value("select count(*) from raw.webinars") == 1
        assert warehouse.value("select count(distinct webinar_id) from raw.attendance") == 1
        assert warehouse.value("select sum(poll_answers) from raw.attendance") == 3
        (tmp_path / "questions.csv").write_text((FOLDER / "questions_report.csv").read_text("utf-8"), "utf-8")
        loads = load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=utc(2026, 9, 9))
        assert [load.problem for load in loads if load.problem] == []
        assert warehouse.value("select count(distinct webinar_id) from raw.attendance") == 1
        assert warehouse.value("select sum(chat_messages) from raw.attendance") == 3


def test_usage_report_of_newer_columns():
    report = read("usage_report_newer.csv")
    assert [(row["title"], row["minutes"]) for row in report.rows("webinars")] == [("Digital school, stream 1", 70)]
    assert report.rows("attendance") == []


def test_unique_users_have_minutes_and_no_times():
    report = read("unique_users_russian.csv")
    assert [(row["joined_at"], row["left_at"], row["minutes"], row["is_guest"]) for row in report.rows("attendance")] == [
        (None, None, 90, False),
        (None, None, 89, True),
    ]


def test_the_host_of_a_table_of_meetings_is_nobody_of_its_participants(tmp_path: Path):
    report = tmp_path / "meetings_2026_09_01_2026_09_30.csv"
    report.write_text(
        "Topic,Meeting ID,User Name,User Email,Department,Group,Has Zoom Rooms?,Creation Time,Start Time,End Time,Duration (Minutes),Participants,"
        "Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest,Recording Consent,In Waiting Room\n"
        "Lesson,812 3456 7890,Anna,anna@school.example.org,,,No,09/15/2026 08:00:00 AM,09/15/2026 08:30:00 AM,09/15/2026 09:30:00 AM,60,2,"
        "Galina Lugovaya,galina@school.example.org,09/15/2026 08:31:00 AM,09/15/2026 08:41:00 AM,10,Yes,,No\n"
        "Lesson,812 3456 7890,Anna,anna@school.example.org,,,No,09/15/2026 08:00:00 AM,09/15/2026 08:30:00 AM,09/15/2026 09:30:00 AM,60,2,"
        "Boris Linev,,09/15/2026 08:31:00 AM,09/15/2026 09:30:00 AM,59,Yes,,No\n",
        "utf-8",
    )
    read = Reading(ZoomReader(), report)
    assert [(row["display_name"], row["email"]) for row in read.rows("accounts")] == [
        ("Galina Lugovaya", "galina@school.example.org"),
        ("Boris Linev", None),
    ]
    assert read.column("attendance", "minutes") == [10, 59]
    assert read.column("webinars", "starts_at") == [utc(2026, 9, 15, 5, 30)]


def test_newer_russian_words_of_addresses(tmp_path: Path):
    report = tmp_path / "participants_81234567890.csv"
    report.write_text(
        "Тема,Идентификатор,Имя организатора,Эл. почта организатора,Продолжительность (минуты),Время начала,Время окончания,Участники\n"
        "Урок,812 3456 7890,Анна,anna@school.example.org,77,15.09.2026 08:30:26,15.09.2026 09:46:50,1\n\n"
        "Имя (исходное имя),Эл. почта,Время входа,Время выхода,Длительность (минуты),Гость,В зале ожидания\n"
        "Анна Кураторова,anna@school.example.org,15.09.2026 08:30:00,15.09.2026 09:30:00,60,Нет,Нет\n",
        "utf-8",
    )
    read = Reading(ZoomReader(), report)
    assert read.column("accounts", "email") == ["anna@school.example.org"]
    assert read.column("webinars", "host_account_id") == read.column("attendance", "account_id")


def test_a_report_in_another_language_is_read_by_its_places(tmp_path: Path):
    report = tmp_path / "participants.csv"
    report.write_text(
        "Meeting-ID,Thema,Startzeit,Endzeit,Benutzer-E-Mail,Dauer (Minuten),Teilnehmer\n"
        "812 3456 7890,Erste Stunde,15.09.2026 08:30:26,15.09.2026 09:46:50,anna@school.example.org,77,2\n\n"
        "Name (Originalname),Benutzer-E-Mail,Beitrittszeit,Austrittszeit,Dauer (Minuten),Gast\n"
        "Anna Kuratorova,anna@school.example.org,15.09.2026 08:30:00,15.09.2026 09:30:00,60,Nein\n"
        "Galina Lugovaya,,15.09.2026 08:31:00,15.09.2026 08:41:00,10,Ja\n",
        "utf-8",
    )
    read = Reading(ZoomReader(), report)
    assert [(row["joined_at"], row["minutes"]) for row in read.rows("attendance")] == [
        (utc(2026, 9, 15, 5, 30), 60),
        (utc(2026, 9, 15, 5, 31), 10),
    ]
    assert read.column("accounts", "email") == ["anna@school.example.org", None]
    (webinar,) = read.rows("webinars")
    assert webinar["webinar_id"] == f"zoom:webinar:81234567890:{int(utc(2026, 9, 15, 5, 30, 26).timestamp())}"
    assert (webinar["title"], webinar["ends_at"]) == ("Erste Stunde", utc(2026, 9, 15, 6, 46, 50))
    assert webinar["host_account_id"] == read.column("attendance", "account_id")[0]


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("Anna Kuratorova (Host)", "Anna Kuratorova"),
        ("Anna Kuratorova (Co-host)", "Anna Kuratorova"),
        ("Анна Кураторова (Организатор, я)", "Анна Кураторова"),
        ("Anna (Anna Kuratorova)", "Anna (Anna Kuratorova)"),
        ("Anna Kuratorova (Hostova)", "Anna Kuratorova (Hostova)"),
    ],
)
def test_what_somebody_is_in_the_meeting_is_no_part_of_the_name(shown: str, name: str, tmp_path: Path):
    path = tmp_path / "meetinglistdetails_2026_09_01_2026_09_30.csv"
    path.write_text(
        "Topic,Type,ID,Host name,Host email,Start time,End time,Participants,Duration (minutes),Creation time,"
        "Name (original name),Email,Join time,Leave time,Duration (minutes),Guest,Recording disclaimer response,In waiting room\n"
        f'School,Meeting,822 3106 6070,Anna,a@example.org,"09/08/2026 05:00:00 PM","09/08/2026 06:00:00 PM",1,60,"09/01/2026 11:42:10 AM","{shown}",,'
        '"09/08/2026 05:01:00 PM","09/08/2026 06:00:00 PM",59,No,OK,No\n',
        "utf-8",
    )
    (account,) = Reading(ZoomReader(), path).rows("accounts")
    assert (account["display_name"], account["native_id"]) == (name, f"{name.lower()}|")


def written(tmp_path: Path, text: str, name: str = "report.csv") -> Reading:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return Reading(ZoomReader(), path)


def test_spanish_report_tells_guests_and_the_waiting_room_and_the_day_before_the_month(tmp_path: Path):
    report = written(
        tmp_path,
        """ID de la reunión;Tema;Hora de inicio;Hora de finalización;Correo electrónico del usuario;Duración (minutos);Participantes
856 7401 4600;Escuela digital;08/09/2026 17:00:00;08/09/2026 18:10:00;ana@example.org;70;2

Nombre (nombre original);Correo electrónico;Hora de entrada;Hora de salida;Duración (minutos);Invitado;En sala de espera
Irina Polevaya;irina@school.example.org;08/09/2026 17:00:00;08/09/2026 18:10:00;70;Sí;No
Oleg Stepnoy;;08/09/2026 17:03:00;08/09/2026 17:05:00;3;No;Sí
""",
    )
    (webinar,), (stay,) = report.rows("webinars"), report.rows("attendance")
    assert (webinar["title"], webinar["starts_at"], webinar["minutes"]) == ("Escuela digital", FIVE_O_CLOCK, 70)
    assert (stay["joined_at"], stay["is_guest"]) == (FIVE_O_CLOCK, True)
    assert report.rejected == [("line 6", "in the waiting room, not in the webinar")]


@pytest.mark.parametrize(
    "header", ["Nom (nom original),E-mail,Durée totale (minutes),Invité", "Ім’я,Пошта,Усього хвилин,Гість"], ids=["words", "shape"]
)
def test_unique_users_in_another_language(header: str, tmp_path: Path):
    report = written(
        tmp_path, f"{header}\nIrina Polevaya,irina@school.example.org,69,Non\nOleg Stepnoy,,3,Oui\n", "participants_85674014600.csv"
    )
    assert [(row["minutes"], row["joined_at"]) for row in report.rows("attendance")] == [(69, None), (3, None)]
    assert report.column("accounts", "email") == ["irina@school.example.org", None]


def test_attendee_report_in_a_language_that_is_not_known_is_no_usage_report(tmp_path: Path):
    """Who registered and did not come is no stay; each section has columns of its own."""
    report = written(
        tmp_path,
        """Rapport des participants
Topic,Webinar ID,Actual Start Time,Actual Duration (minutes),Max Concurrent Views
École numérique,856 7401 4600,08.09.2026 17:00:00,70,2
Détails de l'hôte
Présent,Nom,E-mail,Arrivée,Départ,Durée (minutes),Pays
Oui,Anna Kuratorova,anna@example.org,08.09.2026 17:00:00,08.09.2026 18:10:00,70,France
Détails des participants
Présent,Nom,Prénom,Famille,E-mail,Inscription,Statut,Arrivée,Départ,Durée (minutes),Pays
Oui,Irina P,Irina,Polevaya,irina@school.example.org,01.09.2026 10:00:00,approuvé,08.09.2026 17:02:00,08.09.2026 18:10:00,68,France
Non,--,Oleg,Stepnoy,oleg@school.example.org,01.09.2026 10:00:00,approuvé,--,--,--,--
Autres
Nom,Arrivée,Départ,Durée (minutes),Pays
79161234567,08.09.2026 17:02:00,08.09.2026 18:10:00,68,Russie
""",
    )
    (webinar,) = report.rows("webinars")
    assert (webinar["title"], webinar["starts_at"]) == ("École numérique", FIVE_O_CLOCK)
    assert [row["minutes"] for row in report.rows("attendance")] == [70, 68, 68]
    assert [(row["display_name"], row["email"]) for row in report.rows("accounts")] == [
        ("Anna Kuratorova", "anna@example.org"),
        ("Irina P", "irina@school.example.org"),
        ("79161234567", None),
    ]
    assert report.rejected == []


def test_who_attended_in_words_that_are_not_known_is_no_absentee(tmp_path: Path):
    """Only who has neither time nor minutes did not come."""
    report = written(
        tmp_path,
        """Attendee Report
Topic,Webinar ID,Actual Start Time,Actual Duration (minutes)
Поток 1,856 7401 4600,09/08/2026 05:00:00 PM,70
Attendee Details
Attended,User Name (Original Name),Email,Join Time,Leave Time,Time in Session (minutes)
Attended,Irina Polevaya,irina@school.example.org,09/08/2026 05:02:00 PM,09/08/2026 06:10:00 PM,68
No,Oleg Stepnoy,oleg@school.example.org,--,--,--
No,Galina Lugovaya,galina@school.example.org,,,0
""",
    )
    assert report.column("attendance", "minutes") == [68]
    assert report.rejected == []


def test_a_participant_of_whom_nothing_but_the_name_is_told_is_rejected_in_any_language(tmp_path: Path):
    report = written(
        tmp_path,
        """Nimi,Sähköposti,Liittymisaika,Poistumisaika,Kesto (minuutteina)
Irina Polevaya,irina@school.example.org,08.09.2026 17:02:00,08.09.2026 18:10:00,68
Oleg Stepnoy,,,,
Galina Lugovaya,galina@school.example.org,08.09.2026 17:02:00,08.09.2026 18:10:00,68
""",
    )
    assert len(report.rows("attendance")) == 2
    assert report.rejected == [("line 3", "no time of joining or leaving")]
