"""Rows that two sources of one Moodle both tell, each under an id of its own: they stand once, as the fuller source has them.

Web services tell no id of a mark of completion, an enrolment, a stay in a group or a row of the gradebook, and downloads tell no id of
anything but courses and modules. What they tell is the same row as one of a fuller source (:data:`KINDS`: the database, then tables in Mayak's own
words, then web services, then downloads) where account and place agree:

===========  ==================================================================================================================
record       the same row
===========  ==================================================================================================================
enrolments   account and course. The role is the fuller source's: a list tells none, a renamed one is only known to the database
memberships  account and group, of stays that last
grades       account and course, for the gradebook (a fuller source has every item of it): a row per task and, of totals, per course
completions  account and task, views apart
outcomes     account, course and kind
submissions  account, task and kind, the last attempt; nobody's (blind marking) and teams' by their content; of a grading worksheet and
             of an archive by the number of the person in the assignment
messages     the post's number, of an exported forum
surveys      account and question, of Moodle's feedback activity; anonymous ones by the survey that has all their questions
activity     account and second (or minute, where a download has no seconds): a fuller source has the whole log of its time
===========  ==================================================================================================================

Marks of completion, results and grades of a newer source stand until the fuller one tells of them again. An account known by name alone is
taken for somebody where exactly one namesake has such a row. Rows that a fuller source does not have stay: they are the only trace.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.loading.same_accounts import forget_idle_namesakes, note_namesakes
from pipelines.warehouse import Warehouse

#: Kind of source → how full it is; the least is the fullest.
KINDS = {
    "moodle_db": 0,
    "generic": 1,
    "moodle_ws": 2,
    "moodle_logs": 3,
    "moodle_reports": 3,
    "moodle_participants": 3,
    "moodle_grades": 3,
    "moodle_submissions": 3,
    "moodle_forums": 3,
    # of these the responses of Moodle's feedback activity alone
    "survey_csv": 3,
}
#: What their ids hold.
FEEDBACK = ":feedback:"
POST, LISTED_POST = ":post:", ":post:listed:"
_OF_MESSAGES = (
    "raw.messages", "personal.messages", "raw.message_versions", "personal.message_versions", "raw.addressees", "raw.mail_references", "raw.message_files",
)  # fmt: skip
LISTED, IN_ARCHIVE = ":submission:listed:", ":submission:participant:"
_DOWNLOADS = 3
_DATABASE = 0


@dataclass(frozen=True)
class _Rule:
    """When two rows of a record are the same one, besides their accounts."""

    record: str
    #: Condition on ``named`` (of the lesser source) and ``known``.
    on: str
    #: Condition on a row, to be compared at all.
    where: str = "true"
    #: Columns that a newer row of a lesser source brings up to date: column → value.
    newer: dict[str, str] | None = None
    #: Columns that are filled in where they are null, of both halves.
    filled: tuple[str, ...] = ()
    #: Several rows of the fuller source may stand for the one: nothing is carried over.
    may_be_several: bool = False
    #: Two downloads may tell the row as well.
    among_downloads: bool = False


def _lasts(is_lasting: str) -> str:
    """A stay or an enrolment that had ended for the fuller source before the other one saw it is another one."""
    return f"({is_lasting} or known.seen_at >= named.seen_at)"


_STAYS = _lasts("known.state <> 'removed'")
_SAME_ATTEMPT = "coalesce(known.attempt, 0) = coalesce(named.attempt, 0)"
_RULES = (
    _Rule("enrolments", f"known.course_id = named.course_id and {_STAYS}", may_be_several=True),
    _Rule("memberships", f"known.group_id = named.group_id and {_lasts('known.left_at is null')}", may_be_several=True),
    _Rule(
        "completions",
        "known.task_id = named.task_id",
        "item.state <> 'viewed'",
        newer={"state": "named.state", "completed_at": "coalesce(named.completed_at, known.completed_at)"},
        among_downloads=True,
    ),
    _Rule(
        "outcomes",
        "known.course_id = named.course_id and known.kind = named.kind",
        newer={"reached_at": "coalesce(named.reached_at, known.reached_at)"},
    ),
    _Rule(
        "grades",
        "known.task_id = named.task_id and (named.max_grade is null or named.max_grade = known.max_grade)",
        "item.record = 'gradebook'",
        newer={"grade": "coalesce(named.grade, known.grade)", "graded_at": "coalesce(named.graded_at, known.graded_at)"},
        filled=("comment_chars", "comment_words", "comment"),
    ),
    # What is left: totals, and tasks with several items.
    _Rule("grades", "known.course_id = named.course_id", "item.record = 'gradebook'", may_be_several=True),
    _Rule("grades", f"known.task_id = named.task_id and {_SAME_ATTEMPT}", "item.record = 'marking'"),
    _Rule("submissions", f"known.task_id = named.task_id and {_SAME_ATTEMPT}", "item.kind = 'quiz'"),
    _Rule(
        "survey_answers",
        "known.item = named.item",
        f"(contains(item.response_id, '{FEEDBACK}') or rank < {_DOWNLOADS})",
        may_be_several=True,
    ),
    _Rule(
        "submissions",
        "known.task_id = named.task_id and known.kind = named.kind",
        "coalesce(item.is_latest, true) and item.kind = 'assignment'",
        filled=("chars", "words", "files", "text"),
    ),
)


def unite_rows(warehouse: Warehouse) -> int:
    """Leave out rows that a fuller source has; how many. Call inside a transaction, after accounts and places were united."""
    connection = warehouse.connection
    connection.execute("create or replace temp table fullness (kind varchar, rank integer)")
    connection.executemany("insert into fullness values (?, ?)", list(KINDS.items()))
    connection.execute(
        "create or replace temp table ranked as select distinct source, rank, kind from raw.loads inner join fullness using (kind) where state = 'loaded'"
    )
    note_namesakes(warehouse)
    done = sum(_unite(warehouse, rule) for rule in _RULES)
    done += _submissions_by_number(warehouse)
    done += _submissions_by_content(warehouse)
    done += _files(warehouse)
    done += _posts(warehouse)
    done += _anonymous_answers(warehouse)
    done += _activity(warehouse)
    forget_idle_namesakes(warehouse)
    _give_back(warehouse)
    for table in ("fullness", "ranked", "namesakes"):
        connection.execute(f"drop table {table}")
    return done


def _unite(warehouse: Warehouse, rule: _Rule) -> int:
    """Find pairs, carry over what the lesser row knows better, take it out."""
    (key,) = warehouse.key(f"raw.{rule.record}")
    warehouse.connection.execute(
        f"""
        create or replace temp table united as
        with item as (
            select item.*, rank from raw.{rule.record} as item inner join ranked using (source) where item.account_id is not null and {rule.where}
        ), named as (
            select item.{key} as id, item.account_id as account from item where rank > {_DATABASE}
            union
            select item.{key}, namesakes.new from item inner join namesakes on namesakes.old = item.account_id
        ), fits as (
            select named.{key} as old, known.{key} as new, known.account_id, known.rank
            from named as same inner join item as named on named.{key} = same.id
            inner join item as known on known.account_id = same.account and {rule.on}
            where known.rank < named.rank or ({rule.among_downloads} and known.rank = {_DOWNLOADS} and named.rank = known.rank and known.{key} < named.{key})
        )
        select old, min(new) as new from (
            select *, min(rank) over (partition by old) as best from fits
        ) where rank = best group by old having {"count(distinct account_id) = 1" if rule.may_be_several else "count(*) = 1"}
        """
    )
    # What stands may be left out itself, for another: then that one stands for both.
    warehouse.connection.execute(
        "update united set new = further.new from united as further where further.old = united.new and further.new <> united.new"
    )
    count = int(warehouse.value("select count(*) from united"))
    if count:
        table = f"raw.{rule.record}"
        if rule.newer:
            values = ", ".join(f"{column} = {value}" for column, value in rule.newer.items())
            warehouse.connection.execute(
                f"update {table} as known set {values} from united inner join {table} as named on named.{key} = united.old "
                f"where known.{key} = united.new and named.seen_at > known.seen_at"
            )
        for schema in ("raw", "personal"):
            filled = [column for column in rule.filled if column in warehouse.columns(f"{schema}.{rule.record}")]
            if filled:
                values = ", ".join(f"{column} = coalesce(known.{column}, named.{column})" for column in filled)
                warehouse.connection.execute(
                    f"update {schema}.{rule.record} as known set {values} from united inner join {schema}.{rule.record} as named "
                    f"on named.{key} = united.old where known.{key} = united.new"
                )
        _leave_out(warehouse, rule.record, key)
    return count


def _leave_out(warehouse: Warehouse, record: str, key: str) -> None:
    """Take the rows ``united.old`` out, and let what points to them point to ``united.new``."""
    connection = warehouse.connection
    if record == "submissions":
        for table in ("submission_files", "grades"):
            connection.execute(f"update raw.{table} as t set submission_id = united.new from united where t.submission_id = united.old")
    for schema in ("personal", "raw"):
        if warehouse.has_table(f"{schema}.{record}"):
            connection.execute(f"delete from {schema}.{record} where {key} in (select old from united)")


def _submissions_by_number(warehouse: Warehouse) -> int:
    """A grading worksheet knows who and when, the archive of the same assignment what: one row, with the words and files of the archive."""
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table united as
        select named.submission_id as old, known.submission_id as new
        from raw.submissions as named inner join raw.submissions as known on replace(known.submission_id, $1, $2) = named.submission_id
        where contains(known.submission_id, $1)
        """,
        [LISTED, IN_ARCHIVE],
    )
    count = int(warehouse.value("select count(*) from united"))
    if count:
        for schema, columns in (("raw", ("chars", "words", "files")), ("personal", ("text",))):
            values = ", ".join(f"{column} = coalesce(named.{column}, known.{column})" for column in columns)
            connection.execute(
                f"update {schema}.submissions as known set {values} from united inner join {schema}.submissions as named "
                "on named.submission_id = united.old where known.submission_id = united.new"
            )
        _leave_out(warehouse, "submissions", "submission_id")
    return count


