"""Business identities of the built project that dbt's own tests cannot see: what became of each planted situation."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines import transform
from pipelines.errors import BadContract, PermanentError
from pipelines.programme import Programme
from pipelines.settings import DBT_FOLDER
from pipelines.thresholds import threshold
from pipelines.transform import manifest, run_dbt, run_unit_tests
from pipelines.warehouse import Warehouse
from tests.sql import fixture
from tests.sql.conftest import Built, run


def of(warehouse: Warehouse, table: str, columns: str, **where: object) -> list[tuple[object, ...]]:
    conditions = " and ".join(f"{name} = ?" for name in where) or "true"
    return sorted(warehouse.rows(f"select {columns} from {table} where {conditions}", list(where.values())), key=repr)


# -- the project ---------------------------------------------------------------------------------------------------------------


def test_everything_is_built_and_its_tests_pass(built: Built) -> None:
    sql_files = len(list((DBT_FOLDER / "models").rglob("*.sql"))) + 1  # and the seed
    assert built.result.models == sql_files
    assert built.result.tests > 200
    assert built.result.warnings == ()


def test_unit_tests_pass(built: Built, tmp_path: Path) -> None:
    result = run_unit_tests(built.copy(tmp_path), programme=fixture.PROGRAMME, as_of=fixture.AS_OF, work_folder=built.work)
    declared = sum(text.count("\n  - name: ") for text in (path.read_text(encoding="utf-8") for path in DBT_FOLDER.rglob("unit_tests.yml")))
    assert result.tests == declared > 8


def test_every_model_and_column_is_described(built: Built) -> None:
    parsed = json.loads(manifest().read_text(encoding="utf-8"))
    models = {node["name"]: node for node in parsed["nodes"].values() if node["resource_type"] == "model"}
    with Warehouse.open(built.path, read_only=True) as warehouse:
        for name, node in models.items():
            assert node["description"].startswith("One row"), name
            found = {
                column for (column,) in warehouse.rows("select column_name from information_schema.columns where table_name = ?", [name])
            }
            assert found == set(node["columns"]), name
            assert all(column["description"] for column in node["columns"].values()), name


def test_every_threshold_asked_for_exists() -> None:
    asked = {name for path in DBT_FOLDER.rglob("*.sql") for name in re.findall(r"threshold\('(\w+)'\)", path.read_text(encoding="utf-8"))}
    assert {"look_back_days", "small_group"} <= asked
    for name in sorted(asked):
        threshold(name)


def test_facts_and_indicators_name_nobody() -> None:
    for stage in ("facts", "indicators"):
        for path in (DBT_FOLDER / "models" / stage).glob("*.sql"):
            assert "source('personal'" not in path.read_text(encoding="utf-8"), path.name


def test_reports_do_not_read_raw() -> None:
    for path in (DBT_FOLDER / "models" / "reports").glob("*.sql"):
        assert "source('raw'" not in path.read_text(encoding="utf-8"), path.name


@pytest.mark.slow
def test_a_run_without_its_day_is_refused(built: Built, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="var as_of is missing"):
        transform._invoke(built.copy(tmp_path), ["build", "--select", "dim_streams"], variables={}, work_folder=tmp_path / "work")


def test_a_stage_that_does_not_exist_is_refused(built: Built) -> None:
    with pytest.raises(PermanentError, match="indicatorz"):
        run_dbt(built.path, "indicatorz", programme=fixture.PROGRAMME, as_of=fixture.AS_OF)


@pytest.mark.slow
def test_a_failed_data_test_is_a_broken_contract_and_leaves_the_file_free(built: Built, tmp_path: Path) -> None:
    path = built.copy(tmp_path)
    with Warehouse.open(path) as warehouse:
        warehouse.connection.execute("update raw.tasks set kind = 'riddle' where task_id = 'bp1'")
    with pytest.raises(BadContract, match="accepted_values_dim_tasks_kind"):
        run_dbt(path, "facts", programme=fixture.PROGRAMME, as_of=fixture.AS_OF, work_folder=built.work)
    with Warehouse.open(path) as warehouse:
        assert warehouse.value("select count(*) from facts.dim_tasks where kind = 'riddle'") == 1


@pytest.mark.slow
def test_a_model_that_cannot_be_built_is_named(built: Built, tmp_path: Path) -> None:
    path = built.copy(tmp_path)
    with Warehouse.open(path) as warehouse:
        warehouse.connection.execute("drop table links.copies")
    with pytest.raises(PermanentError, match=r"fct_copies: .*Table with name copies does not exist"):
        run_dbt(path, "facts", programme=fixture.PROGRAMME, as_of=fixture.AS_OF, work_folder=built.work, data_tests=False)


# -- who belongs where ------------------------------------------------------------------------------------------------------------


def test_streams_come_from_the_programme_then_groups_then_the_course(warehouse: Warehouse) -> None:
    assert of(warehouse, "facts.dim_streams", "stream_id, rule, is_ended") == [
        ("A-36/A-potok-1", "group", True),
        ("A-36/A-potok-2", "group", True),
        ("B-36/none", "none", False),
        ("B-36/nov", "programme", False),
    ]


@pytest.mark.parametrize(
    ("learner", "stream", "other"),
    [
        ("dina", "A-36/A-potok-2", "A-36/A-potok-1"),
        ("lev", "A-36/A-potok-1", "A-36/A-potok-2"),
        ("rita", "B-36/none", None),
        ("tanya", "A-36/A-potok-2", None),
        ("egor", "A-36/A-potok-2", None),
    ],
    ids=["moved", "two streams at once", "in no group", "teaches elsewhere", "unenrolled"],
)
def test_a_learner_has_one_stream_per_course(warehouse: Warehouse, learner: str, stream: str, other: str | None) -> None:
    assert of(warehouse, "facts.fct_enrolments", "stream_id, other_stream_id", person_id=f"p-{learner}") == [(stream, other)]


def test_who_teaches_a_course_is_no_learner_of_it(warehouse: Warehouse) -> None:
    assert of(warehouse, "facts.fct_enrolments", "stream_id", person_id="p-cur1") == []
    assert of(warehouse, "facts.dim_people", "is_learner, is_curator", person_id="p-tanya") == [(True, True)]


@pytest.mark.parametrize(
    ("learner", "outcome", "basis"),
    [
        ("anna", "completed", "earned"),
        ("inna", "completed", "recorded"),
        ("vera", "dropped", None),
        ("egor", "dropped", None),
        ("gleb", "never_started", None),
        ("oleg", "running", None),
        ("pavel", "running", None),
    ],
    ids=["earned under blind marks", "certificate", "stopped", "unenrolled", "never came", "still running", "not yet begun"],
)
def test_outcomes(warehouse: Warehouse, learner: str, outcome: str, basis: str | None) -> None:
    assert of(warehouse, "facts.fct_enrolments", "outcome, completion_basis", person_id=f"p-{learner}") == [(outcome, basis)]


# -- what is counted --------------------------------------------------------------------------------------------------------------


def test_silence_is_broken_by_any_channel(warehouse: Warehouse) -> None:
    """Kira's last act is a letter on the day itself; oleg was last seen in the LMS on 3 November."""
    assert of(warehouse, "indicators.ind_learner_days", "silent_days", person_id="p-kira", day=fixture.AS_OF) == [(0,)]
    assert of(warehouse, "indicators.ind_learner_days", "silent_days, tasks_missed_in_row", person_id="p-oleg", day=fixture.AS_OF) == [
        (17, 2)
    ]


