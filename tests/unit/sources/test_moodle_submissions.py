"""Downloaded submissions: the ways Moodle has named them, and archives that are none. All people are invented."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path

import docx
import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.sources.lms.moodle_submissions import MoodleSubmissionsReader
from tests.unit.sources.report_reading import CONTEXT, Reading

TEXT = b"<!DOCTYPE html><html><head><meta charset='UTF-8'></head><body><p>My&nbsp;plan</p><p>Second</p></body></html>"


def document(text: str) -> bytes:
    content = io.BytesIO()
    one = docx.Document()
    one.add_paragraph(text)
    one.save(content)
    return content.getvalue()


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 11, 20, 12, 30, 0)), content)
    return path


def read(path: Path, **source: object) -> Reading:
    return Reading(MoodleSubmissionsReader(), path, **source)


NEW = {
    "Ирина Полевая_123_assignsubmission_file/plan.docx": document("Ирина о практике"),
    "Ирина Полевая_123_assignsubmission_file/pictures/a.png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "Ирина Полевая_123_assignsubmission_onlinetext/onlinetext.html": TEXT,
    "Олег Степной_124_assignsubmission_onlinetext/Текст ответа.html": TEXT,
}
OLD_FOLDERS = {
    name.replace("submission_file/", "submission_file_/").replace("onlinetext/", "onlinetext_/"): data for name, data in NEW.items()
}
WITHOUT_FOLDERS = {name.replace("/pictures/", "/").replace("/", "_"): data for name, data in NEW.items()}
IN_A_FOLDER = {f"DIGI-Task 1-9/{name}": data for name, data in NEW.items()}


@pytest.mark.parametrize("files", [NEW, OLD_FOLDERS, WITHOUT_FOLDERS, IN_A_FOLDER], ids=["new", "old", "without_folders", "in_a_folder"])
def test_names_of_all_versions_give_the_same_submissions(files: dict[str, bytes], tmp_path: Path):
    found = read(archive(tmp_path / "DIGI-Task 1-9.zip", files), course="DIGI")
    assert [(row["submission_id"], row["account_id"], row["files"], row["text"]) for row in found.rows("submissions")] == [
        ("moodle:submission:participant:123", found.account("name:ирина полевая"), 2, "My plan\nSecond"),
        ("moodle:submission:participant:124", found.account("name:олег степной"), 0, "My plan\nSecond"),
    ]
    assert set(found.column("submissions", "task_id")) == {"moodle:task:9"}
    assert set(found.column("submissions", "course_id")) == {"moodle:course:code:DIGI"}
    assert found.column("submissions", "words") == [3, 3]
    assert sorted(found.column("submission_files", "filename")) == ["a.png", "plan.docx"]
    hashes = {row["filename"]: row["content_hash"] for row in found.rows("submission_files")}
    assert hashes["plan.docx"] == sha1(NEW["Ирина Полевая_123_assignsubmission_file/plan.docx"]).hexdigest()
    assert found.column("file_texts", "text") == ["Ирина о практике"]
    assert found.column("file_texts", "content_hash") == [hashes["plan.docx"]]
    # The picture is kept as a file; it has no text.
    assert [reason for _, reason in found.rejected] == ["image"]


def test_unpacked_folder_says_the_same(tmp_path: Path):
    packed = read(archive(tmp_path / "DIGI-Task 1-9.zip", NEW))
    folder = tmp_path / "unpacked" / "DIGI-Task 1-9"
    for name, content in NEW.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    assert read(folder).rows("submissions") == packed.rows("submissions")
    source = Source(name="work", kind="moodle_submissions", path=tmp_path)
    assert [item.name for item in MoodleSubmissionsReader().items(source, CONTEXT)] == ["DIGI-Task 1-9.zip", "unpacked/DIGI-Task 1-9"]


def test_blind_marking_names_nobody_and_the_id_stays_when_names_are_revealed(tmp_path: Path):
    files = {"Participant_123_assignsubmission_file/a.txt": b"one", "Участник_124_assignsubmission_file/b.txt": b"two"}
    blind = read(archive(tmp_path / "x-9.zip", files))
    assert blind.column("submissions", "account_id") == [None, None]
    assert blind.rows("accounts") == []
    revealed = read(archive(tmp_path / "y-9.zip", NEW))
    assert blind.column("submissions", "submission_id") == revealed.column("submissions", "submission_id")


@pytest.mark.parametrize("name", ["DIGI-Task 1-Поток 1-9.zip", "DIGI-Task 1-Поток_1-9.zip", "DIGI-Task 1-Поток 1-9 (2).zip"])
def test_group_that_was_chosen_is_taken_off_the_names(name: str, tmp_path: Path):
    files = {f"Поток 1-{inside}": data for inside, data in OLD_FOLDERS.items()}
    found = read(archive(tmp_path / name, files))
    assert found.column("submissions", "account_id") == [found.account("name:ирина полевая"), found.account("name:олег степной")]
    assert set(found.column("submissions", "task_id")) == {"moodle:task:9"}


def test_teams_that_differ_and_double_names_stay(tmp_path: Path):
    files = {"Анна-Мария Лесная_1_assignsubmission_file_/a.txt": b"a", "Анна-Ирина Полевая_2_assignsubmission_file_/b.txt": b"b"}
    found = read(archive(tmp_path / "DIGI-Task 1-9.zip", files))
    assert found.column("accounts", "display_name") == ["Анна-Мария Лесная", "Анна-Ирина Полевая"]


@pytest.mark.parametrize(
    ("name", "source", "course", "title"),
    [
        ("ЦОС-36-Задача 1-9.zip", {}, "ЦОС-36", "Задача 1"),
        ("ЦОС-36-Задача 1-Часть 2-9.zip", {"course": "ЦОС-36"}, "ЦОС-36", "Задача 1-Часть 2"),
        ("DIGI-Task 1-Поток 1-9.zip", {}, "DIGI", "Task 1"),
        ("DIGI-9.zip", {"course": "DIGI"}, "DIGI", None),
    ],
)
def test_course_and_task_are_those_of_the_archives_name(name: str, source: dict, course: str, title: str | None, tmp_path: Path):
    files = {f"Поток 1-{inside}": data for inside, data in OLD_FOLDERS.items()} if "Поток" in name else NEW
    found = read(archive(tmp_path / name, files), **source)
    assert found.column("courses", "code") == [course]
    assert [(row["task_id"], row["name"], row["kind"]) for row in found.rows("tasks")] == [("moodle:task:9", title, "assignment")]
    # Whatever else tells of the task is newer.
    assert found.column("tasks", "seen_at") == [datetime(1970, 1, 1, tzinfo=UTC)]


def test_blind_marking_of_one_group_names_nobody_either(tmp_path: Path):
    files = {
        "Stream A-Participant_123_assignsubmission_file_/plan.txt": b"plan",
        "Поток 2-Участник_124_assignsubmission_file/plan.txt": b"plan",
    }
    found = read(archive(tmp_path / "DIGI-Task-9.zip", files))
    assert found.column("submissions", "account_id") == [None, None]


def test_group_without_an_id_and_second_download_of_a_browser(tmp_path: Path):
    found = read(archive(tmp_path / "DIGI-Task-9 (1).zip", {"Default group_assignsubmission_file/a.txt": b"one"}))
    (row,) = found.rows("submissions")
    assert row["submission_id"].startswith("moodle:submission:name:")
    assert row["task_id"] == "moodle:task:9"


def test_renamed_archive_has_no_task(tmp_path: Path):
    assert read(archive(tmp_path / "work.zip", NEW)).column("submissions", "task_id") == [None, None]


def test_when_it_was_made(tmp_path: Path):
    assert read(archive(tmp_path / "x-9.zip", NEW)).covers.until == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_equal_files_have_one_content(tmp_path: Path):
    one = document("the same")
    files = {"А_1_assignsubmission_file/a.docx": one, "Б_2_assignsubmission_file/b.docx": one}
    found = read(archive(tmp_path / "x-9.zip", files))
    assert len(set(found.column("submission_files", "content_hash"))) == 1
    assert len(set(found.column("submission_files", "file_id"))) == 2
    assert len(found.rows("file_texts")) == 1


def test_file_of_no_submission_is_counted(tmp_path: Path):
    found = read(archive(tmp_path / "x-9.zip", {**NEW, "readme.txt": b"hello"}))
    assert ("other file 1", "belongs to no submission") in found.rejected


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all"])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path):
    (tmp_path / "x-9.zip").write_bytes(content)
    with pytest.raises(BadFile):
        read(tmp_path / "x-9.zip")


def test_cut_archive_and_archive_of_something_else(tmp_path: Path):
    path = archive(tmp_path / "x-9.zip", NEW)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(BadFile):
        read(path)
    with pytest.raises(BadFile, match="no file called") as error:
        read(archive(tmp_path / "y-9.zip", {"Ирина Полевая.txt": b"x"}))
    assert "Полевая" not in str(error.value)


def test_no_archive_at_all(tmp_path: Path):
    with pytest.raises(BadSource):
        list(MoodleSubmissionsReader().items(Source(name="work", kind="moodle_submissions", path=tmp_path), CONTEXT))