def _submissions_by_content(warehouse: Warehouse) -> int:
    """Downloads name nobody where marking is blind, a team by its name, two namesakes alike: such a submission is the one of the task with its words or files."""
    warehouse.connection.execute(
        """
        create or replace temp table united as
        with item as (
            select item.submission_id, item.account_id, item.group_id, item.task_id, rank, private.text,
                (select string_agg(distinct content_hash, ' ' order by content_hash) from raw.submission_files as file
                 where file.submission_id = item.submission_id) as contents
            from raw.submissions as item inner join ranked using (source)
            left join personal.submissions as private on private.submission_id = item.submission_id
            where item.kind = 'assignment'
        ), named as (
            select *, account_id is null or account_id in (
                select account.account_id from personal.accounts as account
                where account.native_id in (select 'name:' || lower(name) from raw.course_groups)) as is_nobody
            from item where rank = $downloads
        )
        select named.submission_id as old, min(known.submission_id) as new
        from named inner join item as known on known.task_id = named.task_id and known.rank < named.rank
            and ((known.text = named.text and named.text <> '') or known.contents = named.contents)
        where named.is_nobody or (named.account_id, known.account_id) in (select (old, new) from namesakes)
        group by named.submission_id
        """,
        {"downloads": _DOWNLOADS},
    )
    count = int(warehouse.value("select count(*) from united"))
    if count:
        _leave_out(warehouse, "submissions", "submission_id")
    return count


