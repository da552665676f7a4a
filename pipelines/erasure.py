"""The right to be forgotten: one learner taken out of everything Mayak keeps, and kept out when an export brings the learner again.

What is taken away: every row of the warehouse that is about the learner or was written by the learner, in every schema; the learner's name, address
and handle where they stand in what others wrote; the page's marks and its log; lists, workbooks and mails that name the learner. The files of the
warehouse and of the page are written anew, so that nothing stays in their free space. What remains is a record without a name: that it was done, when,
and the accounts' pseudonyms with their works' ids, by which every later load is cleaned (:func:`hold`).

What it does not do: the exports and systems that are read belong to those who run them; the result names the sources that spoke of the learner.
Frozen reports name nobody and keep no small number; they stay.
"""

from __future__ import annotations

import re
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.policy import SMTP
from hashlib import sha256
from html import escape
from pathlib import Path

from pipelines.deliveries.page.store import Store
from pipelines.errors import BadConfiguration
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, engine_beside

MASK = "[…]"
#: Shorter strings (a first name, "user") would be found everywhere.
_STRING_LEAST = 5
#: Columns that point at what is taken away and stay where they are: the row is another's.
_POINTERS = ("reply_to_id", "thread_id", "parent_id", "burst_id", "cluster_id", "into_id", "about_message_id", "load_id")
#: The record of what was erased, which stays.
_RECORD = ("raw.erasures", "raw.erased_works")
#: Rows that are the learner's own, by their key: (table, key, the column by which they are).
_OWN = (
    ("raw.messages", "message_id", "account_id"),
    ("raw.submissions", "submission_id", "account_id"),
    ("raw.submission_files", "file_id", "submission_id"),
    ("raw.grades", "grade_id", "account_id"),
    # Of a mark that names a work alone its words are found by the work.
    ("raw.grades", "grade_id", "submission_id"),
    ("raw.survey_answers", "answer_id", "account_id"),
    ("raw.marks", "mark_id", "person_id"),
    ("links.people_decisions", "decision_id", "account_id"),
)
#: Words that others wrote, in which a name is masked.
_WORDS_OF_OTHERS = (
    ("personal.messages", ("subject", "text")), ("personal.message_versions", ("text",)), ("personal.submissions", ("text",)), ("personal.grades", ("comment",)),
    ("personal.survey_answers", ("text",)), ("personal.marks", ("note",)), ("personal.people_decisions", ("note",)), ("personal.copy_decisions", ("note",)),
    ("personal.items", ("name",)), ("personal.submission_files", ("filename",)), ("personal.chats", ("title",)), ("personal.file_texts", ("text", "hidden_text", "author", "last_author")),
)  # fmt: skip


@dataclass(frozen=True)
class Erased:
    """What was taken away: rows by table, files, and the sources that had spoken of the learner."""

    erasure_id: str
    rows: dict[str, int]
    files: int
    sources: tuple[str, ...]


def erase(settings: Settings, person_id: str, at: datetime) -> Erased:
    """Take one learner out of the warehouse, the page's files, the outbox and what was handed out. May be repeated, also where it was killed.

    Parameters
    ----------
    person_id: the learner, as links.people has it.
    at: when it is done (the caller's clock), for the record.

    Raises BadConfiguration for somebody who is nobody, or a curator: curators' names stand in others' data on purpose.
    """
    with Warehouse.open(settings.warehouse_path) as warehouse:
        warehouse.create_schemas()
        accounts = [account for (account,) in warehouse.rows("select account_id from links.people where person_id = ?", [person_id])]
        if not accounts and not is_begun(warehouse, person_id):
            raise BadConfiguration(f"{person_id}: no account is linked to this person")
        if warehouse.has_table("facts.dim_curators") and warehouse.value(
            "select count(*) from facts.dim_curators where curator_id = ?", [person_id]
        ):
            raise BadConfiguration(f"{person_id} is a curator: only learners can be erased")
        strings = _strings_of(warehouse, accounts)
        sources = _sources_of(warehouse, accounts)
        erasure_id = sha256(f"{person_id}\x1f{','.join(sorted(accounts))}".encode()).hexdigest()[:20]
        # The files first: once the warehouse has forgotten the names, nobody could find them in files.
        files = _erase_files(settings, warehouse, [person_id, *strings])
        rows = {"page": _erase_from_page(settings, person_id)}
        with warehouse.transaction():
            for account in accounts:
                warehouse.connection.execute(
                    "insert into raw.erasures select ?, ?, ? where ? not in (select account_id from raw.erasures)",
                    [account, erasure_id, at, account],
                )
            rows |= _take_away(warehouse, [person_id, *accounts])
            _mask(warehouse, strings)
            for table, count in _take_away_by_words(warehouse, strings).items():
                rows[table] = rows.get(table, 0) + count
    _write_anew(settings.warehouse_path)
    return Erased(erasure_id, {table: count for table, count in sorted(rows.items()) if count}, files, tuple(sources))


