"""Is it seen what a marker's comment is worth? Truth: ``moodle_db/ground_truth.json.gz`` (gradings).

The truth names how a comment was made. "plagiarism" (one sentence: "coincides with another learner's work, do it yourself") sends the work back:
it counts as returned. A grading belongs to the grade of the same learner and task whose comment is the same; where later grading
overwrote it, it is gone from the database and left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.evaluation import Figure, f1, read_truth, share
from pipelines.pseudonyms import Pseudonyms
from pipelines.warehouse import Warehouse

_KINDS = ("none", "formal", "boilerplate", "substantive", "returned")


def evaluate(warehouse: Warehouse, pseudonyms: Pseudonyms, truth_folder: Path) -> list[Figure]:
    """F1 per kind, macro F1, accuracy."""
    truth = read_truth(truth_folder / "moodle_db" / "ground_truth.json.gz")
    judged: dict[tuple[str, int], list[tuple[str, str]]] = defaultdict(list)
    for account, graded_at, comment, kind in warehouse.rows(
        "select grades.account_id, epoch(grades.graded_at)::bigint, coalesce(words.comment, ''), feedback.kind from links.feedback as feedback "
        "join raw.grades as grades on grades.grade_id = feedback.grade_id left join personal.grades as words on words.grade_id = feedback.grade_id "
        "order by grades.grade_id"
    ):
        judged[account, graded_at].append((_bare(comment), kind))
    pairs: Counter[tuple[str, str]] = Counter()
    left_out = 0
    for grading in truth["gradings"]:
        grades = judged[pseudonyms.of("moodle", str(grading["userid"])), grading["graded"]]
        same = [kind for comment, kind in grades if comment == _bare(grading["comment"] or "")]
        if not same:
            left_out += 1
            continue
        true = "returned" if grading["comment_kind"] == "plagiarism" else grading["comment_kind"]
        pairs[true, same[0]] += 1
    figures = []
    for kind in _KINDS:
        right = pairs[kind, kind]
        extra = sum(count for (true, found), count in pairs.items() if found == kind and true != kind)
        missing = sum(count for (true, found), count in pairs.items() if true == kind and found != kind)
        figures.append(f1("feedback", f"{kind}: F1", right, extra, missing))
    n = sum(pairs.values())
    macro = sum(figure.value for figure in figures) / len(figures)
    note = f"{left_out} gradings overwritten or of teams left out"
    return [
        Figure("feedback", "macro F1", macro, None, None, n, note),
        share("feedback", "comments of the right kind", sum(pairs[kind, kind] for kind in _KINDS), n),
        *figures,
    ]


def _bare(comment: str) -> str:
    return " ".join(comment.split())