def _posts(warehouse: Warehouse) -> int:
    """Posts of an exported forum that the database or web services tell of, by their number."""
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table united as
        select named.message_id as old, known.message_id as new
        from raw.messages as named inner join raw.messages as known on known.message_id = replace(named.message_id, $1, $2)
        where contains(named.message_id, $1)
        """,
        [LISTED_POST, POST],
    )
    count = int(warehouse.value("select count(*) from united"))
    if count:
        connection.execute("update raw.messages as item set reply_to_id = united.new from united where item.reply_to_id = united.old")
        for table in _OF_MESSAGES:
            connection.execute(f"delete from {table} where message_id in (select old from united)")
        connection.execute(
            "delete from raw.chats where contains(chat_id, ':forum:listed:') and chat_id not in (select chat_id from raw.messages where chat_id is not null)"
        )
    return count


def _files(warehouse: Warehouse) -> int:
    """A file that came twice to one submission: by its number, and by its name in a download."""
    warehouse.connection.execute(
        """
        create or replace temp table united as
        with file as (select file_id, submission_id, content_hash, rank from raw.submission_files inner join ranked using (source))
        select named.file_id as old, min(known.file_id) as new
        from file as named inner join file as known
            on known.submission_id = named.submission_id and known.content_hash = named.content_hash
        where known.rank < named.rank
        group by named.file_id
        """
    )
    count = int(warehouse.value("select count(*) from united"))
    if count:
        _leave_out(warehouse, "submission_files", "file_id")
    return count


def _anonymous_answers(warehouse: Warehouse) -> int:
    """Nobody says whose an anonymous response is: where a fuller source has the survey, it has all its responses."""
    warehouse.connection.execute(
        """
        create or replace temp table united as
        with asked as (
            select survey_id, rank, list(distinct item) as items, bool_and(contains(response_id, $feedback)) as is_download
            from raw.survey_answers inner join ranked using (source) where account_id is null group by survey_id, rank
        ), same as (
            select named.survey_id as old from asked as named inner join asked as known on known.rank < named.rank and list_has_all(known.items, named.items)
            where named.is_download group by named.survey_id having count(distinct known.survey_id) = 1
        )
        select answer_id as old from raw.survey_answers inner join ranked using (source)
        where rank = $downloads and account_id is null and survey_id in (select old from same)
        """,
        {"feedback": FEEDBACK, "downloads": _DOWNLOADS},
    )
    count = int(warehouse.value("select count(*) from united"))
    if count:
        _leave_out(warehouse, "survey_answers", "answer_id")
    return count


def _activity(warehouse: Warehouse) -> int:
    """Rows of a downloaded log that the log itself has: at that second somebody's acts are all there or none is."""
    sources = "select source from ranked where kind = 'moodle_logs'"
    fuller = f"select source from ranked where rank < {_DOWNLOADS}"
    span = warehouse.rows(f"select min(occurred_at), max(occurred_at) from raw.activity where source in ({sources})")
    if not span or span[0][0] is None:
        return 0
    warehouse.connection.execute(
        f"""
        create or replace temp table united as
        with named as (
            select activity_id, account_id, occurred_at, split_part(activity_id, ':', 1) as realm,
                -- Moodle before 4.0 writes no seconds.
                bool_and(occurred_at = date_trunc('minute', occurred_at)) over (partition by load_id) as is_by_minute
            from raw.activity where source in ({sources})
        ), same as (
            select activity_id, account_id as account, occurred_at, realm, is_by_minute from named
            union all
            select activity_id, namesakes.new, occurred_at, realm, is_by_minute from named inner join namesakes on namesakes.old = named.account_id
        ), known as (
            select distinct account_id, occurred_at, split_part(activity_id, ':', 1) as realm from raw.activity
            where source in ({fuller}) and occurred_at >= $1 and occurred_at <= $2 + interval 1 minute
        )
        select distinct same.activity_id as old from same inner join known
            on known.realm = same.realm and coalesce(known.account_id, '') = coalesce(same.account, '') and known.occurred_at = same.occurred_at
        where not same.is_by_minute
        union
        select same.activity_id from same inner join known
            on known.realm = same.realm and coalesce(known.account_id, '') = coalesce(same.account, '')
            and date_trunc('minute', known.occurred_at) = same.occurred_at
        where same.is_by_minute
        """,
        list(span[0]),
    )
    count = int(warehouse.value("select count(*) from united"))
    if count:
        _leave_out(warehouse, "activity", "activity_id")
    return count


#: Records whose rows web services give the database's own ids, and what precedes the native id in them.
_SHARED = {"submissions": "submission_id", "messages": "message_id", "grades": "grade_id", "deadlines": "deadline_id"}


def _give_back(warehouse: Warehouse) -> None:
    """Rows that web services told last, under the database's ids, are the database's: it is what notices that they are gone."""
    databases = warehouse.rows(
        f"select split_part(enrolment_id, ':enrolment:', 1) as realm, min(source) from raw.enrolments inner join ranked using (source) "
        f"where rank = {_DATABASE} group by realm order by realm"
    )
    for realm, source in databases:
        for record, key in _SHARED.items():
            warehouse.connection.execute(
                f"update raw.{record} as item set source = $1 where item.source in (select source from ranked where kind = 'moodle_ws') "
                f"and starts_with(item.{key}, $2)" + (" and item.record = 'marking'" if record == "grades" else ""),
                [source, f"{realm}:"],
            )
