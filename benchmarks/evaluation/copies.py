"""Are copied works found, are honest ones left alone, is the source the right one?

Truth: ``moodle_db/ground_truth.json.gz`` (kind and source of every work; team work left out) and ``moodle_channels/truth.json.gz``
(answers leaked in chats). A work counts as *found* when ``links.copies`` has a row of kind learner or leak for it. Works whose text is
in a file the database does not hold are counted apart: only an equal file can be found there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from benchmarks.evaluation import Figure, f1, read_truth, share
from pipelines.pseudonyms import Pseudonyms
from pipelines.warehouse import Warehouse
from pipelines.works import WORKS

_WHOLE = frozenset(("verbatim", "reformatted", "homoglyph"))
_CHANGED = frozenset(("light_edit", "partial"))


def evaluate(warehouse: Warehouse, pseudonyms: Pseudonyms, truth_folder: Path) -> list[Figure]:
    """F1 by kind of copy, honest works flagged, right source, leaks found. ``truth_folder`` holds moodle_db and moodle_channels."""
    moodle = read_truth(truth_folder / "moodle_db" / "ground_truth.json.gz")
    channels = read_truth(truth_folder / "moodle_channels" / "truth.json.gz")
    ids = {
        (task, account, attempt): submission
        for submission, task, account, attempt in warehouse.rows(
            "select submission_id, task_id, account_id, attempt from raw.submissions where kind = 'assignment' and state = 'submitted' and account_id is not null"
        )
    }
    has_text = {row[0] for row in warehouse.rows(f"select submission_id from ({WORKS}) where trim(text) <> ''")}
    sources = defaultdict(list)
    for later, earlier, kind in warehouse.rows("select later_id, earlier_id, kind from links.copies where kind in ('learner', 'leak')"):
        sources[later].append((earlier, kind))

    def submission(truth: dict[str, Any]) -> str | None:
        return ids.get((f"moodle:task:{truth['cmid']}", pseudonyms.of("moodle", str(truth["userid"])), truth["attempt"]))

    works = [(work, submission(work)) for work in moodle["submissions"] if not work["team"]]
    absent = sum(1 for _, name in works if name is None)
    works = [(work, name) for work, name in works if name is not None]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for work, name in works:
        where = "text" if name in has_text else "file"
        counts[where][work["kind"], name in sources] += 1  # type: ignore[index]
    figures = _by_kind(counts["text"])
    hidden = counts["file"]
    figures.append(
        share(
            "copies", "copies in files alone: found", sum(n for (kind, found), n in hidden.items() if found and kind in _WHOLE | _CHANGED),
            sum(n for (kind, _), n in hidden.items() if kind in _WHOLE | _CHANGED), "only equal files can be",
        )
    )  # fmt: skip
    figures += _right_source(works, sources, has_text, moodle["submissions"], submission)
    figures += _leaks(channels, moodle, sources, submission)
    if absent:
        figures.append(Figure("copies", "works of the truth not handed in (drafts)", absent, None, None, len(works) + absent))
    return figures


def _by_kind(counts: Counter[Any]) -> list[Figure]:
    honest, accused = counts["original", False] + counts["original", True], counts["original", True]
    figures = []
    for name, kinds in (
        *((kind, {kind}) for kind in ("verbatim", "reformatted", "homoglyph", "light_edit", "partial")),
        ("verbatim, reformatted, homoglyph", _WHOLE),
        ("edited and half", _CHANGED),
        ("all copies", _WHOLE | _CHANGED),
    ):
        found = sum(counts[kind, True] for kind in kinds)
        missed = sum(counts[kind, False] for kind in kinds)
        figures.append(share("copies", f"{name}: found", found, found + missed))
        figures.append(f1("copies", f"{name}: F1", found, accused, missed, "false positives: all honest works flagged"))
    figures.append(share("copies", "honest works flagged", accused, honest))
    own = counts["own_revision", False] + counts["own_revision", True]
    figures.append(share("copies", "own revisions flagged", counts["own_revision", True], own, "some revise a copy"))
    return figures


def _right_source(
    works: list[Any], sources: dict[str, Any], has_text: set[str], truth: list[dict[str, Any]], submission: Any
) -> list[Figure]:
    """A found copy whose reported sources include the true one or another text of its family (source, its source, its other copiers)."""
    parent = {}
    for work in truth:
        if work["source_userid"] is not None:
            parent[work["assignid"], work["userid"]] = work["assignid"], work["source_userid"]

    def family(key: tuple[int, int]) -> tuple[int, int]:
        seen = set()
        while key in parent and key not in seen:
            seen.add(key)
            key = parent[key]
        return key

    owner = {submission(work): (work["assignid"], work["userid"]) for work in truth if submission(work)}
    exact = near = found = 0
    for work, name in works:
        if work["source_userid"] is None or name not in sources or name not in has_text:
            continue
        earlier = [owner.get(source) for source, kind in sources[name] if kind == "learner"]
        if not earlier:
            continue
        found += 1
        exact += (work["assignid"], work["source_userid"]) in earlier
        near += any(one is not None and family(one) == family((work["assignid"], work["userid"])) for one in earlier)
    return [
        share("copies", "found copies: true source among those shown", exact, found),
        share("copies", "found copies: source of the same family shown", near, found),
    ]


def _leaks(channels: dict[str, Any], moodle: dict[str, Any], sources: dict[str, Any], submission: Any) -> list[Figure]:
    by_work = defaultdict(list)
    for work in moodle["submissions"]:
        by_work[work["assignid"], work["userid"]].append(work)
    found = total = 0
    shown: set[str] = {source for pairs in sources.values() for source, kind in pairs if kind == "leak"}
    known: set[str] = set()
    for leak in channels["leaks"]:
        messages = {f"telegram:message:{leak['chat_id']}:{number}" for number in leak["message_ids"]}
        known |= messages
        for copier in leak["copiers"]:
            names = [
                submission(work)
                for work in by_work[leak["assignid"], copier["userid"]]
                if work["ts"] == copier["submitted_unix"] and submission(work)
            ]
            if names:
                total += 1
                found += any(source in messages for name in names for source, kind in sources.get(name, ()) if kind == "leak")
    innocent = {f"telegram:message:{one['chat_id']}:{one['message_id']}" for one in channels["not_leaks"]}
    return [
        share("copies", "leak and later copier: found", found, total),
        share("copies", "messages that are no leak, taken for one", len(shown & innocent), len(innocent)),
        share("copies", "messages shown as leaks that are leaks", len(shown & known), len(shown)),
    ]
