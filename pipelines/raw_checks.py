"""Checks of the raw tables: Great Expectations suites, run before anything downstream reads them.

What is checked here is what the rest relies on without asking again: keys are there and single, words are from the contract's lists,
times are possible, what points somewhere points to something, and no load lost a row. An expectation of severity ``critical`` that
fails stops everything that depends on its table; a ``warning`` is shown and the night goes on.

The suites run inside the engine (no table is pulled into Python). Importing Great Expectations takes seconds and 260 MB, so it is
imported by the function that uses it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.contract_words import WORDS
from pipelines.errors import BadContract
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


@dataclass(frozen=True)
class Rule:
    """One expectation, told without the library: what it is called, which kind, with what arguments, and why it is asked."""

    name: str
    kind: str
    arguments: Mapping[str, Any]
    why: str
    critical: bool = True


@dataclass(frozen=True)
class Finding:
    """What became of one rule on one table. ``observed`` holds counts only, never a value out of a row; ``why`` is the rule's."""

    table: str
    rule: str
    passed: bool
    critical: bool
    observed: str
    why: str = ""


#: (column, table it points to, critical). A log outlives what it speaks of, so what a log points to may be gone: a warning.
POINTERS: Mapping[str, Sequence[tuple[str, str, bool]]] = {
    "enrolments": (("account_id", "accounts", True), ("course_id", "courses", True)),
    "memberships": (("group_id", "course_groups", True), ("account_id", "accounts", True)),
    "tasks": (("course_id", "courses", True),),
    "deadlines": (("task_id", "tasks", True),),
    "activity": (("account_id", "accounts", False), ("course_id", "courses", False)),
    "messages": (("chat_id", "chats", True), ("account_id", "accounts", True)),
    "addressees": (("message_id", "messages", True), ("account_id", "accounts", True)),
    "message_versions": (("message_id", "messages", False),),
    "message_files": (("message_id", "messages", False),),
    "mail_references": (("message_id", "messages", False),),
    "demographics": (("account_id", "accounts", True),),
    "submissions": (("account_id", "accounts", True), ("task_id", "tasks", False)),
    "submission_files": (("submission_id", "submissions", False),),
    "grades": (("account_id", "accounts", True), ("task_id", "tasks", False)),
    "completions": (("account_id", "accounts", True),),
    "outcomes": (("account_id", "accounts", True), ("course_id", "courses", True)),
    "attendance": (("webinar_id", "webinars", True), ("account_id", "accounts", True)),
}

#: The moment a row speaks of: neither before such systems existed nor after the run.
MOMENTS: Mapping[str, str] = {
    "activity": "occurred_at",
    "messages": "sent_at",
    "submissions": "submitted_at",
    "grades": "graded_at",
    "attendance": "joined_at",
}
#: Moodle 1.0 came out in August 2002; no trace of a course is older.
EARLIEST = date(2002, 8, 20)


#: Of a table that is pointed to, the key that its name does not tell.
_KEYS = {"accounts": "account_id", "courses": "course_id", "course_groups": "group_id", "tasks": "task_id", "chats": "chat_id"}


def rules_for(table: str, key: Sequence[str], latest: date) -> list[Rule]:
    """The rules of one raw table.

    Parameters
    ----------
    key: the table's key columns. latest: no moment may lie after the end of this day (UTC).
    """
    rules = [
        Rule(f"{column}_is_there", "not_null", {"column": column}, "A row without its key can be neither merged nor joined.")
        for column in key
    ]
    rules.append(
        Rule("key_is_single", "unique", {"columns": list(key)}, "A key that stands twice multiplies every row that is joined to it.")
    )
    for column, words in WORDS.get(table, {}).items():
        why = f"Models know {', '.join(words)}; rows with another word would be left out of every figure."
        rules.append(Rule(f"{column}_is_a_known_word", "in_set", {"column": column, "words": list(words)}, why))
    rules += [_points_to(column, target, critical) for column, target, critical in POINTERS.get(table, ())]
    if moment := MOMENTS.get(table):
        rules.append(_is_possible(moment, latest))
    if table == "loads":
        rules += _rules_of_loads()
    if table == "enrolments":
        rules.append(
            Rule(
                "somebody_learns",
                "at_least",
                {"rows": 1},
                "Every list and figure is of enrolled learners, and no source tells of any: add the LMS's database, its web services or its lists of "
                "participants (docs/sources/moodle_files.md).",
            )
        )
    return rules


def _no_rows(condition: str, found: str = "1 as row_found") -> dict[str, str]:
    """Arguments of a rule by which no row of the batch may be such."""
    return {"query": f"select {found} from (select * from {{batch}}) as a {condition}"}


def _points_to(column: str, target: str, critical: bool) -> Rule:
    other = _KEYS.get(target, f"{target.removesuffix('s')}_id")
    condition = f"left join raw.{target} as b on a.{column} = b.{other} where a.{column} is not null and b.{other} is null"
    why = (
        f"What points to nothing in raw.{target} is lost by every join."
        if critical
        else f"A log outlives what it speaks of: how much of raw.{target} is gone."
    )
    return Rule(f"{column}_points_to_{target}", "no_rows", _no_rows(condition, f"a.{column}"), why, critical)


