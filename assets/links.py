"""Stage links: what belongs together. One asset per relation; those made in one go share an operation."""

from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from assets.installation import Installation
from assets.relations import relation
from pipelines.steps import Outcome, Run, link_conversations, link_copies, link_feedback, link_notices, link_people


def _operation(name: str, makes: Sequence[str], reads: Sequence[str], do: Callable[[Run], Outcome]) -> dg.AssetsDefinition:
    """The relations that one step ``makes`` from those it ``reads`` (``schema.table``; tests/assets/test_lineage.py holds both against the code)."""
    deps = [dg.AssetKey(read.split(".")) for read in reads]

    @dg.multi_asset(name=name, specs=[relation(table, group="links", deps=deps, kinds={"python"}) for table in makes])
    def relate(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[dg.MaterializeResult]:
        run = installation.run(context)
        outcome = do(run)
        with run.warehouse(read_only=True) as warehouse:
            rows = {table: warehouse.value(f"select count(*) from {table}") for table in makes}
        for table in makes:
            yield dg.MaterializeResult(asset_key=table.split("."), metadata={"dagster/row_count": rows[table], **outcome.rows})

    return relate


#: What tells who has which role in a course (pipelines/links/conversations/roles.py).
_ROLES = (
    "links.people", "links.places", "raw.accounts", "raw.chats", "raw.courses", "raw.enrolments", "raw.messages", "raw.programme_curators", "personal.messages",
)  # fmt: skip

link_assets: list[dg.AssetSpec | dg.AssetsDefinition] = [
    # Said by people (`mayak review`, `mayak copies`), never made by a run.
    relation("links.people_decisions"),
    relation("personal.people_decisions"),
    relation("links.copy_decisions"),
    relation("personal.copy_decisions"),
    _operation(
        "people",
        ("links.people", "links.people_candidates", "links.people_history", "links.people_seen", "links.places",
         # Names taken apart and compared, kept from run to run.
         "personal.account_keys", "personal.called_accounts", "personal.called_parts", "personal.compared_accounts", "personal.compared_names",
         "personal.compared_people", "personal.contradicted_accounts", "personal.shown_accounts", "personal.shown_cuts", "personal.shown_readings",
         "personal.shown_words"),
        ("links.people_decisions", "personal.people_decisions", "raw.accounts", "raw.addressees", "raw.attendance", "raw.chats", "raw.course_groups", "raw.courses",
         "raw.enrolments", "raw.loads", "raw.memberships", "raw.messages", "raw.survey_answers", "raw.webinars",
         "personal.account_names", "personal.accounts", "personal.chats", "personal.items"),
        link_people,
    ),
    _operation(
        "conversations",
        ("links.threads", "links.questions", "links.replies", "links.possible_replies", "links.related", "links.repeated_questions", "links.repeated_merges", "links.repeated_courses",
         "links.repeated_answers"),
        (*_ROLES, "raw.addressees", "raw.mail_references", "raw.message_versions", "raw.tasks", "personal.accounts", "personal.message_versions"),
        link_conversations,
    ),
    _operation(
        "notices",
        ("links.acknowledgements",),
        (*_ROLES, "links.questions", "links.replies", "links.threads", "raw.activity", "raw.addressees", "raw.memberships", "raw.submissions", "raw.tasks"),
        link_notices,
    ),
    _operation(
        "copies",
        ("links.copies", "links.copy_fragments", "links.copy_clusters", "links.copy_bounds", "links.copy_texts", "links.copy_prints", "links.copy_commons"),
        ("links.people", "raw.accounts", "raw.enrolments", "raw.file_texts", "raw.memberships", "raw.message_files", "raw.messages", "raw.programme_curators",
         "raw.submission_files", "raw.submissions", "raw.tasks", "personal.file_texts", "personal.messages"),
        link_copies,
    ),
    _operation("feedback", ("links.feedback",), ("raw.grades", "raw.submissions", "raw.tasks", "personal.grades", "personal.submissions"), link_feedback),
]  # fmt: skip
