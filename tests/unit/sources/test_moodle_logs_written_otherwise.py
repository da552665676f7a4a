"""One log written in every way that programs write delimited text: the same rows. All people are invented."""

from __future__ import annotations

import codecs
import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import BadFile
from pipelines.loading import load_item
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.formats import delimited, local_times, shapes
from pipelines.sources.formats.row_numbers import RowNumbers, digests, row_hashes
from pipelines.sources.lms import moodle_log_rows
from pipelines.sources.lms.moodle_logs import MoodleLogsReader
from pipelines.sources.reading import Item
from pipelines.warehouse import Warehouse
from tests.unit.sources.report_reading import FIXTURES, Reading

HEADERS = {
    "en": ("Time", "User full name", "Affected user", "Event context", "Component", "Event name", "Description", "Origin", "IP address"),
    "ru": (
        "Время", "Полное имя пользователя", "Затронутый пользователь", "Контекст события", "Компонент", "Название события", "Описание",
        "Источник", "IP-адрес",
    ),
}  # fmt: skip
PEOPLE = ("Ирина Полевая", "Олег Степной", "Анна Луговая, куратор", 'Пётр "Пит" Лесной', "-")
DESCRIPTIONS = (
    "The user with id '5' viewed the course with id '2'.",
    "The user with id '6' has viewed the discussion with id '17' in the forum with course module id '9'.",
    "The user with id '7' updated the grade with id '3' for the user with id '5' for the grade item with id '4'.",
    "The user with id '-1' did something\nin two lines; with, every \t sign",
    "Login failed for the reason with id '3'",
)
row = st.tuples(
    st.integers(0, 3000), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.sampled_from(("Курс: Цифровая школа", "Форум: Новости; общее")),
    st.sampled_from(("Система", "Форум")), st.sampled_from(("Курс просмотрен", "Тема просмотрена", "Неведомое")),
    st.sampled_from(DESCRIPTIONS), st.sampled_from(("web", "ws")), st.sampled_from(("10.0.0.1", "")),
)  # fmt: skip


def written(rows: list[tuple], *, language: str, order: list[int], delimiter: str, ends: list[str], encoding: str, quote: int) -> bytes:
    lines = []
    for cells in (HEADERS[language], *rows):
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, quoting=quote, lineterminator="").writerow([cells[place] for place in order])
        lines.append(out.getvalue())
    text = "".join(line + ends[number % len(ends)] for number, line in enumerate(lines))
    return text.encode(encoding)


def texts(rows: list[tuple]) -> list[tuple]:
    start = datetime(2026, 11, 22, 22, tzinfo=UTC)
    moments = [start - timedelta(minutes=one[0]) for one in sorted(rows)]
    return [(f"{at.day}/{at:%m/%y, %H:%M:%S}", *one[1:]) for at, one in zip(moments, sorted(rows), strict=True)]


def read(content: bytes, folder: Path) -> Reading:
    path = folder / "log.csv"
    path.write_bytes(content)
    return Reading(MoodleLogsReader(), path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(row, min_size=1, max_size=25),
    language=st.sampled_from(("en", "ru")),
    order=st.permutations(range(9)),
    delimiter=st.sampled_from((",", ";", "\t")),
    ends=st.lists(st.sampled_from(("\n", "\r\n", "\r")), min_size=1, max_size=3),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251")),
    quote=st.sampled_from((csv.QUOTE_ALL, csv.QUOTE_MINIMAL)),
    chunk=st.sampled_from((1, 61, 500, 1 << 23)),
)
def test_way_of_writing_changes_nothing(
    tmp_path: Path,
    rows: list[tuple],
    language: str,
    order: list[int],
    delimiter: str,
    ends: list[str],
    encoding: str,
    quote: int,
    chunk: int,
):
    lines = texts(rows)
    usual = written(
        lines, language=language, order=list(range(9)), delimiter=",", ends=["\r\n"], encoding="utf-8-sig", quote=csv.QUOTE_MINIMAL
    )
    expected = read(usual, tmp_path)
    assert len(expected.rows("activity")) == len(rows)
    before = delimited.CHUNK_BYTES
    delimited.CHUNK_BYTES = chunk
    try:
        found = read(
            written(lines, language=language, order=order, delimiter=delimiter, ends=ends, encoding=encoding, quote=quote), tmp_path
        )
    finally:
        delimited.CHUNK_BYTES = before
    for record in ("activity", "accounts", "courses", "tasks"):
        assert found.rows(record) == expected.rows(record)
    assert found.covers == expected.covers


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 5000), change=st.lists(st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=3)), max_size=3))
def test_damage_is_refused_or_rejected_and_never_anything_else(tmp_path: Path, cut: int, change: list[tuple[int, bytes]]):
    content = bytearray((FIXTURES / "moodle_logs" / "russian_headers.csv").read_bytes())
    for place, data in change:
        content[place % len(content) : place % len(content) + len(data)] = data
    message = ""
    try:
        read(bytes(content[: max(1, cut % len(content))]), tmp_path)
    except BadFile as error:
        message = str(error)
    assert "Полев" not in message