def test_a_missing_source_is_unknown_and_never_zero(warehouse: Warehouse) -> None:
    """Course B has no webinars, course A no notices."""
    assert of(
        warehouse, "indicators.ind_learner_days", "webinars_held, webinars_attended, idle_webinars", person_id="p-kira", day=fixture.AS_OF
    ) == [(None, None, None)]
    assert of(
        warehouse,
        "indicators.ind_learner_days",
        "notices_received, notices_unacknowledged_in_row",
        person_id="p-anna",
        day=date(2026, 11, 1),
    ) == [(None, None)]


def test_states_of_past_days_know_nothing_later(warehouse: Warehouse) -> None:
    """Kira's question of 3 November was open at the end of that day and answered on the 5th."""
    rows = of(warehouse, "indicators.ind_learner_days", "day, open_questions, median_wait_hours", person_id="p-kira")
    known = {day: (open_questions, wait) for day, open_questions, wait in rows}
    assert known[date(2026, 11, 3)] == (1, None)
    assert known[date(2026, 11, 4)] == (1, None)
    assert known[date(2026, 11, 5)] == (0, 41.0)


def test_a_letter_belongs_to_the_course_of_the_curator_it_is_written_to(warehouse: Warehouse) -> None:
    assert of(warehouse, "facts.fct_messages", "course_id, stream_id, role", message_id="letter") == [(fixture.B, "B-36/nov", "learner")]
    assert of(warehouse, "facts.fct_messages", "course_id, role", message_id="notice:first") == [(fixture.B, "curator")]


