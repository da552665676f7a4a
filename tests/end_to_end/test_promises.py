"""Three promises kept on a whole installation: personal data stays in its place, a day knows nothing of the next, and what was killed can be run again.

Two homes are made. ``killed`` reads the exports of the last day and is killed once in every stage, then run on. ``later`` reads exports of five
days later, was run for the day before up to its indicators, and is run for the same day undisturbed. Both must end in the same tables and bytes.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from pipelines import steps
from pipelines.deliveries.lists import lists
from pipelines.deliveries.report import frozen
from pipelines.errors import PermanentError
from pipelines.links.copies import copies
from pipelines.loading import load_source
from pipelines.loading.staging import Stage
from pipelines.progress import LineProgress
from pipelines.settings import read_settings
from pipelines.simulation import plan_of, simulate
from pipelines.transform import run_dbt
from pipelines.warehouse import Warehouse
from tests.conftest import SmallProgramme, configure

#: Several whole runs, minutes of processor time: part of the slower checks.
pytestmark = pytest.mark.slow

STAGES = ("links", "facts", "indicators", "risk", "reports", "deliveries")
RUN_AT = datetime(2026, 11, 28, 3, tzinfo=UTC)
#: What speaks of the exports that are there and not of the day (docs/decisions/0007): columns by table, or the whole table.
LEDGER: dict[str, set[str] | None] = {
    "facts.fct_activity": {"load_id"},
    "facts.fct_load_days": None,
    "indicators.ind_used_loads": None,
    "facts.fct_sources": {"covers_until", "rows_seen", "rows_kept", "rows_rejected"},
    "reports.rpt_sources": {"covers_until", "hours_behind", "rows_rejected"},
    "reports.rpt_week_quality": {"covers_until", "hours_behind", "rows_seen", "rows_kept", "rows_rejected", "rejected_share"},
}


class Killed(BaseException):
    """The process ends here: no `except Exception` may catch it."""


@dataclass
class Home:
    """A home, the files it reads and the lines its runs told."""

    exports: Path
    folder: Path
    told: list[str] = field(default_factory=list)

    def run(self, day: date, do: Callable[[steps.Run, list[steps.Step]], None]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            configure(patch, self.exports, self.folder)
            # The models' own tests have their own module and would be asked seven times here.
            patch.setattr(steps, "run_dbt", partial(run_dbt, data_tests=False))
            run = steps.Run(read_settings(), day, RUN_AT, progress=LineProgress(self.told.append))
            do(run, [step for step in steps.weekly(run.programme) if step.name != "check raw tables"])

    def warehouse(self) -> Warehouse:
        return Warehouse.open(self.folder / "warehouse.duckdb", read_only=True)

    def files(self) -> dict[str, str]:
        folder = self.folder / "deliveries"
        return {
            str(file.relative_to(folder)): sha256(file.read_bytes()).hexdigest() for file in sorted(folder.rglob("*")) if file.is_file()
        }

    def tables(self, *, ledger: bool) -> dict[str, list[str]]:
        """Every row of every stage after raw as text, sorted; floats to nine digits, because a sum's last digit depends on the order of rows."""
        content: dict[str, list[str]] = {}
        with self.warehouse() as warehouse:
            for schema, name in warehouse.rows(
                "select table_schema, table_name from information_schema.tables where table_schema in (select unnest(?)) order by all",
                [list(STAGES)],
            ):
                table = f"{schema}.{name}"
                left_out = LEDGER.get(table, set()) if ledger else set()
                if left_out is None:
                    continue
                columns = {column: kind for column, kind in warehouse.columns(table).items() if column not in left_out}
                assert len(columns) + len(left_out) == len(warehouse.columns(table)), f"{table}: a column of LEDGER is gone"
                shown = [f"round({column}, 9)" if kind == "DOUBLE" else column for column, kind in columns.items()]
                content[table] = sorted(str(row) for row in warehouse.rows(f"select {', '.join(shown)} from {table}"))
        return content


# -- the two homes ---------------------------------------------------------------------------------------------------------------


def _kill_on_call(patch: pytest.MonkeyPatch, owner: Any, name: str, *, when: Callable[..., bool]) -> None:
    """The process is killed when ``owner.name`` is called and ``when`` (of its arguments) first holds."""
    real = getattr(owner, name)

    def call(*arguments: Any, **named: Any) -> Any:
        if when(*arguments, **named):
            raise Killed
        return real(*arguments, **named)

    patch.setattr(owner, name, call)


def _after(calls: int) -> Callable[..., bool]:
    made = iter(range(calls))
    return lambda *_, **__: next(made, None) is None


def _table(name: str) -> Callable[..., bool]:
    return lambda _warehouse, table, *_, **__: table == name


