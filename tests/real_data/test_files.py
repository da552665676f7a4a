"""Report downloads of real systems, and of the programme whose truth is known: nothing lost, and what is read is what happened."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.lms.moodle_logs import MoodleLogsReader
from pipelines.sources.lms.moodle_reports import MoodleReportsReader
from pipelines.sources.reading import Batch, Context, Item, Reader, Rejected, Seen
from pipelines.sources.surveys.surveys import SurveysReader
from pipelines.sources.webinars.zoom import ZoomReader
from tests.unit.sources import table_forms

pytestmark = pytest.mark.real_data

REAL_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
CONTEXT = Context(Pseudonyms(b"a key for tests only"), ZoneInfo("Europe/Moscow"), "ru")

#: Rows that stand in the genuine Logs downloads, counted with another CSV parser.
LOG_ROWS = {
    "Moodle Module 1 F19.csv": 7033,
    "Moodle Module 1 F20.csv": 11712,
    "Moodle Module 1 SP18.csv": 4997,
    "Moodle Module 1 SP19.csv": 6406,
    "Moodle Module 1 SP20.csv": 12201,
    "Moodle Module 1 SP21.csv": 2311,
    "Moodle Module 2 F17.csv": 4005,
    "Moodle Module 2 SP18.csv": 4398,
}


@pytest.fixture(autouse=True)
def _real_data() -> None:
    if not REAL_DATA.is_dir():
        pytest.skip("no folder ../shared/data beside the project: the real-data tests need it")


class Loaded:
    """Rows and counts of one file."""

    def __init__(self, reader: Reader, path: Path) -> None:
        source = Source(name="report", kind=reader.kind, path=path)
        self.seen: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.tables = defaultdict(list)
        for event in reader.read(source, Item(path.name, path), CONTEXT):
            match event:
                case Seen(record, rows):
                    self.seen[record] += rows
                case Rejected(_, _, reason):
                    self.reasons[reason] += 1
                case Batch(record, table, counted):
                    self.tables[record].append(table)
                    self.kept[record] += table.num_rows if counted else 0

    def rows(self, record: str) -> list[dict]:
        return [row for table in self.tables[record] for row in table.to_pylist()]


@pytest.mark.parametrize("name", LOG_ROWS)
def test_genuine_logs_lose_no_row(name: str):
    log = Loaded(MoodleLogsReader(), REAL_DATA / "moodle_csv" / name)
    assert log.seen["activity"] == LOG_ROWS[name]
    assert log.kept["activity"] + log.reasons.total() == LOG_ROWS[name]
    # Every row of these can be read; a reason here would be a rule gone wrong.
    assert not log.reasons
    ids = [row["activity_id"] for row in log.rows("activity")]
    assert len(set(ids)) == len(ids)


def test_other_files_of_the_folder_are_refused_and_none_is_a_log():
    others = [path for path in sorted((REAL_DATA / "moodle_csv").glob("*.csv")) if path.name not in LOG_ROWS]
    assert {path.name.split()[0] for path in others} == {"Activity", "KMS", "Result", "VL"}
    for path in others:
        with pytest.raises(BadFile, match="expected a Moodle log"):
            Loaded(MoodleLogsReader(), path)


def test_english_and_russian_log_of_one_course_are_the_same_rows():
    english, russian = (
        Loaded(MoodleLogsReader(), REAL_DATA / "moodle_db" / "csv" / f"logs_courseA_{language}.csv.gz") for language in ("en", "ru")
    )
    assert (english.kept["activity"], russian.kept["activity"]) == (15843, 15844)
    by_id = [{row["activity_id"]: row for row in log.rows("activity")} for log in (english, russian)]
    both = by_id[0].keys() & by_id[1].keys()
    # One more look at the log came in between, and one description is translated (the recycle bin's).
    assert len(both) == 15842
    for column in ("account_id", "related_account_id", "course_id", "task_id", "object_id", "occurred_at", "action"):
        assert all(by_id[0][key][column] == by_id[1][key][column] for key in both), column


@pytest.mark.parametrize("form", ["excel_of_moodle.xlsx", "open_document.ods", "json_of_cells.json"])
def test_log_of_one_course_says_the_same_in_other_forms(form: str, tmp_path: Path):
    path = REAL_DATA / "moodle_db" / "csv" / "logs_courseA_en.csv.gz"
    rows = list(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode("utf-8-sig"), newline="")))
    expected, found = Loaded(MoodleLogsReader(), path), Loaded(MoodleLogsReader(), table_forms.FORMS[form](tmp_path / form, rows))
    for record in ("activity", "accounts", "courses", "tasks"):
        assert found.rows(record) == expected.rows(record)


def test_log_agrees_with_the_programme_s_truth():
    """Ids out of Description are those of the database: learners of the truth are accounts of the log."""
    log = Loaded(MoodleLogsReader(), REAL_DATA / "moodle_db" / "csv" / "logs_courseA_ru.csv.gz")
    names = {row["native_id"]: row["display_name"] for row in log.rows("accounts")}
    # One row of the recycle bin names its person by name alone; everybody else has an id.
    assert sum(not native.isdigit() for native in names) == 1
    report = Loaded(MoodleReportsReader(), REAL_DATA / "moodle_db" / "csv" / "coursecompletion_A_ru.csv.gz")
    learners = {row["native_id"]: row["display_name"] for row in report.rows("accounts")}
    assert len(learners) == 119
    seen = learners.keys() & names.keys()
    assert len(seen) > 100
    assert {native: names[native] for native in seen} == {native: learners[native] for native in seen}


@pytest.mark.parametrize("report", ["progress_A", "coursecompletion_A"])
def test_completion_reports_say_the_same_in_both_languages(report: str):
    loads = [Loaded(MoodleReportsReader(), REAL_DATA / "moodle_db" / "csv" / f"{report}_{language}.csv.gz") for language in ("en", "ru")]
    counts = [Counter(row["state"] for row in load.rows("completions")) for load in loads]
    assert counts[0] == counts[1]
    assert (counts[0]["passed"], counts[0]["failed"]) == (413, 13)
    assert loads[0].seen == loads[0].kept
    assert not loads[0].reasons


def test_webinars_are_those_of_the_truth():
    truth = json.loads(gzip.decompress((REAL_DATA / "moodle_channels" / "truth.json.gz").read_bytes()))["attendance"]
    assert len(truth) == 39
    for webinar in truth:
        report = Loaded(ZoomReader(), REAL_DATA / "moodle_channels" / webinar["file"])
        assert not report.reasons, webinar["file"]
        (found,) = report.rows("webinars")
        assert found["starts_at"] == datetime.fromisoformat(webinar["start"]), webinar["file"]
        assert found["ends_at"] == datetime.fromisoformat(webinar["end"]), webinar["file"]
        stays = report.rows("attendance")
        assert len(stays) == len(webinar["row_userids"]), webinar["file"]
        spans = defaultdict(list)
        for stay, person in zip(stays, webinar["row_userids"], strict=True):
            if person is not None:
                spans[person].append((stay["joined_at"], stay["left_at"]))
        for person in webinar["people"]:
            assert _union_minutes(spans[person["userid"]]) == pytest.approx(person["union_minutes"], abs=0.06), webinar["file"]
            assert min(spans[person["userid"]])[0] == datetime.fromisoformat(person["first_join"])


def _union_minutes(spans: list[tuple[datetime, datetime]]) -> float:
    minutes, until = 0.0, None
    for start, end in sorted(spans):
        if until is None or start > until:
            minutes += (end - start).total_seconds() / 60
        elif end > until:
            minutes += (end - until).total_seconds() / 60
        until = end if until is None else max(until, end)
    return minutes


def test_surveys_are_whole():
    counts = {}
    for course in "ABC":
        survey = Loaded(SurveysReader(), REAL_DATA / "moodle_channels" / "survey" / f"anketa_{course}.csv")
        assert not survey.reasons
        assert survey.seen == survey.kept
        rows = survey.rows("survey_answers")
        assert {row["account_id"] for row in rows} == {None}
        assert len({row["item"] for row in rows if row["rating"] is not None}) == 10
        counts[course] = len({row["response_id"] for row in rows})
    assert counts == {"A": 54, "B": 66, "C": 63}
