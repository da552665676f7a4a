"""One course and one task under one id, where some exports know them by number and others by name alone.

Moodle's reports name a course by nothing but the file and an activity by its title, so their readers call them
``<realm>:course:code:<short name>`` and ``<realm>:task:name:<hash>``. Readers never look into the warehouse; the loader, once a source is in,
gives such rows the id of the course of the same realm with that short name, and of the one task of that course with that title, as soon as a
source that knows them has told of them. Where no source does, or where two courses or two tasks fit, the ids stay as they are.
"""

from __future__ import annotations

from pipelines.warehouse import Warehouse

_COURSE_BY_CODE, _TASK_BY_NAME = ":course:code:", ":task:name:"


def unite(warehouse: Warehouse) -> int:
    """Give rows of courses and tasks known by name the ids of those known by number; how many ids were replaced."""
    if not warehouse.value(f"select count(*) from raw.courses where contains(course_id, '{_COURSE_BY_CODE}')"):
        return 0
    with warehouse.transaction():
        courses = _replace(
            warehouse,
            "course_id",
            f"""
            select named.course_id as old, min(known.course_id) as new
            from raw.courses as named
            inner join raw.courses as known
                on known.code = named.code and split_part(known.course_id, ':course:', 1) = split_part(named.course_id, ':course:', 1)
            where contains(named.course_id, '{_COURSE_BY_CODE}') and not contains(known.course_id, '{_COURSE_BY_CODE}')
            group by named.course_id having count(*) = 1
            """,
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
    return courses + tasks


def _replace(warehouse: Warehouse, column: str, pairs: str) -> int:
    connection = warehouse.connection
    connection.execute(f"create or replace temp table united as {pairs}")
    count = int(warehouse.value("select count(*) from united"))
    home = "raw.courses" if column == "course_id" else "raw.tasks"
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
