"""Checks of the raw tables: every rule passes on good tables, and each kind of wrong is found by the rule that is there for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.raw_checks import CHECKED, MOMENTS, POINTERS, WORDS, Finding, check_raw, rules
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


#: Wrongs that do not hide one another: what is done to the good tables, and the rule that finds it (table, rule, critical).
WRONGS = {
    "a key twice": (
        "insert into raw.accounts (account_id, realm, channel, source, load_id) values ('a1', 'x', 'lms', 'lms', 'l1')",
        ("accounts", "key_is_single", True),
    ),
    "a word outside the list": ("update raw.messages set channel = 'pigeon'", ("messages", "channel_is_a_known_word", True)),
    "an author nobody knows": ("update raw.messages set account_id = 'a9'", ("messages", "account_id_points_to_accounts", True)),
    "a log of a course that is gone": (
        "update raw.activity set course_id = 'moodle:course:9'",
        ("activity", "course_id_points_to_courses", False),
    ),
    "a click in the future": (
        "update raw.activity set occurred_at = '2031-01-01 00:00:00+00'",
        ("activity", "occurred_at_is_possible", False),
    ),
    "a lost row": ("update raw.loads set rows_kept = 9", ("loads", "no_row_is_lost", True)),
    "half rejected": (
        "insert into raw.loads select * replace ('l2' as load_id, 'half' as item, 5 as rows_kept, 5 as rows_rejected) from raw.loads where load_id = 'l1'",
        ("loads", "few_rows_are_rejected", False),
    ),
    "a failed load": (
        "insert into raw.loads select * replace ('l3' as load_id, 'torn' as item, 'failed' as state, 0 as rows_seen, 0 as rows_kept, 0 as rows_rejected) "
        "from raw.loads where load_id = 'l1'",
        ("loads", "no_load_failed", False),
    ),
    "nobody learns": ("delete from raw.enrolments", ("enrolments", "somebody_learns", True)),
}


def ask(folder: Path, *wrongs: str) -> list[Finding]:
    path = folder / "warehouse.duckdb"
    with Warehouse.open(path) as warehouse:
        warehouse.create_schemas()
        for statement in (GOOD, *wrongs):
            warehouse.connection.execute(statement)
    findings = check_raw(path, TODAY)
    with Warehouse.open(path):  # the file is free again
        return findings


@pytest.fixture(scope="module")
def all_wrong(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    """Every wrong at once: a run of the suites costs seconds, whatever they find."""
    return ask(tmp_path_factory.mktemp("checks"), *(statement for statement, _ in reversed(WRONGS.values())))


def test_good_tables_pass_every_rule_and_the_file_is_free_again(tmp_path: Path) -> None:
    findings = ask(tmp_path)
    assert [finding for finding in findings if not finding.passed] == []
    assert {finding.table for finding in findings} == set(CHECKED)


@pytest.mark.parametrize("found", [found for _, found in WRONGS.values()], ids=list(WRONGS))
def test_each_wrong_is_found_by_its_rule(all_wrong: list[Finding], found: tuple[str, str, bool]) -> None:
    assert found in [(finding.table, finding.rule, finding.critical) for finding in all_wrong if not finding.passed]


def test_nothing_else_is_found(all_wrong: list[Finding]) -> None:
    failed = [(finding.table, finding.rule, finding.critical) for finding in all_wrong if not finding.passed]
    assert sorted(failed) == sorted(found for _, found in WRONGS.values())


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
