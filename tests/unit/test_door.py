"""The door: every rule passes on good tables, and each kind of wrong is found by the rule that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pipelines.door import CHECKED, MOMENTS, POINTERS, WORDS, Finding, check_raw, rules
from pipelines.warehouse import Warehouse

TODAY = date(2026, 11, 22)
GOOD = """
insert into raw.loads (load_id, source, kind, item, fingerprint, reader_version, state, rows_seen, rows_kept, rows_rejected, loaded_at)
    values ('l1', 'lms', 'moodle_db', 'database', 'f', 1, 'loaded', 10, 10, 0, '2026-11-22 05:00:00+00');
insert into raw.accounts (account_id, realm, channel, source, load_id) values ('a1', 'moodle', 'lms', 'lms', 'l1');
insert into raw.courses (course_id, source, load_id) values ('moodle:course:1', 'lms', 'l1');
insert into raw.enrolments (enrolment_id, account_id, course_id, role, state, source, load_id)
    values ('e1', 'a1', 'moodle:course:1', 'learner', 'active', 'lms', 'l1');
insert into raw.chats (chat_id, channel, kind, source, load_id) values ('c1', 'chat', 'supergroup', 'chat', 'l1');
insert into raw.messages (message_id, channel, chat_id, kind, account_id, sent_at, source, load_id)
    values ('m1', 'chat', 'c1', 'post', 'a1', '2026-11-20 10:00:00+00', 'chat', 'l1');
insert into raw.activity (activity_id, account_id, course_id, occurred_at, action, event, is_impersonated, is_anonymous, source, load_id)
    values ('moodle:log:1', 'a1', 'moodle:course:1', '2026-11-20 10:00:00+00', 'viewed', 'course_viewed', false, false, 'lms', 'l1');
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Finding]]:
    folder = tmp_path_factory.mktemp("door")

    def check(wrong: str) -> list[Finding]:
        path = folder / "warehouse.duckdb"
        path.unlink(missing_ok=True)
        with Warehouse.open(path) as warehouse:
            warehouse.create_schemas()
            warehouse.connection.execute(GOOD + wrong)
        return check_raw(path, TODAY)

    return check


def test_good_tables_pass_every_rule_and_the_file_is_free_again(ask, tmp_path: Path) -> None:
    findings = ask("")
    assert [finding for finding in findings if not finding.passed] == []
    assert {finding.table for finding in findings} == set(CHECKED)


@pytest.mark.parametrize(
    ("wrong", "table", "rule", "critical"),
    [
        pytest.param("insert into raw.accounts (account_id, realm, channel, source, load_id) values ('a1', 'x', 'lms', 'lms', 'l1')",
                     "accounts", "key_is_single", True, id="a key twice"),
        pytest.param("update raw.messages set channel = 'pigeon'", "messages", "channel_is_a_known_word", True, id="a word outside the list"),
        pytest.param("update raw.messages set account_id = 'a9'", "messages", "account_id_points_to_accounts", True, id="an author nobody knows"),
        pytest.param("update raw.activity set course_id = 'moodle:course:9'", "activity", "course_id_points_to_courses", False, id="a log of a course that is gone"),
        pytest.param("update raw.activity set occurred_at = '2031-01-01 00:00:00+00'", "activity", "occurred_at_is_possible", False, id="a click in the future"),
        pytest.param("update raw.loads set rows_kept = 9", "loads", "no_row_is_lost", True, id="a lost row"),
        pytest.param("update raw.loads set rows_kept = 5, rows_rejected = 5", "loads", "few_rows_are_rejected", False, id="half rejected"),
        pytest.param("update raw.loads set state = 'failed'", "loads", "no_load_failed", False, id="a failed load"),
        pytest.param("delete from raw.enrolments", "enrolments", "somebody_learns", True, id="nobody learns"),
    ],
)  # fmt: skip
def test_each_wrong_is_found_by_its_rule(ask, wrong: str, table: str, rule: str, critical: bool) -> None:
    failed = [finding for finding in ask(wrong) if not finding.passed]
    assert [(finding.table, finding.rule, finding.critical) for finding in failed] == [(table, rule, critical)]


def test_rules_speak_only_of_declared_columns() -> None:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        assert set(rules(warehouse, TODAY)) == set(CHECKED)
        for table, words in WORDS.items():
            assert set(words) <= set(warehouse.columns(f"raw.{table}"))
        for table, pointers in POINTERS.items():
            assert {column for column, _, _ in pointers} <= set(warehouse.columns(f"raw.{table}"))
        for table, column in MOMENTS.items():
            assert column in warehouse.columns(f"raw.{table}")
