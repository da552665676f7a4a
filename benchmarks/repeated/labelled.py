"""Pairs of questions of a real help channel, labelled by reading: ``labels.csv`` (ids and labels only, never texts).

Labelling rule: 1 where one answer would serve both askers: the same thing is wanted of the same program or device, or the same asker repeats the question; 0
where program, device or wish differs, or where one of them asks nothing. Pairs were drawn in strata of the plain cosine and from the pairs that the method
joined, so shares within the sample are no shares of the channel.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa

from pipelines.links.conversations import wording

LABELS = Path(__file__).with_name("labels.csv")
_LINE = re.compile(r"^\[(\d\d):(\d\d)\] <[^>]+> (.*)$")
_ADDRESSED = re.compile(r"^\S+[:,] ")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})")


def irc_questions(corpus: Path) -> pd.DataFrame:
    """Messages of the channel with a question mark and 5 to 40 words, without the name they are addressed to: question_id
    ("file:line", line from 0), text and what ``repeated_questions.cluster`` takes; one course."""
    rows = []
    for path in sorted(corpus.glob("*/*.raw.txt")):
        day = _DAY.search(path.name)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines()):
            talk = _LINE.match(line)
            if talk is None or day is None or "?" not in talk[3]:
                continue
            text = _ADDRESSED.sub("", talk[3])
            if 5 <= len(text.split()) <= 40:
                rows.append(
                    (
                        f"{path.name.removesuffix('.raw.txt')}:{number}",
                        pd.Timestamp(day.group(1), tz="UTC") + pd.Timedelta(minutes=int(talk[1]) * 60 + int(talk[2])),
                        text,
                    )
                )
    table = pd.DataFrame(rows, columns=["question_id", "asked_at", "text"]).drop_duplicates("question_id")
    table = table.sort_values(["asked_at", "question_id"], kind="stable").reset_index(drop=True)
    return table.assign(course_id="irc", quoted="", task=None, line=wording.lines(pa.array(table["text"], pa.string())).to_pylist())


def labels() -> list[tuple[str, str, bool]]:
    """Pairs (one, other, one answer would serve both)."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        return [(row["one"], row["other"], row["same"] == "1") for row in csv.DictReader(file)]