def is_begun(warehouse: Warehouse, person_id: str) -> bool:
    """Was this person's erasure begun before? If it was killed, the warehouse knows the person no more, and its file may still hold free blocks with names."""
    # A person is called after an account of the LMS (pipelines/links/people/people.py).
    return bool(warehouse.value("select count(*) from raw.erasures where account_id = 'a' || substr(?, 2)", [person_id]))


def hold(warehouse: Warehouse) -> int:
    """Take away what a load has brought of those who were erased. Returns the rows; called after every load."""
    accounts = [account for (account,) in warehouse.rows("select account_id from raw.erasures order by 1")]
    if not accounts:
        return 0
    # A mark may come again without the work that it names: by the work's id it is known to be the learner's, and another's keeps its words.
    works = [work for (work,) in warehouse.rows("select submission_id from raw.erased_works order by 1")]
    with warehouse.transaction():
        return sum(_take_away(warehouse, [*accounts, *works]).values())


# -- the warehouse -------------------------------------------------------------------------------------------------------------------


def _strings_of(warehouse: Warehouse, accounts: Sequence[str]) -> list[str]:
    """How the learner is called anywhere: names shown, both orders of first and last name, addresses, handles, phones, ids of the systems."""
    found: set[str] = set()
    columns = ("native_id", "username", "display_name", "email", "phone")
    rows = warehouse.rows(
        f"select {', '.join(columns)}, first_name, last_name from personal.accounts where account_id in (select unnest(?))",
        [list(accounts)],
    )
    for *shown, first, last in rows:
        found |= {text for text in shown if text}
        if first and last:
            found |= {f"{first} {last}", f"{last} {first}"}
    found |= {
        name
        for (name,) in warehouse.rows("select name from personal.account_names where account_id in (select unnest(?))", [list(accounts)])
    }
    # A number is an id of a system and stands in a thousand other places.
    return sorted({text.strip() for text in found if len(text.strip()) >= _STRING_LEAST and not text.strip().isdigit()})


def _sources_of(warehouse: Warehouse, accounts: Sequence[str]) -> list[str]:
    found = {
        source
        for table in ("accounts", "messages", "submissions", "attendance", "survey_answers", "enrolments")
        for (source,) in warehouse.rows(f"select distinct source from raw.{table} where account_id in (select unnest(?))", [list(accounts)])
    }
    return sorted(found)


def _tables(warehouse: Warehouse) -> Iterator[tuple[str, dict[str, str]]]:
    """Every table with its text columns; those of the record itself are left out."""
    columns: dict[str, dict[str, str]] = {}
    for schema, table, column, kind in warehouse.rows(
        "select c.table_schema, c.table_name, c.column_name, c.data_type from information_schema.columns as c "
        "inner join information_schema.tables as t using (table_catalog, table_schema, table_name) where t.table_type = 'BASE TABLE' "
        "and c.table_catalog = current_database() order by 1, 2, c.ordinal_position"
    ):
        columns.setdefault(f"{schema}.{table}", {})[column] = kind
    for table, kinds in columns.items():
        if table not in _RECORD:
            yield table, {column: kind for column, kind in kinds.items() if kind in ("VARCHAR", "JSON")}


def _take_away(warehouse: Warehouse, subjects: Sequence[str]) -> dict[str, int]:
    """Delete whatever is about these ids or was made by them, in every table; returns rows by table."""
    run = warehouse.connection.execute
    run("create or replace temp table erased_ids as select unnest(?::varchar[]) as id", [list(subjects)])
    for table, key, owner in _OWN:
        run(f"insert into erased_ids select distinct {key} from {table} where {owner} in (select id from erased_ids)")
    run(
        "insert into raw.erased_works select submission_id from raw.submissions where submission_id in (select id from erased_ids) "
        "and account_id in (select id from erased_ids) and submission_id not in (select submission_id from raw.erased_works)"
    )
    # Fingerprints are kept by a number of their text.
    run(
        "delete from links.copy_prints where text_no in (select text_no from links.copy_texts where text_id in (select id from erased_ids))"
    )
    # A file of the learner's alone goes with its text; one that others handed in or posted too is theirs as well.
    run(
        "delete from personal.file_texts where content_hash in (select content_hash from (select content_hash, submission_id as id from raw.submission_files "
        "union all select content_hash, message_id from raw.message_files) as held group by content_hash having bool_and(id in (select id from erased_ids)))"
    )
    rows: dict[str, int] = {}
    for table, kinds in _tables(warehouse):
        columns = [column for column in kinds if (column.endswith("_id") or column == "key") and column not in _POINTERS]
        if columns:
            found = " or ".join(f'"{column}" in (select id from erased_ids)' for column in columns)
            rows[table] = warehouse.value(f"select count(*) from {table} where {found}")
            if rows[table]:
                run(f"delete from {table} where {found}")
        if "reply_to_id" in kinds:
            run(f"update {table} set reply_to_id = null where reply_to_id in (select id from erased_ids)")
    run("drop table erased_ids")
    return rows


