"""A million texts: time and memory of the whole search, at once and for a night's new ones.

Texts are drawn from a chain of word pairs over real prose, so that words and turns of phrase are as frequent as they are; a tenth copies
half of an earlier text of its task. Each size runs in a process of its own:

    python -m benchmarks.copies.scale 1000000 10000 --folder /tmp/scale --only-fill    # makes the texts
    taskset -c 0,1 python -m benchmarks.copies.scale 1000000 10000 --folder /tmp/scale # measures, then drops what it found

``--peer datasketch`` gives a peer the same texts.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from benchmarks.copies.library import sentences
from benchmarks.copies.peers import PEERS
from pipelines.links.copies.copies import link_copies
from pipelines.warehouse import Warehouse

WORDS = 200
_PER_TASK = 1_000


def _fill(warehouse: Warehouse, begin: int, end: int, seed: int) -> None:
    """Texts ``begin`` to ``end``, in the order of time, spread over tasks of a thousand."""
    chance = np.random.default_rng(seed)
    prose = " ".join(sentences("ru", "build") + sentences("en", "build")).split()
    words, number = np.unique(np.array(prose, object).astype(str), return_inverse=True)
    # Followers of each word, as they stand in the prose.
    order = np.argsort(number[:-1], kind="stable")
    follower, first = number[1:][order], np.searchsorted(number[:-1][order], np.arange(len(words) + 1))
    for block in range(begin, end, 20_000):
        size = min(20_000, end - block)
        made = np.empty((size, WORDS), np.int64)
        made[:, 0] = number[chance.integers(0, len(number), size)]
        for place in range(1, WORDS):
            low, high = first[made[:, place - 1]], first[made[:, place - 1] + 1]
            drawn = low + (chance.random(size) * np.maximum(high - low, 1)).astype(np.int64)
            made[:, place] = np.where(
                (high > low) & (chance.random(size) < 0.7),
                follower[np.minimum(drawn, len(follower) - 1)],
                number[chance.integers(0, len(number), size)],
            )
        copier = np.flatnonzero(chance.random(size) < 0.1)
        copier = copier[copier >= 1]
        source = (chance.random(len(copier)) * copier).astype(np.int64)
        for here, there in zip(copier, source, strict=True):
            made[here, :100] = made[there, :100]
        texts = [" ".join(row) for row in words[made]]
        table = pa.table({"number": np.arange(block, block + size), "text": texts})
        with warehouse.registered("given", table):
            warehouse.connection.execute(
                "insert into raw.submissions by name select 's' || number as submission_id, 'assignment' as kind, 'a' || number as account_id, "
                f"'t' || (number % {max(1, end // _PER_TASK)}) as task_id, 'c' as course_id, 'submitted' as state, "
                "timestamptz '2026-01-01' + to_seconds(number) as submitted_at, 'x' as source, 'x' as load_id from given"
            )
            warehouse.connection.execute("insert into personal.submissions by name select 's' || number as submission_id, text from given")


#: Engine's memory; the process adds its arrays.
_MEMORY = "4GB"


def fill(texts: int, folder: Path) -> Path:
    """A warehouse with so many texts in the folder, made where it is not there yet."""
    path = folder / f"texts_{texts}.duckdb"
    if not path.exists():
        with Warehouse.open(path.with_suffix(".part"), memory_limit=_MEMORY) as warehouse:
            warehouse.create_schemas()
            _fill(warehouse, 0, texts, 1)
        path.with_suffix(".part").rename(path)
    return path


def measure(texts: int, fresh: int, folder: Path) -> str:
    """One line: texts, seconds, processor seconds, rate, pairs, works asked and seconds for the fresh ones, gigabytes at most."""
    with Warehouse.open(fill(texts, folder), memory_limit=_MEMORY) as warehouse:
        begin, processor = time.perf_counter(), time.process_time()
        first = link_copies(warehouse)
        seconds, processor = time.perf_counter() - begin, time.process_time() - processor
        _fill(warehouse, texts, texts + fresh, 2)
        begin = time.perf_counter()
        second = link_copies(warehouse)
        night = time.perf_counter() - begin
    (folder / f"texts_{texts}.duckdb").unlink()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return f"| {texts:,} | {seconds:.1f} | {processor:.1f} | {texts / seconds:,.0f} | {first.pairs:,} | {second.asked:,} | {night:.1f} | {peak:.1f} |"


def measure_peer(name: str, texts: int, folder: Path) -> str:
    """The same line of a peer, texts in memory; nothing of a night."""
    with Warehouse.open(fill(texts, folder), memory_limit=_MEMORY) as warehouse:
        written = [
            text
            for (text,) in warehouse.rows(
                "select private.text from raw.submissions as work inner join personal.submissions as private using (submission_id) order by work.submitted_at"
            )
        ]
    begin, processor = time.perf_counter(), time.process_time()
    pairs = PEERS[name][0](written, 0.2)
    seconds, processor = time.perf_counter() - begin, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return f"| {name}: {texts:,} | {seconds:.1f} | {processor:.1f} | {texts / seconds:,.0f} | {len(pairs):,} | – | – | {peak:.1f} |"


def main() -> None:
    """Measure one size and print its line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", type=int)
    parser.add_argument("fresh", type=int, nargs="?", default=0)
    parser.add_argument("--folder", type=Path, help="where the texts lie; made for the run where left out")
    parser.add_argument("--only-fill", action="store_true")
    parser.add_argument("--peer", choices=tuple(PEERS))
    given = parser.parse_args()
    with TemporaryDirectory() as made:
        folder = given.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        if given.only_fill:
            fill(given.texts, folder)
        elif given.peer:
            sys.stdout.write(measure_peer(given.peer, given.texts, folder) + "\n")
        else:
            sys.stdout.write(measure(given.texts, given.fresh, folder) + "\n")


if __name__ == "__main__":
    main()
