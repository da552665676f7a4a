"""One learner is forgotten: no trace in tables, files, the page or the outbox, and none when the exports are read again."""

from __future__ import annotations

import shutil
import sqlite3
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines import steps
from pipelines.cli import app
from pipelines.deliveries.lists import list_mail, lists
from pipelines.deliveries.page.store import Store
from pipelines.deliveries.sending import outbox
from pipelines.deliveries.shared.language import Language
from pipelines.deliveries.shared.marks import Mark
from pipelines.erasure import erase
from pipelines.errors import BadConfiguration
from pipelines.settings import read_settings
from pipelines.warehouse import Warehouse
from tests.conftest import configure
from tests.end_to_end.conftest import Installation

#: Long: part of the slower checks.
pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
_COMMENTS = "select count(comment) from personal.grades"


@dataclass(frozen=True)
class Forgotten:
    """A home in which one learner was erased, and what had been known of the learner."""

    home: Path
    person_id: str
    accounts: tuple[str, ...]
    called: tuple[str, ...]
    wrote: tuple[str, ...]

    def traces(self, text: str) -> list[str]:
        low = text.lower()
        return [word for word in (self.person_id, *self.accounts, *self.called, *self.wrote) if word.lower() in low]


def _said(content: bytes) -> str:
    """Everything a file says, workbooks and mails opened."""
    if content[:2] == b"PK":
        from io import BytesIO

        with zipfile.ZipFile(BytesIO(content)) as archive:
            return " ".join(_said(archive.read(name)) for name in archive.namelist())
    if content[:5].lower() == b"from:":
        parts = [part for part in message_from_bytes(content, policy=SMTP).walk() if not part.is_multipart()]
        return " ".join(_said(bytes(part.get_payload(decode=True))) for part in parts)
    return content.decode("utf-8", errors="ignore")


def _tables(home: Path) -> dict[str, str]:
    with Warehouse.open(home / "warehouse.duckdb", read_only=True) as warehouse:
        names = warehouse.rows("select table_schema || '.' || table_name from information_schema.tables order by 1")
        return {
            name: " ".join(str(row) for row in warehouse.rows(f"select * from {name}"))
            for (name,) in names
            if name not in ("raw.erasures", "raw.erased_works")
        }


@pytest.fixture(scope="module")
def forgotten(made: Installation, tmp_path_factory: pytest.TempPathFactory) -> Forgotten:
    home = tmp_path_factory.mktemp("forgotten") / "home"
    shutil.copytree(made.home, home, ignore=shutil.ignore_patterns("exports"))
    with Warehouse.open(home / "warehouse.duckdb") as warehouse:
        # Somebody on a list who wrote, and who is known in two channels at least.
        person, curator, item, section = warehouse.rows(
            "select i.person_id, i.curator_id, i.item_id, i.section from deliveries.list_items as i inner join links.people as p using (person_id) "
            "inner join raw.submissions as s using (account_id) inner join personal.submissions as t using (submission_id) "
            "where length(t.text) > 60 and (select count(*) from links.people as o where o.person_id = i.person_id) > 1 "
            "group by all order by count(*) desc, 1 limit 1"
        )[0]
        accounts = [one for (one,) in warehouse.rows("select account_id from links.people where person_id = ?", [person])]
        known = warehouse.rows("select email, username, display_name, first_name, last_name from personal.accounts where account_id in (select unnest(?))", [accounts])  # fmt: skip
        called = {text for row in known for text in row[:3] if text and len(text) > 4} | {f"{row[4]} {row[3]}" for row in known if row[4]}
        texts = "select account_id in (select unnest($1)) as own, lower(text) as text from personal.{0}s inner join raw.{0}s using ({0}_id) where text is not null"
        written = warehouse.rows(f"{texts.format('message')} union all {texts.format('submission')}", [accounts])
        others = "\n".join(text for own, text in written if not own)
        # What only the learner wrote: the task's words, and words taken over, stand in others' works too.
        pieces = [text[start : start + 40] for own, text in written if own for start in range(0, max(1, len(text) - 40), 40)]
        wrote = [piece for piece in pieces if len(piece) == 40 and piece not in others and "\n" not in piece]
        # What others wrote about the learner.
        other, text = warehouse.rows(
            "select message_id, text from personal.messages inner join raw.messages using (message_id) where account_id not in (select unnest(?)) and text is not null limit 1",
            [accounts],
        )[0]
        name = f"{known[0][4]} {known[0][3]}" if known[0][4] else known[0][2]
        warehouse.connection.execute("update personal.messages set text = ? where message_id = ?", [f"{text} Спасибо, {name}!", other])
        with pytest.MonkeyPatch.context() as patch:
            configure(patch, made.exports, home)
            settings = read_settings()
            run = steps.Run(settings, made.as_of, AT)
            mails = [
                list_mail.list_mail(one, Language(one.language, one.zone), sender="mayak@example.org", address="c@example.org", at=AT)
                for one in lists.build_lists(warehouse, run.programme, made.as_of)
            ]
            outbox.queue(warehouse, mails, made.as_of, settings.outbox_folder, AT)
    store = Store(settings.page_store)
    store.add_marks(
        [Mark(AT, curator, made.as_of, item, person, section, "contacted", None, "phone", "page", f"{name} просила перезвонить")]
    )
    found = Forgotten(home, person, tuple(accounts), tuple(sorted(called)), tuple(wrote))
    assert wrote
    # Before: everywhere.
    assert len([table for table, said in _tables(home).items() if found.traces(said)]) > 40
    named = [
        path
        for path in home.rglob("*")
        if path.is_file() and path.suffix in (".html", ".xlsx", ".eml") and found.traces(_said(path.read_bytes()))
    ]
    assert {path.suffix for path in named} == {".html", ".xlsx", ".eml"}
    with pytest.MonkeyPatch.context() as patch:
        configure(patch, made.exports, home)
        result = CliRunner().invoke(app, ["erase", person, "--yes"])
    assert result.exit_code == 0, result.output
    assert "lms" in result.output
    return found


