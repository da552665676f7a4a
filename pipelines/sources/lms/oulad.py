"""OULAD, the Open University Learning Analytics Dataset, as a complete programme.

Source: Kuzilek, Hlosta, Zdrahal: "Open University Learning Analytics dataset", Scientific Data 4, 170171 (2017),
https://doi.org/10.1038/sdata.2017.171; the seven tables are described at https://analyse.kmi.open.ac.uk/open_dataset. Read as the
original CSV files (packed with gzip, too) or as Parquet of the same names and columns; a table may be a folder of such files, as
``studentVle`` is where it was parted by module and presentation. The folder of the tables may stand alone inside the source's.

Grain: one course per module presentation ("AAA-2013J"), which is its own stream; one learner's enrolment per row of
``studentRegistration``; one task per assessment and per material of ``vle``; one submission and one grade per row of
``studentAssessment``; one activity row per row of ``studentVle``, standing for ``times`` clicks.

What the data says only roughly, and what is made of it:

- Days are counted from the presentation's start, and only its month is published: "B" starts in February, "J" in October. Day 0 is the
  first of that month here; what matters to a course is its own day.
- Of a day nothing finer is known: everything happens at noon of the source's time zone, a deadline ends with its day.
- When a mark was given is not recorded: it bears the day of submission, the only day there is.
- ``is_banked`` results were carried over from an earlier presentation: a mark, but no work of this one.
- "Pass" and "Distinction" complete the course on its last day; "Fail" and "Withdrawn" do not; leaving is dated by ``date_unregistration``.
- ``studentVle`` holds several rows of one student, material and day; they differ in nothing but the clicks and are numbered by them.

Not kept: an assessment's weight beyond ``is_required`` (weight above zero), ``week_to`` of a material, and the degrees of passing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.settings import SQL_FOLDER
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen
from pipelines.warehouse import engine_beside

DEFAULT_REALM = "oulad"
#: Rows in one Arrow batch: about 40 MB of ids.
BATCH_ROWS = 100_000
#: For sorting the clicks, beyond which the engine works on disk.
_ENGINE_MEMORY = "300MB"

_QUERIES = SQL_FOLDER / "extract" / "oulad"
#: Table → columns it must have (types are tried, never trusted).
_TABLES = {
    "courses": ("code_module", "code_presentation", "module_presentation_length"),
    "assessments": ("code_module", "code_presentation", "id_assessment", "assessment_type", "date", "weight"),
    "vle": ("id_site", "code_module", "code_presentation", "activity_type", "week_from"),
    "studentInfo": (
        "code_module", "code_presentation", "id_student", "gender", "region", "highest_education", "imd_band", "age_band",
        "num_of_prev_attempts", "studied_credits", "disability", "final_result",
    ),
    "studentRegistration": ("code_module", "code_presentation", "id_student", "date_registration", "date_unregistration"),
    "studentAssessment": ("id_assessment", "id_student", "date_submitted", "is_banked", "score"),
    "studentVle": ("code_module", "code_presentation", "id_student", "id_site", "date", "sum_click"),
}  # fmt: skip
#: Query file → (record, is it a file's own row or derived from another one).
_RECORDS = {
    "accounts": ("accounts", False),
    "courses": ("courses", True),
    "enrolments": ("enrolments", True),
    "demographics": ("demographics", True),
    "tasks_assessments": ("tasks", True),
    "tasks_materials": ("tasks", True),
    "submissions": ("submissions", True),
    "grades": ("grades", False),
    "outcomes": ("outcomes", False),
    "activity": ("activity", True),
}


class OuladReader:
    """Reads a folder with the seven tables (kind "oulad"); one item, whose name is the folder's.

    Rejected, as "<table> row N": ``no such presentation``, ``no student``, ``no such assessment``, ``no number of a day``,
    ``carried over from an earlier presentation``.
    """

    kind: ClassVar[str] = "oulad"
    version: ClassVar[int] = 1

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """The folder. Raises BadSource where it is not there or lacks one of the tables."""
        root = source.path
        if root is None or not root.is_dir():
            raise BadSource(f"source {source.name}: looking for the tables of OULAD: there is no folder {root}")
        # The archive of the data set unpacks into a folder of its own.
        inner = [folder for folder in root.iterdir() if folder.is_dir() and _table_path(folder, "courses") is not None]
        if _table_path(root, "courses") is None and len(inner) == 1:
            root = inner[0]
        missing = [table for table in _TABLES if _table_path(root, table) is None]
        if missing:
            raise BadSource(f"source {source.name}: {root.name} has no {', '.join(missing)} (as .csv or .parquet)")
        return [Item(root.name, root)]

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of the data set. Raises BadFile for a table that cannot be read or lacks a column."""
        root = item.path
        if root is None:
            raise BadSource(f"source {source.name}: {item.name}: no path")
        realm = source.realm or DEFAULT_REALM
        with engine_beside(_ENGINE_MEMORY) as engine:
            engine.execute("set TimeZone = 'UTC'")
            for table in _TABLES:
                _open(engine, root, table)
            engine.execute((_QUERIES / "prepare.sql").read_text(encoding="utf-8"))
            until: datetime | None = None
            for name, (record, is_own) in _RECORDS.items():
                for rows in _rows(engine, name, realm, context.zone.key):
                    table, rejected = _made(rows, realm, context)
                    if is_own:
                        yield Seen(record, rows.num_rows)
                        yield from (Rejected(record, place, reason) for place, reason in rejected)
                    if table.num_rows:
                        yield Batch(record, table, counted=is_own)
                    if record == "activity" and table.num_rows:
                        newest = pc.max(table["occurred_at"]).as_py()
                        until = max(until, newest) if until else newest
        yield Covers(None, until.astimezone(UTC) if until else None)


