"""Does anything semantic that needs no download find more than the words do? ``python -m benchmarks.copies.paraphrase --seeds 201 --clough ../shared/data/clough_stevenson``

Latent semantic analysis (truncated SVD of tf-idf of stems, and of character 4-grams) is fitted on the very texts and compared with the share of
three-word runs of stems. Generated corpus: all pairs of a rewritten or honest text with earlier honest ones of its task, texts that quote left out. Clough–Stevenson: "heavy" revisions
and independent answers against their article. Told of each score: area under the curve, recall at equal precision (no false pair; .95).
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score

from benchmarks.copies.corpus import build
from pipelines.links.copies.fingerprints import fingerprints
from pipelines.text import stem, words

Scores = dict[str, NDArray[np.float64]]


def scores(texts: Sequence[str], later: NDArray[np.int64], earlier: NDArray[np.int64]) -> Scores:
    """Scores of pairs: lexical, semantic of two kinds, and the mean rank of lexical and either."""
    found = words(texts)
    prints = fingerprints(found)
    sets = [set(prints[begin:end].tolist()) - {0} for begin, end in zip(found.first[:-1], found.first[1:], strict=True)]
    made: Scores = {
        "three-word runs": np.array([len(sets[a] & sets[b]) / max(1, len(sets[a])) for a, b in zip(later, earlier, strict=True)])
    }
    for name, vectoriser in (
        (
            "LSA of stems",
            TfidfVectorizer(tokenizer=lambda text: [stem(word) for word in text.lower().split()], token_pattern=None, min_df=2),
        ),
        ("LSA of character 4-grams", TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4), min_df=2, max_features=20_000)),
    ):
        table = vectoriser.fit_transform(texts)
        space = TruncatedSVD(min(100, len(texts) - 1, table.shape[1] - 1), random_state=0).fit_transform(table)
        space /= np.maximum(np.linalg.norm(space, axis=1, keepdims=True), 1e-12)
        made[name] = (space[later] * space[earlier]).sum(axis=1)
        ranks = [np.argsort(np.argsort(made[one])) for one in ("three-word runs", name)]
        made[f"both, {name}"] = (ranks[0] + ranks[1]).astype(np.float64)
    return made


def generated(seed: int, half: str, language: str, tasks: int) -> None:
    """Rewritten texts of a generated corpus."""
    corpus = build(seed, half=half, language=language, tasks=tasks)
    texts = corpus.texts
    pairs = [
        (number, other)
        for number, text in enumerate(texts)
        if not text.is_message and text.kind in ("rewritten", "honest", "honest in a template")
        for other in range(number)
        if texts[other].task == text.task and texts[other].person != text.person and texts[other].kind == "honest"
    ]
    later, earlier = (np.array(column) for column in zip(*pairs, strict=True))
    true = np.array([corpus.is_true(a, b) for a, b in pairs])
    told(f"generated, {language}, seed {seed}", scores([text.text for text in texts], later, earlier), true)


def clough(folder: Path) -> None:
    """Heavy revisions against answers of people who did not see the article."""
    with (folder / "file_information.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [{(name or "").strip().lower(): value for name, value in row.items()} for row in csv.DictReader(lines)]
    rows = [row for row in rows if row["category"].strip().lower() in ("heavy", "non")]
    texts = [(folder / row["file"]).read_text(encoding="utf-8", errors="replace") for row in rows]
    articles = sorted({row["file"].rsplit("task", 1)[1][0] for row in rows})
    originals = [(folder / f"orig_task{letter}.txt").read_text(encoding="utf-8", errors="replace") for letter in articles]
    later = np.arange(len(rows))
    earlier = np.array([len(rows) + articles.index(row["file"].rsplit("task", 1)[1][0]) for row in rows])
    true = np.array([row["category"].strip().lower() == "heavy" for row in rows])
    told("Clough–Stevenson, heavy", scores([*texts, *originals], later, earlier), true)


def told(name: str, found: Scores, true: NDArray[np.bool_]) -> None:
    """One line per score: area under the curve, recall where no false pair scores as high, and where one in a hundred pairs shown is false."""
    for label, score in found.items():
        order = np.argsort(-score, kind="stable")
        hits = np.cumsum(true[order])
        precision = hits / np.arange(1, len(order) + 1)
        good = np.flatnonzero(precision >= 0.95)
        recall = hits[good[-1]] / true.sum() if len(good) else 0.0
        clean = (score[true] > score[~true].max()).mean()
        sys.stdout.write(f"| {name} | {label} | {int(true.sum())} | {roc_auc_score(true, score):.4f} | {clean:.3f} | {recall:.3f} |\n")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="201")
    parser.add_argument("--half", default="unseen", choices=("build", "unseen"))
    parser.add_argument("--clough", type=Path)
    given = parser.parse_args()
    sys.stdout.write("| texts | score | true | area | recall without a false pair | recall at precision .95 |\n|---|---|--:|--:|--:|--:|\n")
    for seed in given.seeds.split(","):
        for language, tasks in (("ru", 8), ("en", 8)):
            generated(int(seed), given.half, language, tasks)
    if given.clough:
        clough(given.clough)


if __name__ == "__main__":
    main()
