"""From export files to lists and report, through Dagster and through the command line: the same files, again and again."""

from __future__ import annotations

import json
import re
import shutil
from hashlib import sha256
from pathlib import Path

import dagster as dg
import openpyxl
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.warehouse import Warehouse
from tests.conftest import configure
from tests.end_to_end.conftest import Installation


def hashes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_asset_was_made_and_every_check_asked(made: Installation) -> None:
    assert made.result.success
    keys = {event.asset_key.to_user_string() for event in made.result.get_asset_materialization_events() if event.asset_key}
    for stage in (
        "loads/lms",
        "raw/activity",
        "links/people",
        "facts/fct_activity",
        "indicators/ind_learner_days",
        "risk/scores",
        "reports/rpt_at_risk_daily",
    ):
        assert stage in keys
    assert {"deliveries/curator_lists", "deliveries/leadership_report", "deliveries/evaluation_page"} <= keys
    failed = [
        check for check in made.result.get_asset_check_evaluations() if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR
    ]
    assert failed == []


def test_every_curator_has_a_page_and_a_sheet_of_at_most_fifteen_people(made: Installation) -> None:
    with made.warehouse() as warehouse:
        curators = warehouse.value("select count(*) from reports.rpt_curators")
        longest = warehouse.value(
            "select coalesce(max(c), 0) from (select count(distinct person_id) as c from deliveries.list_items where day = ? group by curator_id)",
            [made.as_of],
        )
    assert curators == 1  # of the small programme one stream runs on its last day, with one curator
    assert len([path for path in made.lists.glob("*.html") if path.name != "index.html" and not path.name.startswith("copies")]) >= curators
    assert longest <= 15
    for sheet in made.lists.glob("*.xlsx"):
        assert openpyxl.load_workbook(sheet).sheetnames


def test_the_report_is_there_in_both_languages_and_names_nobody(made: Installation) -> None:
    assert {"report.ru.html", "report.ru.pdf", "report.en.html", "report.en.pdf"} <= {path.name for path in made.report.iterdir()}
    page = (made.report / "report.ru.html").read_text(encoding="utf-8")
    with made.warehouse() as warehouse:
        names = [
            row[0]
            for row in warehouse.rows(
                "select distinct last_name from personal.accounts as a inner join raw.accounts as r using (account_id) where r.channel = 'lms' and length(last_name) > 4"
            )
        ]
    assert names
    words = set(re.findall(r"[\w-]+", page))
    assert [name for name in names if name in words] == []


def test_those_who_left_score_higher_than_those_who_stayed(made: Installation) -> None:
    """Against the truth that the simulator wrote beside the exports: ROC-AUC over the streams that still run."""
    people = json.loads((made.exports / "truth" / "people.json").read_text(encoding="utf-8"))
    with made.warehouse() as warehouse:
        warehouse_scores = warehouse.rows(
            "select a.native_id, s.score from risk.scores as s inner join links.people as l using (person_id) "
            "inner join personal.accounts as a using (account_id) inner join raw.accounts as r using (account_id) "
            "where r.channel = 'lms' and s.target = 'dropout' and s.day = ?",
            [made.as_of],
        )
    leavers = {
        str(person["moodle_user_id"]): person["outcome"] != "completed" for person in people if person.get("role", "learner") == "learner"
    }
    scored = [(leavers[native], score) for native, score in warehouse_scores if native in leavers]
    gone, stayed = [score for left, score in scored if left], [score for left, score in scored if not left]
    assert gone
    assert stayed
    auc = sum((a > b) + 0.5 * (a == b) for a in gone for b in stayed) / (len(gone) * len(stayed))
    assert auc > 0.6


@pytest.mark.slow
def test_the_command_line_makes_the_same_files_as_dagster(made: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, made.exports, made.home)
    before = hashes(made.home / "deliveries")
    result = CliRunner().invoke(app, ["run", "weekly", "--as-of", made.as_of.isoformat()])
    assert result.exit_code == 0, result.output
    assert "unchanged" in result.output
    assert hashes(made.home / "deliveries") == before


def test_the_report_can_be_verified_and_made_again_by_command(made: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, made.exports, made.home)
    monkeypatch.setenv("COLUMNS", "240")
    verified = CliRunner().invoke(app, ["report", "verify", "--remake"])
    assert verified.exit_code == 0, verified.output
    assert "1 report, each as it was made" in verified.output
    assert made.report.name in CliRunner().invoke(app, ["report", "list"]).output


def test_status_doctor_and_explain_speak_of_what_is_there(made: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, made.exports, made.home)
    monkeypatch.setenv("COLUMNS", "240")
    status = CliRunner().invoke(app, ["status"])
    assert status.exit_code == 0, status.output
    assert "telegram" in status.output
    with made.warehouse() as warehouse:
        # Somebody who did something once: of those who never came there are no rows to show.
        person = warehouse.value(
            "select person_id from risk.scores where day = ? and person_id in (select person_id from facts.fct_activity) "
            "order by score desc, person_id limit 1",
            [made.as_of],
        )
    explained = CliRunner().invoke(app, ["explain", person])
    assert explained.exit_code == 0, explained.output
    for word in ("silent_days", "tasks_missed_in_row", "moodle:log:", "database"):
        assert word in explained.output
    nobody = CliRunner().invoke(app, ["explain", "Nobody Of That Name"])
    assert nobody.exit_code == 1


@pytest.mark.slow
def test_a_missing_source_and_a_broken_file_are_said_on_the_list_and_the_rest_goes_on(
    made: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = tmp_path / "exports"
    shutil.copytree(made.exports, exports)
    shutil.rmtree(exports / "telegram")
    broken = sorted((exports / "webinar").rglob("*.csv"))[0]
    broken.write_bytes(broken.read_bytes()[:3])
    configure(monkeypatch, exports, tmp_path / "home")
    result = CliRunner().invoke(app, ["run", "daily", "--as-of", made.as_of.isoformat()])
    assert result.exit_code == 0, result.output
    with Warehouse.open(tmp_path / "home" / "warehouse.duckdb", read_only=True) as warehouse:
        states = dict(warehouse.rows("select source, state from reports.rpt_sources where day = ?", [made.as_of]))
        assert states["telegram"] in {"missing", "failed"}
        assert warehouse.value("select count(*) from raw.messages where channel = 'chat'") == 0
        assert warehouse.value("select count(*) from raw.activity") > 0
        assert warehouse.value("select count(*) from raw.loads where state = 'failed'") == 2
    folder = tmp_path / "home" / "deliveries" / "lists" / made.as_of.isoformat()
    pages = [path for path in folder.glob("*.html") if not path.name.startswith("index") and "-copies-" not in path.name]
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "(telegram)" in text
        assert "(webinars)" in text