def test_questions_are_learners_and_stand(warehouse: Warehouse) -> None:
    """Withdrawn and a curator's questions are none; a burst is one; who is linked to nobody waits in the course's chat all the same."""
    assert [question for (question,) in of(warehouse, "facts.fct_questions", "question_id")] == [
        "letter",
        "lost0",
        "lost1",
        "q1",
        "q2",
        "q3",
        "q6",
    ]
    assert of(warehouse, "facts.fct_questions", "person_id, asker_id, stream_id", question_id="q6") == [
        (None, fixture.account("stranger", "t"), "B-36/nov")
    ]


def test_formal_completion_shows_its_evidence(warehouse: Warehouse) -> None:
    columns = "has_copied, has_idled, has_not_read, has_burst, evidences, is_formal"
    assert of(warehouse, "indicators.ind_formal_completions", columns, person_id="p-boris") == [(True, True, True, None, 3, True)]
    assert of(warehouse, "indicators.ind_formal_completions", columns, person_id="p-anna") == [(False, False, False, None, 0, False)]


def test_slight_likeness_is_not_counted_as_copied(warehouse: Warehouse) -> None:
    assert of(warehouse, "indicators.ind_copies", "person_id", is_copied=True) == [("p-boris",), ("p-boris",)]


def test_where_an_answer_leaked_is_told_for_the_stream(warehouse: Warehouse) -> None:
    columns = "task_id, origin_id, origin_kind, learners"
    assert of(warehouse, "indicators.ind_copy_sources", columns) == [
        ("a1", "m:submission:anna:a1:0", "learner", 1),
        ("a2", "t:message:leak", "leak", 1),
    ]
    assert of(warehouse, "indicators.ind_copy_learners", "texts, copied, leaked, is_enough", person_id="p-boris") == [(2, 2, 1, False)]


def test_a_group_of_few_shows_its_copied_share_as_not_enough(warehouse: Warehouse) -> None:
    rows = of(warehouse, "indicators.ind_copy_groups", "learners, copied, is_enough", scope="programme", task_id="all")
    assert [(copied, is_enough) for _, copied, is_enough in rows] == [(2, False)]
    assert of(warehouse, "indicators.ind_copy_groups", "copied", scope="group", task_id="all")


@pytest.mark.slow
def test_the_words_of_files_are_text_handed_in(built: Built, tmp_path: Path) -> None:
    path = built.copy(tmp_path)
    with Warehouse.open(path) as warehouse:
        (name, before), *_ = of(warehouse, "facts.fct_submissions", "submission_id, words", person_id="p-anna", kind="assignment")
        for number in (1, 2):  # the same content handed in twice is one text
            warehouse.connection.execute(
                "insert into raw.submission_files (file_id, submission_id, content_hash, source, load_id) values (?, ?, 'h', 'x', 'x')", [f"f{number}", name]
            )  # fmt: skip
        warehouse.connection.execute(
            "insert into raw.file_texts (content_hash, state, words, source, load_id) values ('h', 'text', 70, 'x', 'x')"
        )
    run(path, built, fixture.AS_OF, "facts")
    with Warehouse.open(path, read_only=True) as warehouse:
        assert of(warehouse, "facts.fct_submissions", "words", submission_id=name) == [((before or 0) + 70,)]


