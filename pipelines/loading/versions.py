"""Earlier states of messages that were edited.

``raw.messages`` holds each message as its newest item has it. Where an item has it in other words than the newest one, those words go to
``raw.message_versions`` and ``personal.message_versions``, under the time at which they were written: the edit's, or the sending's. Items may
come in any order. Of systems that do not tell when a message was edited, one earlier state is kept: they all bear the time of sending.
"""

from __future__ import annotations

from pipelines.warehouse import Warehouse


def keep_versions(warehouse: Warehouse, load_id: str, source: str, staged: str) -> None:
    """Keep what the staged messages will replace, and what they have in older words than the table has.

    Parameters
    ----------
    staged: view of messages with the columns of both halves and ``place``, their order in the item.

    Call inside the load's transaction, before the messages are merged. Mail has no words and so no versions.
    """
    connection = warehouse.connection
    # Every state that is known of a message of which more than one state of words is known.
    connection.execute(
        f"""
        create or replace temp table state as
        with state as (
            select message_id, text, coalesce(edited_at, sent_at) as written_at, chars, words, seen_at, place, true as is_staged from {staged}
            union all
            select raw.message_id, personal.text, coalesce(raw.edited_at, raw.sent_at), raw.chars, raw.words, raw.seen_at, -1, false
            from raw.messages as raw inner join personal.messages as personal on personal.message_id = raw.message_id
            where raw.message_id in (select message_id from {staged})
        )
        select * from state
        where message_id in (select message_id from state group by message_id having count(distinct coalesce(text, '')) > 1)
        """
    )
    if warehouse.value("select count(*) from state"):
        # The present one is the newest, and in one item the last: the rule by which messages themselves are merged.
        connection.execute(
            """
            create or replace temp table version as
            select * from (
                select *, first_value(coalesce(text, '')) over (
                    partition by message_id order by seen_at desc nulls last, is_staged desc, place desc
                ) as present from state
            )
            where text is not null and text <> present and written_at is not null
            qualify row_number() over (partition by message_id, written_at order by seen_at desc nulls last, is_staged desc, place desc) = 1
            """
        )
        connection.execute(
            f"create or replace temp view raw_half as select message_id, written_at, chars, words, '{source}' as source, "
            f"'{load_id}' as load_id, seen_at from version"
        )
        connection.execute("create or replace temp view personal_half as select message_id, written_at, text from version")
        warehouse.merge("raw.message_versions", "raw_half")
        warehouse.merge("personal.message_versions", "personal_half")
        connection.execute("drop view raw_half")
        connection.execute("drop view personal_half")
        # Words that were taken back into use are no earlier state.
        connection.execute(
            """
            create or replace temp table again as
            select old.message_id, old.written_at from personal.message_versions as old
            inner join (
                select message_id, coalesce(text, '') as text from state
                qualify row_number() over (partition by message_id order by seen_at desc nulls last, is_staged desc, place desc) = 1
            ) as present on present.message_id = old.message_id and present.text = old.text
            """
        )
        for schema in ("raw", "personal"):
            connection.execute(
                f"delete from {schema}.message_versions as old using again where old.message_id = again.message_id and old.written_at = again.written_at"
            )
        connection.execute("drop table again")
        connection.execute("drop table version")
    connection.execute("drop table state")
