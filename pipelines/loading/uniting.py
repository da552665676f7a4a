"""One thing under one id, where several sources of one LMS tell of it and some know it by number, others by name alone.

Readers never look into the warehouse; the loader, once a source is in, has united here what only the warehouse can tell to be the same:

- *Places*: Moodle's reports name a course by nothing but the file, an activity and a group by title: ``<realm>:course:code:<short name>``,
  ``<realm>:task:name:<hash>``, ``<realm>:group:name:<hash>``. They get the id of the course of the same realm with that short name (or with one in Latin
  letters that Moodle would write so into a file's name), and of the one task or group of that course with that title.
- *Accounts* (:mod:`pipelines.loading.same_accounts`) that a table knows by their address or user name, which one site gives out once.
- *Webinars* (:mod:`pipelines.loading.same_webinars`) whose polls, chat and participants are reported apart.
- *Marks* that name a work and not whose it is (Open edX: the work may have been handed in in another day's log) are its maker's.
- *Rows* (:mod:`pipelines.loading.same_rows`) that a fuller source of the same site has under its own id: they stand once.

Where no source knows more, or where two fit, everything stays as it is.
"""

from __future__ import annotations

from pipelines.loading.same_accounts import unite_accounts
from pipelines.loading.same_rows import FEEDBACK, KINDS, unite_rows
from pipelines.loading.same_webinars import unite_chats, unite_polls
from pipelines.warehouse import Warehouse

_UNITED = "united_loads"
#: A short name as Moodle writes it into the names of its completion reports; null where letters would be lost, and two courses called the same.
_IN_A_FILE_NAME = "case when regexp_full_match(known.code, '[ -~]+') then regexp_replace(lower(known.code), '[^a-z0-9-]', '_', 'g') end"
_COURSE_BY_CODE, _TASK_BY_NAME, _GROUP_BY_NAME = ":course:code:", ":task:name:", ":group:name:"


def unite(warehouse: Warehouse) -> int:
    """Unite what has come to be known as the same; how many ids were replaced and rows left out. Nothing is left to do for a second call."""
    done = 0
    with warehouse.transaction():
        if warehouse.value(f"select count(*) from raw.courses where contains(course_id, '{_COURSE_BY_CODE}')"):
            done += _places(warehouse)
        kinds = {kind for (kind,) in warehouse.rows("select distinct kind from raw.loads where state = 'loaded'")} & KINDS.keys()
        if not warehouse.value(f"select count(*) from raw.survey_answers where contains(response_id, '{FEEDBACK}')"):
            kinds.discard("survey_csv")
        loads = warehouse.value(
            "select hash(list(load_id order by load_id)) from raw.loads where state = 'loaded' and list_contains(cast(? as varchar[]), kind)",
            [sorted(kinds)],
        )
        # One kind of source gives its rows the same ids at every load; two completion reports do not.
        if (len(kinds) > 1 or kinds == {"moodle_reports"}) and loads != _united(warehouse):
            done += unite_accounts(warehouse)
            done += _places(warehouse)
            done += unite_rows(warehouse)
            warehouse.connection.execute(f"create or replace temp table {_UNITED} as select cast(? as ubigint) as loads", [loads])
        if warehouse.value("select count(*) from raw.loads where kind = 'openedx'"):
            done += _marks_of_works(warehouse)
        if warehouse.value("select count(*) from raw.loads where kind = 'zoom'"):
            done += unite_polls(warehouse) + unite_chats(warehouse)
    return done


def _united(warehouse: Warehouse) -> int | None:
    """Of which loads rows were united last, by this connection: a night reads chats and mails after the LMS, which bring nothing of it."""
    if not warehouse.value("select count(*) from duckdb_tables() where temporary and table_name = ?", [_UNITED]):
        return None
    return int(warehouse.value(f"select loads from temp.{_UNITED}"))


def _marks_of_works(warehouse: Warehouse) -> int:
    (changed,) = warehouse.connection.execute(
        """
        update raw.grades as mark set account_id = work.account_id, attempt = coalesce(mark.attempt, work.attempt)
        from raw.submissions as work
        where mark.account_id is null and mark.record = 'marking' and work.submission_id = mark.submission_id and work.account_id is not null
        """
    ).fetchone() or (0,)
    return int(changed)


def _places(warehouse: Warehouse) -> int:
    courses = sum(
        _replace(
            warehouse,
            "course_id",
            f"""
            select named.course_id as old, min(known.course_id) as new
            from raw.courses as named
            inner join raw.courses as known
                on {code} = named.code and split_part(known.course_id, ':course:', 1) = split_part(named.course_id, ':course:', 1)
            where contains(named.course_id, '{_COURSE_BY_CODE}') and not contains(known.course_id, '{_COURSE_BY_CODE}')
            group by named.course_id having count(*) = 1
            """,
        )
        for code in ("known.code", _IN_A_FILE_NAME)
    )
    tasks = _replace(
        warehouse,
        "task_id",
        f"""
        select named.task_id as old, min(known.task_id) as new
        from raw.tasks as named
        inner join raw.tasks as known on known.course_id = named.course_id and known.name = named.name
        where contains(named.task_id, '{_TASK_BY_NAME}') and not contains(known.task_id, '{_TASK_BY_NAME}')
            and not coalesce(known.is_deleted, false)
        group by named.task_id having count(*) = 1
        """,
    )
    groups = _replace(
        warehouse,
        "group_id",
        f"""
        select named.group_id as old, min(known.group_id) as new
        from raw.course_groups as named
        inner join raw.course_groups as known on known.course_id = named.course_id and known.name = named.name
        where contains(named.group_id, '{_GROUP_BY_NAME}') and not contains(known.group_id, '{_GROUP_BY_NAME}')
        group by named.group_id having count(*) = 1
        """,
    )
    return courses + tasks + groups


_HOMES = {"course_id": "raw.courses", "task_id": "raw.tasks", "group_id": "raw.course_groups"}


def _replace(warehouse: Warehouse, column: str, pairs: str) -> int:
    connection = warehouse.connection
    connection.execute(f"create or replace temp table united as {pairs}")
    count = int(warehouse.value("select count(*) from united"))
    home = _HOMES[column]
    if count:
        if home == "raw.tasks":
            # Criteria of a course's completion are told by no other download.
            connection.execute(
                "update raw.tasks as known set is_required = coalesce(known.is_required, named.is_required) "
                "from united inner join raw.tasks as named on named.task_id = united.old where known.task_id = united.new"
            )
        connection.execute(f"delete from {home} where {column} in (select old from united)")
        for (table,) in warehouse.rows(
            "select table_name from information_schema.columns where table_schema = 'raw' and column_name = ? order by all", [column]
        ):
            name = f"raw.{table}"
            if name != home and column not in warehouse.key(name):
                connection.execute(f"update {name} as t set {column} = united.new from united where t.{column} = united.old")
    connection.execute("drop table united")
    return count
