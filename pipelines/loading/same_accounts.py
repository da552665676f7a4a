"""Accounts of one LMS that a table for download knows by address, user name or name, and a fuller source by their number.

``unite_accounts``: an address and a user name belong to one account of a site; where exactly one account known by number has it, the account
of the table is that account, in every row. A *name* decides nothing by itself: ``namesakes`` only lists who could be meant, and
:mod:`pipelines.loading.same_rows` leaves out a row of somebody known by name where exactly one of them has that row.
"""

from __future__ import annotations

import pyarrow as pa

from pipelines.sources.lms.moodle_words import person_keys
from pipelines.warehouse import Warehouse

#: How ids of accounts begin that are none of the LMS's numbers (pipelines/sources/lms/moodle_people.py).
_BY_TABLE = "^(mail|username|idnumber|name):"
#: What of an account the table may tell and the fuller source not.
_FIELDS = ("username", "display_name", "first_name", "last_name", "email", "phone", "institution", "city")


def unite_accounts(warehouse: Warehouse) -> int:
    """Give rows of accounts known by address or user name the account known by number; how many accounts were replaced."""
    connection = warehouse.connection
    connection.execute(
        f"""
        create or replace temp table same_account as
        with account as (
            select raw.account_id, raw.realm, private.native_id, lower(private.email) as email, lower(private.username) as username,
                regexp_matches(private.native_id, '{_BY_TABLE}') as is_by_table
            from raw.accounts as raw inner join personal.accounts as private on private.account_id = raw.account_id
            where raw.channel = 'lms'
        )
        select named.account_id as old, min(known.account_id) as new
        from account as named inner join account as known on known.realm = named.realm and not known.is_by_table
            and lower(named.native_id) in ('mail:' || known.email, 'username:' || known.username)
        where named.is_by_table
        group by named.account_id having count(*) = 1
        """
    )
    count = int(warehouse.value("select count(*) from same_account"))
    if count:
        values = ", ".join(f"{name} = coalesce(known.{name}, named.{name})" for name in _FIELDS)
        connection.execute(
            f"update personal.accounts as known set {values} from same_account inner join personal.accounts as named "
            "on named.account_id = same_account.old where known.account_id = same_account.new"
        )
        _forget(warehouse, "same_account")
        for table, column in _columns(warehouse):
            connection.execute(f"update {table} as t set {column} = same.new from same_account as same where t.{column} = same.old")
    connection.execute("drop table same_account")
    return count


def note_namesakes(warehouse: Warehouse) -> None:
    """Temporary table ``namesakes``: account known by a table → account of the same realm known by number that has the same name (several, or none)."""
    people = warehouse.arrow(
        f"""
        select raw.account_id, raw.realm, private.native_id, private.display_name, private.first_name, private.last_name,
            regexp_matches(private.native_id, '{_BY_TABLE}') as is_by_table
        from raw.accounts as raw inner join personal.accounts as private on private.account_id = raw.account_id where raw.channel = 'lms'
        """
    ).to_pydict()
    both = list(zip(people["first_name"], people["last_name"], strict=True))
    # A site shows first name and last name in the order of its language.
    written = {
        "shown": people["display_name"],
        "first_last": [f"{first} {last}" if first and last else None for first, last in both],
        "last_first": [f"{last} {first}" if first and last else None for first, last in both],
    }
    columns = {name: pa.array(people[name]) for name in ("account_id", "realm", "is_by_table")}
    keys = {name: pa.array(person_keys(names), pa.string()) for name, names in written.items()}
    warehouse.connection.register("people", pa.table({**columns, **keys}) if people["account_id"] else _nobody())
    try:
        warehouse.connection.execute(
            """
            create or replace temp table namesakes as
            with known as (
                select account_id, realm, unnest([shown, first_last, last_first]) as name from people where not is_by_table
            )
            select distinct named.account_id as old, known.account_id as new
            from people as named inner join known on known.realm = named.realm and known.name = named.shown
            where named.is_by_table
            """
        )
    finally:
        warehouse.connection.unregister("people")


def forget_idle_namesakes(warehouse: Warehouse) -> None:
    """Take out accounts known by name of which no row speaks any more, now that their rows stand under somebody's number."""
    connection = warehouse.connection
    connection.execute("create or replace temp table idle as select distinct old from namesakes")
    for table, column in _columns(warehouse):
        connection.execute(f"delete from idle where old in (select {column} from {table} where {column} in (select old from idle))")
    _forget(warehouse, "idle")
    connection.execute("drop table idle")


def _forget(warehouse: Warehouse, pairs: str) -> None:
    for schema in ("raw", "personal"):
        warehouse.connection.execute(f"delete from {schema}.accounts where account_id in (select old from {pairs})")


def _columns(warehouse: Warehouse) -> list[tuple[str, str]]:
    """Tables of raw and their columns that hold an account, but for those whose key it is."""
    found = warehouse.rows(
        "select 'raw.' || table_name, column_name from information_schema.columns where table_schema = 'raw' "
        "and (column_name like '%account_id' or column_name = 'enrolled_by') and table_name <> 'accounts' order by all"
    )
    return [(table, column) for table, column in found if column not in warehouse.key(table)]


def _nobody() -> pa.Table:
    kinds = {"account_id": pa.string(), "realm": pa.string(), "is_by_table": pa.bool_()}
    kinds |= dict.fromkeys(("shown", "first_last", "last_first"), pa.string())
    return pa.table({name: pa.array([], kind) for name, kind in kinds.items()})
