"""The command line's errors: one line that names what is wrong, and an exit code that says whether to try again."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pipelines
from pipelines import cli
from pipelines.cli import night
from pipelines.deliveries.report import frozen
from pipelines.errors import TransientError
from pipelines.run_lock import run_lock
from pipelines.warehouse import Warehouse

KEY = "a-key-for-invented-people"
PROGRAMME = '[programme]\nid = "p"\nname = "P"\n'


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty programme, whole settings; each test breaks one thing."""
    for name in [name for name in os.environ if name.startswith("MAYAK_")]:
        monkeypatch.delenv(name)
    (tmp_path / "programme.toml").write_text(PROGRAMME, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAYAK_PSEUDONYM_KEY", KEY)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


@pytest.fixture
def mayak(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Call the command as a shell does; returns (exit code, output, errors)."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mayak", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return call


@pytest.mark.parametrize("arguments", [("run", "daily"), ("run", "weekly"), ("status",), ("explain", "somebody")], ids=" ".join)
def test_without_a_key_every_command_names_the_setting_in_one_line(mayak, monkeypatch: pytest.MonkeyPatch, arguments) -> None:
    monkeypatch.delenv("MAYAK_PSEUDONYM_KEY")
    code, out, errors = mayak(*arguments)
    assert (code, out, len(errors.splitlines())) == (1, "", 1)
    assert "MAYAK_PSEUDONYM_KEY" in errors
    assert "Traceback" not in errors


def test_doctor_without_a_key_names_it_and_what_to_do(mayak, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAYAK_PSEUDONYM_KEY")
    code, out, _ = mayak("doctor")
    assert code == 1
    found, mend = out.splitlines()
    assert "MAYAK_PSEUDONYM_KEY" in found
    assert mend.lstrip().startswith("→")


@pytest.mark.parametrize("arguments", [("run", "daily"), ("status",), ("explain", "somebody")], ids=" ".join)
def test_a_missing_programme_file_is_named(mayak, installation: Path, arguments) -> None:
    (installation / "programme.toml").unlink()
    code, _, errors = mayak(*arguments)
    assert code == 1
    assert "programme.toml" in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [("run", "daily", "--as-of", "22.11.2026"), ("run", "hourly"), ("explain", "somebody", "--as-of", "yesterday"), ("fly",)],
    ids=" ".join,
)
def test_wrong_use_is_two(mayak, installation: Path, arguments) -> None:
    with Warehouse.open(installation / "var" / "warehouse.duckdb") as warehouse:
        warehouse.create_schemas()
    code, _, errors = mayak(*arguments)
    assert code == 2
    assert arguments[-1] in errors


def test_a_preset_that_does_not_exist_is_refused_in_one_line(mayak, tmp_path: Path) -> None:
    code, _, errors = mayak("simulate", str(tmp_path / "exports"), "--preset", "huge")
    assert code in (1, 2)
    assert "huge" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("arguments", [("status",), ("explain", "somebody")], ids=" ".join)
def test_before_the_first_run_there_is_no_warehouse(mayak, arguments) -> None:
    code, _, errors = mayak(*arguments)
    assert code == 1
    assert "warehouse.duckdb" in errors
    assert len(errors.splitlines()) == 1


def test_nobody_of_that_name(mayak, installation: Path) -> None:
    with Warehouse.open(installation / "var" / "warehouse.duckdb") as warehouse:
        warehouse.create_schemas()
    code, _, errors = mayak("explain", "Nobody Of That Name")
    assert code == 1
    assert errors.startswith("0 people match")


def test_an_error_keeps_its_square_brackets(mayak, installation: Path) -> None:
    """They are markup to the console: "section [programme] is missing" would be told as "section is missing"."""
    (installation / "programme.toml").write_text('name = "x"\n', encoding="utf-8")
    assert "section [programme] is missing" in mayak("run", "daily")[2]
    assert "section [programme] is missing" in mayak("doctor")[1]
    (installation / "programme.toml").write_text(PROGRAMME, encoding="utf-8")
    assert "add [[sources]]" in mayak("doctor")[1]


def test_a_problem_with_brackets_of_its_own_is_told_by_status(mayak, installation: Path) -> None:
    (installation / "programme.toml").write_text(
        PROGRAMME + '[[sources]]\nname = "chat"\nkind = "telegram"\npath = "chat"\n', encoding="utf-8"
    )
    with Warehouse.open(installation / "var" / "warehouse.duckdb") as warehouse:
        warehouse.create_schemas()
        warehouse.connection.execute(
            "insert into raw.loads (load_id, source, kind, item, fingerprint, reader_version, state, problem, rows_seen, rows_kept, rows_rejected, loaded_at) "
            "values ('l', 'chat', 'telegram', 'i', 'f', 1, 'failed', 'old [/b].json: byte 0', 0, 0, 0, now())"
        )
    code, out, _ = mayak("status")
    assert code == 0
    assert "chat: old [/b].json: byte 0" in out


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("MAYAK_HOME", "programme.toml/home", "Not a directory"),
        ("MAYAK_WAREHOUSE", "programme.toml", "not a valid DuckDB database file"),
        ("MAYAK_WAREHOUSE", ".", "Is a directory"),
        ("MAYAK_MEMORY_LIMIT", "plenty", "MAYAK_MEMORY_LIMIT: expected a size such as 4GB; found 'plenty'"),
    ],
)
def test_a_warehouse_that_cannot_be_opened_is_one_line(mayak, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, says: str) -> None:
    monkeypatch.setenv(setting, value)
    code, _, errors = mayak("run", "daily")
    assert code == 1
    assert says in errors.splitlines()[-1]
    assert errors.startswith("mayak: ")
    assert len(errors.splitlines()) == 1


