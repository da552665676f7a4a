"""What was handed in: assignments' submissions with text and files, quiz attempts.

Primary rows: ``assign_submission`` and ``quiz_attempts`` → submissions; rows of ``files`` that were handed in → submission_files.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.marked_text import text_of
from pipelines.sources.lms.moodle_db.changes import WATCHES, Window, seen_part, seen_whole
from pipelines.sources.lms.moodle_db.columns import Site, characters, chosen, existing, flags, flat, is_moment, moments, words, yielded
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.reading import Event, Seen

#: Moodle's states of a submission and of a quiz attempt (from 5.0 on with one before its start and one before its grading). Whatever else old sites
#: hold there was not handed in.
_STATES = {state: state for state in ("new", "draft", "reopened", "submitted")}
_ATTEMPT_STATES = {
    "inprogress": "in_progress", "finished": "submitted", "notstarted": "new", "submitted": "submitted", "overdue": "overdue", "abandoned": "abandoned",
}  # fmt: skip


def submissions(database: Database, site: Site, window: Window) -> Iterator[Event]:
    """One row per row of ``assign_submission``: persons' attempts, teams' rows (which own the text) and their members' (which have none)."""
    yield from seen_whole(database, window, "submissions", "assign_submission")
    has_files = database.has("assignsubmission_file")
    for rows in database.batches("submissions", window.parameters()):
        yield from seen_part(window, "submissions", rows)
        state = flat(rows["status_word"])
        is_handed_in = pc.fill_null(pc.equal(state, "submitted"), False)
        texts = [
            text_of(text, text_format)
            for text, text_format in zip(rows["onlinetext"].to_pylist(), rows["onlineformat"].to_pylist(), strict=True)
        ]
        files = flat(rows["numfiles"])
        table = pa.table(
            {
                "submission_id": site.ids("submission", rows["id"]),
                "kind": pa.array(["assignment"] * rows.num_rows, pa.string()),
                "account_id": site.accounts(rows["userid"]),
                "group_id": site.ids("group", rows["groupid"]),
                "task_id": site.ids("task", rows["cmid"]),
                "course_id": site.courses(rows["course"]),
                "attempt": rows["attemptnumber"],
                "is_latest": flags(rows["latest"]),
                "state": pc.fill_null(chosen(state, _STATES, "new"), "new"),
                "is_team": pc.or_(pc.fill_null(flags(rows["teamsubmission"]), False), pc.is_null(existing(rows["userid"]))),
                "is_preview": pa.array([False] * rows.num_rows, pa.bool_()),
                "created_at": moments(rows["timecreated"]),
                "submitted_at": pc.if_else(
                    is_handed_in, moments(rows["timemodified"]), pa.scalar(None, moments(rows["timemodified"]).type)
                ),
                "seconds_spent": _seconds(rows["timestarted"], rows["timemodified"]),
                "chars": characters(texts),
                "words": words(texts),
                # Without the plug-in's table nothing is known of files; without a row in it there are none.
                "files": pc.fill_null(files, 0) if has_files else files,
                "text": pa.array(texts, pa.string()),
            }
        )
        yield from yielded("submissions", "assign_submission", table, rows["id"], [])


def submission_files(database: Database, site: Site, window: Window) -> Iterator[Event]:
    """One row per file handed in."""
    if window.whole:
        yield Seen("submission_files", database.count("files", WATCHES["files"].where))
    for rows in database.batches("submission_files", window.parameters()):
        yield from seen_part(window, "submission_files", rows)
        table = pa.table(
            {
                "file_id": site.ids("file", rows["id"]),
                "submission_id": site.ids("submission", rows["itemid"]),
                "content_hash": rows["contenthash"],
                "bytes": rows["filesize"],
                "media_type": rows["mimetype"],
                "created_at": moments(rows["timecreated"]),
                "filename": rows["filename"],
            }
        )
        yield from yielded("submission_files", "files", table, rows["id"], [(pc.is_null(table["submission_id"]), "file of no submission")])


def quiz_attempts(database: Database, site: Site, window: Window) -> Iterator[Event]:
    """One row per quiz attempt, teachers' trials marked. Raw marks are scaled to the quiz's grade."""
    yield from seen_whole(database, window, "submissions", "quiz_attempts")
    for rows in database.batches("quiz_attempts", window.parameters()):
        yield from seen_part(window, "submissions", rows)
        raw_marks, raw_best, best = (flat(rows[name]) for name in ("sumgrades", "quizsumgrades", "quizgrade"))
        scaled = pc.divide(pc.multiply(raw_marks, best), pc.if_else(pc.greater(raw_best, 0), raw_best, pa.scalar(None, pa.float64())))
        table = pa.table(
            {
                "submission_id": site.ids("attempt", rows["id"]),
                "kind": pa.array(["quiz"] * rows.num_rows, pa.string()),
                "account_id": site.accounts(rows["userid"]),
                "task_id": site.ids("task", rows["cmid"]),
                "course_id": site.courses(rows["course"]),
                "attempt": pc.subtract(flat(rows["attempt"]), 1),
                "is_latest": pc.equal(flat(rows["attempt"]), flat(rows["latestattempt"])),
                "state": pc.fill_null(chosen(rows["state"], _ATTEMPT_STATES, "new"), "new"),
                "is_team": pa.array([False] * rows.num_rows, pa.bool_()),
                "is_preview": pc.fill_null(flags(rows["preview"]), False),
                "created_at": moments(rows["timestart"]),
                "submitted_at": moments(rows["timefinish"]),
                "seconds_spent": _seconds(rows["timestart"], rows["timefinish"]),
                "score": scaled,
                "max_score": best,
            }
        )
        yield from yielded("submissions", "quiz_attempts", table, rows["id"], [])


def _seconds(start: pa.ChunkedArray, end: pa.ChunkedArray) -> pa.Array:
    """From start to end; null unless both are set (0 and null mean "not yet")."""
    both = pc.and_(is_moment(start), is_moment(end))
    return pc.cast(pc.if_else(both, pc.subtract(flat(end), flat(start)), pa.scalar(None, pa.int64())), pa.float64())
