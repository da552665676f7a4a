"""Is formal completion foreseen or only repeated? ``python -m benchmarks.risk.formal WAREHOUSE PEOPLE_JSON``.

Streams are left out in turn. At every quarter of the course a model learned from labels of the whole course, and one learned from what
came after the day alone, are held against three truths: the label of the whole course, the label of what came after, and the personas of a simulated
programme, which no rule has seen.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from pipelines.pseudonyms import Pseudonyms
from pipelines.risk import figures, modelling
from pipelines.risk.backtest import _personas
from pipelines.risk.features import matrix
from pipelines.risk.scoring import training_frame
from pipelines.warehouse import Warehouse

KEY = "evaluation-on-invented-people"


def main() -> None:
    """Print one line per quarter."""
    path, truth = Path(sys.argv[1]), Path(sys.argv[2])
    keys = ["day", "person_id", "stream_id"]
    with Warehouse.open(path, read_only=True) as warehouse:
        streams = [row[0] for row in warehouse.rows("select stream_id from facts.dim_streams where is_ended order by 1")]
        after = training_frame(warehouse, "formal_completion", streams)
        whole = training_frame(warehouse, "formal_completion", streams, whole_course=True)
        personas = _personas(warehouse, truth, Pseudonyms(KEY.encode()))
    frame = after.merge(whole[[*keys, "outcome"]], on=keys, suffixes=("", "_whole")).merge(personas, on=["person_id", "stream_id"])
    features = matrix(frame, "formal_completion")
    guessed = {name: np.empty(len(frame)) for name in ("outcome", "outcome_whole")}
    for train, test in GroupKFold(len(streams)).split(frame, groups=frame["stream_id"]):
        for label, held in guessed.items():
            model = modelling.candidates("formal_completion")["trees"]
            model.fit(features.iloc[train], frame[label].to_numpy()[train])
            held[test] = model.predict_proba(features.iloc[test])[:, 1]
    for quarter, rows in frame.groupby(pd.cut(frame["progress"], [0, 0.25, 0.5, 0.75, 1.0]), observed=True):
        place = rows.index.to_numpy()
        parts = []
        for learned, name in (("outcome_whole", "whole course"), ("outcome", "after the day")):
            for held, against in (("outcome_whole", "whole"), ("outcome", "after"), ("true_formal", "personas")):
                value = figures.roc_auc(rows[held].to_numpy(dtype=int), guessed[learned][place])
                parts.append(f"{name}→{against} {value:.3f}")
        sys.stdout.write(f"{quarter}: n={rows['person_id'].nunique()}  " + "  ".join(parts) + "\n")


if __name__ == "__main__":
    main()
