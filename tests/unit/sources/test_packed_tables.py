"""Tables and reports in ZIP archives: read as if the archive were a folder, and nothing that a hostile one can do but be refused. All people are invented."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.sources import READERS
from pipelines.sources.formats import archives
from pipelines.sources.formats.tables import FURTHER_SHEET
from pipelines.sources.reading import Batch, Covers, Item, Rejected, Seen
from pipelines.warehouse import Warehouse
from tests.unit.sources.report_reading import CONTEXT, FIXTURES, PSEUDONYMS, Reading

FORUM = b"id,discussion,parent,userid,created,message\n7,3,0,5,1790000000,?\nx,3,0,5,1790000000,?\n"
#: Kind → fixtures, counted record.
FILES = {
    "moodle_logs": (("english_with_bom.csv", "two_courses.csv"), "activity"),
    "moodle_reports": (("progress_en.csv", "course_completion_ru.csv"), "completions"),
    "moodle_participants": (("english.csv", "russian_with_roles.csv"), "enrolments"),
    "moodle_grades": (("english.csv", "DIGI-Test 1-grades.csv", "export.xml"), "grades"),
    "moodle_forums": ((), "messages"),
    "zoom": (("english.csv", "odd_rows.csv", "poll_report.csv"), "attendance"),
    "teams": (("sections_us.csv", "list_russian.csv"), "attendance"),
    "meet": (("log_events.csv", "Attendance - abc-defg-hij - 2026-09-08.csv"), "attendance"),
    "attendance_csv": (("documented.csv", "minutes_only.csv"), "attendance"),
    "bigbluebutton": (("learning_dashboard.json", "events.xml"), "attendance"),
    "mts_link": (("september.json",), "attendance"),
}


def packed(path: Path, members: Mapping[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def members(kind: str) -> dict[str, bytes]:
    """Two tables at least, under names without anything of their places."""
    found = {name: (FIXTURES / kind / name).read_bytes() for name in FILES[kind][0]} or {"Вопросы.csv": FORUM}
    if len(found) == 1:
        ((name, content),) = found.items()
        found[f"b/{name}"] = content
    return found


@pytest.mark.parametrize("kind", FILES)
def test_an_archive_gives_the_rows_of_the_folder_it_was_made_of(kind: str, tmp_path: Path):
    reader, files = READERS[kind], members(kind)
    for name, content in files.items():
        (tmp_path / "folder" / "exports" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / "exports" / name).write_bytes(content)
    packed(tmp_path / "archive" / "exports.zip", files)

    def told(folder: str) -> tuple[list[str], dict[str, list], list[tuple[str, str]], list[Covers]]:
        source = Source(name="report", kind=kind, path=tmp_path / folder)
        items = list(reader.items(source, CONTEXT))
        rows: dict[str, list] = {}
        rejected, covers = [], []
        for item in items:
            last: Covers | None = None
            for event in reader.read(source, item, CONTEXT):
                match event:
                    case Batch(record, table, _):
                        rows.setdefault(record, []).extend(table.to_pylist())
                    case Rejected(_, place, reason):
                        table = f"{item.name.removeprefix('exports/')}, " if folder == "folder" else ""
                        rejected.append((table + place, reason))
                    case Covers():
                        last = event
            assert last is not None
            covers.append(last)
        return [item.name for item in items], rows, rejected, covers

    names, rows, rejected, covers = told("folder")
    assert sorted(names) == sorted(f"exports/{name}" for name in files)
    of_archive = told("archive")
    assert of_archive[0] == ["exports.zip"]
    assert of_archive[1] == rows
    assert of_archive[2] == rejected
    assert rows[FILES[kind][1]]
    (span,) = of_archive[3]
    assert span.until == max((one.until for one in covers if one.until), default=None)
    assert span.since == min((one.since for one in covers if one.since), default=None)


def test_one_table_alone_keeps_its_name(tmp_path: Path):
    """What Moodle called it says the course, whatever the archive is called."""
    content = (FIXTURES / "moodle_grades" / "english.csv").read_bytes()
    path = packed(tmp_path / "Архив.zip", {"DIGI 2026 Grades.csv": content})
    report = Reading(READERS["moodle_grades"], path)
    assert report.column("courses", "code") == ["DIGI 2026"]
    assert all("," not in place.partition(" ")[0] for place, _ in report.rejected)


def test_the_course_of_an_archive_may_be_said(tmp_path: Path):
    content = (FIXTURES / "moodle_grades" / "english.csv").read_bytes()
    path = packed(tmp_path / "digi.zip", {"a.csv": content})
    for pattern in ("digi.zip", "digi/*", "digi*"):
        assert Reading(READERS["moodle_grades"], path, feeds={pattern: "DIGI"}).column("courses", "code") == ["DIGI"]


@pytest.mark.parametrize("kind", ["meet", "attendance_csv"])
def test_the_day_is_that_in_the_table_s_own_name(kind: str, tmp_path: Path):
    """An archive is called by the day on which it was made."""
    header, row = {
        "meet": ("First name,Last name,Email,Duration,Time joined,Time exited", "Ирина,Полевая,i@example.org,68,17:02,18:10"),
        "attendance_csv": ("name,email,join,leave", "Ирина Полевая,i@example.org,17:02,18:10"),
    }[kind]
    path = packed(tmp_path / "Выгрузка 2026-09-30.zip", {"Вебинар 2026-09-08.csv": f"{header}\n{row}\n".encode()})
    (joined,) = Reading(READERS[kind], path).column("attendance", "joined_at")
    assert joined.isoformat() == "2026-09-08T14:02:00+00:00"


def test_a_saved_chat_of_zoom_in_an_archive_is_read_and_captions_are_not(tmp_path: Path):
    chat = "17:01:10 От Ирина Полевая кому Все:\n\tДобрый вечер\n".encode()
    folder = "2026-09-08 17.00.10 Вебинар 85674014600"
    path = packed(
        tmp_path / f"{folder}.zip",
        {"meeting_saved_chat.txt": chat, "meeting_saved_closed_caption.txt": chat, "video1.mp4": b"", "Урок.Иванова": b""},
    )
    report = Reading(READERS["zoom"], path)
    assert [(row["title"], row["webinar_id"].split(":")[2]) for row in report.rows("webinars")] == [("Вебинар", "85674014600")]
    source = Source(name="zoom", kind="zoom", path=tmp_path)
    assert [(one.name, one.reason) for one in READERS["zoom"].left_out(source, CONTEXT)] == [
        (".mp4", "in an archive, and no table"),
        (".txt", "in an archive, and no table"),
        ("no ending", "in an archive, and no table"),
    ]


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind.startswith("moodle_")])
def test_submissions_are_no_tables(kind: str, tmp_path: Path):
    """Learners hand in tables, too: "Download all submissions" has a reader of its own."""
    packed(tmp_path / "DIGI-Эссе-77.zip", {"Ирина Полевая_12_assignsubmission_file_/logs.csv": b"a,b\n1,2\n"})
    source = Source(name="report", kind=kind, path=tmp_path)
    with pytest.raises(BadSource, match="there is none below"):
        READERS[kind].items(source, CONTEXT)
    name, content = next(iter(members(kind).items()))
    (tmp_path / name).write_bytes(content)
    assert [item.name for item in READERS[kind].items(source, CONTEXT)] == [name]


@pytest.mark.parametrize("kind", FILES)
def test_archives_of_other_kinds_and_without_tables(kind: str, tmp_path: Path):
    packed(tmp_path / "pictures.zip", {"a.png": b"", "tables.zip": b""})
    (tmp_path / "report.rar").write_bytes(b"Rar!")
    source = Source(name="report", kind=kind, path=tmp_path)
    (item,) = READERS[kind].items(source, CONTEXT)
    with pytest.raises(BadFile, match=r"report\.rar: file name: expected .* in a ZIP archive; found an archive of another kind"):
        list(READERS[kind].read(source, item, CONTEXT))
    (tmp_path / "report.rar").unlink()
    with pytest.raises(BadSource, match=r"there is (?:nothing but .*|none) below"):
        READERS[kind].items(source, CONTEXT)
    with pytest.raises(BadFile, match=r"pictures\.zip: archive: expected .*; found none"):
        list(READERS[kind].read(source, Item("pictures.zip", tmp_path / "pictures.zip"), CONTEXT))


@pytest.mark.parametrize("kind", FILES)
def test_hostile_archives_are_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = members(kind)
    name = next(iter(files))
    source = Source(name="report", kind=kind, path=tmp_path)

    def refused(path: Path) -> str:
        (item,) = READERS[kind].items(source, CONTEXT)
        with pytest.raises(BadFile) as error:
            list(READERS[kind].read(source, item, CONTEXT))
        path.unlink()
        return str(error.value)

    path = packed(tmp_path / "a.zip", files)
    path.write_bytes(path.read_bytes()[:-30])
    assert "a whole ZIP archive" in refused(path)
    path = packed(tmp_path / "a.zip", {name: b"\x00" * (1 << 27)})
    assert "MiB packed into" in refused(path)
    path = packed(tmp_path / "a.zip", files)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "without a password" in refused(path)
    monkeypatch.setattr(archives, "MOST_MEMBERS", 1)
    assert "2 files" in refused(packed(tmp_path / "a.zip", dict(list(files.items())[:2])))


def test_logs_that_overlap_in_one_archive_stand_once(tmp_path: Path):
    folder = FIXTURES / "moodle_logs"
    files = {name: (folder / name).read_bytes() for name in ("duplicate_clicks.csv", "duplicate_clicks_overlap.csv")}
    packed(tmp_path / "archive" / "logs.zip", files)
    (tmp_path / "folder").mkdir()
    for name, content in files.items():
        (tmp_path / "folder" / name).write_bytes(content)
    found = {}
    for place in ("archive", "folder"):
        source = Source(name=place, kind="moodle_logs", path=tmp_path / place)
        programme = Programme(id="t", name="T", folder=tmp_path, sources=(source,))
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            loads = load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=datetime(2026, 11, 30, tzinfo=UTC))
            assert [load.state for load in loads] == ["loaded"] * (1 if place == "archive" else 2)
            found[place] = warehouse.rows("select activity_id, account_id, course_id from raw.activity order by 1")
    assert found["archive"]
    assert found["archive"] == found["folder"]


def test_a_table_that_cannot_be_read_is_named(tmp_path: Path):
    files = members("moodle_logs") | {"Оценки.csv": (FIXTURES / "moodle_grades" / "english.csv").read_bytes()}
    path = packed(tmp_path / "moodle.zip", files)
    with pytest.raises(BadFile, match=r"moodle\.zip/Оценки\.csv|Оценки\.csv: .*gradebook"):
        Reading(READERS["moodle_logs"], path)


def test_names_that_lead_elsewhere_lead_nowhere(tmp_path: Path):
    content = members("moodle_logs")["english_with_bom.csv"]
    path = packed(tmp_path / "in" / "logs.zip", {"/outside.csv": content})
    assert Reading(READERS["moodle_logs"], path).rows("activity")
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["in", "logs.zip"]


def test_further_sheets_of_a_workbook_in_an_archive_are_told_of(tmp_path: Path):
    book = openpyxl.Workbook()
    rows = list(csv.reader((FIXTURES / "moodle_participants" / "english.csv").read_text("utf-8-sig").splitlines()))[:2]
    for sheet in (book.active, book.create_sheet("Группа 2")):
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "list.xlsx")
    files = {"a.xlsx": (tmp_path / "list.xlsx").read_bytes(), **members("moodle_participants")}
    report = Reading(READERS["moodle_participants"], packed(tmp_path / "lists.zip", files))
    assert ("a.xlsx, sheet 2, row 2", FURTHER_SHEET) in report.rejected
    assert sum(isinstance(event, Seen) for event in report.events) >= len(files)
