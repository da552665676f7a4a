"""What others would find on the same texts: MinHash with LSH (datasketch, rensa) and winnowing.

Each gets the same words (lower case, letters and digits) and its own best cut, chosen on the half that the corpus was built with; none sees
reference texts taken out, as none can. Pairs are (later, earlier) numbers; messages count as sources.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from hashlib import blake2b

Finder = Callable[[Sequence[str], float], list[tuple[int, int]]]


def _shingles(text: str, width: int = 3) -> list[str]:
    words = re.findall(r"\w+", text.lower())
    return [" ".join(words[place : place + width]) for place in range(max(1, len(words) - width + 1))]


def datasketch(texts: Sequence[str], cut: float) -> list[tuple[int, int]]:
    """datasketch's MinHash (128 permutations) and MinHashLSH over word 3-grams."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=cut, num_perm=128)
    pairs = []
    for number, text in enumerate(texts):
        sketch = MinHash(num_perm=128)
        sketch.update_batch([one.encode() for one in set(_shingles(text))])
        pairs += [(number, int(other)) for other in index.query(sketch)]
        index.insert(str(number), sketch)
    return pairs


def rensa(texts: Sequence[str], cut: float) -> list[tuple[int, int]]:
    """rensa's RMinHash (128 permutations) and its LSH over word 3-grams."""
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=cut, num_perm=128, num_bands=32 if cut < 0.5 else 16)
    sketches = []
    pairs = []
    for number, text in enumerate(texts):
        sketch = RMinHash(num_perm=128, seed=42)
        sketch.update(list(set(_shingles(text))))
        pairs += [(number, other) for other in index.query(sketch) if sketches[other].jaccard(sketch) >= cut]
        index.insert(number, sketch)
        sketches.append(sketch)
    return pairs


def winnowing(texts: Sequence[str], cut: float) -> list[tuple[int, int]]:
    """Winnowing (Schleimer et al. 2003) over word 4-grams, windows of 4; a pair shares at least ``cut`` of the later text's fingerprints."""
    holders: dict[int, list[int]] = defaultdict(list)
    pairs = []
    for number, text in enumerate(texts):
        hashes = [int.from_bytes(blake2b(one.encode(), digest_size=8).digest(), "little") for one in _shingles(text, 4)]
        kept = {min(hashes[place : place + 4]) for place in range(max(1, len(hashes) - 3))}
        shared: dict[int, int] = defaultdict(int)
        for one in kept:
            for other in holders[one]:
                shared[other] += 1
            holders[one].append(number)
        pairs += [(number, other) for other, count in shared.items() if count >= cut * len(kept)]
    return pairs


#: Each peer with the cuts that are tried.
PEERS: dict[str, tuple[Finder, tuple[float, ...]]] = {
    "datasketch": (datasketch, (0.1, 0.2, 0.3, 0.5)),
    "rensa": (rensa, (0.1, 0.2, 0.3, 0.5)),
    "winnowing": (winnowing, (0.05, 0.1, 0.2, 0.3)),
}
