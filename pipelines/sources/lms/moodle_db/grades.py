"""Grades as each book keeps them, never mixed: the markers' record, the gradebook, its history, the quizzes' scores that count.

Primary rows: ``assign_grades`` (marking), ``grade_grades`` (gradebook), ``grade_grades_history`` (history), ``quiz_grades`` (quiz) → grades.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.marked_text import text_of
from pipelines.sources.lms.moodle_db.changes import Window, seen_part, seen_whole
from pipelines.sources.lms.moodle_db.columns import Site, characters, flags, flat, moments, words, yielded
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.reading import Event


def marking(database: Database, site: Site, window: Window, submissions_after: int) -> Iterator[Event]:
    """What the marker wrote. Not released: a marking workflow that has not come to its end, or blind marks not yet revealed."""
    yield from seen_whole(database, window, "grades", "assign_grades")
    has_comments = database.has("assignfeedback_comments")
    for rows in database.batches("grades_marking", window.parameters(submissions_after=submissions_after)):
        yield from seen_part(window, "grades", rows)
        given = flat(rows["grade"])
        # -1 is Moodle's "no grade yet".
        grade = pc.if_else(pc.greater_equal(given, 0), given, pa.scalar(None, pa.float64()))
        best = flat(rows["assigngrade"])
        steps = pa.array([None if scale is None else float(len(scale.split(","))) for scale in rows["scale"].to_pylist()], pa.float64())
        is_blind = pc.and_(flags(rows["blindmarking"]), pc.invert(flags(rows["revealidentities"])))
        waits = pc.and_(flags(rows["markingworkflow"]), pc.invert(flags(pc.fill_null(flat(rows["released"]), 0))))
        comments = [
            None if comment_id is None or not has_comments else text_of(text or "", text_format)
            for comment_id, text, text_format in zip(
                *(rows[name].to_pylist() for name in ("commentid", "commenttext", "commentformat")), strict=True
            )
        ]
        table = pa.table(
            {
                "grade_id": site.ids("marking", rows["id"]),
                "record": pa.array(["marking"] * rows.num_rows, pa.string()),
                "account_id": site.accounts(rows["userid"]),
                "task_id": site.ids("task", rows["cmid"]),
                "course_id": site.courses(rows["course"]),
                "submission_id": site.ids("submission", rows["submission"]),
                "grader_account_id": site.accounts(rows["grader"]),
                "attempt": rows["attemptnumber"],
                "grade": grade,
                "max_grade": pc.coalesce(steps, pc.if_else(pc.greater(best, 0), best, pa.scalar(None, pa.float64()))),
                "is_released": pc.invert(pc.or_kleene(is_blind, waits)),
                "is_overridden": pa.array([False] * rows.num_rows, pa.bool_()),
                "graded_at": pc.if_else(
                    pc.is_valid(grade), moments(rows["timemodified"]), pa.scalar(None, moments(rows["timemodified"]).type)
                ),
                "comment_chars": characters(comments),
                "comment_words": words(comments),
                "comment": pa.array(comments, pa.string()),
            }
        )
        yield from yielded("grades", "assign_grades", table, rows["id"], [])


def gradebook(database: Database, site: Site, window: Window, history_after: int) -> Iterator[Event]:
    """The gradebook."""
    yield from _book(database, site, window, "gradebook", "grade_grades", {"history_after": history_after})


def history(database: Database, site: Site, window: Window) -> Iterator[Event]:
    """Past states of the gradebook."""
    yield from _book(database, site, window, "history", "grade_grades_history", {})


def _book(database: Database, site: Site, window: Window, record: str, table_name: str, more: Mapping[str, int]) -> Iterator[Event]:
    """The gradebook or its history. A row without a grade is kept: Moodle makes one for everybody enrolled."""
    yield from seen_whole(database, window, "grades", table_name)
    for rows in database.batches(f"grades_{record}", window.parameters(before=window.before, now=window.now, **more)):
        yield from seen_part(window, "grades", rows)
        comments = [
            text_of(text, text_format)
            for text, text_format in zip(rows["feedback"].to_pylist(), rows["feedbackformat"].to_pylist(), strict=True)
        ]
        hidden = pc.or_(_hides(rows["hidden"], site), _hides(rows["itemhidden"], site))
        table = pa.table(
            {
                "grade_id": site.ids(record, rows["id"]),
                "record": pa.array([record] * rows.num_rows, pa.string()),
                "account_id": site.accounts(rows["userid"]),
                "task_id": site.ids("task", rows["cmid"]),
                "course_id": site.courses(rows["courseid"]),
                "grader_account_id": site.accounts(rows["usermodified"]),
                "grade": rows["finalgrade"],
                "max_grade": rows["grademax"],
                "is_released": pc.invert(hidden),
                "is_overridden": pc.fill_null(flags(rows["overridden"]), False),
                "graded_at": moments(rows["timemodified"]),
                "comment_chars": characters(comments),
                "comment_words": words(comments),
                "comment": pa.array(comments, pa.string()),
            }
        )
        yield from yielded("grades", table_name, table, rows["id"], [])


def _hides(column: pa.ChunkedArray, site: Site) -> pa.Array:
    """``hidden`` is 0 (shown), 1 (hidden) or the moment until which it is hidden."""
    hidden = pc.fill_null(flat(column), 0)
    return pc.or_(pc.equal(hidden, 1), pc.greater(hidden, max(site.now or 1, 1)))


def quiz(database: Database, site: Site, window: Window) -> Iterator[Event]:
    """The score of a quiz that counts, in points of the quiz's grade."""
    yield from seen_whole(database, window, "grades", "quiz_grades")
    for rows in database.batches("grades_quiz", window.parameters()):
        yield from seen_part(window, "grades", rows)
        table = pa.table(
            {
                "grade_id": site.ids("quiz", rows["id"]),
                "record": pa.array(["quiz"] * rows.num_rows, pa.string()),
                "account_id": site.accounts(rows["userid"]),
                "task_id": site.ids("task", rows["cmid"]),
                "course_id": site.courses(rows["course"]),
                "grade": rows["grade"],
                "max_grade": rows["maxgrade"],
                "is_released": pa.array([True] * rows.num_rows, pa.bool_()),
                "is_overridden": pa.array([False] * rows.num_rows, pa.bool_()),
                "graded_at": moments(rows["timemodified"]),
            }
        )
        yield from yielded("grades", "quiz_grades", table, rows["id"], [])
