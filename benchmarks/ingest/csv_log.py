"""Speed of the Logs reader on a large download beside two general CSV readers on the same file: Markdown for docs/evaluation/speed.md.

``python -m benchmarks.ingest.csv_log`` writes a file of two million invented rows, reads it with ``moodle_logs`` (nothing is loaded: the
reader alone), with DuckDB's ``read_csv`` into a table and with ``pandas.read_csv``, each in a process of its own, and prints rows per
second and peak memory. The invented rows are shaped like a real download of one course: about half of the descriptions are distinct, most
seconds hold one row, names and titles are Cyrillic.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.ingest import contest

ROWS = 2_000_000
_BLOCK = 100_000
_SEED = 20261122
_USERS, _MODULES, _SUBMISSIONS = 3_000, 400, 40_000
#: Epoch second of the newest row, and the mean distance of two rows: two million rows are about half a year.
_NEWEST, _SECONDS_BETWEEN = 1_795_000_000, 8.0

#: (share of the rows, event, component, description) with {u} who, {a} whom, {m} course module, {s} submission.
_KINDS = (
    (0.26, "Курс просмотрен", "Система", "The user with id '{u}' viewed the course with id '2'."),
    (0.26, "Модуль курса просмотрен", "Задание", "The user with id '{u}' viewed the 'assign' activity with course module id '{m}'."),
    (0.18, "Страница состояния представленных ответов просмотрена", "Задание",
     "The user with id '{u}' has viewed the submission status page for the assignment with course module id '{m}'."),
    (0.12, "Тема просмотрена", "Форум",
     "The user with id '{u}' has viewed the discussion with id '{s}' in the forum with course module id '{m}'."),
    (0.06, "Работа представлена", "Задание",
     "The user with id '{u}' has submitted the submission with id '{s}' for the assignment with course module id '{m}'."),
    (0.06, "Пользователю поставлена оценка", "Система",
     "The user with id '{u}' updated the grade with id '{s}' for the user with id '{a}' for the grade item with id '{m}'."),
    (0.06, "Профиль пользователя просмотрен", "Система", "The user with id '{u}' viewed the profile for the user with id '{a}' in the course with id '2'."),
)  # fmt: skip
_HEADER = 'Время,"Полное имя пользователя","Затронутый пользователь","Контекст события",Компонент,"Название события",Описание,Источник,IP-адрес\r\n'


def write_log(path: Path, rows: int = ROWS) -> None:
    """A Logs download of ``rows`` rows, newest first, of people and tasks that do not exist; the same rows at every call."""
    random = np.random.default_rng(_SEED)
    people = pa.array([f"Фамилия{number} Имя{number % 97} Отчество{number % 31}" for number in range(_USERS)])
    tasks = pa.array([f"Задание: Практическая работа {number}. Приёмы работы с текстом" for number in range(_MODULES)])
    course = pa.scalar("Курс: Цифровая школа")
    shares = np.array([kind[0] for kind in _KINDS])
    seconds = _NEWEST
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbf" + _HEADER.encode())
        for first in range(0, rows, _BLOCK):
            count = min(_BLOCK, rows - first)
            steps = random.exponential(_SECONDS_BETWEEN, count).round().astype(np.int64)
            moments = seconds - np.cumsum(steps)
            seconds = int(moments[-1])
            kind = pa.array(random.choice(len(_KINDS), count, p=shares / shares.sum()))
            # A few people and a few tasks make most of the clicks.
            user = (random.power(3, count) * _USERS).astype(np.int64)
            whom = random.integers(0, _USERS, count)
            module = (random.power(2, count) * _MODULES).astype(np.int64)
            number = random.integers(0, _SUBMISSIONS, count)
            local = pc.cast(pa.array(moments), pa.timestamp("s"))
            day = pc.replace_substring_regex(pc.strftime(local, "%d/%m/%y, %H:%M:%S"), "^0", "")
            described = _described(kind, {"u": user + 3, "a": whom + 3, "m": module + 10, "s": number + 100})
            has_other = pc.is_in(kind, pa.array([5, 6]))
            cells = (
                _quoted(day),
                _quoted(people.take(pa.array(user))),
                pc.if_else(has_other, _quoted(people.take(pa.array(whom))), "-"),
                pc.if_else(pc.is_in(kind, pa.array([0, 5, 6])), _quoted(pa.repeat(course, count)), _quoted(tasks.take(pa.array(module)))),
                pa.array([entry[2] for entry in _KINDS]).take(kind),
                _quoted(pa.array([entry[1] for entry in _KINDS]).take(kind)),
                _quoted(described),
                pc.if_else(pa.array(random.random(count) < 0.1), "ws", "web"),
                pc.binary_join_element_wise(
                    "10.", pa.array(user // 250).cast(pa.string()), ".0.", pa.array(user % 250).cast(pa.string()), ""
                ),
            )
            lines = pc.binary_join_element_wise(*cells, ",")
            file.write("\r\n".join(lines.to_pylist()).encode() + b"\r\n")


def _described(kind: pa.Array, numbers: dict[str, np.ndarray]) -> pa.Array:
    texts = pa.array([entry[3] for entry in _KINDS]).take(kind)
    for name, values in numbers.items():
        before_after = pc.split_pattern(texts, "{" + name + "}", max_splits=1)
        begins = pc.list_element(before_after, 0)
        has = pc.equal(pc.list_value_length(before_after), 2)
        rest = pc.list_element(pc.if_else(has, before_after, pa.scalar(["", ""], before_after.type)), 1)
        texts = pc.if_else(has, pc.binary_join_element_wise(begins, pa.array(values).cast(pa.string()), rest, ""), texts)
    return texts


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', texts, '"', "")


def _read_with_reader(given: str, folder: Path) -> int:
    from pipelines.programme import Source
    from pipelines.pseudonyms import Pseudonyms
    from pipelines.sources.lms.moodle_logs import MoodleLogsReader
    from pipelines.sources.reading import Batch, Context, Item

    path = Path(given)
    context = Context(Pseudonyms(b"a key for benchmarks only"), ZoneInfo("Europe/Moscow"), "ru")
    reader = MoodleLogsReader()
    source = Source(name="log", kind=reader.kind, path=path)
    events = reader.read(source, Item(path.name, path), context)
    return sum(event.table.num_rows for event in events if isinstance(event, Batch) and event.record == "activity")


def _read_with_duckdb(given: str, folder: Path) -> int:
    import duckdb

    connection = duckdb.connect()
    connection.execute("create table log as select * from read_csv(?)", [given])
    return int(connection.execute("select count(*) from log").fetchall()[0][0])


def _read_with_pandas(given: str, folder: Path) -> int:
    import pandas as pd

    return len(pd.read_csv(given))


READERS: dict[str, contest.Contender] = {
    "moodle_logs (this reader)": _read_with_reader,
    "DuckDB read_csv into a table in memory": _read_with_duckdb,
    "pandas.read_csv": _read_with_pandas,
}


def table(figures: list[dict[str, float | int | str]]) -> str:
    """Figures of a benchmark that times itself (``telegram_json``) as a Markdown table."""
    lines = ["| reader | rows | seconds | CPU seconds | rows/s | peak memory, MB |", "|---|--:|--:|--:|--:|--:|"]
    lines += [
        f"| {run['name']} | {run['rows']:,} | {run['seconds']:.1f} | {run['cpu']:.1f} | {run['rows'] / run['seconds']:,.0f} | {run['peak_mb']:.0f} |"  # type: ignore[operator]
        for run in figures
    ]
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--one", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--given", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        # One small file first: what is imported at the first use is no part of reading.
        small = options.folder / "small.csv"
        write_log(small, 10)
        READERS[options.one](str(small), options.folder)
        contest.run_one(READERS, options.one, options.given, options.folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        write_log(path, options.rows)
        print(f"{path.stat().st_size / 1e6:.0f} MB\n")
        print(contest.table("reader", contest.run("benchmarks.ingest.csv_log", READERS, str(path), options.repeats)))


if __name__ == "__main__":
    main()
