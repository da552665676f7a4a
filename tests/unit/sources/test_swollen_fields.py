"""A field of nothing but blanks, far longer than any time, duration or name: refused or empty, and not taken apart in every way there is.

No time is asserted: where a pattern tries every way, these tests do not end.
"""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipelines.deliveries.report import reports
from pipelines.sources.formats.local_times import OrderEvidence
from pipelines.sources.lms import moodle_logs
from pipelines.sources.lms.moodle_texts import name_in, name_in_english
from pipelines.sources.surveys import surveys
from pipelines.sources.webinars import attendance

#: A run of this many blanks taken apart by four patterns side by side has more divisions than a machine counts in a day.
SWOLLEN = 30_000


@pytest.mark.parametrize(
    "text", ["01.02.2026 10:00" + " " * SWOLLEN + "!", "01.02.2026" + " " * SWOLLEN + "x", " " * SWOLLEN + "01.02.2026 10:00"]
)
def test_times(text: str) -> None:
    evidence = OrderEvidence()
    evidence.add(pa.array([text]))
    assert evidence.ambiguous == (0 if text.strip()[-1] in "!x" else 1)


@pytest.mark.parametrize("text", ["5" + " " * SWOLLEN + "x", " " * SWOLLEN + "x"])
def test_durations(text: str) -> None:
    assert attendance._HOURS.match(text) is None


def test_ids_of_courses() -> None:
    words = "The user with id '7' viewed the course with id '{}'."
    assert moodle_logs._COURSE_VIEWED.search(words.format("9" * 5_000).encode()) is None
    assert moodle_logs._COURSE_VIEWED.search(words.format(5).encode())[1] == b"5"


def test_names_in_several_languages() -> None:
    assert name_in("{mlang ru}" + " " * SWOLLEN + "Курс{mlang}", "ru") is not None
    assert name_in("{mlang " + " " * 3_000, "ru") == "{mlang"
    assert name_in_english("{mlang " + " " * 3_000) is None
    assert name_in("{mlang  ru , en }Курс{mlang}", "ru") == "Курс"


def test_heads_of_surveys() -> None:
    assert surveys._GRID.match("Оцените" + " " * SWOLLEN + "[") is None
    found = surveys._GRID.match("Оцените  [Материалы] ")
    assert found is not None
    assert found["row"] == "Материалы"


def test_addresses_in_the_words_of_the_report() -> None:
    assert reports._ADDRESSES.search("@" * SWOLLEN) is None
    assert reports._ADDRESSES.sub("…", "пишите на a.b@example.org или @kurator_1") == "пишите на … или …"
