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
    later than a row's day have no row. Raises BadSource where a table is missing, is there twice or knows nothing of a presentation that another one
    has, BadFile for one that lacks a column or cannot be read to its end.
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
                _carry_out(engine, data, statement, {name: parameters[name] for name in statement.named_parameters})
            if step == "prepare":
                _check_presentations(engine, data)
        names = [str(name) for name, *_ in engine.execute("describe features").fetchall()]
        columns_sql = ", ".join(name if name in FACTS else f"{name}::float as {name}" for name in names)
        frame = engine.execute(f"select {columns_sql} from features order by cut, presentation, student").df()
    return frame


def feature_names(frame: pd.DataFrame) -> list[str]:
    """The features' columns, in order."""
    return [name for name in frame.columns if name not in FACTS]


def path_of(data: Path, table: str) -> Path | None:
    """The file or folder of a table; None where there is none. Raises BadSource for two: which of them is the table nobody can tell."""
    found = [
        data / name for name in (f"{table}.parquet", f"{table}.csv", f"{table}.csv.gz", f"{table}_ds", table) if (data / name).exists()
    ]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise BadSource(f"{data}: expected OULAD's {table} once; found {names}: leave one, or put its parts into one folder {table}")
    return found[0] if found else None


def _open(engine: duckdb.DuckDBPyConnection, data: Path, table: str, columns: Sequence[str]) -> None:
    path = path_of(data, table)
    if path is None:
        raise BadSource(f"{data}: no {table} of OULAD there (as .csv or .parquet)")
    if path.is_dir():
        kinds = [kind for kind in ("*.parquet", "*.csv", "*.csv.gz") if next(path.rglob(kind), None) is not None]
        if len(kinds) != 1:
            raise BadFile(path, place="folder", expected="files of one kind", found=" and ".join(kinds) or "neither .parquet nor .csv")
        files, is_csv = str(path / "**" / kinds[0]), kinds[0] != "*.parquet"
    else:
        files, is_csv = str(path), path.name.endswith((".csv", ".csv.gz"))
    quoted = files.replace("'", "''")
    # Everything as text: what an unknown value looks like ("?", "", "NA") differs between the copies that go round, and a type guessed from the first
    # twenty thousand lines would break off where it comes later.
    reading = (
        f"read_csv('{quoted}', header = true, all_varchar = true, nullstr = ['', '?', 'NA'], hive_partitioning = {path.is_dir()})"
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


def _carry_out(engine: duckdb.DuckDBPyConnection, data: Path, statement: duckdb.Statement, parameters: dict[str, object]) -> None:
    try:
        engine.execute(statement, parameters)
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        # The engine's first line names the file and the line; the ones after it quote what stands there.
        raise BadSource(f"{data}: expected OULAD's tables; found what cannot be read to its end: {str(error).splitlines()[0]}") from error


#: Which presentations a table knows of, once ``prepare`` is done. Of clicks and works those count whose site and assessment are known.
_KNOWN_TO = {
    "courses": "select code_module, code_presentation from courses",
    "studentRegistration": 'select code_module, code_presentation from "studentRegistration"',
    "assessments": "select code_module, code_presentation from assessments",
    "studentAssessment": "select module, code from presentations where presentation in (select presentation from works)",
    "studentVle": "select module, code from clickers",
    # A presentation that nobody has opened by the last day looked at lacks nothing.
    "vle": "select module, code from presentations where presentation in (select presentation from visits semi join kinds using (site)) "
    "or presentation not in (select presentation from visits)",
}


def _check_presentations(engine: duckdb.DuckDBPyConnection, data: Path) -> None:
    """A presentation added to some of the tables only would be foreseen from nothing, or left out, and no figure would say so."""
    learners = 'select code_module, code_presentation from "studentInfo"'

    def lacking(has: str, has_not: str) -> str:
        rows = engine.execute(f"select distinct * from ({has} except {has_not}) order by all").fetchall()
        return ", ".join(f"{module} {code}" for module, code in rows)

    for table, known in _KNOWN_TO.items():
        if missing := lacking(learners, known):
            raise BadSource(f"{data}: studentInfo has learners of {missing}; nothing of that is in {table}")
    if missing := lacking("select module, code from clickers", learners):
        raise BadSource(f"{data}: studentVle has clicks of {missing}; no learner of that is in studentInfo")
