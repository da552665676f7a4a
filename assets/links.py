"""Stage links: what belongs together. One asset per relation of ``links``; those made in one go share an operation."""

from collections.abc import Callable, Iterator

import dagster as dg

from assets.installation import Installation
from pipelines.steps import Outcome, Run, link_conversations, link_copies, link_feedback, link_notices, link_people


def _relations(name: str, tables: dict[str, str], reads: list[list[str]], do: Callable[[Run], Outcome]) -> dg.AssetsDefinition:
    specs = [
        dg.AssetSpec(
            ["links", table],
            group_name="links",
            deps=[dg.AssetKey(key) for key in reads],
            description=description,
            kinds={"python", "duckdb"},
        )
        for table, description in tables.items()
    ]

    @dg.multi_asset(name=name, specs=specs)
    def relate(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[dg.MaterializeResult]:
        run = installation.run(context)
        outcome = do(run)
        with run.warehouse(read_only=True) as warehouse:
            rows = {table: warehouse.value(f"select count(*) from links.{table}") for table in tables}
        for table in tables:
            yield dg.MaterializeResult(asset_key=["links", table], metadata={"dagster/row_count": rows[table], **outcome.rows})

    return relate


_RAW = {name: ["raw", name] for name in ("accounts", "courses", "course_groups", "memberships", "enrolments", "tasks", "chats", "messages",
                                          "message_files", "addressees", "submissions", "submission_files", "grades", "webinars", "attendance", "survey_answers")}  # fmt: skip
_PEOPLE = [["links", "people"], ["links", "places"]]

#: Said by people (``mayak copies``), never made by a run.
_DECISIONS = dg.AssetSpec(
    ["links", "copy_decisions"], group_name="links", description="One row per thing people said about a pair of texts."
)

link_assets: list[dg.AssetSpec | dg.AssetsDefinition] = [
    _DECISIONS,
    _relations(
        "people",
        {
            "people": "One row per account: which person it belongs to.",
            "people_candidates": "One row per account in the review queue and person it may be.",
            "people_history": "One row per account and stretch in which its link was the same.",
            "places": "One row per chat, webinar or survey: the course it belongs to.",
        },
        [_RAW[name] for name in ("accounts", "courses", "course_groups", "memberships", "enrolments", "chats", "messages", "addressees", "webinars", "attendance", "survey_answers")],
        link_people,
    ),
    _relations(
        "conversations",
        {
            "threads": "One row per mail: the conversation it belongs to.",
            "questions": "One row per message judged: does it ask for an answer?",
            "replies": "One row per question and message that answers it.",
            "related": "One row per message as these links last saw it.",
            "repeated_questions": "One row per question that was asked before or again.",
            "repeated_merges": "One row per cluster of repeated questions that became part of an older one.",
            "repeated_courses": "One row per course whose questions were compared, and of what.",
            "repeated_answers": "One row per cluster of repeated questions and curator's answer.",
        },
        [*_PEOPLE, _RAW["messages"], _RAW["addressees"], _RAW["enrolments"], _RAW["tasks"]],
        link_conversations,
    ),
    _relations("notices", {"acknowledgements": "One row per notice, addressee and kind of sign."}, [*_PEOPLE, ["links", "threads"], _RAW["messages"], _RAW["addressees"]], link_notices),
    _relations(
        "copies",
        {
            "copies": "One row per pair of texts of which one repeats the other.",
            "copy_fragments": "One row per run of text that both sides of a pair share.",
            "copy_clusters": "One row per work that repeats another text: where its words come from.",
            "copy_bounds": "One row per task: how alike its answers are when nobody copies.",
            "copy_texts": "One row per text whose fingerprints are kept.",
            "copy_prints": "One row per text and fingerprint that is kept of it.",
        },
        [*_PEOPLE, _RAW["submissions"], _RAW["submission_files"], _RAW["tasks"], _RAW["messages"], _RAW["message_files"]],
        link_copies,
    ),
    _relations("feedback", {"feedback": "One row per grade of the marking record: what its comment is worth."}, [_RAW["grades"], _RAW["submissions"]], link_feedback),
]  # fmt: skip
