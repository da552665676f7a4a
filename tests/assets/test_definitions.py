"""The code location: whole lineage, keys are relations, groups are stages, schedules in the programme's time."""

from __future__ import annotations

import re
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from assets import installation
from assets.definitions import build
from assets.exports import load_asset
from assets.timetable import export_state
from pipelines.errors import SourceAway, TransientError
from pipelines.programme import read_programme
from pipelines.run_lock import RunLock, run_lock
from pipelines.settings import read_settings
from pipelines.sources import READERS
from tests.conftest import SmallProgramme, configure

STAGES = ("raw", "links", "facts", "indicators", "risk", "reports", "deliveries")


@pytest.fixture(scope="module")
def definitions(small_programme: SmallProgramme) -> dg.Definitions:
    return build(read_programme(small_programme.exports / "programme.toml"))


def test_definitions_load_without_any_configuration() -> None:
    names = {job.name for job in build(None).resolve_all_job_defs()}
    assert {"daily", "weekly", "load_exports"} <= names


def test_keys_are_relations_and_groups_are_stages(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        stage, _ = key.path
        # What the links keep of names is personal, and made with the links.
        assert graph.get(key).group_name in ({"personal", "links"} if stage == "personal" else {{"loads": "raw"}.get(stage, stage)})
        assert graph.get(key).description


def test_a_list_can_be_followed_back_to_every_export(definitions: dg.Definitions, small_programme: SmallProgramme) -> None:
    graph = definitions.resolve_asset_graph()
    seen, todo = set(), [dg.AssetKey(["deliveries", "curator_lists"])]
    while todo:
        key = todo.pop()
        if key not in seen:
            seen.add(key)
            todo += graph.get(key).parent_keys
    programme = read_programme(small_programme.exports / "programme.toml")
    assert {dg.AssetKey(["exports", source.name]) for source in programme.sources} <= seen
    assert {key.path[0] for key in seen} >= {"raw", "links", "facts", "indicators", "risk", "reports"}


def test_no_stage_reads_a_later_one(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    order = ("exports", "raw", "personal", "links", "facts", "indicators", "risk", "reports", "deliveries")
    place = {key: order.index(graph.get(key).group_name) for key in graph.get_all_asset_keys()}
    backwards = [
        (parent.to_user_string(), key.to_user_string())
        for key in place
        for parent in graph.get(key).parent_keys
        if place[parent] > place[key]
    ]
    assert backwards == []


def test_every_expectation_at_the_door_and_every_dbt_test_is_an_asset_check(definitions: dg.Definitions) -> None:
    checks = definitions.resolve_asset_graph().asset_check_keys
    by_stage = {stage: sum(check.asset_key.path[0] == stage for check in checks) for stage in STAGES}
    assert by_stage["raw"] > 60
    assert by_stage["facts"] > 20
    assert by_stage["indicators"] > 10


def test_every_check_says_what_is_wrong_and_those_of_models_what_to_do(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    said = {key: graph.get_check_spec(key).description or "" for key in graph.asset_check_keys}
    assert [key.to_user_string() for key, text in said.items() if not text] == []
    of_models = {key: text for key, text in said.items() if key.asset_key.path[0] in ("facts", "indicators", "reports")}
    assert [
        key.to_user_string() for key, text in of_models.items() if "Resolve: " not in text or re.search(r"``|\bNone\b|ref\(", text)
    ] == []


@pytest.mark.parametrize(
    ("name", "at", "partition"),
    [("every_night", "2026-11-21T05:00+03:00", "2026-11-20"), ("every_week", "2026-11-23T05:00+03:00", "2026-11-22")],
)
def test_schedules_ask_for_yesterday_in_the_programmes_time_zone(definitions: dg.Definitions, name: str, at: str, partition: str) -> None:
    schedule = definitions.resolve_schedule_def(name)
    assert schedule.execution_timezone == "Europe/Moscow"
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime.fromisoformat(at), repository_def=definitions.get_repository_def()
    )
    [request] = schedule.evaluate_tick(context).run_requests
    assert request.partition_key == partition


def test_report_and_evaluation_page_are_made_once_a_week(definitions: dg.Definitions) -> None:
    once = {dg.AssetKey(["deliveries", name]) for name in ("leadership_report", "evaluation_page")}
    nightly, weekly = (definitions.resolve_job_def(name).asset_layer.selected_asset_keys for name in ("daily", "weekly"))
    assert weekly - nightly == once
    assert nightly < weekly


def test_mondays_belong_to_the_weekly_job_alone(definitions: dg.Definitions) -> None:
    assert definitions.resolve_schedule_def("every_night").cron_schedule.endswith("0,2-6")
    assert definitions.resolve_schedule_def("every_week").cron_schedule.endswith("1")


def test_the_sensor_starts_one_run_per_new_state_of_the_exports(
    definitions: dg.Definitions, small_programme: SmallProgramme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = tmp_path / "exports"
    shutil.copytree(small_programme.exports, exports)
    configure(monkeypatch, exports, tmp_path / "home")
    sensor = definitions.resolve_sensor_def("new_exports")
    with dg.DagsterInstance.ephemeral() as instance:
        first = sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
        assert len(first.run_requests) == 1
        again = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=first.cursor))
        assert not again.run_requests
        (exports / "telegram" / "late").mkdir()
        (exports / "telegram" / "late" / "result.json").write_text("{}")
        third = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=first.cursor))
        assert len(third.run_requests) == 1
        assert third.run_requests[0].run_key != first.run_requests[0].run_key
        assert third.run_requests[0].tags["mayak/changed"] == "telegram"


