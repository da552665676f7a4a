"""Files handed in, out of a copy of Moodle's file store: opened once, waited for where the copy is late, never believed by their name."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest

from pipelines.loading import Load, load_source
from pipelines.programme import Programme
from pipelines.sources.lms.moodle_db import file_contents
from pipelines.sources.lms.moodle_db.reader import MoodleDatabase
from pipelines.warehouse import Warehouse
from tests.unit.sources.file_text_samples import docx_of, paragraph, run
from tests.unit.sources.moodle_fixture import DAY, PSEUDONYMS, T0, activity, change, course, make_moodle, source, together
from tests.unit.sources.test_moodle_db import RUN_AT

WORK = docx_of(paragraph(run("Работа "), run("спрятано", "<w:vanish/>")))
NOTE = "Заметка".encode("cp1251")


def file_row(number: int, content: bytes | str, *, uploaded: int = T0, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "contenthash": content if isinstance(content, str) else sha1(content).hexdigest(), "component": "assignsubmission_file",
        "filearea": "submission_files", "itemid": 1, "filename": f"work {number}.docx", "timecreated": uploaded, "timemodified": uploaded, **more,
    }  # fmt: skip


def stored(folder: Path, content: bytes, name: str | None = None) -> Path:
    name = name or sha1(content).hexdigest()
    path = folder / "filedir" / name[:2] / name[2:4] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def site(tmp_path: Path, *files: dict[str, Any], clock: int = T0 + DAY) -> str:
    return make_moodle(
        tmp_path / "moodle.db",
        together(
            course(),
            activity(20, "assign", 30),
            {"assign_submission": [{"id": 1, "assignment": 30, "userid": 5, "status": "submitted", "timemodified": T0}]},
            {"files": list(files)},
            {"logstore_standard_log": [{"id": 1, "eventname": "\\core\\event\\x", "timecreated": clock, "origin": "web"}]},
        ),
    )


def load(warehouse: Warehouse, tmp_path: Path, url: str, moodledata: str | None = "data") -> Load:
    of = source(moodledata=moodledata)
    given = Programme(id="test", name="Test", sources=(of,), folder=tmp_path)
    (done,) = load_source(warehouse, given, of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    assert done.state in ("loaded", "unchanged"), done.problem
    return done


def texts(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        "select r.content_hash, r.format, p.text, p.hidden_text from raw.file_texts r join personal.file_texts p using (content_hash) order by p.text"
    )


def rejects(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows("select place, reason from raw.rejects where record = 'file_texts' order by place")


def test_each_content_is_opened_once_however_many_handed_it_in(warehouse: Warehouse, tmp_path: Path) -> None:
    for content in (WORK, NOTE):
        stored(tmp_path / "data", content)
    url = site(
        tmp_path,
        file_row(11, WORK), file_row(12, WORK), file_row(13, NOTE), file_row(14, b"", filename="."), file_row(15, b"draft", component="user"),
    )  # fmt: skip
    done = load(warehouse, tmp_path, url)
    assert texts(warehouse) == [
        (sha1(NOTE).hexdigest(), "txt", "Заметка", None),
        (sha1(WORK).hexdigest(), "docx", "Работа", "спрятано"),
    ]
    assert (done.seen["file_texts"], done.kept["file_texts"]) == (2, 2)
    assert rejects(warehouse) == []


def test_without_a_store_files_are_counted_and_not_opened(warehouse: Warehouse, tmp_path: Path) -> None:
    url = site(tmp_path, file_row(11, WORK))
    done = load(warehouse, tmp_path, url, moodledata=None)
    assert (done.seen.get("file_texts", 0), done.kept["submission_files"]) == (0, 1)
    # The store comes later: what came before it is read then.
    stored(tmp_path / "data", WORK)
    assert load(warehouse, tmp_path, url).kept["file_texts"] == 1


def test_a_store_that_is_away_costs_the_texts_until_it_is_back_and_nothing_else(warehouse: Warehouse, tmp_path: Path) -> None:
    url = site(tmp_path, file_row(11, WORK))
    done = load(warehouse, tmp_path, url)
    assert done.kept["submission_files"] == 1
    assert rejects(warehouse) == [("files id 11", "the file store is not there")]
    stored(tmp_path / "data", WORK)
    assert load(warehouse, tmp_path, url).kept["file_texts"] == 1


def test_only_new_contents_are_opened(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(tmp_path / "data", WORK)
    url = site(tmp_path, file_row(11, WORK, uploaded=T0 - DAY))
    load(warehouse, tmp_path, url)
    opened: list[str] = []
    usual = file_contents.events

    def noted(files: Any, **more: Any) -> Any:
        given = list(files)
        opened.extend(content_hash for content_hash, *_ in given)
        return usual(given, **more)

    monkeypatch.setattr(file_contents, "events", noted)
    stored(tmp_path / "data", NOTE)
    row = file_row(12, NOTE)
    change(tmp_path / "moodle.db", f"insert into mdl_files ({', '.join(row)}) values ({', '.join('?' * len(row))})", tuple(row.values()))
    load(warehouse, tmp_path, url)
    assert opened == [sha1(NOTE).hexdigest()]
    assert len(texts(warehouse)) == 2


def test_a_content_that_the_copy_lacks_is_rejected_waited_for_and_read_when_it_comes(warehouse: Warehouse, tmp_path: Path) -> None:
    stored(tmp_path / "data", WORK)
    url = site(tmp_path, file_row(11, NOTE), file_row(12, WORK))
    done = load(warehouse, tmp_path, url)
    assert (done.seen["file_texts"], done.kept["file_texts"], done.rejected["file_texts"]) == (2, 1, 1)
    assert rejects(warehouse) == [("files id 11", "content is not in the file store")]
    stored(tmp_path / "data", NOTE)
    change(tmp_path / "moodle.db", "update mdl_user set timemodified = 99 where 1 = 1")
    change(tmp_path / "moodle.db", "insert into mdl_logstore_standard_log (id, eventname, timecreated) values (2, 'x', ?)", (T0 + 2 * DAY,))
    assert load(warehouse, tmp_path, url).kept["file_texts"] == 2
    assert len(texts(warehouse)) == 2


def test_a_content_that_is_lost_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    from zoneinfo import ZoneInfo

    from pipelines.sources.reading import Context

    stored(tmp_path / "data", WORK)
    of = source(moodledata=tmp_path / "data")
    for late, after in ((DAY, 10), (30 * DAY, 12)):
        folder = tmp_path / str(late)
        folder.mkdir()
        url = site(folder, file_row(11, NOTE), file_row(12, WORK), clock=T0 + late)
        context = Context(PSEUDONYMS, ZoneInfo("UTC"), "ru", url)
        (item,) = MoodleDatabase().items(of, context)
        assert MoodleDatabase().cursor(of, item, context)[file_contents.TEXTS_AFTER] == after


def test_contents_are_checked_against_their_names_and_names_against_paths(warehouse: Warehouse, tmp_path: Path) -> None:
    changed = sha1(WORK).hexdigest()
    stored(tmp_path / "data", b"something else", name=changed)
    outside = "../../../secret"
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    url = site(tmp_path, file_row(11, changed), file_row(12, outside), file_row(13, "A" * 40))
    load(warehouse, tmp_path, url)
    assert rejects(warehouse) == [
        ("files id 11", "content is not what its hash says"),
        ("files id 12", "content hash is none"),
        ("files id 13", "content hash is none"),
    ]
    assert texts(warehouse) == []
