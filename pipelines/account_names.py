"""Names, handles and addresses that accounts have shown in any export.

``personal.accounts`` holds each account as its newest item has it. People marry, rename themselves, hide their family name or delete their
account; what an account showed before stays here and still tells whose it is. Items may come in any order: a name is kept once, with the
oldest moment of which an item with it speaks.
"""

from __future__ import annotations

from pipelines.warehouse import Warehouse

#: Columns of personal.accounts that can name somebody.
KINDS = ("display_name", "username", "first_name", "last_name", "email", "phone")


def keep_names(warehouse: Warehouse, staged: str) -> None:
    """Keep what the staged accounts show; call inside the load's transaction. ``staged``: view of accounts with the columns of both halves."""
    connection = warehouse.connection
    connection.execute(
        f"""
        create or replace temp table shown_names as
        select account_id, kind, name, min(seen_at) as first_seen_at
        from (unpivot (select account_id, seen_at, {", ".join(KINDS)} from {staged}) on {", ".join(KINDS)} into name kind value name)
        where trim(name) <> ''
        group by account_id, kind, name
        """
    )
    on = "old.account_id = shown_names.account_id and old.kind = shown_names.kind and old.name = shown_names.name"
    connection.execute(
        f"update personal.account_names as old set first_seen_at = shown_names.first_seen_at from shown_names where {on} "
        "and shown_names.first_seen_at is not null and (old.first_seen_at is null or old.first_seen_at > shown_names.first_seen_at)"
    )
    connection.execute(
        f"insert into personal.account_names (account_id, kind, name, first_seen_at) select account_id, kind, name, first_seen_at from shown_names "
        f"where not exists (select 1 from personal.account_names as old where {on})"
    )
    connection.execute("drop table shown_names")
