"""Work in activities besides assignments and quizzes: H5P, SCORM packages and lessons (as quiz attempts), workshops (as assignments).

Primary rows: ``h5pactivity_attempts``, ``scorm_attempt`` (before 4.3: the attempts in ``scorm_scoes_track``), ``lesson_grades``, ``workshop_submissions``
without the teachers' examples → submissions. They are few beside the log, and nothing of them tells cheaply what has changed: they are read whole when
anything of them has.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.marked_text import text_of
from pipelines.sources.lms.moodle_db.changes import WATCHES
from pipelines.sources.lms.moodle_db.columns import Site, characters, flat, moments, whole_number, words, yielded
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.reading import Event, Seen

#: What an id is of → watch, by the kind of submission that it is.
KEYS = {
    "quiz": (("attempt:h5p", "h5pactivity_attempts"), ("attempt:scorm", "scorm_attempt"), ("attempt:lesson", "lesson_grades")),
    "assignment": (("submission:workshop", "workshop_submissions"),),
}
#: What else their rows are made of.
BESIDE = {"quiz": ("scorm_scoes_value", "h5pactivity", "scorm", "lesson"), "assignment": ("workshop",)}
#: Activity type → kind of its task, and the table without which nothing is known of who has done it.
TASKS = {
    "h5pactivity": ("quiz", "h5pactivity_attempts"),
    "scorm": ("quiz", "scorm_attempt"),
    "lesson": ("quiz", "lesson_grades"),
    "workshop": ("assignment", "workshop_submissions"),
}
#: A score beyond is a damaged number.
_GREATEST_SCORE = 1e9


def attempts(database: Database, site: Site) -> Iterator[Event]:
    """One row per attempt at an H5P activity, a SCORM package or a lesson."""
    yield from _h5p(database, site)
    yield from _scorm(database, site)
    yield from _lessons(database, site)


def works(database: Database, site: Site) -> Iterator[Event]:
    """One row per work handed in to a workshop."""
    watch = WATCHES["workshop_submissions"]
    yield Seen("submissions", database.count(watch.table, watch.where))
    for rows in database.batches("works_workshop"):
        texts = [
            text_of(text, text_format)
            for text, text_format in zip(rows["onlinetext"].to_pylist(), rows["onlineformat"].to_pylist(), strict=True)
        ]
        table = {
            **_common(rows, site, "assignment", "submission:workshop"),
            "attempt": pa.array([0] * rows.num_rows, pa.int32()),
            "is_latest": pa.array([True] * rows.num_rows, pa.bool_()),
            "state": pa.array(["submitted"] * rows.num_rows, pa.string()),
            "created_at": moments(rows["timecreated"]),
            "submitted_at": moments(rows["timemodified"]),
            "chars": characters(texts),
            "words": words(texts),
            "text": pa.array(texts, pa.string()),
        }
        yield from yielded("submissions", "workshop_submissions", pa.table(table), rows["id"], [])


def _h5p(database: Database, site: Site) -> Iterator[Event]:
    yield Seen("submissions", database.count("h5pactivity_attempts"))
    for rows in database.batches("attempts_h5p"):
        # What the content says of itself; one that says nothing of it reports when it is done.
        is_done = pc.fill_null(pc.not_equal(flat(rows["completion"]), 0), True)
        best, seconds = (pc.cast(flat(rows[name]), pa.float64()) for name in ("maxscore", "duration"))
        has_score = pc.fill_null(pc.greater(best, 0), False)
        table = {
            **_common(rows, site, "quiz", "attempt:h5p"),
            **_numbers(rows),
            "state": pc.if_else(is_done, "submitted", "in_progress"),
            "created_at": moments(rows["timecreated"]),
            "submitted_at": _where(is_done, moments(rows["timemodified"])),
            "seconds_spent": _where(pc.fill_null(pc.greater(seconds, 0), False), seconds),
            "score": _where(has_score, pc.cast(flat(rows["rawscore"]), pa.float64())),
            "max_score": _where(has_score, best),
        }
        yield from yielded("submissions", "h5pactivity_attempts", pa.table(table), rows["id"], [])


def _scorm(database: Database, site: Site) -> Iterator[Event]:
    yield Seen("submissions", database.count("scorm_attempt"))
    for rows in database.batches("attempts_scorm"):
        done, unfinished = (pc.fill_null(flat(rows[name]), 0) for name in ("done", "unfinished"))
        is_done = pc.and_(pc.greater(done, 0), pc.equal(unfinished, 0))
        started = pa.array([whole_number(text) for text in rows["scormstarted"].to_pylist()], pa.int64())
        # Of several parts that report one, none is the package's.
        has_score = pc.fill_null(pc.equal(flat(rows["scores"]), 1), False)
        raw, best = (pa.array([_number(text) for text in rows[name].to_pylist()], pa.float64()) for name in ("scormraw", "scormbest"))
        table = {
            **_common(rows, site, "quiz", "attempt:scorm"),
            **_numbers(rows),
            "state": pc.if_else(is_done, "submitted", "in_progress"),
            "created_at": moments(pc.coalesce(started, flat(rows["begun"]))),
            "submitted_at": _where(is_done, moments(rows["finished"])),
            "score": _where(has_score, raw),
            "max_score": _where(has_score, best),
        }
        yield from yielded("submissions", "scorm_attempt", pa.table(table), rows["id"], [])


def _lessons(database: Database, site: Site) -> Iterator[Event]:
    yield Seen("submissions", database.count("lesson_grades"))
    for rows in database.batches("attempts_lesson"):
        best = flat(rows["maxgrade"])
        has_points = pc.fill_null(pc.greater(best, 0), False)
        table = {
            **_common(rows, site, "quiz", "attempt:lesson"),
            **_numbers(rows),
            "state": pa.array(["submitted"] * rows.num_rows, pa.string()),
            "submitted_at": moments(rows["completed"]),
            "score": _where(has_points, pc.divide(pc.multiply(flat(rows["grade"]), best), 100.0)),
            "max_score": _where(has_points, best),
        }
        yield from yielded("submissions", "lesson_grades", pa.table(table), rows["id"], [])


def _common(rows: pa.Table, site: Site, kind: str, what: str) -> dict[str, pa.Array]:
    return {
        "submission_id": site.ids(what, rows["id"]),
        "kind": pa.array([kind] * rows.num_rows, pa.string()),
        "account_id": site.accounts(rows["userid"]),
        "task_id": site.ids("task", rows["cmid"]),
        "course_id": site.courses(rows["course"]),
        "is_team": pa.array([False] * rows.num_rows, pa.bool_()),
        "is_preview": pa.array([False] * rows.num_rows, pa.bool_()),
    }


def _numbers(rows: pa.Table) -> dict[str, pa.Array]:
    """Attempts are counted from 1 in Moodle."""
    return {
        "attempt": pc.subtract(flat(rows["attempt"]), 1),
        "is_latest": pc.equal(flat(rows["attempt"]), flat(rows["latestattempt"])),
    }


def _where(mask: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(mask, values, pa.scalar(None, values.type))


def _number(text: str | None) -> float | None:
    """A score as a package has written it: "85", "85.5"."""
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if abs(found) < _GREATEST_SCORE else None
