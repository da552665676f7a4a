"""What a marker's comment is worth to the learner: ``links.feedback``.

Learners want to know where the inaccuracy is. A comment is *formal* when it only accepts ("принято"), *boilerplate* when the same
marker gave a near-identical one to several learners, *returned* when the work was sent back to be mended, and *substantive* otherwise: when
it speaks of this work. Near-identity is decided by wording: comments of one marker whose words, numbers and names left out,
overlap almost wholly, given to at least ``boilerplate_learners`` people. A short template is formal before it is boilerplate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from pipelines.links import wording
from pipelines.programme import Programme
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

_SIGNS = {"redo": wording.REDO, "accepts": wording.ACCEPTS, "advice": wording.ADVICE}


@dataclass(frozen=True)
class FeedbackSummary:
    """Grades judged, and how many of each kind."""

    grades: int
    by_kind: dict[str, int]


def link_feedback(warehouse: Warehouse, programme: Programme) -> FeedbackSummary:
    """Judge the comment of every grade in the markers' record and write ``links.feedback``.

    Grain: one row per grade with record = marking. Rules, the first that holds: no comment or an empty one (``none``); sent back, because
    the attempt was reopened, a later attempt exists after the grade, or the comment asks to redo (``returned``); a few words of acceptance
    (``formal``); one of the marker's near-identical comments (``boilerplate``); anything else (``substantive``). A grade without a
    comment whose work was reopened is ``none``: sent back without a word is no feedback.
    """
    grades = warehouse.frame(
        f"""
        with marked as (
            select mark.grade_id, coalesce(mark.grader_account_id, '') as grader_id, coalesce(mark.account_id, mark.grade_id) as learner_id, coalesce(words.comment, '') as comment,
                {wording.line_sql("words.comment", quotations=True)} as line, mark.account_id, mark.task_id, mark.attempt, mark.graded_at
            from raw.grades as mark left join personal.grades as words on words.grade_id = mark.grade_id
            where mark.record = 'marking'
        ), later as (
            select distinct marked.grade_id from marked
            join raw.submissions as submission on submission.account_id = marked.account_id and submission.task_id = marked.task_id
                and submission.attempt > marked.attempt
            where marked.attempt is not null
        )
        select marked.grade_id, marked.grader_id, marked.learner_id, marked.line, trim(marked.line) as bare, not regexp_matches(marked.comment, '\\S') as is_empty,
            case when trim(marked.line) = '' then 0 else len(string_split(trim(marked.line), ' ')) end as words,
            {wording.signs_sql("marked.line", _SIGNS)}, later.grade_id is not null as has_later_attempt
        from marked left join later on later.grade_id = marked.grade_id order by marked.grade_id
        """
    )
    kind, rule = _judge(grades)
    warehouse.replace(
        "links.feedback",
        pa.table(
            {
                "grade_id": pa.array(grades["grade_id"], pa.string()),
                "kind": pa.array(kind, pa.string()),
                "rule": pa.array(rule, pa.string()),
            }
        ),
    )
    kinds, counts = np.unique(kind, return_counts=True) if len(kind) else (np.array([]), np.array([]))
    return FeedbackSummary(grades=len(grades), by_kind={str(name): int(count) for name, count in zip(kinds, counts, strict=True)})


def _judge(grades: pd.DataFrame) -> tuple[list[str], list[str]]:
    if grades.empty:
        return [], []
    words = grades["words"].to_numpy()
    is_empty = grades["is_empty"].to_numpy()
    is_short = words <= threshold("formal_comment")
    is_bare = (
        is_short
        & (grades["accepts"] | (words <= threshold("bare_answer"))).to_numpy()
        & ~grades["advice"].to_numpy()
        & ~grades["redo"].to_numpy()
    )
    is_template = _templates(grades)
    rules = [
        ("empty", "none", is_empty),
        ("asks_to_redo", "returned", grades["redo"].to_numpy()),
        ("later_attempt", "returned", grades["has_later_attempt"].to_numpy() & ~is_bare),
        ("acceptance_only", "formal", is_bare),
        ("marker_s_template", "boilerplate", is_template),
        ("says_nothing_of_the_work", "formal", (words <= threshold("bare_answer"))),
    ]
    which = np.select([holds for _, _, holds in rules], np.arange(len(rules)), default=len(rules))
    names = [*[(kind, rule) for rule, kind, _ in rules], ("substantive", "of_this_work")]
    return [names[place][0] for place in which], [names[place][1] for place in which]


def _templates(grades: pd.DataFrame) -> NDArray[np.bool_]:
    """Is the comment one of its marker's near-identical ones, given to several learners?"""
    result = np.zeros(len(grades), bool)
    # Equal comments need comparing once: markers have few templates, so distinct wordings stay few wherever there are any.
    text = grades["bare"].str.replace(r"[0-9]+", "#", regex=True)
    group = pd.DataFrame({"grader": grades["grader_id"], "text": text, "learner": grades["learner_id"]})
    distinct = group[text != ""].groupby(["grader", "text"], sort=True)["learner"].nunique().rename("learners").reset_index()
    least, near, block = threshold("boilerplate_learners"), threshold("boilerplate_likeness"), int(threshold("reply_block"))
    frequent: list[pd.DataFrame] = []
    for _, comments in distinct.groupby("grader", sort=True):
        try:
            counts = CountVectorizer(analyzer="word", token_pattern=r"[^ ]+", ngram_range=(1, 2), binary=True).fit_transform(
                comments["text"]
            )
        except ValueError:
            continue
        unit = normalize(counts.astype(np.float64))
        learners = comments["learners"].to_numpy()
        total = np.concatenate(
            [(((unit[first : first + block] @ unit.T).toarray() >= near) @ learners) for first in range(0, len(comments), block)]
        )
        frequent.append(comments[total >= least])
    if not frequent:
        return result
    keys = pd.MultiIndex.from_frame(pd.concat(frequent)[["grader", "text"]])
    return np.asarray(pd.MultiIndex.from_frame(group[["grader", "text"]]).isin(keys))