# -- two ways to one thing ------------------------------------------------------------------------------------------------------------

dates = st.one_of(
    st.from_regex(r"[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}(,? [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)? ?([AaPp][Mm])?", fullmatch=True),
    st.from_regex(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:?[0-9]{2})?", fullmatch=True),
    st.from_regex(r"[0-9]{1,2} (ноября|november|мая|Dec) 20[0-9]{2}, [0-9]{1,2}:[0-9]{2}", fullmatch=True),
    st.text(max_size=12),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(dates, max_size=12), st.integers(0, 3))
@pytest.mark.slow
def test_times_by_shape_are_times_by_text(texts: list[str], skip: int):
    column = pa.array(texts, pa.string()).slice(skip)
    plain, wordy = local_times._months_to_numbers(column)
    one, other = local_times._parts_by_text(plain, wordy), local_times._parts_by_shape(shapes.Shapes(plain), wordy)
    for name in one.__dataclass_fields__:
        known = one.understood
        assert list(getattr(one, name)[known]) == list(getattr(other, name)[known]), name


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(DESCRIPTIONS),
            st.from_regex(r"(The )?[Uu]ser with (the )?id '?-?[0-9]{1,25}'? .{0,20} course module id '[0-9]{1,20}'", fullmatch=True),
            st.text(max_size=30),
        ),
        max_size=20,
    )
)
def test_descriptions_by_shape_are_descriptions_by_text(texts: list[str]):
    column = pa.array(texts, pa.string())
    by_shape, found = shapes.Shapes(column).numbers(moodle_log_rows._spans, len(moodle_log_rows._PATTERNS))
    for place, pattern in enumerate(moodle_log_rows._PATTERNS.values()):
        numbers, has = moodle_log_rows._numbers_by_text(column, pattern)
        assert numbers.tolist() == by_shape[:, place].tolist()
        assert has.tolist() == found[:, place].tolist()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=60),
    st.lists(st.integers(1, 9), min_size=1, max_size=9),
    st.booleans(),
)
def test_equal_rows_are_numbered_over_blocks_in_any_order_of_time(rows: list[tuple[int, int]], sizes: list[int], in_order: bool):
    rows = sorted(rows) if in_order else rows
    numbers, ids, first, turn = RowNumbers(), [], 0, 0
    while first < len(rows):
        block = rows[first : first + sizes[turn % len(sizes)]]
        first, turn = first + len(block), turn + 1
        at = np.array([moment for moment, _ in block], np.int64)
        ids += numbers.ids("x:", row_hashes([at, digests(str(what) for _, what in block)], len(block)), at).to_pylist()
    assert len(set(ids)) == len(rows)
    for one in set(rows):
        found = [name for name, row_ in zip(ids, rows, strict=True) if row_ == one]
        assert len({name.rsplit("-", 1)[0] for name in found}) == 1
        assert [int(name.rsplit("-", 1)[1]) for name in found] == list(range(1, len(found) + 1))


def test_more_than_nine_equals():
    at = np.zeros(12, np.int64)
    ids = RowNumbers().ids("x:", row_hashes([at], 12), at).to_pylist()
    assert [name.rsplit("-", 1)[1] for name in ids] == [str(number) for number in range(1, 13)]


