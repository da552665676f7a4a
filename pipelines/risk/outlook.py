"""How the course may end for each learner: outcomes that exclude each other, and whom a contact may help most."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from pipelines.risk.labels import LABELS_VERSION
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

COLUMNS = [
    "person_id", "stream_id", "standing", "dropout", "dropout_7", "formal_completion", "genuine_completion", "formal_if_completed",
    "dropout_basis", "dropout_7_basis", "formal_basis", "benefit", "place", "labels_version",
]  # fmt: skip
_KEYS = ["person_id", "stream_id"]


def outlooks(warehouse: Warehouse, day: date, scores: pd.DataFrame, soon: pd.DataFrame) -> pd.DataFrame:
    """One row per learner of a running stream (:data:`COLUMNS`).

    ``scores``: rows of both targets with ``score``, ``origin`` and ``standing``; ``soon``: the same of leaving within seven days. Dropout,
    formal and genuine completion sum to one: ``formal = (1 - dropout) × P(formal | completes)``.
    """
    if scores.empty:
        return pd.DataFrame(columns=COLUMNS)

    def part(frame: pd.DataFrame, name: str, basis: str) -> pd.DataFrame:
        return frame[[*_KEYS, "score", "origin"]].rename(columns={"score": name, "origin": basis})

    leaving = scores[scores["target"] == "dropout"]
    frame = (
        leaving[[*_KEYS, "standing"]]
        .merge(part(leaving, "dropout", "dropout_basis"), on=_KEYS)
        .merge(part(soon, "dropout_7", "dropout_7_basis"), on=_KEYS)
        .merge(part(scores[scores["target"] == "formal_completion"], "formal_if_completed", "formal_basis"), on=_KEYS)
    )
    # Who leaves within a week leaves: two models that disagree are made to agree.
    frame["dropout_7"] = np.minimum(frame["dropout_7"], frame["dropout"])
    frame["formal_completion"] = (1 - frame["dropout"]) * frame["formal_if_completed"]
    frame["genuine_completion"] = 1 - frame["dropout"] - frame["formal_completion"]
    silence = warehouse.frame(
        "select person_id, stream_id, silent_days::double as silent_days from indicators.ind_learner_days where day = ? and is_current",
        [day],
    )
    frame = frame.merge(silence, on=_KEYS, how="left")
    frame["benefit"] = benefit(frame["dropout"].to_numpy(), frame["silent_days"].fillna(0).to_numpy())
    frame = frame.sort_values(["stream_id", "benefit", "person_id"], ascending=[True, False, True], kind="stable")
    frame["place"] = frame.groupby("stream_id").cumcount() + 1
    return frame.assign(labels_version=LABELS_VERSION)[COLUMNS].reset_index(drop=True)


def benefit(dropout: np.ndarray, silent_days: np.ndarray) -> np.ndarray:
    """What a contact may save: the risk, halved for every ``contact_half_life_days`` of silence. Who is long gone is seldom won back."""
    return dropout * 0.5 ** (silent_days / threshold("contact_half_life_days"))