def test_logins_are_counted_apart(warehouse: Warehouse) -> None:
    assert of(warehouse, "facts.fct_logins", "logins, failures", day=date(2026, 10, 7)) == [(1, 1)]


# -- what people read -------------------------------------------------------------------------------------------------------------


def test_every_curator_of_a_live_stream_gets_a_list(warehouse: Warehouse) -> None:
    assert of(warehouse, "reports.rpt_curators", "curator_id, learners") == [("p-cur1", 5), ("p-cur2", 3), ("p-tanya", 5)]


def test_the_list_says_why_and_what_changed(warehouse: Warehouse) -> None:
    [(level, before, reasons, missed, levels)] = warehouse.rows(
        "select level, previous_level, reasons, missed_tasks, levels_7d from reports.rpt_at_risk_daily where person_id = 'p-oleg'"
    )
    assert (level, before) == ("high", "medium")
    assert [reason["code"] for reason in json.loads(reasons)] == ["missed_tasks"]
    assert [task["name"] for task in json.loads(missed)] == ["Задание b1", "Задание b2"]
    assert [day["level"] for day in json.loads(levels)] == ["low", "medium", "high"]


def test_names_are_written_as_names(warehouse: Warehouse) -> None:
    assert of(warehouse, "reports.rpt_people", "name", person_id="p-anna") == [("Annaова Имя Отчество",)]


def test_a_burst_is_shown_as_one_question(warehouse: Warehouse) -> None:
    rows = of(warehouse, "reports.rpt_open_questions", "question_id, text, hours_open", curator_id="p-tanya")
    assert rows == [
        ("letter", "Вопрос", 16.0),
        ("lost0", "Вопрос", 40.0),
        ("q2", "Файл не прикрепляется Что делать?", 52.0),
        ("q6", "Можно рекламу?", 252.0),
    ]


def test_a_question_by_mail_tells_that_letters_to_its_address_come_back(warehouse: Warehouse) -> None:
    """It was proposed to answer it by mail, to the address whose letters come back."""
    rows = of(warehouse, "reports.rpt_open_questions", "question_id, is_address_bounced", curator_id="p-tanya")
    assert rows == [("letter", True), ("lost0", True), ("q2", False), ("q6", False)]


def test_a_letter_that_came_back_answers_nobody(warehouse: Warehouse) -> None:
    """The question was closed by an answer that its asker never had; where only another's copy came back it is answered."""
    rows = of(
        warehouse, "facts.fct_questions", "question_id, is_open, is_answer_returned", channel="mail", asked_at="2026-11-19 05:00:00+00"
    )
    assert rows == [("lost0", True, True), ("lost1", False, False)]
    rows = of(warehouse, "reports.rpt_open_questions", "question_id", curator_id="p-tanya", is_answer_returned=True)
    assert rows == [("lost0",)]
    (returned_at,) = of(warehouse, "facts.fct_questions", "answer_returned_at", question_id="lost0")
    assert returned_at[0].isoformat() == "2026-11-19T06:01:00+00:00"
    # A letter that came back is no contact: it is kept, and marked.
    assert of(warehouse, "facts.fct_contacts", "message_id, person_id, is_returned", message_id="sent") == [("sent", "p-kira", True)]
    assert of(warehouse, "facts.fct_timeline", "ref_id", person_id="p-kira", what="letter_bounced") == [("sent",)]


def test_not_reached_names_the_next_channel(warehouse: Warehouse) -> None:
    rows = of(warehouse, "reports.rpt_not_reached", "person_id, why, notices_in_row, next_channel")
    assert rows == [("p-pavel", "bounce", 3, "phone"), ("p-sonya", "silence", 2, "direct")]


def test_never_started_is_a_class_of_its_own(warehouse: Warehouse) -> None:
    assert of(warehouse, "reports.rpt_never_started", "person_id, days_since_start") == [("p-pavel", 18)]


def test_a_missing_source_is_said(warehouse: Warehouse) -> None:
    assert of(warehouse, "reports.rpt_sources", "source, state, problem") == [("mail", "missing", "no folder"), ("trial", "fresh", None)]


