"""Explaining: no indicator without the rows behind it."""

from __future__ import annotations

from collections import Counter

import yaml

from pipelines.explain import EVIDENCE, find_people
from pipelines.settings import DBT_FOLDER
from pipelines.warehouse import Warehouse

#: What has no rows of the learner's own behind it: keys, the plan, the enrolment, the company.
NO_EVIDENCE = {
    "day", "person_id", "stream_id", "course_id",
    "course_day", "course_days",  # the stream's calendar
    "is_current", "is_bulk_enrolled",  # the enrolment itself
    "stream_active_share_7",  # of the others
}  # fmt: skip


def test_every_indicator_of_a_learner_stands_in_one_entry() -> None:
    models = yaml.safe_load((DBT_FOLDER / "models" / "indicators" / "indicators.yml").read_text(encoding="utf-8"))["models"]
    [columns] = [{column["name"] for column in model["columns"]} for model in models if model["name"] == "ind_learner_days"]
    told = Counter(name for evidence in EVIDENCE for name in evidence.indicators)
    assert set(told) == columns - NO_EVIDENCE
    assert columns >= NO_EVIDENCE
    assert [name for name, times in told.items() if times > 1] == []


def test_evidence_is_about_one_person_and_ends_with_the_day() -> None:
    for evidence in EVIDENCE:
        assert "$person" in evidence.sql
        assert "$stream" in evidence.sql
        assert "$end" in evidence.sql or "$day" in evidence.sql
        for column in (" as at", " as what", " as row_id"):
            assert column in evidence.sql


def test_evidence_is_looked_up_by_the_raw_tables_keys() -> None:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for evidence in EVIDENCE:
            for table, key in evidence.raw:
                assert key in warehouse.columns(f"raw.{table}")


def test_somebody_is_found_by_the_beginning_of_the_id_as_other_commands_show_it() -> None:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for account, person in (("a1", "p12345678"), ("a2", "p12345999"), ("a3", "p9")):
            warehouse.connection.execute(
                "insert into links.people (account_id, person_id, state, rule) values ($1, $2, 'linked', 'lms')", [account, person]
            )
            warehouse.connection.execute(
                "insert into personal.accounts (account_id, native_id, display_name) values ($1, 'x', 'Имя_100%')", [account]
            )
        found = {
            wanted: [one.person_id for one in find_people(warehouse, wanted)] for wanted in ("p123456", "p12345", "p1234", "100%", "%_%")
        }
        assert found == {
            "p123456": ["p12345678"],
            "p12345": ["p12345678", "p12345999"],
            "p1234": [],
            "100%": ["p12345678", "p12345999", "p9"],
            "%_%": [],
        }
        assert find_people(warehouse, "p123456", whole=True) == []