def _mask(warehouse: Warehouse, strings: Sequence[str]) -> None:
    """Put a mask in the place of the learner's names in what others wrote."""
    for table, columns in _WORDS_OF_OTHERS:
        for column in columns:
            for text in strings:
                warehouse.connection.execute(
                    f"update {table} set {column} = regexp_replace({column}, ?, ?, 'gi') where contains(lower({column}), lower(?))",
                    [re.escape(text).replace("\\ ", " "), MASK, text],
                )


def _take_away_by_words(warehouse: Warehouse, strings: Sequence[str]) -> dict[str, int]:
    """Delete rows of what the next run makes anew that hold one of the learner's names among others: lists of people in one cell."""
    rows = {}
    for table, kinds in _tables(warehouse):
        if table.split(".")[0] in ("reports", "deliveries", "facts", "indicators", "risk") and kinds:
            found = " or ".join(f'contains(lower(cast("{column}" as varchar)), lower(word))' for column in kinds)
            where = f"exists (select 1 from (select unnest(?::varchar[]) as word) where {found})"
            rows[table] = warehouse.value(f"select count(*) from {table} where {where}", [list(strings)])
            if rows[table]:
                warehouse.connection.execute(f"delete from {table} where {where}", [list(strings)])
    return rows


def _write_anew(path: Path) -> None:
    """Copy the warehouse into a new file and put it in the old one's place: deleted rows lie on in the free blocks of a file."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with engine_beside() as connection:
        for name, file in (("old", path), ("new", partial)):
            quoted = str(file).replace("'", "''")
            connection.execute(f"attach '{quoted}' as {name}" + (" (read_only)" if name == "old" else ""))
        connection.execute("copy from database old to new")
    partial.chmod(path.stat().st_mode)
    partial.replace(path)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    with Warehouse.open(path) as warehouse:
        # Comments are the contract, and a copy has them only where the engine copies them.
        warehouse.create_schemas()


# -- files -------------------------------------------------------------------------------------------------------------------------------


def _erase_files(settings: Settings, warehouse: Warehouse, words: Sequence[str]) -> int:
    """Remove lists, workbooks and mails that name the learner; returns how many. A list can be written again by running its day again."""
    gone = 0
    deliveries = settings.deliveries_folder
    for path in sorted((deliveries / "lists").rglob("*")) if (deliveries / "lists").is_dir() else ():
        if path.is_file() and _names(path.read_bytes(), words):
            path.unlink()
            warehouse.connection.execute("delete from deliveries.files where path = ?", [str(path.relative_to(deliveries))])
            gone += 1
    for path in sorted([*settings.outbox_folder.glob("*.eml"), *settings.outbox_folder.glob("*.json")]):
        if _names(path.read_bytes(), words):
            path.unlink()
            warehouse.connection.execute("update deliveries.mails set state = 'refused', problem = 'erased' where mail_id = ?", [path.stem])
            gone += 1
    for path in sorted(settings.returned_folder.glob("*.xlsx")) if settings.returned_folder.is_dir() else ():
        if _names(path.read_bytes(), words):
            path.unlink()
            gone += 1
    return gone


def _names(content: bytes, words: Sequence[str]) -> bool:
    """Does a page, a workbook or a mail name the learner? In a workbook and a mail everything inside is looked through."""
    if content[:2] == b"PK":
        from io import BytesIO

        with zipfile.ZipFile(BytesIO(content)) as archive:
            return any(_names(archive.read(name), words) for name in archive.namelist() if name.endswith(".xml"))
    if content[:64].lower().startswith((b"from:", b"to:", b"subject:")):
        parts = message_from_bytes(content, policy=SMTP).walk()
        payloads = [part.get_payload(decode=True) for part in parts if not part.is_multipart()]
        return any(isinstance(payload, bytes) and _names(payload, words) for payload in payloads)
    text = content.decode("utf-8", errors="ignore").lower()
    return any(word.lower() in text or escape(word).lower() in text for word in words)


def _erase_from_page(settings: Settings, person_id: str) -> int:
    """Take the learner out of what the page keeps. The page's day is removed whole: the next run writes it."""
    settings.page_day.unlink(missing_ok=True)
    if not settings.page_store.exists():
        return 0
    rows = Store(settings.page_store).erase(person_id)
    with closing(sqlite3.connect(settings.page_store, isolation_level=None)) as connection:
        connection.execute("vacuum")
    return rows