# -- days ------------------------------------------------------------------------------------------------------------------------

_DAYS = "select * from indicators.ind_learner_days order by day, person_id, stream_id"
_ACTIONS = "select * from facts.fct_activity order by activity_id"
_WAITS = "select * from indicators.ind_response_latency order by all"


def test_going_on_by_a_day_gives_what_building_all_gives(built: Built, tmp_path: Path) -> None:
    path = built.copy(tmp_path)
    with Warehouse.open(path, read_only=True) as warehouse:
        days, actions, waits = warehouse.rows(_DAYS), warehouse.rows(_ACTIONS), warehouse.rows(_WAITS)
    run(path, built, fixture.AS_OF, full_refresh=True)
    with Warehouse.open(path, read_only=True) as warehouse:
        assert warehouse.rows(_DAYS) == days
        assert warehouse.rows(_ACTIONS) == actions
        assert warehouse.rows(_WAITS) == waits


def test_estimates_of_waiting_are_kept_from_run_to_run_and_made_anew_when_told(built: Built, tmp_path: Path) -> None:
    path = built.copy(tmp_path)
    with Warehouse.open(path) as warehouse:
        # Enough for a curve: of six answers in a stream of their own.
        warehouse.connection.execute(
            "insert into facts.fct_waits by name select 'w' || hours as question_id, 'first_answer' as measure, 1 as turn, 'chat' as channel, "
            "'somewhere' as course_id, 'elsewhere' as stream_id, timestamptz '2026-10-12 09:00:00+03' as from_at, date '2026-10-12' as day, "
            "false as is_open, hours::double as hours from range(1, 7) as six (hours)"
        )
    estimate = (
        "select km_median_hours from indicators.ind_response_latency where scope = 'stream' and scope_id = 'elsewhere' and period = 'week'"
    )

    def estimated(*more: str) -> object:
        transform._invoke(
            path,
            ["run", "--select", "ind_response_latency", *more],
            variables=transform.variables(fixture.PROGRAMME, fixture.AS_OF),
            work_folder=built.work,
        )
        with Warehouse.open(path, read_only=True) as warehouse:
            return warehouse.value(estimate)

    assert estimated() == 3
    with Warehouse.open(path) as warehouse:
        warehouse.connection.execute("update indicators.ind_response_latency set km_median_hours = 7 where km_median_hours = 3")
    assert estimated() == 7
    assert estimated("--full-refresh") == 3


@pytest.mark.slow
def test_an_earlier_day_forgets_the_later_ones_and_going_on_brings_them_back(built: Built, tmp_path: Path) -> None:
    path = built.copy(tmp_path)
    with Warehouse.open(path, read_only=True) as warehouse:
        days = warehouse.rows(_DAYS)
    run(path, built, date(2026, 10, 18), "facts indicators reports")
    with Warehouse.open(path, read_only=True) as warehouse:
        assert warehouse.value("select max(day) from indicators.ind_learner_days") == date(2026, 10, 18)
        assert warehouse.value("select max(occurred_at) from facts.fct_activity").date() <= date(2026, 10, 18)
        # On that day egor was enrolled, and anna's gradebook was empty.
        assert of(warehouse, "facts.fct_enrolments", "state, outcome", person_id="p-egor") == [("active", "running")]
        assert of(warehouse, "facts.fct_grades", "grade_id", person_id="p-anna") == []
        # Boris's copied work stands on the list of the curator responsible for him, and on nobody else's.
        [(curator, task, people)] = of(warehouse, "reports.rpt_similar_work", "curator_id, task_id, people")
        assert (curator, task) == ("p-cur1", "a1")
        assert [person["name"] for person in json.loads(str(people))] == ["Borisova Имя"]
    run(path, built, fixture.AS_OF)
    with Warehouse.open(path, read_only=True) as warehouse:
        assert warehouse.rows(_DAYS) == days