def _table_path(root: Path, table: str) -> Path | None:
    for name in (f"{table}.parquet", f"{table}.csv", f"{table}.csv.gz", f"{table}_ds", table):
        if (root / name).exists():
            return root / name
    return None


def _open(engine: duckdb.DuckDBPyConnection, root: Path, table: str) -> None:
    """A view of a table's file with every column as text, "?" (the data set's own mark) as null, and the row's number."""
    path = _table_path(root, table)
    assert path is not None
    is_csv = path.name.endswith((".csv", ".csv.gz")) or (path.is_dir() and next(path.rglob("*.parquet"), None) is None)
    files = str(path / "**" / ("*.csv" if is_csv else "*.parquet")) if path.is_dir() else str(path)
    quoted = files.replace("'", "''")
    reading = (
        f"read_csv('{quoted}', all_varchar = true, header = true, nullstr = ['', '?'], hive_partitioning = {path.is_dir()})"
        if is_csv
        else f"read_parquet('{quoted}', hive_partitioning = true)"
    )
    try:
        found = {str(name) for name, *_ in engine.execute(f"describe select * from {reading}").fetchall()}
        missing = [column for column in _TABLES[table] if column not in found]
        if missing:
            raise BadFile(path, place="header", expected=f"the columns of OULAD's {table}", found=f"no {', '.join(missing)}")
        columns = ", ".join(f"nullif({column}::varchar, '?') as {column}" for column in _TABLES[table])
        engine.execute(f'create view "{table}" as select {columns}, row_number() over () as row from {reading}')
    except (duckdb.Error, UnicodeError) as error:
        raise _bad(path, table) from error


def _bad(path: Path, table: str) -> BadFile:
    return BadFile(
        path, place="file", expected=f"OULAD's table {table} as {path.suffix or '.parquet'}", found="something that cannot be read as such"
    )


def _rows(engine: duckdb.DuckDBPyConnection, name: str, realm: str, zone: str) -> Iterator[pa.Table]:
    query = (_QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    parameters = {key: value for key, value in (("realm", realm), ("zone", zone)) if f"${key}" in query}
    try:
        for batch in engine.execute(query, parameters or None).to_arrow_reader(BATCH_ROWS):
            yield pa.Table.from_batches([batch])
    except (duckdb.Error, UnicodeError) as error:
        raise BadFile(name, place="file", expected="tables of OULAD", found="rows that cannot be read") from error


def _made(rows: pa.Table, realm: str, context: Context) -> tuple[pa.Table, list[tuple[str, str]]]:
    """Rows with their students as accounts; those with a reason apart."""
    rejected: list[tuple[str, str]] = []
    if "reason" in rows.column_names:
        bad = rows.filter(pc.is_valid(rows["reason"]))
        rejected = list(zip(bad["place"].to_pylist(), bad["reason"].to_pylist(), strict=True))
        rows = rows.filter(pc.is_null(rows["reason"])).drop_columns(["reason", "place"])
    if "native_id" in rows.column_names:
        rows = rows.append_column("account_id", context.pseudonyms.column(realm, rows["native_id"]))
        if "channel" in rows.column_names:
            return rows.append_column("realm", pa.repeat(pa.scalar(realm), rows.num_rows)), rejected
        rows = rows.drop_columns(["native_id"])
    return rows, rejected