def test_a_kind_that_nobody_reads_ends_the_run_in_one_line(mayak, installation: Path) -> None:
    (installation / "programme.toml").write_text(
        PROGRAMME + '[[sources]]\nname = "chat"\nkind = "telegrm"\npath = "chat"\n', encoding="utf-8"
    )
    code, _, errors = mayak("run", "daily")
    assert code == 1
    assert "source chat: no kind is called 'telegrm'; there are: attendance_csv, " in errors
    assert len(errors.splitlines()) == 1


def test_a_folder_that_cannot_be_written_to_is_one_line(mayak, installation: Path) -> None:
    code, _, errors = mayak("simulate", str(installation / "programme.toml"), "--preset", "small")
    assert code == 1
    assert errors == f"mayak: {installation / 'programme.toml'}: Not a directory\n"


def test_fewer_than_one_learner_is_wrong_use(mayak, installation: Path) -> None:
    assert mayak("simulate", str(installation / "exports"), "--preset", "large", "--learners", "-5")[0] == 2


@pytest.mark.parametrize("command", [("run", "daily", "--as-of", "2026-11-20"), ("run", "weekly"), ("erase", "p1", "--yes")], ids=" ".join)
def test_two_runs_never_work_on_one_warehouse(mayak, installation: Path, command: tuple[str, ...]) -> None:
    """Between two steps the file is free, and a second run would get in: the turn is held from the first step to the last."""
    path = installation / "var" / "warehouse.duckdb"
    with Warehouse.open(path) as warehouse:
        warehouse.create_schemas()
        warehouse.connection.execute(
            "insert into raw.accounts (account_id, realm, channel, source, load_id) values ('a1', 'moodle', 'lms', 's', 'l');"
            "insert into links.people (account_id, person_id, state, rule) values ('a1', 'p1', 'linked', 'lms');"
            "insert into personal.accounts (account_id, native_id, display_name) values ('a1', '5', 'Ирина Полевая')"
        )
    with run_lock(path, "mayak run daily --as-of 2026-11-21"):
        code, out, errors = mayak(*command)
    assert code == 75
    assert "Erased" not in out
    assert "(mayak run daily --as-of 2026-11-21, process " in errors
    assert len(errors.splitlines()) == 1


def test_a_run_says_what_begins_before_it_imports_what_the_work_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was silent for the seconds that dbt, Great Expectations and the models take: on a slow machine it looked as if it hung."""
    monkeypatch.delattr(pipelines, "steps", raising=False)
    monkeypatch.setitem(sys.modules, "pipelines.steps", None)  # an import of it fails
    monkeypatch.setattr(sys, "argv", ["mayak", "run", "daily", "--as-of", "2026-11-22"])
    with pytest.raises(ImportError):
        cli.main()
    assert capsys.readouterr().out == "mayak run daily --as-of 2026-11-22: P, 0 sources …\n"


def test_a_day_between_streams_is_not_said_to_have_no_curators(installation: Path) -> None:
    """Whoever ran a day before the first stream was told to name curators who were named."""
    path = installation / "warehouse.duckdb"
    with Warehouse.open(path) as warehouse:
        warehouse.connection.execute("create schema facts; create table facts.dim_curators (stream_id varchar, curator_id varchar)")
    index = installation / "index.html"
    assert "Name curators in the programme file" in night._lists_of(index, path)
    with Warehouse.open(path) as warehouse:
        warehouse.connection.execute("insert into facts.dim_curators values ('s', 'k')")
    assert night._lists_of(index, path) == "none: no stream that anybody is known to teach runs on this day"
    index.touch()
    assert night._lists_of(index, path) == str(index)


def test_folders_of_reports_are_whole_on_a_narrow_terminal(mayak, installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are opened by what stands here, and ended in three dots."""
    from tests.unit.deliveries import fixture as made

    frozen.freeze(made.built(), installation / "var" / "deliveries", ("en",), inputs={}, made_at=datetime(2026, 11, 23, 5, tzinfo=UTC))
    monkeypatch.setattr(cli.console, "width", 70)
    code, out, _ = mayak("report", "list")
    (version,) = frozen.versions(installation / "var" / "deliveries", made.WEEK)
    cells = "".join(line.split("│")[-2].strip() for line in out.splitlines() if line.startswith("│"))
    assert (code, cells) == (0, version.place)
    assert mayak("report", "verify")[1] == "1 report, each as it was made.\n"