@pytest.mark.slow
def test_rows_that_come_late_are_counted(built: Built, tmp_path: Path) -> None:
    """A log of a month ago that is loaded today changes the days of a month ago, and every day since."""
    path = built.copy(tmp_path)
    with Warehouse.open(path) as warehouse:
        before = warehouse.value(
            "select materials_opened from indicators.ind_learner_days where person_id = 'p-vera' and day = '2026-10-08'"
        )
        warehouse.connection.execute(
            "insert into raw.activity select * replace ('late' as activity_id, 'load-late' as load_id, timestamptz '2026-10-07 12:00:00+00' as occurred_at, "
            "'ap2' as task_id, 'viewed' as action) from raw.activity where activity_id = (select min(activity_id) from raw.activity where account_id = ?)",
            [fixture.account("vera")],
        )
        warehouse.connection.execute(
            "insert into raw.loads select * replace ('load-late' as load_id, 'late' as item) from raw.loads where load_id = 'load1'"
        )
    run(path, built, fixture.AS_OF)
    with Warehouse.open(path, read_only=True) as warehouse:
        assert warehouse.value("select count(*) from facts.fct_activity where activity_id = 'late'") == 1
        now = warehouse.rows(
            "select materials_opened from indicators.ind_learner_days where person_id = 'p-vera' and day in ('2026-10-08', '2026-11-15')"
        )
        assert now == [(before + 1,), (before + 1,)]


@pytest.mark.slow
def test_a_learner_who_moves_takes_all_days_along(built: Built, tmp_path: Path) -> None:
    path = built.copy(tmp_path)
    with Warehouse.open(path) as warehouse:
        days = warehouse.value("select count(*) from indicators.ind_learner_days where person_id = 'p-rita'")
        warehouse.connection.execute(
            "insert into raw.memberships select * replace ('moved' as membership_id, ? as account_id) from raw.memberships where group_id = ? limit 1",
            [fixture.account("rita"), fixture.B1],
        )
    run(path, built, fixture.AS_OF + timedelta(days=1))
    with Warehouse.open(path, read_only=True) as warehouse:
        assert of(warehouse, "indicators.ind_learner_days", "distinct stream_id, count(*) over ()", person_id="p-rita") == [
            ("B-36/nov", days + 1)
        ]
        assert of(warehouse, "facts.fct_activity", "distinct stream_id", person_id="p-rita") == [("B-36/nov",)]


def _as_built_at_once(path: Path, built: Built, programme: Programme = fixture.PROGRAMME) -> None:
    """Days and actions stand as if all history were built now."""
    with Warehouse.open(path, read_only=True) as warehouse:
        days, actions = warehouse.rows(_DAYS), warehouse.rows(_ACTIONS)
    run(path, built, fixture.AS_OF, full_refresh=True, programme=programme)
    with Warehouse.open(path, read_only=True) as warehouse:
        assert warehouse.rows(_ACTIONS) == actions
        assert warehouse.rows(_DAYS) == days


@pytest.mark.slow
@pytest.mark.parametrize(
    ("starts", "ends"),
    [("2026-10-12", "2026-11-15"), ("2026-10-01", "2026-11-15"), ("2026-10-05", "2026-11-01")],
    ids=["later", "earlier", "shorter"],
)
def test_a_stream_that_is_moved_takes_its_days_along(built: Built, tmp_path: Path, starts: str, ends: str) -> None:
    """Days of the old calendar would stand beside the new ones: two rows of one day of the course, and days outside of it."""
    path = built.copy(tmp_path)
    with Warehouse.open(path) as warehouse:
        warehouse.connection.execute(
            "update raw.courses set starts_at = cast(? as timestamptz) + interval 9 hour, ends_at = cast(? as timestamptz) + interval 9 hour where course_id = ?",
            [starts, ends, fixture.A],
        )
    run(path, built, fixture.AS_OF)
    with Warehouse.open(path, read_only=True) as warehouse:
        [(first, last, doubles)] = warehouse.rows(
            "select min(day), max(day), count(*) - count(distinct (person_id, stream_id, course_day)) from indicators.ind_learner_days where course_id = ?",
            [fixture.A],
        )
        assert (str(first), str(last), doubles) == (starts, ends, 0)
    _as_built_at_once(path, built)