def test_databases_are_left_to_the_night(small_programme: SmallProgramme) -> None:
    programme = read_programme(small_programme.exports / "programme.toml")
    assert set(export_state(programme)) == {source.name for source in programme.sources if source.path is not None}
    assert "lms" not in export_state(programme)


def test_a_run_waits_for_the_run_before_it_and_one_process_may_do_several(
    small_programme: SmallProgramme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nightly job, the sensor's loading and a backfill's ten runs all want one file, and Dagster starts them at once."""
    configure(monkeypatch, small_programme.exports, tmp_path)
    monkeypatch.setattr(installation, "WAITS_SECONDS", 0)

    path = tmp_path / "warehouse.duckdb"

    @dg.asset(required_resource_keys={"installation"})
    def work(context):
        context.resources.installation.run(context)

    @dg.asset(required_resource_keys={"installation"}, deps=[work])
    def go_on(context):
        with pytest.raises(TransientError, match=f"Dagster run {context.run.run_id[:8]}"):
            RunLock(path, "mayak run daily")
        context.resources.installation.run(context)

    def run() -> str:
        result = dg.materialize([work, go_on], resources={"installation": installation.Installation()}, raise_on_error=False)
        failures = [event.step_failure_data.error for event in result.get_step_failure_events()]
        return str(failures[0].cause or failures[0]) if failures else "done"

    assert read_settings().warehouse_path == path
    with run_lock(path, "mayak run daily"):
        assert "another run works on the warehouse" in run()
    assert run() == run() == "done"
    with run_lock(path, "mayak run daily"):
        pass


@pytest.mark.parametrize("is_required", [True, False], ids=["required", "may be missing"])
def test_a_server_that_is_away_is_asked_three_times_and_a_broken_file_is_read_once(
    is_required: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a required source everything was asked three times, a broken file, too; and its server's absence was an error for ever."""
    (tmp_path / "chat").mkdir()
    (tmp_path / "chat" / "result.json").write_text('{"name": "chat", "id": 1, "type": "private_group", "messages": [', encoding="utf-8")
    (tmp_path / "programme.toml").write_text(
        '[programme]\nid = "p"\nname = "P"\n'
        + "".join(
            f'[[sources]]\nname = "{name}"\nkind = "{kind}"\n{more}required = {str(is_required).lower()}\n'
            for name, kind, more in (("chat", "telegram", 'path = "chat"\n'), ("box", "imap", ""))
        ),
        encoding="utf-8",
    )
    configure(monkeypatch, tmp_path, tmp_path / "var")

    def away(*_: object) -> None:
        raise SourceAway("box: cannot connect")

    monkeypatch.setenv("MAYAK_SOURCES__BOX__URL", "imap://user:word@127.0.0.1/")
    monkeypatch.setattr(type(READERS["imap"]), "items", away)
    monkeypatch.setattr("assets.exports.RETRY_SECONDS", 0)
    for source in read_programme(tmp_path / "programme.toml").sources:
        result = dg.materialize([load_asset(source)], resources={"installation": installation.Installation()}, raise_on_error=False)
        tries = [event.event_type_value for event in result.all_events if event.event_type_value in ("STEP_START", "STEP_RESTARTED")]
        assert len(tries) == (3 if source.name == "box" else 1)
        assert result.success is not is_required
        if is_required:
            (failure,) = result.get_step_failure_events()
            told = failure.step_failure_data.error
            assert f"source {source.name} is required and could not be read" in str(told.cause or told)


def test_whoever_switches_them_on_reads_what_schedules_and_sensors_do(definitions: dg.Definitions) -> None:
    timed = [*(definitions.schedules or []), *(definitions.sensors or [])]
    assert len(timed) == 4
    assert [one.name for one in timed if not one.description] == []


def test_a_backfill_does_one_day_in_a_run(definitions: dg.Definitions) -> None:
    """dbt's assets would take a range of days into one run, whose day nobody could tell."""
    graph = definitions.resolve_asset_graph()
    partitioned = [node for key in graph.get_all_asset_keys() if (node := graph.get(key)).is_partitioned and node.is_executable]
    assert len(partitioned) > 50
    assert {
        node.key.to_user_string()
        for node in partitioned
        if (node.backfill_policy or dg.BackfillPolicy.single_run()).max_partitions_per_run != 1
    } == set()


def test_no_job_warns_of_what_it_is_made_of(recwarn: pytest.WarningsRecorder) -> None:
    assert {"daily", "weekly"} <= {job.name for job in build(None).resolve_all_job_defs()}
    assert [str(warning.message) for warning in recwarn if "BackfillPolicies" in str(warning.message)] == []


def test_every_asset_says_whose_it_is_and_what_it_is_made_with(definitions: dg.Definitions) -> None:
    """Who is asked when it fails, and with what: an asset without an owner is nobody's at five in the morning."""
    graph = definitions.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    assert [node.key.to_user_string() for node in nodes if not node.owners] == []
    assert [node.key.to_user_string() for node in nodes if not node.kinds] == []


def test_tables_show_their_columns_as_declared(definitions: dg.Definitions) -> None:
    """In the catalogue of Dagster's pages each table has the columns and meanings of its contract."""
    graph = definitions.resolve_asset_graph()
    for stage in ("raw", "personal", "links", "facts", "indicators", "risk", "reports"):
        for key in graph.get_all_asset_keys():
            if key.path[0] == stage:
                assert graph.get(key).metadata["dagster/column_schema"].columns, key
    columns = graph.get(dg.AssetKey(["links", "people"])).metadata["dagster/column_schema"].columns
    assert columns[0] == dg.TableColumn("account_id", "varchar", "raw.accounts.")


def test_deliveries_are_late_when_they_are_read_and_not_made(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for name, day in (("curator_lists", "*"), ("leadership_report", "1"), ("evaluation_page", "1")):
        policy = graph.get(dg.AssetKey(["deliveries", name])).freshness_policy
        assert isinstance(policy, type(dg.FreshnessPolicy.cron("0 0 * * *", timedelta(hours=1))))
        assert (policy.deadline_cron, policy.timezone) == (f"30 7 * * {day}", "Europe/Moscow")


@pytest.mark.parametrize("moved", ["psi", "volume", "calibration", None])
def test_what_has_drifted_warns_at_its_own_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: str | None) -> None:
    from assets import risk
    from pipelines.steps import Outcome
    from pipelines.warehouse import Warehouse

    day = date(2026, 11, 22)
    path = tmp_path / "warehouse.duckdb"
    with Warehouse.open(path) as warehouse:
        warehouse.create_schemas()
        for measure in ("psi", "volume", "calibration"):
            warehouse.connection.execute(
                "insert into risk.drift (day, target, measure, subject, value, allowed, is_drifting, n) values (?, 'dropout', ?, 'pace', 0.4, 0.25, ?, 99)",
                [day, measure, measure == moved],
            )
    monkeypatch.setattr(risk, "score", lambda run: Outcome())
    run = SimpleNamespace(as_of=day, warehouse=lambda **asked: Warehouse.open(path, **asked))
    *_, foresee = risk.risk_assets(dg.DailyPartitionsDefinition("2026-11-01"))
    with dg.build_asset_context(partition_key=day.isoformat()) as context:
        told = [one for one in foresee(context, SimpleNamespace(run=lambda _: run)) if isinstance(one, dg.AssetCheckResult)]
    assert {one.check_name for one in told if not one.passed} == ({f"drift_{moved}"} if moved else set())
    assert len(told) == 3
    assert {one.severity for one in told} == {dg.AssetCheckSeverity.WARN}
