"""The drop-out score of the running course against what the truth says of its learners."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.evaluation import Figure, read_truth
from pipelines.pseudonyms import Pseudonyms
from pipelines.risk.modelling import judge_scores
from pipelines.warehouse import Warehouse

#: The truth's course that still runs, and what the truth calls leaving.
LEAVES = ("dropout", "never_started")


def evaluate(warehouse: Warehouse, pseudonyms: Pseudonyms, truth_folder: Path) -> list[Figure]:
    """ROC-AUC, average precision, Brier score and precision among the first ten on the last scored day, running courses only.

    A learner leaves when the truth gives a week of leaving or a persona of :data:`LEAVES`. Everybody scored counts, those enrolled without
    a line in the truth are left out. Intervals: bootstrap over learners.
    """
    truth = read_truth(truth_folder / "moodle_db" / "ground_truth.json.gz")
    course_of = {course["id"]: key for key, course in truth["courses"].items()}
    users = {(user["userid"], user["course"]): user for user in truth["users"].values()}
    rows = warehouse.rows(
        """
        select c.course_id, a.account_id, s.score, s.level, s.basis
        from risk.scores as s
        inner join facts.dim_streams as t using (stream_id)
        inner join facts.dim_courses as c using (course_id)
        inner join links.people as p using (person_id)
        inner join raw.accounts as a on p.account_id = a.account_id and a.channel = 'lms'
        where s.target = 'dropout' and s.day = (select max(day) from risk.scores)
        order by s.score desc, s.person_id
        """
    )
    by_account = {pseudonyms.of("moodle", str(user["userid"])): user["userid"] for user in users.values()}
    outcome, score, flagged = [], [], 0
    for course_id, account_id, value, level, _ in rows:
        user = users.get((by_account.get(account_id), course_of.get(int(course_id.rsplit(":", 1)[1]))))
        if user is not None:
            outcome.append(user["dropout_after_week"] is not None or user["persona"] in LEAVES)
            score.append(value)
            flagged += level != "low"
    basis = rows[0][4] if rows else "nothing"
    note = f"scored by {basis}, running courses, last day"
    figures = [
        Figure("risk", f"drop-out {figure.metric}", figure.value, figure.low, figure.high, figure.n, note)
        for figure in judge_scores(np.array(outcome, int), np.array(score, float), "running")
    ]
    return [
        *figures,
        Figure(
            "risk",
            "share of learners at medium or high risk",
            flagged / len(score) if score else float("nan"),
            None,
            None,
            len(score),
            note,
        ),
    ]
