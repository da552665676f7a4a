"""The review queue on the command line and as a sheet: shown, decided, taken back; names are shown to the reader and written to no log."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from pipelines import cli, review
from pipelines.errors import BadFile
from pipelines.links.people.people import link_people_and_places
from pipelines.warehouse import Warehouse
from tests.unit.links.warehouses import PROGRAMME, chat_account, insert, learner, person

COURSE, CHAT = "moodle:course:1", "telegram:chat:1"
AT = datetime(2026, 9, 2, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("MAYAK_")]:
        monkeypatch.delenv(name)
    (tmp_path / "programme.toml").write_text('[programme]\nid = "p"\nname = "P"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAYAK_PSEUDONYM_KEY", "a-key-for-invented-people")
    monkeypatch.setenv("MAYAK_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


@pytest.fixture
def accounts(home: Path) -> dict[str, str]:
    """Two namesakes, one account that fits both, one with a first name alone; linked once."""
    with Warehouse.open(home / "warehouse.duckdb") as warehouse:
        warehouse.create_schemas()
        insert(warehouse, "raw.courses", [{"course_id": COURSE, "code": "ЦОС-36"}])
        insert(warehouse, "raw.chats", [{"chat_id": CHAT, "channel": "chat", "kind": "supergroup"}])
        insert(warehouse, "personal.chats", [{"chat_id": CHAT, "title": "ЦОС-36 осень"}])
        names = {
            "one": learner(warehouse, "1", "Анна Петровна", "Иванова", institution="Школа № 5"),
            "other": learner(warehouse, "2", "Анна Сергеевна", "Иванова"),
            "third": learner(warehouse, "3", "Юлия", "Соловьёва"),
            "namesake": chat_account(warehouse, "user7", "Анна Иванова"),
            "first": chat_account(warehouse, "user8", "=Юлия"),
        }
        link_people_and_places(warehouse, PROGRAMME)
        return names


@pytest.fixture
def mayak(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Call the command as a shell does; returns (exit code, output, errors)."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mayak", *arguments])
        # A narrow terminal breaks names over lines.
        monkeypatch.setattr(cli.console, "width", 200)
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return call


def link(home: Path) -> dict[str, tuple[str | None, str, str]]:
    with Warehouse.open(home / "warehouse.duckdb") as warehouse:
        link_people_and_places(warehouse, PROGRAMME)
        return {row[0]: row[1:] for row in warehouse.rows("select account_id, person_id, state, rule from links.people")}


def test_the_queue_shows_who_an_account_may_be(home: Path, accounts: dict[str, str], mayak) -> None:
    code, out, _ = mayak("review", "list")
    assert code == 0
    assert "2 to be looked at" in out
    assert all(words in out for words in ("Анна Иванова", "Иванова Анна Петровна, Школа № 5", "Иванова Анна Сергеевна", "Соловьёва Юлия"))


def test_confirm_links_at_the_next_run_and_undo_leaves_no_trace(home: Path, accounts: dict[str, str], mayak) -> None:
    before = link(home)
    code, out, _ = mayak("review", "confirm", accounts["namesake"][:12], person(accounts["other"])[:12], "--by", "Методист")
    decision = out.split(":")[0]
    assert code == 0
    assert link(home)[accounts["namesake"]] == (person(accounts["other"]), "linked", "decision")
    assert "Методист" in mayak("review", "decisions")[1]
    assert mayak("review", "undo", decision)[0] == 0
    assert link(home) == before


def test_without_a_person_the_likeliest_is_meant(home: Path, accounts: dict[str, str], mayak) -> None:
    assert mayak("review", "confirm", accounts["first"])[0] == 0
    assert link(home)[accounts["first"]][0] == person(accounts["third"])


def test_merge_refuse_split_and_share(home: Path, accounts: dict[str, str], mayak) -> None:
    one, other, third, name, first = accounts.values()
    assert mayak("review", "merge", person(other), person(one))[0] == 0
    assert link(home)[other][0] == link(home)[name][0] == person(one)
    assert mayak("review", "split", other)[0] == 0
    assert mayak("review", "refuse", first, person(third))[0] == 0
    assert mayak("review", "share", name)[0] == 0
    links = link(home)
    assert (links[other][0], links[first][:2], links[name]) == (person(other), (None, "unlinked"), (None, "unlinked", "shared"))


@pytest.mark.parametrize(
    "arguments", [("confirm", "a0000000000"), ("confirm", "a1"), ("undo", "d00000000"), ("merge", "p00000000", "p00000001")], ids=" ".join
)
def test_what_is_not_there_is_said_in_one_line(home: Path, accounts: dict[str, str], mayak, arguments: tuple[str, ...]) -> None:
    code, out, errors = mayak("review", *arguments)
    assert (code, out, len(errors.splitlines())) == (1, "", 1)


def test_the_sheet_goes_out_comes_back_and_may_come_back_twice(home: Path, accounts: dict[str, str], mayak) -> None:
    path = home / "queue.xlsx"
    assert mayak("review", "export", str(path))[0] == 0
    book = load_workbook(path)
    rows = {row[11].value: row for row in book.active.iter_rows(min_row=2)}
    shown = rows[accounts["first"]][2]
    assert (shown.value, shown.data_type) == ("=Юлия", "s")
    choice = [cell.value for cell in rows[accounts["namesake"]][12:15]].index(person(accounts["one"])) + 1
    rows[accounts["namesake"]][0].value = choice
    rows[accounts["namesake"]][1].value = "позвонили"
    rows[accounts["first"]][0].value = "Нет"
    book.save(path)
    assert "2 decisions in the sheet, 2 of them new" in mayak("review", "import", str(path), "--by", "Методист")[1]
    assert "2 decisions in the sheet, 0 of them new" in mayak("review", "import", str(path))[1]
    links = link(home)
    assert links[accounts["namesake"]] == (person(accounts["one"]), "linked", "decision")
    assert links[accounts["first"]][:2] == (None, "unlinked")


def test_a_word_that_is_no_decision_names_the_row_and_nothing_is_written(home: Path, accounts: dict[str, str]) -> None:
    path = home / "queue.xlsx"
    with Warehouse.open(home / "warehouse.duckdb") as warehouse:
        path.write_bytes(review.sheet(review.queue(warehouse)))
        assert path.read_bytes() == review.sheet(review.queue(warehouse))
    book = load_workbook(path)
    book.active["A2"], book.active["A3"] = "1", "наверное"
    book.save(path)
    with pytest.raises(BadFile, match="row 3") as refused:
        review.decisions_in(path, at=AT, by=None)
    assert "Иванова" not in str(refused.value)
