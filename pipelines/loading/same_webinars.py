"""Polls and chat of a webinar and the people in it: reports of one webinar that know its start differently.

A poll report states the meeting's number and its start to the minute; the participants' report states it to the second, or not at all and then
the day stands for it. The rows of the polls get the webinar of the same number that began in that minute, or that was going on then.

A saved chat knows names and, as far as its file's name tells, day, number and title. Its rows get the webinar that was going on meanwhile and has the number
or the title, or in which at least half of those who wrote are known to have been; where several fit, the one with most of them. Who wrote is the
account that has this name in that webinar. Two files of one chat count once.
"""

from __future__ import annotations

from pipelines.sources.webinars.attendance import CHAT, POLLS
from pipelines.warehouse import Warehouse


def unite_polls(warehouse: Warehouse) -> int:
    """Give rows of polls the webinar of the report with stays, where exactly one fits; how many webinars were replaced."""
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table united as
        with kind as (
            select webinar_id, bool_and(ends_with(attendance_id, $polls)) as is_polls,
                bool_and(ends_with(attendance_id, $polls) or ends_with(attendance_id, $chat)) as is_signs
            from raw.attendance group by webinar_id
        ), webinar as (
            select webinars.*, regexp_replace(webinars.webinar_id, ':[^:]*$', '') as meeting, coalesce(kind.is_polls, false) as is_polls,
                coalesce(kind.is_signs, false) as is_signs
            from raw.webinars as webinars left join kind on kind.webinar_id = webinars.webinar_id
        )
        select named.webinar_id as old, min(known.webinar_id) as new
        from webinar as named inner join webinar as known on known.meeting = named.meeting and not known.is_signs and known.source = named.source
            and (date_trunc('minute', known.starts_at) = date_trunc('minute', named.starts_at) or named.starts_at between known.starts_at and known.ends_at)
        where named.is_polls
        group by named.webinar_id having count(*) = 1
        """,
        {"polls": POLLS, "chat": CHAT},
    )
    return _replaced(warehouse)


def unite_chats(warehouse: Warehouse) -> int:
    """Give rows of saved chats webinar and account of the report with stays, where one fits best; how many webinars and rows were changed."""
    connection = warehouse.connection
    if not warehouse.value("select count(*) from raw.attendance where ends_with(attendance_id, ?)", [CHAT]):
        return 0
    connection.execute(
        """
        create or replace temp table named_stays as
        select distinct attendance.webinar_id, attendance.account_id, split_part(accounts.native_id, '|', 1) as name,
            ends_with(attendance.attendance_id, $chat) as is_chat
        from raw.attendance as attendance inner join personal.accounts as accounts using (account_id)
        where not ends_with(attendance.attendance_id, $polls) and accounts.native_id is not null
        """,
        {"chat": CHAT, "polls": POLLS},
    )
    connection.execute(
        """
        create or replace temp table united as
        with kind as (
            select webinar_id, bool_and(ends_with(attendance_id, $chat)) as is_chat,
                bool_or(not ends_with(attendance_id, $chat) and not ends_with(attendance_id, $polls)) as has_stays
            from raw.attendance group by webinar_id
        ), webinar as (
            select webinars.*, kind.is_chat, kind.has_stays, lower(trim(webinars.title)) as called,
                -- The meeting's own number; what stands in for one is a hash.
                nullif(regexp_extract(webinars.webinar_id, ':webinar:([0-9]{9,11}):[^:]*$', 1), '') as number
            from raw.webinars as webinars inner join kind on kind.webinar_id = webinars.webinar_id
        ), pair as (
            select named.webinar_id as old, known.webinar_id as new,
                coalesce(named.number = known.number, false) or coalesce(named.called = known.called, false) as is_same,
                (select count(distinct name) from named_stays where webinar_id = named.webinar_id and is_chat) as writers,
                (select count(distinct wrote.name) from named_stays as wrote inner join named_stays as there
                    on there.name = wrote.name and there.webinar_id = known.webinar_id and not there.is_chat
                    where wrote.webinar_id = named.webinar_id and wrote.is_chat) as present
            from webinar as named inner join webinar as known on known.has_stays and known.source = named.source
                and coalesce(named.number = known.number, true)
                and coalesce(named.starts_at <= known.ends_at, true)
                and coalesce(coalesce(named.ends_at, named.starts_at) >= known.starts_at, true)
            where named.is_chat
        )
        select old, new from (
            select *, rank() over (partition by old order by is_same desc, present desc) as place from pair
            where is_same or (2 * present >= writers and present > 0)
        ) where place = 1
        qualify count(*) over (partition by old) = 1
        """,
        {"chat": CHAT, "polls": POLLS},
    )
    count = _replaced(warehouse)
    connection.execute(
        """
        create or replace temp table wrote as
        select item.attendance_id, min(there.account_id) as account_id
        from raw.attendance as item
        inner join personal.accounts as accounts using (account_id)
        inner join named_stays as there
            on there.webinar_id = item.webinar_id and not there.is_chat and there.name = split_part(accounts.native_id, '|', 1)
        where ends_with(item.attendance_id, $chat)
        group by item.attendance_id, item.account_id
        having count(distinct there.account_id) = 1 and min(there.account_id) <> item.account_id
        """,
        {"chat": CHAT},
    )
    count += int(warehouse.value("select count(*) from wrote"))
    connection.execute(
        "update raw.attendance as item set account_id = wrote.account_id from wrote where item.attendance_id = wrote.attendance_id"
    )
    twice = """
        from raw.attendance where ends_with(attendance_id, $chat) and attendance_id not in (
            select arg_max(attendance_id, (chat_messages, attendance_id)) from raw.attendance where ends_with(attendance_id, $chat)
            group by webinar_id, account_id
        )
        """
    count += int(warehouse.value(f"select count(*) {twice}", {"chat": CHAT}))
    connection.execute(f"delete {twice}", {"chat": CHAT})
    connection.execute("drop table wrote")
    connection.execute("drop table named_stays")
    return count


def _replaced(warehouse: Warehouse) -> int:
    """Put the new webinar for the old one, as the table ``united`` says; how many."""
    connection = warehouse.connection
    count = int(warehouse.value("select count(*) from united"))
    if count:
        connection.execute("update raw.attendance as item set webinar_id = united.new from united where item.webinar_id = united.old")
        connection.execute("delete from raw.webinars where webinar_id in (select old from united)")
        if warehouse.has_table("personal.webinars"):
            connection.execute("delete from personal.webinars where webinar_id in (select old from united)")
    connection.execute("drop table united")
    return count
