"""The registry of models: which is in use, what it learned from, and whether a newer one deserves its place.

A *challenger* is learned whenever the history of ended streams has grown. It becomes the *champion* where none is in use, or where, learned
without the newest finished stream, it foretells that stream no worse (log-loss) than the champion in use, which has not seen it either.
Then it is fitted on the newest stream as well. Otherwise the champion stays, and the verdict says why.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

from pipelines.errors import BadFile
from pipelines.risk import modelling, pooling, portable
from pipelines.risk.labels import LABELS_VERSION
from pipelines.risk.modelling import Guesser, Sample
from pipelines.risk.pooling import Pooled
from pipelines.warehouse import Warehouse

CENTRE = "centre"


@dataclass(frozen=True)
class Champion:
    """The model in use for a target and scope: its own half together with the shipped one. streams: what the own half learned from."""

    model_id: str
    model: Pooled
    streams: tuple[str, ...]


def file_of(folder: Path, model_id: str) -> Path:
    """Where a model lies."""
    return folder / f"{model_id.replace(':', '-')}.skops"


def champion_of(warehouse: Warehouse, target: str, scope: str, day: date, folder: Path) -> Champion | None:
    """The model promoted last, of those learned by ``day`` with today's code, labels and shipped model; None where there is none that can be read."""
    rows = warehouse.rows(
        "select c.model_id, c.card, m.shipped_weight from risk.cards as c inner join risk.models as m on c.model_id = m.model_id "
        "where c.target = ? and c.scope = ? and c.is_champion and m.trained_as_of <= ? and c.code_version = ? and c.labels_version = ? "
        "and m.shipped_model_id is not distinct from ? order by m.trained_as_of desc, c.data_until desc, c.model_id limit 1",
        [target, scope, day, modelling.CODE_VERSION, LABELS_VERSION, shipped_id(target)],
    )
    for model_id, card, weight in rows:
        path = file_of(folder, model_id)
        if path.exists():
            # At the weight that its name stands for.
            return Champion(model_id, _pooled(target, modelling.restore(path), weight), tuple(json.loads(card)["streams"]))
    return None


def part_of_shipped(target: str, streams: int) -> tuple[str | None, float]:
    """(name, weight) of the shipped model beside an own one that has learned from so many streams; (None, 0) where none is shipped."""
    name = shipped_id(target)
    return name, 0.0 if name is None else pooling.weight_of_shipped(streams)


def together(target: str, own: Guesser, streams: int) -> Pooled:
    """A model that has learned from so many own streams, with the shipped one at its weight."""
    return _pooled(target, own, part_of_shipped(target, streams)[1])


def _pooled(target: str, own: Guesser, weight: float) -> Pooled:
    found = shipped(target)
    return Pooled(own, found and found[1], weight)


def learn(target: str, sample: Sample) -> Pooled:
    """What would foresee ``target`` had only these streams ended: :func:`modelling.fit` of them, :func:`together`."""
    return together(target, modelling.fit(sample, target)[0], sample.stream_count)


def contest(target: str, sample: Sample, newest: str, champion: Champion | None) -> tuple[bool, str]:
    """(promoted, why): the challenger learned without ``newest`` against the champion, both judged on ``newest``."""
    if champion is None:
        return True, "first of its kind"
    if newest in champion.streams:
        return True, "the champion's own streams, with what has become known of them since"
    rest = sample.of([stream for stream in dict.fromkeys(sample.streams) if stream != newest])
    test = sample.of([newest])
    if rest.stream_count < 2 or len(np.unique(rest.outcome)) < 2 or not len(test.outcome):
        return True, "nothing to contest on"
    ours, theirs = (
        float(log_loss(test.outcome, modelling.predict(model, test.inputs), labels=[0, 1]))
        for model in (learn(target, rest), champion.model)
    )
    # The champion may be the same learner on the same streams: equal to the last digits, and then more data is the better model.
    promoted = ours <= theirs + 1e-9
    return promoted, f"log-loss on the newest finished stream {ours:.4f}, the champion's {theirs:.4f}"


def enter(
    warehouse: Warehouse,
    target: str,
    scope: str,
    sample: Sample,
    model_id: str,
    learner: str,
    window: tuple[date, date],
    verdict: tuple[bool, str],
) -> None:
    """Write a model's card."""
    name, weight = part_of_shipped(target, sample.stream_count)
    card = {
        "streams": [str(stream) for stream in dict.fromkeys(sample.streams)],
        "learners": len(np.unique(sample.people)),
        "with the outcome": len(np.unique(sample.people[sample.outcome == 1])),
        "features": list(sample.features.columns),
        "calibration": "beta calibration on whole streams left out",
        "averaged in log-odds with": name and {"model": name, "weight": round(weight, 6)},
        "excluded": "gender, age, region, nationality and any other protected attribute",
        "not for": "a decision without a person; learners of courses unlike those it learned from; causes",
    }
    row = {
        "model_id": model_id, "target": target, "scope": scope, "origin": "centre" if scope == CENTRE else "course", "data_from": window[0],
        "data_until": window[1], "code_version": modelling.CODE_VERSION, "labels_version": LABELS_VERSION, "learner": learner,
        "is_champion": verdict[0], "verdict": verdict[1], "card": json.dumps(card, ensure_ascii=False, sort_keys=True),
    }  # fmt: skip
    warehouse.replace("risk.cards", pd.DataFrame([row]), where="model_id = ? and scope = ?", parameters=[model_id, scope])


def shipped_id(target: str) -> str | None:
    """Name of the model that comes with the product, by its card alone; None where there is none for the target. Raises as :func:`shipped`."""
    if not (SHIPPED / f"{target}.skops").exists():
        return None
    card = SHIPPED / f"{target}.json"
    known = json.loads(card.read_text(encoding="utf-8"))
    asked = known.get("features")
    if asked != list(portable.COLUMNS):
        raise BadFile(card, place="features", expected=", ".join(portable.COLUMNS), found=", ".join(asked) if asked else "none")
    return str(known["model_id"])


def shipped(target: str) -> tuple[str, Guesser] | None:
    """(model id, model) of the model that comes with the product; None where there is none for the target.

    Raises BadFile for a file that asks for other types than a model's, or for other columns than :mod:`pipelines.risk.portable` makes.
    """
    name = shipped_id(target)
    return None if name is None else (name, modelling.restore(SHIPPED / f"{target}.skops"))


SHIPPED = Path(__file__).parent / "shipped"
