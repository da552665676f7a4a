"""The day's work: train where history has grown, score who is learning now, say why.

History is streams that had ended by the day; their learners' days are the sample, their outcome is the truth. The model's name is a
hash of what it learned from, so an unchanged history trains nothing. Where history is too short (thresholds ``train_…``) the rules of
:mod:`pipelines.risk.rules` score instead, and every row says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn

from pipelines.risk import modelling, reasons, rules
from pipelines.risk.features import feature_frame, features_of, matrix, shown_values
from pipelines.risk.modelling import Classifier, Figure, Sample
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

TARGETS = ("dropout", "formal_completion")
#: Where in a course a model is judged: when a warning still helps.
JUDGED_AT = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Summary:
    """What was written: rows by relation."""

    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Judge:
    """What scores a target on this day."""

    model_id: str
    model: Classifier | None
    reason: str | None


def score_day(warehouse: Warehouse, day: date, *, models_folder: Path) -> Summary:
    """Write ``risk.scores`` and ``risk.reasons`` of one day, for learners of the streams that run on it.

    Needs facts and indicators built as of ``day`` (nothing later may be visible in them). Trains and keeps models under
    ``models_folder`` when the history of ended streams differs from every model's so far. Repeatable: the day's rows are replaced.
    """
    streams = warehouse.frame("select stream_id, starts_on, ends_on from facts.dim_streams order by starts_on, stream_id")
    ended = streams[pd.to_datetime(streams["ends_on"]).dt.date < day]["stream_id"].tolist()
    running = streams[
        (pd.to_datetime(streams["starts_on"]).dt.date <= day) & ~(pd.to_datetime(streams["ends_on"]).dt.date < day)
    ]["stream_id"].tolist()  # fmt: skip
    scores, told = [], []
    for target in TARGETS:
        judge = _judge(warehouse, target, day, ended, models_folder)
        target_scores, target_reasons = _score(warehouse, target, day, running, judge)
        scores.append(target_scores)
        told.append(target_reasons)
    # A score without its reasons accuses without evidence: both or neither.
    with warehouse.transaction():
        written = {
            table: warehouse.replace(table, _typed(warehouse, table, pd.concat(frames), day), where="day = ?", parameters=[day])
            for table, frames in (("risk.scores", scores), ("risk.reasons", told))
        }
    return Summary({**written, "risk.models": warehouse.value("select count(*) from risk.models")})


def training_sample(warehouse: Warehouse, target: str, streams: list[str]) -> Sample:
    """Learners' days of ended streams with their outcome; every ``snapshot_days``-th course day, ordered by day and person.

    Dropout: outcome 1 for those who never started or left (last seen at least ``left_before_end_days`` before the end, not completed), 0 for
    those who completed; who stayed to the end without completing is left out. Formal completion: those who completed and whose completion
    could be judged; outcome 1 where it was formal.
    """
    every = int(threshold("snapshot_days"))
    frame = feature_frame(warehouse, target, streams=streams, snapshot_days=every)
    truth = _truth(warehouse, target, streams)
    frame = frame.merge(truth, on=["person_id", "stream_id"], how="inner")
    people = (frame["person_id"] + "\x1f" + frame["stream_id"]).to_numpy(dtype=object)
    return Sample(matrix(frame, target), frame["outcome"].to_numpy(dtype=int), frame["stream_id"].to_numpy(dtype=object), people)


def _truth(warehouse: Warehouse, target: str, streams: list[str]) -> pd.DataFrame:
    parameters: dict[str, object] = {"streams": streams}
    if target == "dropout":
        parameters["margin"] = int(threshold("left_before_end_days"))
        query = (
            "select e.person_id, e.stream_id, (e.outcome <> 'completed')::integer as outcome "
            "from facts.fct_enrolments as e inner join facts.dim_streams as s on e.stream_id = s.stream_id "
            "where e.stream_id in (select unnest($streams)) "
            # Present to the end and yet without a certificate: neither left nor completed, so no example of either.
            "and (e.outcome in ('completed', 'never_started') or e.dropped_on <= s.ends_on - $margin)"
        )
    else:
        query = (
            "select f.person_id, f.stream_id, f.is_formal::integer as outcome from indicators.ind_formal_completions as f "
            "inner join facts.fct_enrolments as e on f.person_id = e.person_id and f.stream_id = e.stream_id "
            "where e.outcome = 'completed' and f.is_formal is not null and f.stream_id in (select unnest($streams))"
        )
    return warehouse.frame(query + " order by 1, 2", parameters)


def _judge(warehouse: Warehouse, target: str, day: date, ended: list[str], folder: Path) -> _Judge:
    sample = training_sample(warehouse, target, ended)
    short = _too_short(sample)
    if short:
        judge = _Judge(f"rules:{target}:{modelling.CODE_VERSION}", None, short)
        _note_model(warehouse, target, day, sample, judge, None, 0, 0)
        return judge
    model_id = f"{target}:{_digest(sample, target)}"
    path = folder / f"{model_id.replace(':', '-')}.skops"
    if path.exists() and warehouse.value("select count(*) from risk.models where model_id = ?", [model_id]):
        return _Judge(model_id, modelling.restore(path), None)
    figures, _earlier, later = _validate(warehouse, target, sample, ended)
    model, _ = modelling.fit(sample, target)
    modelling.keep(model, path)
    judge = _Judge(model_id, model, None)
    _note_model(warehouse, target, day, sample, judge, path.name, len(later), _people(sample.of(later)))
    _note_figures(warehouse, model_id, figures)
    return judge


def _people(sample: Sample) -> int:
    return len(np.unique(sample.people))


def _positives(sample: Sample) -> int:
    return len(np.unique(sample.people[sample.outcome == 1]))


def _too_short(sample: Sample) -> str | None:
    """Why this history cannot be learned from; None where it can."""
    streams, people, positives = len(np.unique(sample.streams)), _people(sample), _positives(sample)
    if streams < threshold("train_streams_min"):
        return f"{streams} ended streams, {threshold('train_streams_min'):.0f} needed"
    if people < threshold("train_people_min"):
        return f"{people} learners with a known end, {threshold('train_people_min'):.0f} needed"
    if min(positives, people - positives) < threshold("train_class_min"):
        return f"{min(positives, people - positives)} learners with the rarer outcome, {threshold('train_class_min'):.0f} needed"
    return None


def _digest(sample: Sample, target: str) -> str:
    digest = sha256(f"{target}\x1f{modelling.CODE_VERSION}\x1f{sklearn.__version__}".encode())
    digest.update(json.dumps([vars(feature) for feature in features_of(target)], sort_keys=True).encode())
    digest.update(np.ascontiguousarray(sample.features.to_numpy(dtype=float)).tobytes())
    digest.update(sample.outcome.tobytes())
    digest.update("\x1e".join(sample.people).encode())
    return digest.hexdigest()[:16]


def _validate(warehouse: Warehouse, target: str, sample: Sample, ended: list[str]) -> tuple[list[Figure], list[str], list[str]]:
    """Train on the earlier ended streams, judge on the later; nothing is judged where the earlier ones are too few."""
    streams = [stream for stream in ended if stream in set(sample.streams)]
    held = max(1, round(len(streams) * threshold("validation_share")))
    earlier, later = streams[:-held], streams[-held:]
    train, test = sample.of(earlier), sample.of(later)
    if len(np.unique(train.streams)) < 2 or min(_positives(train), _people(train) - _positives(train)) < 2:
        return [], earlier, later
    model, _ = modelling.fit(train, target)
    figures = []
    for progress in JUDGED_AT:
        snapshot = _snapshot(test, progress)
        figures += modelling.judge(model, snapshot, f"later streams at {progress:.0%} of the course")
    return figures, earlier, later


def _snapshot(sample: Sample, progress: float) -> Sample:
    """One row per learner: the one nearest to this part of the course."""
    distance = pd.Series((sample.features["progress"] - progress).abs().to_numpy())
    nearest = distance.groupby(pd.Series(sample.people)).idxmin().sort_values().to_numpy()
    return Sample(
        sample.features.iloc[nearest].reset_index(drop=True), sample.outcome[nearest], sample.streams[nearest], sample.people[nearest]
    )


def _score(warehouse: Warehouse, target: str, day: date, running: list[str], judge: _Judge) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = feature_frame(warehouse, target, streams=running, days=[day])
    shown, medians = shown_values(warehouse, target, day, running)
    if frame.empty:
        return pd.DataFrame(columns=["person_id", "stream_id", "score"]), pd.DataFrame(columns=reasons.COLUMNS)
    if judge.model is None:
        values = _rule_values(warehouse, target, day, running).reindex(pd.MultiIndex.from_frame(frame[["person_id", "stream_id"]]))
        earned = rules.points(values, target)
        guessed, told = rules.score(earned), reasons.of_rules(earned, target, values, values.groupby(level="stream_id").median())
    else:
        guessed = modelling.predict(judge.model, matrix(frame, target))
        told = reasons.of_model(judge.model, frame, target, shown, medians)
    scores = frame[["person_id", "stream_id"]].assign(score=guessed)
    scores["level"] = np.select(
        [scores["score"] >= threshold("risk_high"), scores["score"] >= threshold("risk_medium")], ["high", "medium"], "low"
    )
    basis = "rules" if judge.model is None else "model"
    return scores.assign(target=target, basis=basis, model_id=judge.model_id), told.assign(target=target)


def _rule_values(warehouse: Warehouse, target: str, day: date, running: list[str]) -> pd.DataFrame:
    derived = {"materials_share": "materials_opened / nullif(materials_total, 0)::double", "webinar_share": "webinar_share::double"}
    columns = [f"{derived.get(rule.column, f'{rule.column}::double')} as {rule.column}" for rule in rules.RULES[target]]
    return warehouse.frame(
        f"select person_id, stream_id, {', '.join(columns)} from indicators.ind_learner_days "
        "where is_current and day = $day and stream_id in (select unnest($streams)) order by person_id, stream_id",
        {"day": day, "streams": running},
    ).set_index(["person_id", "stream_id"])


def _typed(warehouse: Warehouse, table: str, frame: pd.DataFrame, day: date) -> pd.DataFrame:
    return frame.assign(day=day).reindex(columns=list(warehouse.columns(table)))


def _note_model(
    warehouse: Warehouse, target: str, day: date, sample: Sample, judge: _Judge, path: str | None, later_streams: int, later_people: int
) -> None:
    row = pd.DataFrame(
        [
            {
                "model_id": judge.model_id,
                "target": target,
                "basis": "rules" if judge.model is None else "model",
                "reason": judge.reason,
                "trained_as_of": day,
                "train_streams": len(np.unique(sample.streams)),
                "train_people": _people(sample),
                "train_positives": _positives(sample),
                "validation_streams": later_streams,
                "validation_people": later_people,
                "features": json.dumps([feature.name for feature in features_of(target)]),
                "path": path,
            }
        ]
    )
    warehouse.replace("risk.models", row, where="model_id = ?", parameters=[judge.model_id])


def _note_figures(warehouse: Warehouse, model_id: str, figures: list[Figure]) -> None:
    columns = ["sample", "metric", "value", "low", "high", "n"]
    frame = pd.DataFrame([vars(figure) for figure in figures], columns=columns).assign(model_id=model_id)
    if not frame.empty:
        frame = frame.astype({"value": float, "low": float, "high": float})
        warehouse.replace(
            "risk.evaluations", frame[list(warehouse.columns("risk.evaluations"))], where="model_id = ?", parameters=[model_id]
        )