@pytest.mark.slow
def test_two_people_who_turn_out_to_be_one_are_one_on_all_days(built: Built, tmp_path: Path) -> None:
    """A decision speaks of the past too: what the second account did a month ago is the person's."""
    path = built.copy(tmp_path)
    with Warehouse.open(path) as warehouse:
        warehouse.connection.execute("update links.people set person_id = 'p-gleb' where account_id = ?", [fixture.account("vera")])
    run(path, built, fixture.AS_OF)
    with Warehouse.open(path, read_only=True) as warehouse:
        assert warehouse.value("select count(*) from facts.fct_activity where person_id = 'p-vera'") == 0
        assert warehouse.value(
            "select bool_or(has_started) from indicators.ind_learner_days where person_id = 'p-gleb' and day = '2026-10-12'"
        )
    _as_built_at_once(path, built)


@pytest.mark.slow
def test_participants_that_come_after_the_log_bring_all_their_days(built: Built, tmp_path: Path) -> None:
    path = built.copy(tmp_path)
    with Warehouse.open(path) as warehouse:
        warehouse.connection.execute("delete from raw.enrolments where account_id = ?", [fixture.account("anna")])
    run(path, built, fixture.AS_OF - timedelta(days=1))
    with Warehouse.open(path) as warehouse:
        assert warehouse.value("select count(*) from facts.fct_activity where person_id = 'p-anna'") == 0
        warehouse.connection.execute(f"attach '{built.path}' as whole (read_only)")
        warehouse.connection.execute(
            "insert into raw.enrolments select * from whole.raw.enrolments where account_id = ?", [fixture.account("anna")]
        )
    run(path, built, fixture.AS_OF)
    with Warehouse.open(path, read_only=True) as warehouse:
        assert warehouse.value("select count(*) from facts.fct_activity where person_id = 'p-anna'") > 0
    _as_built_at_once(path, built)


@pytest.mark.slow
def test_another_time_zone_builds_all_history_anew(built: Built, tmp_path: Path) -> None:
    """An hour past midnight is another day there: the actions of old days would stand on two."""
    path = built.copy(tmp_path)
    far = fixture.PROGRAMME.model_copy(update={"time_zone": "Asia/Vladivostok"})
    run(path, built, fixture.AS_OF, programme=far)
    with Warehouse.open(path, read_only=True) as warehouse:
        assert warehouse.value("select count(*) - count(distinct activity_id) from facts.fct_activity") == 0
    _as_built_at_once(path, built, far)


@pytest.mark.slow
def test_other_rules_build_all_history_anew_and_the_same_rules_do_not(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation that is upgraded has days that an older version counted otherwise, perhaps without a column."""
    path = built.copy(tmp_path)
    with Warehouse.open(path) as warehouse:
        days = warehouse.rows(_DAYS)
        warehouse.connection.execute("update indicators.ind_learner_days set tasks_due = 99 where day = '2026-10-10'")
    run(path, built, fixture.AS_OF)
    with Warehouse.open(path) as warehouse:
        assert warehouse.value("select max(tasks_due) from indicators.ind_learner_days") == 99, "built anew every night"
        warehouse.connection.execute("alter table indicators.ind_learner_days drop column tasks_late")
    monkeypatch.setattr(transform, "rules_of", lambda variables: "another version")
    run(path, built, fixture.AS_OF)
    with Warehouse.open(path, read_only=True) as warehouse:
        assert warehouse.rows(_DAYS) == days


def test_the_rules_are_the_projects_code_its_thresholds_and_what_a_day_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_programme = transform.lasting_variables(fixture.PROGRAMME)
    rules = transform.rules_of(of_programme)
    assert rules == transform.rules_of({**of_programme, "language": "en", "as_of": "2026-11-20"})
    assert rules != transform.rules_of({**of_programme, "time_zone": "UTC"})
    project = tmp_path / "dbt_like"
    shutil.copytree(transform.DBT_FOLDER, project, ignore=shutil.ignore_patterns("target", "logs"))
    monkeypatch.setattr(transform, "DBT_FOLDER", project)
    assert rules == transform.rules_of(of_programme)
    with (project / "seeds" / "thresholds.csv").open("a") as thresholds:
        thresholds.write("another,1,days,x\n")
    assert rules != transform.rules_of(of_programme)
