"""The day's work: train where history has grown, score who is learning now, say why.

History is streams that had ended by the day; their learners' days are the sample, their outcome is the truth. The model's name is a
hash of what it learned from, so an unchanged history trains nothing. What scores a learner is the first of: a model of the own course, a
model of the own centre, the model shipped with the product (drop-out only), the rules of :mod:`pipelines.risk.rules`; thresholds
``train_…`` and ``course_people_min`` say when history is enough, and every row says which it was. An own model of drop-out leans on the shipped
one the more, the fewer streams it has learned from (:mod:`pipelines.risk.pooling`). Learners without any activity are no
example for a model of the others: where enough of them are known, their own rate at the same part of the course speaks.
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

from pipelines.risk import drift, modelling, outlook, pooling, portable, reasons, registry, rules
from pipelines.risk.features import Feature, feature_frame, features_of, matrix, shown_values
from pipelines.risk.labels import LABELS_VERSION, label
from pipelines.risk.modelling import Figure, Guesser, Sample
from pipelines.risk.pooling import Carried, Pooled
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

TARGETS = ("dropout", "formal_completion")
#: Foreseen as well, for the outlook only.
SOON = "dropout_7"
#: Where in a course a model is judged: when a warning still helps.
JUDGED_AT = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Summary:
    """What was written: rows by relation."""

    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Judge:
    """What scores a target on this day. model: asked about the target's features and :data:`pooling.BESIDE`; None: rules. origin: course, centre,
    shipped or rules."""

    model_id: str
    model: Guesser | None
    reason: str | None
    origin: str = "rules"

    @property
    def weight_of_shipped(self) -> float | None:
        """How much of it is the shipped model; None: rules."""
        if isinstance(self.model, Pooled):
            return self.model.weight
        return None if self.model is None else 1.0


def score_day(warehouse: Warehouse, day: date, *, models_folder: Path, is_judged: bool = True) -> Summary:
    """Write ``risk.scores``, ``risk.reasons``, ``risk.outlooks`` and ``risk.drift`` of one day, for learners of the streams that run on it.

    Needs facts and indicators built as of ``day`` (nothing later may be visible in them). Trains and keeps models under
    ``models_folder`` when the history of ended streams differs from every model's so far. Repeatable: the day's rows are replaced.
    ``is_judged``: enter figures of a new model into ``risk.evaluations``; they change no score, and a look back judges the scores themselves.
    """
    streams = warehouse.frame("select stream_id, course_id, starts_on, ends_on from facts.dim_streams order by starts_on, stream_id")
    # As moments: days that are all unknown have no type of their own.
    is_over = pd.to_datetime(streams["ends_on"]) < pd.Timestamp(day)
    ended = streams[is_over].sort_values(["ends_on", "stream_id"])
    running = streams[(pd.to_datetime(streams["starts_on"]) <= pd.Timestamp(day)) & ~is_over]
    scores, told, soon = [], [], pd.DataFrame()
    lessons: dict[tuple[Feature, ...], pd.DataFrame] = {}
    histories = {}
    for target in (*TARGETS, SOON):
        history = histories[target] = _History(warehouse, target, day, ended, models_folder, lessons, is_judged=is_judged)
        parts = []
        for scope, group in _by_judge(history, running):
            part, part_reasons = _score(warehouse, target, day, group["stream_id"].tolist(), scope, history)
            parts.append(part)
            if target != SOON:
                told.append(part_reasons)
        found = pd.concat(parts) if parts else pd.DataFrame()
        if target == SOON:
            soon = found
        else:
            scores.append(found)
    kept = pd.concat(scores)
    looks = outlook.outlooks(warehouse, day, kept, soon)
    if not kept.empty:
        kept = kept.assign(basis=kept["origin"].where(kept["origin"].isin(["rules", "shipped"]), "model"))
    # A score without its reasons accuses without evidence: all or nothing.
    with warehouse.transaction():
        written = {
            table: warehouse.replace(table, _typed(warehouse, table, frame, day), where="day = ?", parameters=[day])
            for table, frame in (
                ("risk.scores", kept),
                ("risk.reasons", pd.concat(told) if told else pd.DataFrame(columns=reasons.COLUMNS)),
                ("risk.outlooks", looks),
            )
        }
        moved = drift.measure(warehouse, day, training_rows=histories["dropout"].frame)
        written["risk.drift"] = warehouse.replace("risk.drift", moved, where="day = ?", parameters=[day])
    return Summary({**written, "risk.models": warehouse.value("select count(*) from risk.models")})


def training_frame(
    warehouse: Warehouse, target: str, streams: list[str], *, known_by: date | None = None, whole_course: bool = False
) -> pd.DataFrame:
    """Learners' days of ended streams: ``day, person_id, stream_id``, features, ``outcome``; every ``snapshot_days``-th course day.

    ``known_by`` (the day of training), ``whole_course``: see :func:`pipelines.risk.labels.label`.
    """
    frame = _lessons(warehouse, target, streams)
    return label(warehouse, frame, target, streams, known_by=known_by, whole_course=whole_course).reset_index(drop=True)


def _lessons(warehouse: Warehouse, target: str, streams: list[str]) -> pd.DataFrame:
    return feature_frame(warehouse, target, streams=streams, snapshot_days=int(threshold("snapshot_days")))


def sample_of(frame: pd.DataFrame, target: str) -> Sample:
    """A training frame as a sample. Who has not begun by a row's day teaches nothing about those who have."""
    if "has_started" in frame:
        frame = frame[frame["has_started"] > 0].reset_index(drop=True)
    people = (frame["person_id"] + "\x1f" + frame["stream_id"]).to_numpy(dtype=object)
    outcome, streams = frame["outcome"].to_numpy(dtype=int), frame["stream_id"].to_numpy(dtype=object)
    return Sample(matrix(frame, target), outcome, streams, people, frame[list(pooling.BESIDE)].astype(float))


