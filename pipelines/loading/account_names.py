"""Names, handles and addresses that accounts have shown in any export.

``personal.accounts`` holds each account as its newest item has it. People marry, rename themselves, hide their family name or delete their
account; what an account showed before stays here and still tells whose it is. Items may come in any order and in parts: a name is kept once,
and nothing of when it was read, so that a history of loads leaves what one load of everything leaves.
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
        insert into personal.account_names (account_id, kind, name)
        select distinct account_id, kind, name
        from (unpivot (select account_id, {", ".join(KINDS)} from {staged}) on {", ".join(KINDS)} into name kind value name) as shown
        where trim(name) <> '' and not exists (
            select 1 from personal.account_names as old where old.account_id = shown.account_id and old.kind = shown.kind and old.name = shown.name
        )
        """
    )
