"""What the model that is shipped looks at: signs that a short course of any learning-management system and OULAD's long presentations share.

Two things differ between the courses it learned from (38 weeks) and those it foresees (often six), and both are in the columns: silence is a share of
the days that have passed, and every sign counts for less while few days have been seen. How much a sign tells also changes over a course, so each
stands beside its product with the part of the course that has passed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

#: Raised when the shipped file, or these columns, give other scores.
VERSION = 4
#: Days after which a sign counts for half of what it will count for in the end (reliability of a mean over n days: n / (n + k); Spearman 1910, Brown
#: 1910). Days. Chosen among 0, 7, 10, 14, 20, 28 and 56 on first streams of simulated programmes: below, the first two weeks are said too loudly, above, the
#: later ones too softly.
HALF_BELIEVED_DAYS = 14
#: Without these of anybody the model says nothing; before a first deadline nobody has missed a task.
NEEDED = ("silence", "pace", "handed_in")
_SIGNS = ("silence", "pace", "handed_in", "missed")
#: The model's columns, in their order.
COLUMNS = ("progress", *_SIGNS, *(f"{name}_by_progress" for name in _SIGNS))


def columns(
    *,
    progress: pd.Series,
    course_day: pd.Series,
    silent_days: pd.Series,
    pace: pd.Series,
    handed_in: pd.Series,
    missed_share: pd.Series,
) -> pd.DataFrame:
    """One row per row given, :data:`COLUMNS`; NaN where a sign is unknown.

    Parameters
    ----------
    progress: part of the course that has passed, 0 to 1. course_day: days of it that have passed, from 1. silent_days: days without an act; who never
    began has been silent throughout. pace: log of the last seven days' acts over the stream's median. handed_in: works handed in, plus one, over the
    stream's median, plus one. missed_share: of the deadlines that have passed, those without a work; unknown before the first.
    """
    signs = pd.DataFrame(
        {
            "silence": (silent_days / course_day).clip(0.0, 1.0),
            "pace": pace,
            # As the others 0 where there is nothing to say.
            "handed_in": handed_in - 1.0,
            "missed": missed_share.fillna(0.0),
        }
    )
    signs = signs.mul(course_day / (course_day + HALF_BELIEVED_DAYS), axis=0)
    beside = signs.mul(progress - 0.5, axis=0).add_suffix("_by_progress")
    return pd.concat([progress.rename("progress"), signs, beside], axis=1)[list(COLUMNS)].astype(float)


def of_features(frame: pd.DataFrame) -> pd.DataFrame:
    """:data:`COLUMNS` of rows of :func:`pipelines.risk.features.feature_frame` (their features and ``course_day``)."""
    return columns(
        progress=frame["progress"],
        course_day=frame["course_day"],
        silent_days=np.expm1(frame["silence"]),
        pace=frame["pace"],
        handed_in=frame["handed_in"],
        missed_share=frame["missed_share"],
    )
