"""A report that was made stays what it is: under the hash of what it says, verified when read, made again from its content to the byte."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from pipelines.deliveries.report import frozen, reports
from pipelines.deliveries.report.frozen import Version
from pipelines.deliveries.report.report_model import Report, report_of
from pipelines.errors import BadFile
from tests.unit.deliveries import fixture as made

MADE_AT = datetime(2026, 11, 23, 3, tzinfo=UTC)


def built(**tables: made.Rows) -> tuple[Report, dict[str, str]]:
    with made.warehouse_of(**{**made.full_week(), **tables}) as warehouse:
        made.insert(warehouse, "deliveries.list_items", made.listed_lines())
        return reports.build_report(warehouse, made.programme(), made.WEEK), reports.input_hashes(warehouse, made.WEEK)


def changed() -> dict[str, made.Rows]:
    """What came to light later: one more of those who had been warned has left."""
    return {"rpt_week_warnings": [{**made.full_week()["rpt_week_warnings"][0], "warned_dropped": 27}]}


def freeze(folder: Path, at: datetime = MADE_AT, **tables: made.Rows) -> tuple[Version, bool]:
    report, inputs = built(**tables)
    return frozen.freeze(report, folder, ("ru", "en"), inputs=inputs, made_at=at)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def frozen_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One frozen report; setting its pages takes seconds."""
    folder = tmp_path_factory.mktemp("frozen")
    freeze(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path, frozen_once: Path) -> Path:
    """A copy of it, to be changed."""
    shutil.copytree(frozen_once, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_report_lies_under_the_hash_of_what_it_says(folder: Path) -> None:
    (version,) = frozen.versions(folder, made.WEEK)
    names = {path.name for path in (folder / version.place).iterdir()}
    pages = {f"report.{code}.{kind}" for code in ("ru", "en") for kind in ("html", "pdf", "xlsx")}
    assert names == {"content.json", "manifest.json", *pages}
    assert version.version in (folder / version.place / "report.ru.html").read_text(encoding="utf-8")
    manifest = frozen.verified(folder, version)
    assert {"reports.rpt_week_conditions", "reports.rpt_week_marks", "deliveries.list_items"} <= set(manifest["inputs"])
    assert frozen.weeks(folder) == [made.WEEK]


def test_the_content_is_read_back_as_it_was_written() -> None:
    report, _ = built()
    assert report_of(report.content) == report
    assert report_of(report.content).content == report.content


def test_last_weeks_report_made_again_from_its_inputs_has_the_same_bytes(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("again")
    freeze(elsewhere, MADE_AT)
    assert contents(elsewhere) == contents(folder)


def test_it_is_made_again_from_its_content_alone(folder: Path) -> None:
    (version,) = frozen.versions(folder, made.WEEK)
    again = frozen.remade(folder, version)
    assert {name: (folder / version.place / name).read_bytes() for name in again} == again
    assert len(again) == 7


def test_the_same_inputs_a_week_later_touch_nothing(folder: Path) -> None:
    before = contents(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    version, is_new = freeze(folder, MADE_AT + timedelta(days=7))
    assert not is_new
    assert version.made_at == MADE_AT
    assert contents(folder) == before
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == times


def test_a_changed_input_makes_a_new_version_beside_the_old_and_both_are_listed(folder: Path) -> None:
    (first,) = frozen.versions(folder, made.WEEK)
    before = {path: content for path, content in contents(folder).items() if first.version in path}
    second, is_new = freeze(folder, MADE_AT + timedelta(days=1), **changed())
    assert is_new
    assert frozen.versions(folder, made.WEEK) == [first, second]
    assert {path: content for path, content in contents(folder).items() if first.version in path} == before
    manifests = [frozen.verified(folder, version) for version in (first, second)]
    differing = {name for name in manifests[0]["inputs"] if manifests[0]["inputs"][name] != manifests[1]["inputs"][name]}
    assert differing == {"reports.rpt_week_warnings"}


@pytest.mark.parametrize("name", ["report.ru.pdf", "report.en.xlsx", "content.json", "manifest.json"])
def test_one_changed_byte_is_noticed_when_it_is_read(folder: Path, name: str) -> None:
    (version,) = frozen.versions(folder, made.WEEK)
    path = folder / version.place / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadFile, match=name):
        frozen.verified(folder, version)
    with pytest.raises(BadFile):
        freeze(folder)


def test_a_missing_file_and_a_stranger_are_noticed(folder: Path) -> None:
    (version,) = frozen.versions(folder, made.WEEK)
    (folder / version.place / "note.txt").write_text("I was never part of it", encoding="utf-8")
    with pytest.raises(BadFile, match=r"note\.txt"):
        frozen.verified(folder, version)
    (folder / version.place / "note.txt").unlink()
    (folder / version.place / "report.ru.html").unlink()
    with pytest.raises(BadFile, match=r"report\.ru\.html"):
        frozen.verified(folder, version)


def test_content_put_in_the_place_of_another_is_noticed_even_with_a_manifest_that_fits(folder: Path) -> None:
    (version,) = frozen.versions(folder, made.WEEK)
    other, _ = built(**changed())
    manifest = json.loads((folder / version.place / "manifest.json").read_bytes())
    manifest["files"]["content.json"] = sha256(other.content).hexdigest()
    (folder / version.place / "content.json").write_bytes(other.content)
    text = json.dumps(manifest).encode()
    (folder / version.place / "manifest.json").write_bytes(text)
    forged = Version(version.week_ends_on, version.version, version.made_at, sha256(text).hexdigest())
    with pytest.raises(BadFile, match=r"content\.json"):
        frozen.verified(folder, forged)


def test_a_folder_without_a_manifest_is_unfinished_and_is_finished(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    killed = tmp_path_factory.mktemp("killed")
    (version,) = frozen.versions(folder, made.WEEK)
    (killed / version.place).mkdir(parents=True)
    (killed / version.place / "content.json").write_bytes(b"half")
    freeze(killed)
    assert contents(killed) == contents(folder)


def test_the_content_keeps_no_small_number_and_no_name(folder: Path) -> None:
    (version,) = frozen.versions(folder, made.WEEK)
    content = json.loads((folder / version.place / "content.json").read_bytes())
    assert [row["learners"] for row in content["streams"] if row["is_hidden"]] == [None, 1]
    assert {figure["n"] for figure in content["figures"] if figure["is_hidden"]} == {1}
    assert "sokolova" not in json.dumps(content)


def test_every_file_is_remembered_with_its_hash(folder: Path) -> None:
    with made.warehouse_of(**made.full_week()) as warehouse:
        for _ in range(2):
            reports.remember_report(warehouse, made.WEEK, folder)
        kept = warehouse.rows("select path, sha256 from deliveries.files where receiver_id = 'leadership' order by path")
    assert dict(kept) == {path: sha256(content).hexdigest() for path, content in contents(folder).items()}
    assert len(kept) == 9
