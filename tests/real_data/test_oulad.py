"""The published data set, against counts of its own."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.risk import oulad
from pipelines.warehouse import Warehouse
from tests.openmp import needs_lightgbm

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "oulad"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data (../shared/data) is not here"),
]


def test_every_row_of_the_data_set_is_there(tmp_path: Path) -> None:
    place = tmp_path / "oulad"
    for path in DATA.glob("*.parquet"):
        (place / path.name).parent.mkdir(exist_ok=True)
        (place / path.name).symlink_to(path)
    # The clicks of three presentations: all seven million rows say no more and take half a minute.
    (place / "studentVle_ds").mkdir()
    for module in ("code_module=AAA", "code_module=GGG"):
        shutil.copytree(DATA / "studentVle_ds" / module, place / "studentVle_ds" / module)
    source = Source(name="oulad", kind="oulad", path=place)
    programme = Programme(id="oulad", name="OULAD", time_zone="Europe/London", sources=(source,))
    with Warehouse.open(tmp_path / "warehouse.duckdb", memory_limit="1GB") as warehouse, duckdb.connect() as engine:
        warehouse.create_schemas()
        [done] = load_source(
            warehouse, programme, source, pseudonyms=Pseudonyms(b"0123456789abcdef"), run_at=datetime(2026, 1, 1, tzinfo=UTC)
        )
        assert done.state == "loaded", done.problem

        def present(query: str) -> int:
            row = engine.execute(query.replace("from ", f"from '{DATA}/", 1)).fetchone()
            return int(row[0]) if row else 0

        clicks = (
            f"select count(*), sum(sum_click) from read_parquet(['{DATA}/studentVle_ds/code_module=AAA/**/*.parquet', "
            f"'{DATA}/studentVle_ds/code_module=GGG/**/*.parquet'])"
        )
        assert warehouse.rows("select count(*), sum(times) from raw.activity") == engine.execute(clicks).fetchall()
        banked = present("select count(*) from studentAssessment.parquet' where is_banked = 1")
        assert done.reasons == {"carried over from an earlier presentation": banked}
        for record, query in {
            "courses": "select count(*) from courses.parquet'",
            "enrolments": "select count(*) from studentRegistration.parquet'",
            "enrolments where state = 'removed'": "select count(*) from studentRegistration.parquet' where date_unregistration is not null",
            "demographics": "select count(*) from studentInfo.parquet'",
            "accounts": "select count(distinct id_student) from studentInfo.parquet'",
            "outcomes": "select count(*) from studentInfo.parquet' where final_result in ('Pass', 'Distinction')",
            "grades": "select count(*) from studentAssessment.parquet' where score is not null",
        }.items():
            assert warehouse.value(f"select count(*) from raw.{record}") == present(query), record
        assert warehouse.value("select count(*) from raw.submissions") + banked == present(
            "select count(*) from studentAssessment.parquet'"
        )


#: ROC-AUC of the enrolled of 2014B as measured (docs/evaluation/open_university.md), and what another processor's rounding may move it by. The settings
#: before decision 0057 lie .0026 lower in both weeks.
MEASURED = {6: 0.8076, 8: 0.8227}
TOLERANCE = 0.001


@needs_lightgbm
def test_the_settings_order_as_well_as_was_measured() -> None:
    """Any settings learn something; only the figure tells that these are the ones that were chosen."""
    found = {
        (one.sample, one.forecaster, one.metric): one.value
        for one in oulad.evaluate(DATA, test="2014B", weeks=list(MEASURED), draws=0, next_week=False)
    }
    for week, value in MEASURED.items():
        assert found[f"week {week}, enrolled", "model", "roc_auc"] == pytest.approx(value, abs=TOLERANCE), week