def _is_possible(moment: str, latest: date) -> Rule:
    condition = (
        f"where a.{moment} < timestamptz '{EARLIEST} 00:00:00+00' or a.{moment} >= timestamptz '{latest} 00:00:00+00' + interval 1 day"
    )
    return Rule(
        f"{moment}_is_possible",
        "no_rows",
        _no_rows(condition),
        "A moment before Moodle or after the run is a wrong clock or a wrong time zone.",
        critical=False,
    )


def _rules_of_loads() -> list[Rule]:
    rejected = f"where a.rows_seen > 0 and a.rows_rejected > {threshold('rejected_share')} * a.rows_seen"
    return [
        Rule(
            "no_row_is_lost",
            "no_rows",
            _no_rows("where a.rows_seen <> a.rows_kept + a.rows_rejected"),
            "Each row of an item is kept or rejected with a reason.",
        ),
        Rule(
            "few_rows_are_rejected",
            "no_rows",
            _no_rows(rejected),
            "Many rejects of one item: its format has changed (raw.rejects says how).",
            critical=False,
        ),
        Rule(
            "no_load_failed",
            "no_rows",
            _no_rows("where a.state = 'failed'"),
            "The night goes on without what could not be read; lists say so.",
            critical=False,
        ),
    ]


#: Tables with a suite.
CHECKED = (
    "loads", "accounts", "courses", "course_groups", "memberships", "enrolments", "tasks", "deadlines", "activity", "chats", "messages", "addressees",
    "message_versions", "message_files", "mail_references", "submissions", "submission_files", "file_texts", "grades", "completions", "outcomes", "webinars", "attendance", "survey_answers",
    "demographics",
)  # fmt: skip


def rules(warehouse: Warehouse, latest: date) -> dict[str, list[Rule]]:
    """Every checked table's rules; needs the catalogue only."""
    return {table: rules_for(table, warehouse.key(f"raw.{table}"), latest) for table in CHECKED}


def check_raw(path: Path, latest: date) -> list[Finding]:
    """Run every suite on the warehouse file at ``path``; the file must not be open elsewhere.

    Returns one finding per table and rule. A rule that fails is a finding; a rule that cannot be asked raises BadContract.
    """
    with Warehouse.open(path, read_only=True) as warehouse:
        suites = rules(warehouse, latest)
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    # Its own progress bars would interleave with ours.
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_sql(  # type: ignore[call-arg]  # its stub leaves out ``kwargs``, which the documentation names
        "warehouse",
        connection_string=f"duckdb:///{path}",
        create_temp_table=False,
        # DuckDB: no temporary tables in a read-only file, no rollback outside a transaction, and no pooled connection may outlive the check.
        kwargs={
            "isolation_level": "AUTOCOMMIT",
            "skip_autocommit_rollback": True,
            "pool_reset_on_return": None,
            "connect_args": {"read_only": True},
        },
    )
    findings: list[Finding] = []
    try:
        for table, table_rules in suites.items():
            asset = source.add_table_asset(table, table_name=table, schema_name="raw")
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            suite = gx.ExpectationSuite(name=table, expectations=[_expectation(rule) for rule in table_rules])
            outcome = batch.validate(suite)
            by_name = {
                result.expectation_config.meta["rule"]: result for result in outcome.results if result.expectation_config is not None
            }
            findings.extend(_finding(table, rule, by_name[rule.name]) for rule in table_rules)
    finally:
        # Its pool keeps the file open, and DuckDB lets nobody else write as long as somebody reads.
        source.get_execution_engine().close()
        source.get_engine().dispose()
    return findings


def _expectation(rule: Rule) -> Expectation:
    import great_expectations.expectations as gxe

    common: dict[str, Any] = {"meta": {"rule": rule.name}, "severity": "critical" if rule.critical else "warning"}
    arguments = rule.arguments
    match rule.kind:
        case "not_null":
            return gxe.ExpectColumnValuesToNotBeNull(column=arguments["column"], **common)
        case "unique" if len(arguments["columns"]) == 1:
            return gxe.ExpectColumnValuesToBeUnique(column=arguments["columns"][0], **common)
        case "unique":
            return gxe.ExpectCompoundColumnsToBeUnique(column_list=arguments["columns"], **common)
        case "in_set":
            return gxe.ExpectColumnValuesToBeInSet(column=arguments["column"], value_set=arguments["words"], **common)
        case "at_least":
            return gxe.ExpectTableRowCountToBeBetween(min_value=arguments["rows"], **common)
        case "no_rows":
            return gxe.UnexpectedRowsExpectation(unexpected_rows_query=arguments["query"], description=rule.name, **common)
    raise ValueError(f"no such kind of rule: {rule.kind}")


def _finding(table: str, rule: Rule, result: Any) -> Finding:
    observed = result.result or {}
    if "unexpected_count" not in observed and "observed_value" not in observed and not result.success:
        raise BadContract(f"raw.{table}: the check {rule.name} could not be made")
    if "unexpected_count" in observed:
        said = f"{observed['unexpected_count']} of {observed.get('element_count', '?')} rows"
    elif "observed_value" in observed:
        value = observed["observed_value"]
        said = f"{value} rows" if isinstance(value, int) else str(value)
    else:
        said = "as expected" if result.success else "not as expected"
    return Finding(table, rule.name, bool(result.success), rule.critical, said, rule.why)
