"""Found copies, false alarms and peers on generated corpora of real prose: ``python -m benchmarks.copies --seeds 301,302``.

The half ``unseen`` of the library and seeds from 300 on were not looked at while the search was built. Peers are used where they are installed
(requirements/peers.txt). ``python -m benchmarks.copies.scale TEXTS FRESH`` measures one size.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec

from benchmarks.copies.corpus import KINDS, Corpus, build
from benchmarks.copies.detector import filled, search
from benchmarks.copies.peers import PEERS

_PRECISION = 0.95


def _scored(corpora: Sequence[Corpus], pairs: Sequence[Sequence[tuple[int, int]]]) -> dict[str, tuple[int, int]]:
    """(hits, of) by kind of copy, of pairs ("pairs") and of honest texts flagged (by their kind)."""
    hits: Counter[str] = Counter()
    all_of: Counter[str] = Counter()
    for corpus, found in zip(corpora, pairs, strict=True):
        flagged, right = set(), set()
        for later, earlier in found:
            if corpus.texts[later].is_message:
                continue
            true = corpus.is_true(later, earlier)
            hits["pairs"] += true
            all_of["pairs"] += 1
            flagged.add(later)
            if true:
                right.add(later)
        for number, text in enumerate(corpus.texts):
            if not text.is_message:
                all_of[text.kind] += 1
                hits[text.kind] += number in (right if text.kind in KINDS else flagged)
    return {name: (hits[name], count) for name, count in all_of.items()}


def _macro(scores: dict[str, tuple[int, int]]) -> float:
    return sum(scores[kind][0] / scores[kind][1] for kind in KINDS) / len(KINDS)


def _precision(scores: dict[str, tuple[int, int]]) -> float:
    hits, count = scores.get("pairs", (0, 0))
    return hits / count if count else 1.0


def _run(name: str, cut: float, corpora: Sequence[Corpus], send: object) -> None:
    begin, before = time.perf_counter(), time.process_time()
    if name == "mayak":
        pairs = [search(filled(corpus.texts, corpus.references)) for corpus in corpora]
    else:
        pairs = [PEERS[name][0]([text.text for text in corpus.texts], cut) for corpus in corpora]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    send.send((pairs, time.perf_counter() - begin, time.process_time() - before, peak))  # type: ignore[attr-defined]


def _apart(name: str, cut: float, corpora: Sequence[Corpus]) -> tuple[list[list[tuple[int, int]]], float, float, float]:
    """Run in a process of its own: pairs, seconds, processor seconds, peak gigabytes."""
    receive, send = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=_run, args=(name, cut, corpora, send))
    process.start()
    result = receive.recv()
    process.join()
    return result  # type: ignore[no-any-return]


def _corpora(seeds: Sequence[int], half: str, tasks: tuple[int, int]) -> list[Corpus]:
    return [
        build(seed, half=half, language=language, tasks=many) for seed in seeds for language, many in zip(("ru", "en"), tasks, strict=True)
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="301,302")
    parser.add_argument("--half", default="unseen", choices=("build", "unseen"))
    parser.add_argument("--tasks", default="14,36", help="tasks in Russian and in English per seed")
    parser.add_argument("--no-peers", action="store_true")
    given = parser.parse_args()
    russian, english = (int(part) for part in given.tasks.split(","))
    corpora = _corpora([int(seed) for seed in given.seeds.split(",")], given.half, (russian, english))
    small = _corpora([1], "build", (4, 8))
    methods = ["mayak", *([] if given.no_peers else [name for name in PEERS if name == "winnowing" or find_spec(name)])]
    results = {}
    for name in methods:
        cut = 0.0
        if name != "mayak":
            tried = {one: _scored(small, _apart(name, one, small)[0]) for one in PEERS[name][1]}
            fit = [one for one, scores in tried.items() if _precision(scores) >= _PRECISION] or [
                max(tried, key=lambda one: _precision(tried[one]))
            ]
            cut = max(fit, key=lambda one: _macro(tried[one]))
        pairs, seconds, processor, peak = _apart(name, cut, corpora)
        results[f"{name} {cut}" if cut else name] = (_scored(corpora, pairs), seconds, processor, peak)
    first = next(iter(results.values()))[0]
    say = sys.stdout.write
    say(
        f"{sum(len(corpus.texts) for corpus in corpora)} texts\n\n| figure | n | {' | '.join(results)} |\n|---|--:|{'--:|' * len(results)}\n"
    )
    for kind in (*KINDS, *sorted(kind for kind in first if kind.startswith("honest"))):
        cells = [f"{scores[kind][0] / scores[kind][1]:.4f}" for scores, *_ in results.values()]
        say(f"| {kind}: {'found' if kind in KINDS else 'flagged'} | {first[kind][1]} | {' | '.join(cells)} |\n")
    for label, value in (
        ("macro recall", lambda one: f"{_macro(one[0]):.4f}"), ("pair precision", lambda one: f"{_precision(one[0]):.4f}"),
        ("seconds", lambda one: f"{one[1]:.1f}"), ("processor seconds", lambda one: f"{one[2]:.1f}"), ("peak, GB", lambda one: f"{one[3]:.2f}"),
    ):  # fmt: skip
        say(f"| {label} | | {' | '.join(value(one) for one in results.values())} |\n")


if __name__ == "__main__":
    main()