#: Step → where it is killed: (owner, function, when).
KILLS: dict[str, list[tuple[Any, str, Callable[[], Callable[..., bool]]]]] = {
    "read lms": [(Stage, "add", lambda: _after(6)), (Stage, "_bring_in", lambda: _after(5))],
    "read mail": [(Stage, "_bring_in", lambda: _after(1))],
    "link people": [(Warehouse, "replace", lambda: _table("links.people"))],
    "link conversations": [(Warehouse, "replace", lambda: _table("links.replies"))],
    "link copies": [(Warehouse, "append", lambda: _table("links.copy_prints")), (copies, "write_file_signs", lambda: _after(0))],
    "risk": [(Warehouse, "replace", lambda: _table("risk.reasons"))],
    "curators' lists": [
        (lists, "write_file", lambda: _after(1)),
        (Path, "replace", lambda: _after(2)),
        (lists, "remember_files", lambda: _after(0)),
    ],
    "leadership report": [(frozen, "write_file", lambda: _after(1)), (frozen, "write_file", lambda: _after(7))],
}


@pytest.fixture(scope="module")
def killed(small_programme: SmallProgramme, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Killed wherever KILLS says, run on each time."""
    home = Home(small_programme.exports, tmp_path_factory.mktemp("killed"))

    def do(run: steps.Run, every: list[steps.Step]) -> None:
        assert set(KILLS) <= {step.name for step in every}
        for step in every:
            for owner, name, when in KILLS.get(step.name, []):
                with pytest.MonkeyPatch.context() as patch:
                    _kill_on_call(patch, owner, name, when=when())
                    with pytest.raises(Killed):
                        steps.carry_out(run, [step])
                if step.name == "risk":
                    with run.warehouse(read_only=True) as warehouse:
                        assert warehouse.value("select count(*) from risk.scores") == 0, "scores without reasons"
            steps.carry_out(run, [step])

    home.run(small_programme.as_of, do)
    return home


@pytest.fixture(scope="module")
def later(small_programme: SmallProgramme, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same world as its exports stand five days later."""
    day = small_programme.as_of
    exports = tmp_path_factory.mktemp("later") / "exports"
    simulate(exports, replace(plan_of("small"), as_of=day + timedelta(days=5), anchor=day))
    home = Home(exports, tmp_path_factory.mktemp("undisturbed"))

    def until_indicators(run: steps.Run, every: list[steps.Step]) -> None:
        names = [step.name for step in every]
        steps.carry_out(run, every[: names.index("facts and indicators") + 1])

    home.run(day - timedelta(days=1), until_indicators)
    home.run(day, steps.carry_out)
    return home


# -- a day knows nothing of the next, and a killed run can be run on -----------------------------------------------------------------


def test_a_killed_run_on_todays_exports_and_a_whole_one_on_later_exports_end_in_the_same_tables(killed: Home, later: Home) -> None:
    with later.warehouse() as warehouse, killed.warehouse() as other:
        counts = [one.value("select count(*) from raw.messages") for one in (warehouse, other)]
    assert counts[0] > counts[1] > 0, "the later exports hold nothing more: nothing would be compared"
    mine, theirs = killed.tables(ledger=True), later.tables(ledger=True)
    # Which days were run is what a history of runs tells, and these two ran different ones; from what the links were made last is a fingerprint of it.
    for table in ("deliveries.files", "links.people_history", "links.people_seen"):
        mine.pop(table), theirs.pop(table)
    assert set(mine) == set(theirs)
    assert len(mine) > 50
    assert sum(map(bool, mine.values())) > 40
    differing = {
        table: (sorted(set(mine[table]) - set(theirs[table]))[:2], sorted(set(theirs[table]) - set(mine[table]))[:2])
        for table in mine
        if mine[table] != theirs[table]
    }
    assert differing == {}


def test_the_lists_are_the_same_to_the_byte(killed: Home, later: Home) -> None:
    mine, theirs = ({path: digest for path, digest in home.files().items() if path.endswith(".html") and path.startswith("lists/")} for home in (killed, later))  # fmt: skip
    assert mine == theirs
    assert len(mine) > 2


def test_every_score_has_its_reasons_of_the_same_day_and_no_file_is_half_written(killed: Home) -> None:
    with killed.warehouse() as warehouse:
        orphans = warehouse.value("select count(*) from risk.reasons anti join risk.scores using (day, person_id, stream_id, target)")
        remembered = dict(warehouse.rows("select path, sha256 from deliveries.files"))
        assert warehouse.value("select count(*) from risk.scores") > 0
        assert warehouse.value("select count(*) from raw.loads where state <> 'loaded'") == 0
    assert orphans == 0
    # A page of evaluation names nobody: it is made anew from the scores and not remembered.
    handed = {path: digest for path, digest in killed.files().items() if not path.startswith("evaluation/")}
    assert remembered == handed, "what was handed out and what is remembered of it"
    assert not [path for path in killed.folder.rglob("*") if path.name.endswith((".partial", ".half", ".tmp"))]


@pytest.mark.slow
def test_a_day_run_again_after_a_death_inside_dbt_changes_nothing(killed: Home, small_programme: SmallProgramme, later: Home) -> None:
    before, files = killed.tables(ledger=False), killed.files()

    def do(run: steps.Run, every: list[steps.Step]) -> None:
        from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper

        every = [step for step in every if step.name != "leadership report"]
        place = [step.name for step in every].index("facts and indicators")
        steps.carry_out(run, every[:place])
        real = DuckDBCursorWrapper.execute

        def execute(self: Any, sql: str, bindings: Any = None) -> Any:
            if re.search(r"insert\s+into\s+\S*ind_learner_days", sql):
                raise RuntimeError("killed between deleting days and inserting them")
            return real(self, sql, bindings)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(DuckDBCursorWrapper, "execute", execute)
            with pytest.raises(PermanentError, match="ind_learner_days"):
                steps.carry_out(run, [every[place]])
        with run.warehouse(read_only=True) as warehouse:
            left = warehouse.value("select count(*) from indicators.ind_learner_days")
        assert left == len(before["indicators.ind_learner_days"]), "days were deleted and not put back"
        steps.carry_out(run, every[place:])

    killed.run(small_programme.as_of, do)
    after = killed.tables(ledger=False)
    assert [table for table in before if before[table] != after.get(table)] == []
    assert killed.files() == files


# -- personal data stays in its place --------------------------------------------------------------------------------------------------

#: Words of the trade that somebody is called by ("Support", "mail delivery system") and that mean nobody.
SERVICE = {"mail", "user", "admin", "guest", "note", "system", "delivery", "support", "webmaster", "service", "site", "robot", "daemon", "mailer", "subsystem"}  # fmt: skip


@dataclass(frozen=True)
class Personal:
    """What must not be found: words of names, whole strings (addresses, handles, phones, ids, file names), pieces of texts."""

    words: frozenset[str]
    strings: re.Pattern[str]
    pieces: tuple[str, ...]

    def found(self, text: str) -> list[str]:
        low = text.lower()
        found = sorted(set(re.findall(r"\w+", low)) & self.words) + [match.group() for match in self.strings.finditer(low)]
        return found + ([piece for piece in self.pieces if piece in low] if re.search("[а-яё]", low) else [])


@pytest.fixture(scope="module")
def personal(small_programme: SmallProgramme, killed: Home) -> Personal:
    """From the exports themselves and from schema ``personal``."""
    names: list[str] = []
    strings: list[str] = []
    with sqlite3.connect(small_programme.exports / "lms" / "moodle.sqlite") as lms:
        for first, last, *rest in lms.execute("select firstname, lastname, email, username, phone1, phone2 from mdl_user where id > 2"):
            names += [first, last]
            strings += rest
    for file in small_programme.exports.glob("telegram/*/result.json"):
        for message in json.loads(file.read_text(encoding="utf-8"))["messages"]:
            names.append(message.get("from"))
            strings += [message.get("from_id"), re.sub(r"\D", "", message.get("from_id") or "")]
    with killed.warehouse() as warehouse:
        for row in warehouse.rows("select display_name, first_name, last_name, username, email, phone from personal.accounts"):
            names += row[:3]
            strings += row[3:]
        strings += [name for (name,) in warehouse.rows("select filename from personal.submission_files")]
        texts = [
            text
            for table, column in (("messages", "text"), ("messages", "subject"), ("submissions", "text"), ("grades", "comment"), ("survey_answers", "text"))
            for (text,) in warehouse.rows(f"select distinct {column} from personal.{table} where length({column}) >= 20 order by 1")
        ]  # fmt: skip
        public = " ".join(
            text.lower()
            for (text,) in warehouse.rows("select name from raw.courses union select name from raw.tasks union select intro from raw.tasks")
            if text
        )
    words = {word for name in names if name for word in re.findall(r"\w+", name.lower()) if len(word) > 3} - SERVICE
    whole = {text.lower() for text in strings if text and len(text) > 4} - SERVICE
    pieces = {text[at : at + 25].lower() for text in texts for at in (0, len(text) // 2) if len(text[at : at + 25]) >= 20}
    assert len(words) > 100
    assert len(whole) > 200
    assert len(pieces) > 300
    return Personal(
        frozenset(words), re.compile("|".join(map(re.escape, sorted(whole)))), tuple(sorted(p for p in pieces if p not in public))
    )


def test_no_table_outside_its_schemas_holds_personal_data(killed: Home, personal: Personal) -> None:
    leaks = {}
    with killed.warehouse() as warehouse:
        columns = warehouse.rows(
            "select table_schema, table_name, column_name from information_schema.columns "
            "where table_schema not in ('personal', 'reports') and data_type like '%VARCHAR%' order by all"
        )
        assert len(columns) > 300
        for schema, table, column in columns:
            if (schema, table, column) == ("raw", "loads", "item"):
                continue  # file names: docs/decisions/0001
            values = warehouse.rows(f"select distinct {column}::varchar from {schema}.{table} where {column} is not null")
            for (value,) in values:
                if found := personal.found(value):
                    leaks[f"{schema}.{table}.{column}"] = len(found)
        assert personal.found(str(warehouse.rows("select display_name from personal.accounts"))), "the search finds nothing anywhere"
    assert leaks == {}


def test_no_line_told_and_no_file_but_warehouse_deliveries_and_page_holds_personal_data(killed: Home, personal: Personal) -> None:
    assert len(killed.told) > 20
    assert [line for line in killed.told if personal.found(line)] == []
    others = [
        file
        for file in killed.folder.rglob("*")
        if file.is_file() and not {"deliveries", "page"} & set(file.relative_to(killed.folder).parts) and file.suffix != ".duckdb"
    ]
    # What the curator's page shows names people too, and is its owner's alone.
    assert (killed.folder / "page" / "day.sqlite").stat().st_mode & 0o077 == 0
    assert any("dbt" in file.parts for file in others)
    found = {file.name: sorted(personal.found(file.read_bytes().decode("utf-8", "replace")))[:3] for file in others}
    assert {name: words for name, words in found.items() if words} == {}


SECRET = "Заречная"


def _broken(exports: Path) -> Iterator[tuple[str, Path, str]]:
    """(source, file, content) of files that hold a name where something else belongs."""
    webinar = min(file for file in exports.glob("webinar/*") if file.is_file())
    yield "webinars", webinar, f"{SECRET},Марина,Петровна\n" * 5
    yield "webinars", webinar, f'"{SECRET} Марина\n' * 5
    survey = min(file for file in exports.glob("survey/*") if file.is_file())
    yield "survey", survey, f"{SECRET};Марина;Петровна\n" * 5
    chat = min(exports.glob("telegram/*/result.json"))
    content = json.loads(chat.read_text(encoding="utf-8"))
    for name in ("id", "type", "date", "date_unixtime", "from_id", "reply_to_message_id", "text"):
        changed = {**content, "messages": [{**message, name: {SECRET: SECRET}} for message in content["messages"][:20]]}
        yield "telegram", chat, json.dumps(changed, ensure_ascii=False)
    yield "telegram", chat, json.dumps(content, ensure_ascii=False)[:5000] + f'"{SECRET}'
    mailbox = min(exports.glob("mail/*.mbox"))
    letters = mailbox.read_text(encoding="utf-8", errors="replace")[:20000]
    for header in ("Date", "Message-ID", "Content-Type", "In-Reply-To"):
        yield "mail", mailbox, re.sub(rf"^{header}:.*$", f"{header}: {SECRET}", letters, flags=re.MULTILINE)
    yield "mail", mailbox, SECRET + "\n" + letters


def test_a_broken_file_is_told_of_without_a_word_of_it(small_programme: SmallProgramme, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    shutil.copytree(small_programme.exports, exports)
    for source in ("webinar", "survey"):
        for file in sorted(exports.glob(f"{source}/*"))[1:]:
            file.unlink()
    told, wrong = [], 0
    for name, file, content in _broken(exports):
        before = file.read_bytes()
        file.write_text(content, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch, Warehouse.open(None) as warehouse:
            configure(patch, exports, tmp_path / "home")
            settings = read_settings()
            run = steps.Run(settings, small_programme.as_of, RUN_AT)
            source = next(source for source in run.programme.sources if source.name == name)
            warehouse.create_schemas()
            loads = load_source(warehouse, run.programme, source, pseudonyms=settings.pseudonyms, run_at=RUN_AT)
            told += [f"{load.problem} {load.reasons}" for load in loads]
            told += [str(row) for row in warehouse.rows("select problem from raw.loads union all select place || reason from raw.rejects")]
            wrong += any(load.problem or load.reasons for load in loads)
        file.write_bytes(before)
    assert wrong > 10, "files that should be broken were read"
    assert [line for line in told if SECRET.lower() in line.lower()] == []
