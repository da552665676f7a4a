"""The annotated IRC corpus (Kummerfeld et al. 2019, CC BY 4.0) as conversations, and its official scoring.

A folder holds ``*.raw.txt`` (one line per message) and ``*.annotation.txt`` (``102 103 -``: 103 answers 102; a message linked to itself opens a
conversation). What is annotated begins at line 1,000; the lines before are context. Link precision, recall and F1 are those of the authors' graph evaluation:
pairs (message, earlier one) of all files together, self-links and system lines included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.links.conversations import wording
from pipelines.links.conversations.reply_model import Conversation, Ints, told_signs

FIRST_ANNOTATED = 1_000
_SAID = re.compile(r"\[(\d\d):(\d\d)\] +(?:<([^>]*)>|\* ?(\S+)) ?(.*)")
#: Nicks that are words of the channel: found in a text they name nobody.
_WORDS = frozenset(
    [
        "the",
        "and",
        "you",
        "can",
        "not",
        "for",
        "with",
        "this",
        "that",
        "have",
        "are",
        "was",
        "but",
        "all",
        "any",
        "how",
        "what",
        "use",
        "get",
        "now",
        "just",
        "like",
        "one",
        "out",
        "see",
        "try",
        "help",
        "need",
        "here",
        "there",
        "when",
        "then",
        "some",
        "who",
        "why",
        "yes",
        "well",
        "good",
        "work",
        "also",
        "more",
        "into",
        "from",
        "your",
        "its",
        "please",
        "thanks",
        "ubuntu",
        "linux",
        "root",
        "user",
        "windows",
        "nick",
        "ask",
        "day",
    ]
)
_BOTS = re.compile(r"ubotu|ubottu|ubot\w*|dpkg|lotu\w*")
_RECENT = 1_000


@dataclass(frozen=True)
class Log:
    """One annotated file: the conversation, the places to be linked, the pairs that annotators drew."""

    name: str
    talk: Conversation
    places: Ints
    links: frozenset[tuple[int, int]]


def read(folder: Path) -> list[Log]:
    """Every annotated file of a folder."""
    return [_log(path) for path in sorted(folder.glob("*.annotation.txt"))]


def _log(path: Path) -> Log:
    lines = (
        path.with_name(path.name.replace(".annotation.", ".raw.")).read_text(encoding="utf-8", errors="replace").rstrip("\n").split("\n")
    )
    links = set()
    for line in path.read_text(encoding="ascii").splitlines():
        numbers = [int(number) for number in line.split() if number != "-"]
        later = max(numbers)
        numbers.remove(later)
        links |= {(later, number) for number in numbers or [later]}
    return Log(path.name, _converse(lines), np.arange(FIRST_ANNOTATED, len(lines)), frozenset(links))


def _converse(lines: list[str]) -> Conversation:
    nicks: dict[str, int] = {}
    authors, at, texts, silent, bots = [], [], [], [], []
    mentions: set[tuple[int, int]] = set()
    last_said: dict[int, int] = {}
    day = clock = 0
    for place, line in enumerate(lines):
        found = _SAID.match(line)
        if found:
            minute = 60 * int(found[1]) + int(found[2])
            day += minute < clock - 120
            clock = minute
            text = found[5]
            nick = (found[3] if found[3] is not None else found[4]).lower()
        else:
            text, nick = "", "==="
        author = nicks.setdefault(nick, len(nicks))
        if found:
            for token in re.split(r"[\s,:;@()!?]+", text.lower()):
                named = nicks.get(token, nicks.get(token.rstrip(".'\"")))
                if (
                    named is not None
                    and named != author
                    and token not in _WORDS
                    and place - last_said.get(named, -_RECENT) < _RECENT
                    and _is_name(token, text)
                ):
                    mentions.add((place, named))
            last_said[author] = place
        authors.append(author)
        at.append(60.0 * (1440 * day + clock))
        texts.append(text)
        silent.append(not found)
        bots.append(bool(_BOTS.fullmatch(nick)))
    told = wording.lines(pa.array(texts)).to_pylist()
    named = np.array(sorted(mentions), np.int64).reshape(-1, 2)
    return Conversation(
        np.zeros(len(lines), np.int64), np.array(authors), np.array(at), told, np.array(silent), np.array(bots), named[:, 0], named[:, 1], told_signs(told),
    )  # fmt: skip


def _is_name(token: str, text: str) -> bool:
    """Short nicks count only where they open the line."""
    return len(token) >= 3 or (bool(token) and text.lower().startswith((f"{token}:", f"{token},")))


@dataclass(frozen=True)
class Links:
    """Links found and drawn: ``right`` of ``found``, of ``drawn``."""

    right: int
    found: int
    drawn: int

    @property
    def precision(self) -> float:
        return self.right / self.found

    @property
    def recall(self) -> float:
        return self.right / self.drawn

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.found + self.drawn)


def compare(logs: list[Log], found: list[set[tuple[int, int]]]) -> Links:
    """The official scoring; system lines are linked to themselves."""
    right = said = drawn = 0
    for log, links in zip(logs, found, strict=True):
        every = links | {(int(place), int(place)) for place in log.places[log.talk.is_silent[log.places]]}
        right += len(every & log.links)
        said += len(every)
        drawn += len(log.links)
    return Links(right, said, drawn)
