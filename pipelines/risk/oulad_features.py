"""Features of OULAD's learners at the end of given days, by SQL straight from the files.

Source: Kuzilek, Hlosta, Zdrahal: "Open University Learning Analytics dataset", Scientific Data 4, 170171 (2017). The tables are read as
Parquet or CSV of the published names; the statements stand in ``sql/oulad``. Nothing that is dated after a row's day is in its features;
gender, region, age band, deprivation, disability and schooling are not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd

from pipelines.errors import BadFile, BadSource
from pipelines.settings import SQL_FOLDER
from pipelines.thresholds import threshold
from pipelines.warehouse import engine_beside

_STATEMENTS = SQL_FOLDER / "oulad"
_STEPS = ("prepare", "activity", "assessments", "features")
_TABLES = {
    "courses": ("code_module", "code_presentation", "module_presentation_length"),
    "assessments": ("code_module", "code_presentation", "id_assessment", "assessment_type", "date", "weight"),
    "vle": ("id_site", "activity_type"),
    "studentInfo": ("code_module", "code_presentation", "id_student", "num_of_prev_attempts", "studied_credits", "final_result"),
    "studentRegistration": ("code_module", "code_presentation", "id_student", "date_registration", "date_unregistration"),
    "studentAssessment": ("id_assessment", "id_student", "date_submitted", "is_banked", "score"),
    "studentVle": ("code_module", "code_presentation", "id_student", "id_site", "date", "sum_click"),
}
#: What a row is about and what became of it: never a feature.
FACTS = ("presentation", "student", "module", "code", "cut", "outcome", "has_clicked", "is_enrolled", "leaves_next_week")
#: Held by the engine; what does not fit goes to disk.
MEMORY = "1GB"


def day_of(week: int) -> int:
    """The last day of a week of the presentation, which begins on day 0."""
    return 7 * week - 1


def feature_table(data: Path, weeks: Sequence[int], *, threads: int | None = None, marking_days: int | None = None) -> pd.DataFrame:
    """One row per learner, presentation and week: :data:`FACTS`, then the features as 32-bit floats; ordered by day, presentation, student.

    ``marking_days``: how long after the work was handed in its mark is known (threshold ``oulad_marking_days``). Learners who register
    later than a row's day have no row. Raises BadSource where a table is missing, BadFile for one that lacks a column.
    """
    with engine_beside(MEMORY) as engine:
        if threads:
            engine.execute(f"set threads = {threads:d}")
        engine.execute("set preserve_insertion_order = false")
        engine.execute("set enable_progress_bar = false")
        for table, columns in _TABLES.items():
            _open(engine, data, table, columns)
        parameters = {
            "cuts": [day_of(week) for week in sorted(weeks)],
            "marking_days": int(threshold("oulad_marking_days") if marking_days is None else marking_days),
            "usual_share": threshold("oulad_usual_share"),
        }
        for step in _STEPS:
            for statement in duckdb.extract_statements((_STATEMENTS / f"{step}.sql").read_text(encoding="utf-8")):
                engine.execute(statement, {name: parameters[name] for name in statement.named_parameters})
        names = [str(name) for name, *_ in engine.execute("describe features").fetchall()]
        columns_sql = ", ".join(name if name in FACTS else f"{name}::float as {name}" for name in names)
        frame = engine.execute(f"select {columns_sql} from features order by cut, presentation, student").df()
    return frame


def feature_names(frame: pd.DataFrame) -> list[str]:
    """The features' columns, in order."""
    return [name for name in frame.columns if name not in FACTS]


def path_of(data: Path, table: str) -> Path | None:
    """The file or folder of a table; None where there is none."""
    for name in (f"{table}.parquet", f"{table}.csv", f"{table}.csv.gz", f"{table}_ds", table):
        if (data / name).exists():
            return data / name
    return None


def _open(engine: duckdb.DuckDBPyConnection, data: Path, table: str, columns: Sequence[str]) -> None:
    path = path_of(data, table)
    if path is None:
        raise BadSource(f"{data}: no {table} of OULAD there (as .csv or .parquet)")
    is_csv = path.name.endswith((".csv", ".csv.gz")) or (path.is_dir() and next(path.rglob("*.parquet"), None) is None)
    files = str(path / "**" / ("*.csv" if is_csv else "*.parquet")) if path.is_dir() else str(path)
    quoted = files.replace("'", "''")
    reading = (
        f"read_csv('{quoted}', header = true, nullstr = ['', '?'], hive_partitioning = {path.is_dir()})"
        if is_csv
        else f"read_parquet('{quoted}', hive_partitioning = true)"
    )
    try:
        found = {str(name) for name, *_ in engine.execute(f"describe select * from {reading}").fetchall()}
    except duckdb.Error as error:
        raise BadFile(path, place="file", expected=f"OULAD's table {table}", found="something that cannot be read as such") from error
    if missing := [column for column in columns if column not in found]:
        raise BadFile(path, place="header", expected=f"the columns of OULAD's {table}", found=f"no {', '.join(missing)}")
    engine.execute(f'create view "{table}" as select {", ".join(columns)} from {reading}')
