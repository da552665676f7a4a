"""Genuine downloads of webinar systems: nothing lost, and what is read is what stands in them, counted another way."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pytest

from pipelines.sources.webinars.bigbluebutton import BigBlueButtonReader
from pipelines.sources.webinars.teams import TeamsReader
from tests.unit.sources.report_reading import Reading

pytestmark = pytest.mark.real_data

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "webinar"


@pytest.fixture(autouse=True)
def _real_data() -> None:
    if not FOLDER.is_dir():
        pytest.skip("no folder ../shared/data beside the project: the real-data tests need it")


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter"), [("teams_ascii_us_synthetic_names.csv", "utf-8-sig", ","), ("teams_utf16le_de.csv", "utf-16", "\t")]
)
def test_every_coming_of_a_teams_list_is_a_stay(name: str, encoding: str, delimiter: str):
    path = FOLDER / "teams" / name
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding=encoding)), delimiter=delimiter))
    came = Counter(row["Full Name"] for row in rows if row["User Action"].startswith("Joined"))
    report = Reading(TeamsReader(), path)
    assert Counter(report.column("accounts", "display_name")) == came
    assert report.rejected == []


def test_dashboard_of_a_real_server():
    report = Reading(BigBlueButtonReader(), FOLDER / "bbb" / "learning_dashboard_data.json")
    first, second = report.rows("attendance")
    assert (first["chat_messages"], round(first["talk_minutes"] * 60, 2), round(first["camera_minutes"] * 60, 3)) == (1, 9.54, 5.554)
    assert second["chat_messages"] == 0
    assert report.rejected == []
