"""``python -m tests.fuzz --inputs 50000``: the long run. ``--case kind:number:dice`` repeats one case with its traceback."""

from __future__ import annotations

import argparse
import sys
from time import monotonic

from tests.fuzz.running import again, run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=50_000)
    parser.add_argument("--dice", type=int, default=1)
    parser.add_argument("--kinds", nargs="*")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--case")
    chosen = parser.parse_args()
    if chosen.case:
        print(again(chosen.case))
        return 0
    start = monotonic()
    tallies = run(chosen.inputs, dice=chosen.dice, kinds=chosen.kinds, workers=chosen.workers)
    print("| kind | inputs | loaded | refused | rejected rows | slowest, s | violations |\n|---|---|---|---|---|---|---|")
    for kind, tally in tallies.items():
        print(
            f"| {kind} | {tally.inputs} | {tally.loaded} | {tally.refused} | {tally.rejected_rows} | {tally.slowest:.1f} | {len(tally.violations)} |"
        )
    total = sum(tally.inputs for tally in tallies.values())
    print(f"\n{total} inputs in {monotonic() - start:.0f} s")
    for tally in tallies.values():
        for violation in tally.violations[:20]:
            print(violation)
    return int(any(tally.violations for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