def training_sample(warehouse: Warehouse, target: str, streams: list[str], *, known_by: date | None = None) -> Sample:
    """:func:`sample_of` of :func:`training_frame`, labels as in :mod:`pipelines.risk.labels`, ordered by day and person."""
    return sample_of(training_frame(warehouse, target, streams, known_by=known_by), target)


class _History:
    """The ended streams as examples of one target, and what may judge by them. lessons: features of their days, read once for all targets that share them."""

    def __init__(
        self,
        warehouse: Warehouse,
        target: str,
        day: date,
        ended: pd.DataFrame,
        folder: Path,
        lessons: dict[tuple[Feature, ...], pd.DataFrame],
        *,
        is_judged: bool = True,
    ) -> None:
        self.warehouse, self.target, self.day, self.ended, self.folder = warehouse, target, day, ended, folder
        streams, features = ended["stream_id"].tolist(), features_of(target)
        if features not in lessons:
            lessons[features] = _lessons(warehouse, target, streams)
        self.frame = label(warehouse, lessons[features], target, streams, known_by=day).reset_index(drop=True)
        self.sample = sample_of(self.frame, target)
        self._judges: dict[str, _Judge] = {}
        self.is_judged = is_judged

    def judge(self, scope: str) -> _Judge:
        """What judges a course ("centre": any course), learned and entered in the registry when history has grown."""
        if scope not in self._judges:
            self._judges[scope] = self._find(scope)
        return self._judges[scope]

    def scope_of(self, course: str) -> str:
        """The course itself where its own history is enough, else the centre."""
        streams = self.ended.loc[self.ended["course_id"] == course, "stream_id"].tolist()
        own = self.sample.of(streams)
        enough = _too_short(own) is None and _people(own) >= threshold("course_people_min")
        # A course that is all there is needs no second model.
        return course if enough and len(streams) < self.sample.stream_count else registry.CENTRE

    def _find(self, scope: str) -> _Judge:
        ended = self.ended if scope == registry.CENTRE else self.ended[self.ended["course_id"] == scope]
        sample = self.sample if scope == registry.CENTRE else self.sample.of(ended["stream_id"].tolist())
        short = _too_short(sample)
        if short:
            return self._stand_in(sample, short)
        origin = "centre" if scope == registry.CENTRE else "course"
        model_id = f"{self.target}:{_digest(sample, self.target)}"
        path = registry.file_of(self.folder, model_id)
        known = self.warehouse.rows("select is_champion from risk.cards where model_id = ? and scope = ?", [model_id, scope])
        if known and known[0][0] and path.exists():
            return _Judge(model_id, registry.together(self.target, modelling.restore(path), sample.stream_count), None, origin)
        champion = registry.champion_of(self.warehouse, self.target, scope, self.day, self.folder)
        if known and not known[0][0] and champion is not None:
            return _Judge(champion.model_id, champion.model, None, origin)
        streams = [stream for stream in ended["stream_id"] if stream in set(sample.streams)]
        verdict = registry.contest(self.target, sample, streams[-1], champion)
        # The outlook's second probability is judged in the backtest, not every night.
        figures, _earlier, later = _validate(self.target, sample, streams) if self.is_judged and self.target != SOON else ([], streams, [])
        model, learner = modelling.fit(sample, self.target)
        modelling.keep(model, path)
        judge = _Judge(model_id, registry.together(self.target, model, sample.stream_count), None, origin)
        _note_model(self.warehouse, self.target, self.day, sample, judge, path.name, len(later), _people(sample.of(later)))
        _note_figures(self.warehouse, model_id, figures)
        used = ended[ended["stream_id"].isin(streams)]
        window = (pd.to_datetime(used["starts_on"]).min().date(), pd.to_datetime(used["ends_on"]).max().date())
        registry.enter(self.warehouse, self.target, scope, sample, model_id, learner, window, verdict)
        if not verdict[0] and champion is not None:
            return _Judge(champion.model_id, champion.model, None, origin)
        return judge

    def _stand_in(self, sample: Sample, short: str) -> _Judge:
        found = registry.shipped(self.target)
        judge = (
            _Judge(f"rules:{self.target}:{modelling.CODE_VERSION}", None, short)
            if found is None
            else _Judge(found[0], Carried(found[1]), short, "shipped")
        )
        _note_model(self.warehouse, self.target, self.day, sample, judge, None, 0, 0)
        return judge

    def never_started_rate(self, progress: np.ndarray) -> np.ndarray:
        """How it ended with earlier learners who had not begun by the same part of the course; NaN where too few are known."""
        if "has_started" not in self.frame:
            return np.full(len(progress), np.nan)
        waiting = self.frame[self.frame["has_started"] == 0]
        rates = []
        # Learners of one stream have come equally far.
        parts, place = np.unique(progress, return_inverse=True)
        for part in parts:
            near = waiting[(waiting["progress"] - part).abs() <= threshold("never_started_window")]
            ends = near.groupby(["person_id", "stream_id"])["outcome"].max()
            enough = len(ends) >= threshold("never_started_people_min")
            rates.append((ends.sum() + 1) / (len(ends) + 2) if enough else np.nan)
        return np.array(rates, dtype=float)[place]


