"""Make ``pipelines/links/conversations/reply_prior.csv``: ``python -m benchmarks.replies.learn_prior --data ../shared/data``.

Learned from the development part of the annotated IRC corpus (2,500 messages of ten logs of 2004 to 2016), never from its test part. What is written are the trees'
cuts and leaves, rounded: no word and no name of the corpus.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.replies import irc
from pipelines.links.conversations.reply_model import PRIOR_FILE, candidates, features

MOST, HOURS = 100, 24
#: Of far candidates that are no answer a quarter is seen, with fourfold weight.
_NEAR, _SEEN = 20, 0.25
_ORIGIN = "# Learned from the annotated IRC corpus of Kummerfeld et al. (2019), CC BY 4.0, development part, by python -m benchmarks.replies.learn_prior\n"


def learn(logs: list[irc.Log]) -> tuple[tuple[str, ...], HistGradientBoostingClassifier]:
    """The trees, and the names of their features."""
    rng = np.random.default_rng(0)
    tables, labels, weights = [], [], []
    names: tuple[str, ...] = ()
    for log in logs:
        pairs = candidates(log.talk, log.places, most=MOST, hours=HOURS)
        seen = features(log.talk, pairs)
        names = tuple(sorted(seen))
        belongs = np.array([pair in log.links for pair in zip(pairs.message.tolist(), pairs.earlier.tolist(), strict=True)])
        near = belongs | (seen["between"] < np.log1p(_NEAR))
        kept = near | (rng.random(len(pairs)) < _SEEN)
        tables.append(np.column_stack([seen[name] for name in names])[kept])
        labels.append(belongs[kept])
        weights.append(np.where(near, 1, 1 / _SEEN)[kept])
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.06, max_leaf_nodes=12, min_samples_leaf=30, l2_regularization=5, early_stopping=False, random_state=0
    )
    return names, model.fit(np.vstack(tables), np.concatenate(labels), np.concatenate(weights))


def write(names: tuple[str, ...], model: HistGradientBoostingClassifier, path: Path) -> None:
    """The trees as a table, six significant digits."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_ORIGIN)
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("tree", "feature", "cut", "left", "right", "value"))
        out.writerow((-1, "base", "", "", "", f"{float(np.ravel(model._baseline_prediction)[0]):.6g}"))
        for tree, (predictor,) in enumerate(model._predictors):
            nodes: NDArray[np.void] = predictor.nodes
            for node in nodes:
                if node["is_leaf"]:
                    out.writerow((tree, "", "", "", "", f"{node['value']:.6g}"))
                else:
                    out.writerow((tree, names[node["feature_idx"]], f"{node['num_threshold']:.6g}", node["left"], node["right"], ""))


def main() -> None:
    """Learn and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    write(*learn(irc.read(given.data / "chat_irc_disentangle" / "dev")), PRIOR_FILE)


if __name__ == "__main__":
    main()
