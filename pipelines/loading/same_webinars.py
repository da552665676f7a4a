"""Polls of a webinar and the people in it: two reports of one webinar that know its start differently.

A poll report states the meeting's number and its start to the minute; the participants' report states it to the second, or not at all and then
the day stands for it. The rows of the polls get the webinar of the same number that began in that minute, or that was going on then.
"""

from __future__ import annotations

from pipelines.sources.webinars.attendance import POLLS
from pipelines.warehouse import Warehouse


def unite_polls(warehouse: Warehouse) -> int:
    """Give rows of polls the webinar of the report with stays, where exactly one fits; how many webinars were replaced."""
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table united as
        with kind as (
            select webinar_id, bool_and(ends_with(attendance_id, $polls)) as is_polls from raw.attendance group by webinar_id
        ), webinar as (
            select webinars.*, regexp_replace(webinars.webinar_id, ':[^:]*$', '') as meeting, coalesce(kind.is_polls, false) as is_polls
            from raw.webinars as webinars left join kind on kind.webinar_id = webinars.webinar_id
        )
        select named.webinar_id as old, min(known.webinar_id) as new
        from webinar as named inner join webinar as known on known.meeting = named.meeting and not known.is_polls and known.source = named.source
            and (date_trunc('minute', known.starts_at) = date_trunc('minute', named.starts_at) or named.starts_at between known.starts_at and known.ends_at)
        where named.is_polls
        group by named.webinar_id having count(*) = 1
        """,
        {"polls": POLLS},
    )
    count = int(warehouse.value("select count(*) from united"))
    if count:
        connection.execute("update raw.attendance as item set webinar_id = united.new from united where item.webinar_id = united.old")
        connection.execute("delete from raw.webinars where webinar_id in (select old from united)")
        if warehouse.has_table("personal.webinars"):
            connection.execute("delete from personal.webinars where webinar_id in (select old from united)")
    connection.execute("drop table united")
    return count