def _by_judge(history: _History, running: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    scopes = running["course_id"].map({course: history.scope_of(course) for course in running["course_id"].unique()})
    if running.empty:
        history.judge(registry.CENTRE)
    return [(str(scope), group) for scope, group in running.groupby(scopes, sort=True)]


def _people(sample: Sample) -> int:
    return len(np.unique(sample.people))


def _positives(sample: Sample) -> int:
    return len(np.unique(sample.people[sample.outcome == 1]))


def _too_short(sample: Sample) -> str | None:
    """Why this history cannot be learned from; None where it can."""
    streams, people, positives = sample.stream_count, _people(sample), _positives(sample)
    if streams < threshold("train_streams_min"):
        return f"{streams} ended streams, {threshold('train_streams_min'):.0f} needed"
    if people < threshold("train_people_min"):
        return f"{people} learners with a known end, {threshold('train_people_min'):.0f} needed"
    if min(positives, people - positives) < threshold("train_class_min"):
        return f"{min(positives, people - positives)} learners with the rarer outcome, {threshold('train_class_min'):.0f} needed"
    return None


def _digest(sample: Sample, target: str) -> str:
    digest = sha256(f"{target}\x1f{modelling.CODE_VERSION}\x1f{LABELS_VERSION}\x1f{sklearn.__version__}".encode())
    digest.update(json.dumps([vars(feature) for feature in features_of(target)], sort_keys=True).encode())
    digest.update(json.dumps(registry.part_of_shipped(target, sample.stream_count)).encode())
    digest.update(np.ascontiguousarray(sample.features.to_numpy(dtype=float)).tobytes())
    digest.update(sample.outcome.tobytes())
    digest.update("\x1e".join(sample.people).encode())
    return digest.hexdigest()[:16]


def _validate(target: str, sample: Sample, streams: list[str]) -> tuple[list[Figure], list[str], list[str]]:
    """Train on the earlier ended streams, judge on the later; nothing is judged where the earlier ones are too few."""
    held = max(1, round(len(streams) * threshold("validation_share")))
    earlier, later = streams[:-held], streams[-held:]
    train, test = sample.of(earlier), sample.of(later)
    if train.stream_count < 2 or min(_positives(train), _people(train) - _positives(train)) < 2:
        return [], earlier, later
    model = registry.learn(target, train)
    figures = []
    for progress in JUDGED_AT:
        at = snapshot(test, progress)
        figures += modelling.judge(model, at, f"later streams at {progress:.0%} of the course")
    return figures, earlier, later


def snapshot(sample: Sample, progress: float) -> Sample:
    """One row per learner: the one nearest to this part of the course."""
    distance = pd.Series((sample.features["progress"] - progress).abs().to_numpy())
    nearest = distance.groupby(pd.Series(sample.people)).idxmin().sort_values().to_numpy()
    return sample.rows(nearest)


def _score(
    warehouse: Warehouse, target: str, day: date, running: list[str], scope: str, history: _History
) -> tuple[pd.DataFrame, pd.DataFrame]:
    judge = history.judge(scope)
    frame = feature_frame(warehouse, target, streams=running, days=[day])
    if frame.empty:
        return pd.DataFrame(columns=["person_id", "stream_id", "score"]), pd.DataFrame(columns=reasons.COLUMNS)
    shown, medians = shown_values(warehouse, target, day, running)
    told = pd.DataFrame(columns=reasons.COLUMNS)
    if judge.origin == "shipped" and frame[list(portable.NEEDED)].isna().all(axis=0).any():
        # A model that is shipped knows nothing of a centre whose sources lack what it looks at.
        judge = _Judge(f"rules:{target}:{modelling.CODE_VERSION}", None, judge.reason)
        _note_model(warehouse, target, day, history.sample, judge, None, 0, 0)
    if judge.model is None:
        rule_target = "dropout" if target == SOON else target
        values = _rule_values(warehouse, rule_target, day, running).reindex(pd.MultiIndex.from_frame(frame[["person_id", "stream_id"]]))
        earned = rules.points(values, rule_target)
        guessed = rules.score(earned)
        if target != SOON:
            told = reasons.of_rules(earned, target, values, values.groupby(level="stream_id").median())
    else:
        guessed = modelling.predict(judge.model, pd.concat([matrix(frame, target), frame[list(pooling.BESIDE)].astype(float)], axis=1))
        if target != SOON:
            told = reasons.of_model(judge.model, frame, target, shown, medians, beside=pooling.BESIDE)
    scores = frame[["person_id", "stream_id"]].assign(score=guessed, origin=judge.origin, standing="started")
    if "has_started" in frame:
        waiting = (frame["has_started"] == 0).to_numpy()
        rate = history.never_started_rate(frame.loc[waiting, "progress"].to_numpy())
        scores.loc[waiting, "standing"] = "never_started"
        known = np.flatnonzero(waiting)[~np.isnan(rate)]
        scores.loc[known, "score"] = rate[~np.isnan(rate)]
        scores.loc[known, "origin"] = "rate"
    scores["level"] = np.select(
        [scores["score"] >= threshold("risk_high"), scores["score"] >= threshold("risk_medium")], ["high", "medium"], "low"
    )
    return scores.assign(target=target, model_id=judge.model_id), told.assign(target=target)


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
                "basis": {"rules": "rules", "shipped": "shipped"}.get(judge.origin, "model"),
                "reason": judge.reason,
                "trained_as_of": day,
                "train_streams": sample.stream_count,
                "train_people": _people(sample),
                "train_positives": _positives(sample),
                "validation_streams": later_streams,
                "validation_people": later_people,
                "features": json.dumps([feature.name for feature in features_of(target)]),
                "path": path,
                "shipped_model_id": registry.shipped_id(target) if judge.weight_of_shipped else None,
                "shipped_weight": judge.weight_of_shipped,
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