def test_nobody_is_erased_by_a_part_of_the_name(mayak, installation: Path) -> None:
    with Warehouse.open(installation / "var" / "warehouse.duckdb") as warehouse:
        warehouse.create_schemas()
        warehouse.connection.execute(
            "insert into raw.accounts (account_id, realm, channel, source, load_id) values ('a1', 'moodle', 'lms', 's', 'l');"
            "insert into links.people (account_id, person_id, state, rule) values ('a1', 'p1', 'linked', 'lms');"
            "insert into personal.accounts (account_id, native_id, display_name, first_name, last_name) values ('a1', '5', 'Ирина Полевая', 'Ирина', 'Полевая')"
        )
    for part in ("Полев", "%", "Ирина"):
        code, out, errors = mayak("erase", part, "--yes")
        assert (code, out) == (1, "")
        assert errors.startswith("0 people match")
    code, out, _ = mayak("erase", "полевая ирина", "--yes")
    assert code == 0
    assert out.startswith("If this is interrupted, `mayak erase p1` does the rest.\nErased")
    # The name is gone, and the id still does what is left to do.
    assert mayak("erase", "полевая ирина", "--yes")[0] == 1
    assert mayak("erase", "p1", "--yes")[0] == 0


def test_ids_of_decisions_are_whole_on_a_narrow_terminal(mayak, installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are what `undo` asks for."""
    monkeypatch.setattr(cli.console, "width", 80)
    with Warehouse.open(installation / "var" / "warehouse.duckdb") as warehouse:
        warehouse.create_schemas()
        warehouse.connection.execute(
            "insert into links.copy_decisions values ('cec340c022cb8', 1, 'dispute', 'moodle:submission:100', 'moodle:submission:98', 185, 0.85, 1, now(), null);"
            "insert into links.people_decisions values ('d127ecf279d1e', 1, 'split', 'a000a0a94be7fc8d4d6ef', null, now(), null)"
        )
    assert "cec340c022cb8" in mayak("copies", "history")[1]
    assert "d127ecf279d1e" in mayak("review", "decisions")[1]


def test_what_may_go_away_by_itself_says_try_again(mayak, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise TransientError("the server is away")

    monkeypatch.setattr("pipelines.cli.night.read_settings", away)
    code, _, errors = mayak("status")
    assert code == cli.TRY_AGAIN == 75
    assert errors == "mayak: the server is away\n"


def test_simulating_tells_of_every_stream_and_where_the_programme_file_is(tmp_path: Path) -> None:
    told = CliRunner().invoke(cli.app, ["simulate", str(tmp_path / "exports"), "--preset", "small"])
    assert told.exit_code == 0, told.output
    assert "3 of 3" in told.output
    assert (tmp_path / "exports" / "programme.toml").exists()


@pytest.mark.parametrize("is_written", [True, False])
def test_a_run_says_where_the_lists_are_or_that_nobody_is_known_to_teach(
    mayak, installation: Path, monkeypatch: pytest.MonkeyPatch, is_written: bool
) -> None:
    from pipelines import steps

    monkeypatch.setattr(steps, "carry_out", lambda run, todo: None)
    index = installation / "var" / "deliveries" / "lists" / "2026-11-22" / "index.html"
    if is_written:
        index.parent.mkdir(parents=True)
        index.write_text("", encoding="utf-8")
    code, said, _ = mayak("run", "daily", "--as-of", "2026-11-22")
    assert code == 0
    assert (str(index.relative_to(installation)) in said) == is_written
    assert ("[[courses]] curators" in said) == (not is_written)


def test_every_command_stands_under_a_heading_and_the_version_is_told() -> None:
    """`mayak --help` is the first page that somebody new reads: groups in the order of need, none left over."""
    assert CliRunner().invoke(cli.app, ["--version"]).output.startswith("mayak ")
    headings = {group.rich_help_panel for group in cli.app.registered_groups} | {one.rich_help_panel for one in cli.app.registered_commands}
    assert all(isinstance(heading, str) for heading in headings)


def test_a_command_begins_without_what_it_may_not_need() -> None:
    code = "import sys, pipelines.cli; print(sorted({'pandas', 'sklearn', 'dagster', 'dbt', 'great_expectations', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