def test_no_table_holds_a_trace(forgotten: Forgotten) -> None:
    found = {table: forgotten.traces(said) for table, said in _tables(forgotten.home).items()}
    assert {table: traces for table, traces in found.items() if traces} == {}


def test_no_file_holds_a_trace_not_even_in_its_free_space(forgotten: Forgotten) -> None:
    files = [path for path in forgotten.home.rglob("*") if path.is_file()]
    assert any(path.name == "warehouse.duckdb" for path in files)
    assert any(path.name == "store.sqlite" for path in files)
    found = {path.name: forgotten.traces(_said(path.read_bytes())) for path in files}
    # The record keeps the pseudonyms of the accounts, and the warehouse the record.
    found["warehouse.duckdb"] = [trace for trace in found["warehouse.duckdb"] if trace not in forgotten.accounts]
    assert {name: traces for name, traces in found.items() if traces} == {}


def test_the_rest_is_there_as_before(made: Installation, forgotten: Forgotten) -> None:
    with made.warehouse() as before, Warehouse.open(forgotten.home / "warehouse.duckdb", read_only=True) as after:
        people = [one.value("select count(distinct person_id) from links.people") for one in (before, after)]
        activity = [one.value("select count(*) from raw.activity") for one in (before, after)]
        own = before.value("select count(*) from raw.activity where account_id in (select unnest($1)) or related_account_id in (select unnest($1))", [list(forgotten.accounts)])  # fmt: skip
        remembered = {path for (path,) in after.rows("select path from deliveries.files")}
        words = "select count(comment) from personal.grades inner join raw.grades using (grade_id) where account_id is null or account_id not in (select unnest($1))"
        comments = [one.value(words, [list(forgotten.accounts)]) for one in (before, after)]
    assert people[1] == people[0] - 1
    assert comments[1] == comments[0] > 0
    assert activity[1] == activity[0] - own
    folder = forgotten.home / "deliveries"
    # Pages of evaluation are of numbers alone, and made anew every week: nothing has to be remembered of them.
    written = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert remembered == {str(path) for path in written if path.parts[0] != "evaluation"}


def test_the_record_says_that_it_was_done_and_of_whom_only_under_pseudonyms(forgotten: Forgotten) -> None:
    with Warehouse.open(forgotten.home / "warehouse.duckdb", read_only=True) as warehouse:
        rows = warehouse.rows("select account_id, erasure_id, erased_at from raw.erasures order by 1")
        states = dict(warehouse.rows("select problem, count(*) from deliveries.mails group by 1"))
    assert [account for account, *_ in rows] == sorted(forgotten.accounts)
    assert len({erasure for _, erasure, _ in rows}) == 1
    assert states.get("erased", 0) >= 1


def test_what_the_exports_bring_again_is_dropped(made: Installation, forgotten: Forgotten) -> None:
    with Warehouse.open(forgotten.home / "warehouse.duckdb") as warehouse:
        warehouse.connection.execute("delete from raw.loads")
        without = warehouse.value("select count(*) from raw.activity")
        comments = warehouse.value(_COMMENTS)
    with pytest.MonkeyPatch.context() as patch:
        configure(patch, made.exports, forgotten.home)
        run = steps.Run(read_settings(), made.as_of, AT)
        for source in run.programme.sources:
            assert any(load.state == "loaded" for load in steps.load(run, source))
    with Warehouse.open(forgotten.home / "warehouse.duckdb", read_only=True) as warehouse:
        assert warehouse.value("select count(*) from raw.activity") == without
        assert warehouse.value(_COMMENTS) == comments
        assert warehouse.value("select count(*) from raw.accounts where account_id in (select unnest(?))", [list(forgotten.accounts)]) == 0
    # What others wrote comes back as it stands in the exports: that is theirs, and named in the runbook.
    own = forgotten.wrote
    assert [text for text in own if any(text.lower() in said.lower() for said in _tables(forgotten.home).values())] == []


def test_the_page_keeps_nothing(forgotten: Forgotten) -> None:
    assert not (forgotten.home / "page" / "day.sqlite").exists()
    with sqlite3.connect(forgotten.home / "page" / "store.sqlite") as store:
        assert store.execute("select count(*) from marks").fetchone() == (0,)


def test_a_curator_and_nobody_are_refused(made: Installation, forgotten: Forgotten, monkeypatch: pytest.MonkeyPatch) -> None:
    with made.warehouse() as warehouse:
        curator = warehouse.value("select curator_id from facts.dim_curators limit 1")
    configure(monkeypatch, made.exports, forgotten.home)
    with pytest.raises(BadConfiguration, match="is a curator"):
        erase(read_settings(), curator, AT)
    assert CliRunner().invoke(app, ["erase", "p-nobody", "--yes"]).exit_code == 1
    # Who is erased already: by the id what may be left is done once more, and there is nothing left.
    again = CliRunner().invoke(app, ["erase", forgotten.person_id, "--yes"])
    assert again.exit_code == 0
    assert ": 0 rows of 0 tables, 0 files." in again.output