# -- loads ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_overlapping_downloads_in_any_order_and_form_give_the_same_rows(order: tuple[int, ...], tmp_path: Path):
    start = datetime(2026, 11, 22, 22, tzinfo=ZoneInfo("Europe/Moscow"))
    rows = [
        (f"{start - timedelta(minutes=number // 2):%d/%m/%y, %H:%M:%S}", "Ирина Полевая", "-", "Курс: Школа", "Система", "Курс просмотрен",
         f"The user with id '{5 + number % 4 // 2}' viewed the course with id '2'.", "web", "10.0.0.1")
        for number in range(40)
    ]  # fmt: skip
    parts = (("a.csv", rows[20:], "cp1251"), ("b.csv", rows[10:30], "utf-16"), ("c.csv", rows[:22], "utf-8-sig"))
    for name, part, encoding in parts:
        made = written(part, language="ru", order=list(range(9)), delimiter=";", ends=["\n"], encoding=encoding, quote=csv.QUOTE_ALL)
        (tmp_path / name).write_bytes(made)
    programme = Programme(id="t", name="T", folder=tmp_path, sources=(Source(name="log", kind="moodle_logs", path=Path()),))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for place in order:
            name = parts[place][0]
            load = load_item(
                warehouse, programme, programme.sources[0], Item(name, tmp_path / name), pseudonyms=Pseudonyms(b"0123456789abcdef"),
                run_at=datetime(2026, 11, 23, tzinfo=UTC),
            )  # fmt: skip
            assert load.state == "loaded", load.problem
        assert warehouse.value("select count(*) from raw.activity") == 40
        assert warehouse.value("select count(distinct account_id) from raw.activity") == 2
        assert warehouse.rows("select count(*) from raw.activity where action = 'viewed' and course_id = 'moodle:course:2'") == [(40,)]


def test_byte_order_mark_of_the_other_end(tmp_path: Path):
    content = (FIXTURES / "moodle_logs" / "russian_headers.csv").read_text(encoding="utf-8-sig")
    big = codecs.BOM_UTF16_BE + content.encode("utf-16-be")
    assert read(big, tmp_path).rows("activity") == Reading(MoodleLogsReader(), FIXTURES / "moodle_logs" / "russian_headers.csv").rows(
        "activity"
    )


def test_date_without_a_year_says_so(tmp_path: Path):
    content = (FIXTURES / "moodle_logs" / "english_with_bom.csv").read_text(encoding="utf-8-sig").splitlines()
    content[1] = '"21 ноября, 14:05"' + content[1][content[1].index('",') + 1 :]
    assert read(("\n".join(content) + "\n").encode(), tmp_path).rejected == [("line 2", "a date without a year")]


NEAR_DAYS = ("Сегодня, 09:05", "today at 9:05 AM", "Вчера, 22:10:30", "Сегодня", "Завтра, 10:00")


@pytest.mark.parametrize(
    ("name", "moments", "reasons"),
    [
        (
            "logs_ЦОС-36_20261123-0100.csv",
            ["2026-11-23 06:05:00", "2026-11-23 06:05:00", "2026-11-22 19:10:30"],
            ["a time that is not understood"] * 2,
        ),
        (
            "logs_20261123-0100 (1).csv",
            ["2026-11-23 06:05:00", "2026-11-23 06:05:00", "2026-11-22 19:10:30"],
            ["a time that is not understood"] * 2,
        ),
        (
            "log.csv",
            [],
            ["'today' or 'yesterday', and the file's name does not say of which day"] * 3 + ["a time that is not understood"] * 2,
        ),
        (
            "logs_ЦОС-36_20261323-0100.csv",
            [],
            ["'today' or 'yesterday', and the file's name does not say of which day"] * 3 + ["a time that is not understood"] * 2,
        ),
    ],
    ids=["called as Moodle calls it", "of the site, downloaded twice", "called otherwise", "a day that does not exist"],
)
def test_today_and_yesterday_are_counted_from_the_day_in_the_file_s_name(name: str, moments: list[str], reasons: list[str], tmp_path: Path):
    lines = [f'"{time}",Ирина Полевая,-,Курс: X,Система,Курс просмотрен,{DESCRIPTIONS[0]},web,10.0.0.1' for time in NEAR_DAYS]
    path = tmp_path / name
    path.write_text("\n".join([",".join(HEADERS["ru"]), *lines]) + "\n", "utf-8")
    log = Reading(MoodleLogsReader(), path)
    assert [f"{row['occurred_at']:%F %T}" for row in log.rows("activity")] == moments
    assert [reason for _, reason in log.rejected] == reasons
