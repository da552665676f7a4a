"""What a short question says, whatever its wording: words that carry it, its intent, the task it names.

Typing errors are mended first: a word that no dictionary knows becomes the nearest known word that was asked before or on the same day (one edit; two in long
words). Then words become lemmas (pymorphy3; English as it stands), synonyms one word, courtesies nothing. Intents of the field are read from
``question_intents.toml``: which object is spoken of, and what is wanted of it. All of it depends on what was asked until that day, never later.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.links.conversations import wording
from pipelines.text import STOP_WORDS
from pipelines.thresholds import threshold
from pipelines.warehouse import engine_beside

#: Slots (objects and what is wanted of them), and the intents made of them.
LEXICON_FILE = Path(__file__).with_name("question_intents.toml")
_WORD = re.compile(r"[0-9]+|[a-zа-я]+")
_CYRILLIC = re.compile(r"[а-я]+")
#: Ordinals that number tasks and weeks.
_ORDINALS = {
    lemma: str(number)
    for number, lemma in enumerate(
        ("первый", "второй", "третий", "четвертый", "пятый", "шестой", "седьмой", "восьмой", "девятый", "десятый"), start=1
    )
}
#: Endings of ordinals, as they are written behind a number ("1-й работы", "the 2nd task").
_ENDINGS = frozenset(
    (
        "й",
        "я",
        "е",
        "ю",
        "и",
        "м",
        "го",
        "му",
        "ый",
        "ой",
        "ая",
        "яя",
        "ое",
        "ую",
        "ей",
        "ом",
        "ого",
        "его",
        "ому",
        "ему",
        "st",
        "nd",
        "rd",
        "th",
    )
)
#: Lemmas that a task's number stands beside. ("задание" is what wording.SYNONYMS makes of its synonyms.)
_TASK_WORDS = frozenset(("задание", "практика", "эссе", "кейс", "проект"))
#: Stands where a task's name stood.
_NAMED = "задание"
#: What may stand between a task word and its number, or before a number that can only be a task's.
_BESIDE = frozenset(("номер", "n", "no", "number", "за", "по", "к", "for"))
#: What a number counts when it is no task's.
_COUNTED = frozenset(("вопрос", "час", "балл", "процент", "страница", "слово", "день", "раз", "минута", "класс", "мегабайт", "question"))


@dataclass(frozen=True)
class Wordings:
    """What was asked, each wording once. ``of``: of each question, in the order given, the place of its wording. Of each wording: ``lemmas``: words that carry
    it, in their order. ``intent``: place in :func:`intent_names`, -1: none. ``key``: task and names that questions must share to be one; empty: none named."""

    of: NDArray[np.int64]
    lemmas: list[tuple[str, ...]]
    intent: NDArray[np.int64]
    key: list[str]


def tidied(
    lines: Sequence[str], quoted: Sequence[str], tasks: Sequence[str | None], days: Sequence[int]
) -> list[tuple[str, str, str | None]]:
    """Of each question its line with typing errors mended and names of tasks taken out, what it quotes, and the task that it names.

    Parameters
    ----------
    lines, quoted: see ``wording``; quoted is what stands in quotation marks. tasks: number or id of the task whose name is quoted, None: no task's
        name. days: number of the day of asking; never falls.
    """
    # A task's name says which task, not what is asked of it.
    named = [task or (_after_task_word(line, quote) if quote else None) for line, quote, task in zip(lines, quoted, tasks, strict=True)]
    unnamed = [line.replace(quote, _NAMED) if task and quote else line for line, quote, task in zip(lines, quoted, named, strict=True)]
    return list(zip(mend(unnamed, days), quoted, named, strict=True))


def read(asked: Sequence[tuple[str, str, str | None]]) -> Wordings:
    """Read questions, as :func:`tidied` leaves them."""
    where: dict[tuple[str, str, str | None], int] = {}
    # What is asked again and again is taken apart once.
    of = np.fromiter((where.setdefault(one, len(where)) for one in asked), np.int64, len(asked))
    lines = [f" {line.strip()} " for line, _, _ in where]
    intent = intents(lines)
    lemmas, keys = [], []
    for line, (_, quote, task), which in zip(lines, where, intent.tolist(), strict=True):
        found = _lemmas(line)
        lemmas.append(tuple(word for word in found if word and not word.isdigit()))
        keys.append(_key(found, quote, task, which >= 0))
    return Wordings(of, lemmas, intent, keys)


def _after_task_word(line: str, quoted: str) -> str | None:
    """The quotation, where a word for a task stands right before it: the name of a task that the LMS does not hold, or holds otherwise."""
    before = _WORD.findall(line[: line.find(quoted)]) if quoted and quoted in line else []
    if not before or lemma(before[-1]) not in _TASK_WORDS:
        return None
    return " ".join(found for word in _WORD.findall(quoted) if (found := lemma(word))) or None


def _key(words: list[str], quoted: str, task: str | None, has_intent: bool) -> str:
    """What two questions must share to be one. Where the intent is known only the task counts; else any number and any name."""
    if has_intent:
        numbers = {task} if task else _task_numbers(words)
        return ",".join(sorted(numbers))
    numbers = {word.lstrip("0") for word in words if word.isdigit()}
    names = "" if task else " ".join(sorted({lemma(word) for word in _WORD.findall(quoted)} - {""}))
    return ",".join(sorted(numbers | ({task} if task else set()))) + (f"|{names}" if names else "")


def tasks_named(lines: Iterable[str]) -> list[frozenset[str]]:
    """Per line the numbers of the tasks that it names ("work 5", "the fifth assignment")."""
    known: dict[str, frozenset[str]] = {}
    return [known[line] if line in known else known.setdefault(line, _tasks_of(line)) for line in lines]


def _tasks_of(line: str) -> frozenset[str]:
    return frozenset(_task_numbers(_lemmas(line)))


def _lemmas(line: str) -> list[str]:
    """Lemmas of the line's words; an ending behind a number is no word."""
    words = _WORD.findall(line)
    return [lemma(word) for place, word in enumerate(words) if not (place and word in _ENDINGS and words[place - 1].isdigit())]


def _task_numbers(words: list[str]) -> set[str]:
    found = set()
    for place, word in enumerate(words):
        if not word.isdigit() or len(word) > 2:
            continue
        after = words[place + 1] if place + 1 < len(words) else ""
        near = [*words[max(place - 2, 0) : place], after]
        if after not in _COUNTED and (
            any(name in _TASK_WORDS for name in near) or (place == len(words) - 1 and words[place - 1] in _BESIDE)
        ):
            found.add(word.lstrip("0"))
    return found


def mend(lines: Sequence[str], days: Sequence[int]) -> list[str]:
    """Lines with typing errors mended (see the module's docstring). Quotations of the interface are left as they are: they are known words."""
    # Each line is taken apart once, on the day on which it was asked first.
    code, found_once = pd.factorize(np.array(lines, object))
    distinct: list[str] = found_once.tolist()
    asked_on = np.asarray(days, np.int64)[np.unique(code, return_index=True)[1]]
    words = [_WORD.findall(line) for line in distinct]
    first: dict[str, int] = {}
    for day, found in zip(asked_on.tolist(), words, strict=True):
        for word in found:
            first.setdefault(word, day)
    shortest = int(threshold("mend_letters"))
    unknown = [word for word in first if len(word) >= shortest and _CYRILLIC.fullmatch(word) and not is_known(word)]
    if not unknown:
        return list(lines)
    near: dict[str, list[str]] = defaultdict(list)
    for word in first:
        if len(word) >= shortest - 1 and _CYRILLIC.fullmatch(word) and is_known(word):
            for rest in without_a_letter(word):
                near[rest].append(word)
    long = int(threshold("mend_letters_two"))
    mended = {}
    for word in unknown:
        likely = {known for rest in without_a_letter(word) for known in near.get(rest, ()) if first[known] <= first[word]}
        best = min(((edits(word, known), first[known], known) for known in likely), default=None)
        if best is not None and best[0] <= (2 if len(word) >= long else 1):
            mended[word] = best[2]
    if not mended:
        return list(lines)

    def replaced(match: re.Match[str]) -> str:
        return mended.get(match[0], match[0])

    told = [
        re.sub(r"[а-я]+", replaced, line) if any(word in mended for word in found) else line
        for line, found in zip(distinct, words, strict=True)
    ]
    return [told[place] for place in code.tolist()]


def without_a_letter(word: str) -> set[str]:
    """The word and what is left of it without one of its letters: words of one edit share one of these."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def edits(one: str, other: str) -> int:
    """Letters put in, left out, changed or swapped with their neighbour (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, twin in enumerate(other, 1):
            cost = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (letter != twin))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == twin:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
    return last[-1]


@cache
def analyzer() -> Any:
    """The morphology of Russian, made once."""
    import pymorphy3

    return pymorphy3.MorphAnalyzer(lang="ru")


@cache
def is_known(word: str) -> bool:
    """Does a dictionary or the lexicon hold the word?"""
    return analyzer().word_is_known(word) or wording_is_known(word)


@cache
def _parsed(word: str) -> tuple[str, bool]:
    """The word's first reading: its normal form, and whether that is somebody's given name, patronymic or family name."""
    found = analyzer().parse(word)[0]
    return found.normal_form.replace("ё", "е"), bool({"Name", "Surn", "Patr"} & found.tag.grammemes)


@cache
def lemma(word: str) -> str:
    """The word's lemma after synonyms; empty for words that carry nothing. Cached: words are few, messages many."""
    base = _parsed(word)[0] if _CYRILLIC.search(word) else word
    base = _ORDINALS.get(base, base)
    base = wording.SYNONYMS.get(base, base)
    if base in wording.COURTESIES or (base in STOP_WORDS and base not in wording.QUESTION_WORDS and base not in _BESIDE):
        return ""
    return base


@cache
def is_name(word: str) -> bool:
    """May the word be somebody's given name, patronymic or family name?"""
    return bool(_CYRILLIC.search(word)) and _parsed(word)[1]


@cache
def may_be_name(word: str) -> bool:
    """May the word call somebody? A dictionary's word that is hardly ever a name does not, though pet names sound like it ("галочка", "тема")."""
    if not _CYRILLIC.fullmatch(word) or not analyzer().word_is_known(word):
        return True
    return sum(found.score for found in analyzer().parse(word) if {"Name", "Surn", "Patr"} & found.tag.grammemes) >= threshold("name_word")


@dataclass(frozen=True)
class _Intent:
    name: str
    family: str
    all: tuple[str, ...]
    any: tuple[str, ...]
    none: tuple[str, ...]


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads(LEXICON_FILE.read_text("utf-8"))


@cache
def _lexicon() -> tuple[dict[str, tuple[str, ...]], tuple[_Intent, ...]]:
    content = _content()
    slots = {name: tuple(wordings) for name, wordings in content["slots"].items()}
    rules = tuple(
        _Intent(
            rule["name"],
            rule.get("family", rule["name"]),
            tuple(rule.get("all", ())),
            tuple(rule.get("any", ())),
            tuple(rule.get("none", ())),
        )
        for rule in content["intents"]
    )
    return slots, rules


@cache
def intent_names() -> tuple[str, ...]:
    """Names of the intents, each once, in the order of the lexicon."""
    return tuple(dict.fromkeys(rule.name for rule in _lexicon()[1]))


@cache
def families() -> NDArray[np.int64]:
    """Number of the family of each intent."""
    family = {rule.name: rule.family for rule in _lexicon()[1]}
    return pd.factorize(np.asarray([family[name] for name in intent_names()], object))[0].astype(np.int64)


@cache
def intents_of_the_week() -> frozenset[str]:
    """Intents whose answer holds for one week or meeting only."""
    return frozenset(rule["name"] for rule in _content()["intents"] if rule.get("of_the_week"))


def slot_wordings() -> dict[str, tuple[str, ...]]:
    """Slots of the lexicon, and the wordings of each."""
    return _lexicon()[0]


def slot_names() -> tuple[str, ...]:
    """Names of the slots of the lexicon, in its order."""
    return tuple(_lexicon()[0])


def slots(lines: Sequence[str]) -> NDArray[np.bool_]:
    """Of each line (row) which slots of the lexicon (columns, as in :func:`slot_names`) it holds a wording of."""
    names, wordings = slot_names(), _lexicon()[0]
    if not len(lines):
        return np.zeros((0, len(names)), bool)
    table = pa.table({"place": pa.array(range(len(lines)), pa.int64()), "line": pa.array(lines, pa.string())})
    with engine_beside() as connection:
        connection.register("lines", table)
        found = connection.execute(f"select {wording.signs_sql('line', wordings)} from lines order by place").fetchnumpy()
    return np.column_stack([np.asarray(found[name], bool) for name in names])


def intents(lines: Sequence[str]) -> NDArray[np.int64]:
    """Intent of each line: place in :func:`intent_names`; -1: none."""
    return intents_by_slots(slots(lines))


def intents_by_slots(held: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The same from the lines' slots."""
    if not len(held):
        return np.zeros(0, np.int64)
    rules = _lexicon()[1]
    signs = dict(zip(slot_names(), held.T, strict=True))
    everything, nothing = np.ones(len(held), bool), np.zeros(len(held), bool)
    holds = []
    for rule in rules:
        has_all = np.logical_and.reduce([everything, *(signs[name] for name in rule.all)])
        has_any = np.logical_or.reduce([nothing, *(signs[name] for name in rule.any)]) if rule.any else everything
        has_none = ~np.logical_or.reduce([nothing, *(signs[name] for name in rule.none)])
        holds.append(has_all & has_any & has_none)
    names = intent_names()
    return np.select(holds, [names.index(rule.name) for rule in rules], default=-1).astype(np.int64)


@cache
def _known_patterns() -> re.Pattern[str]:
    slots, _ = _lexicon()
    single = [entry for wordings in slots.values() for entry in wordings if " " not in entry]
    return re.compile("|".join(re.escape(entry).replace(r"\*", "[а-яa-z]*") for entry in single))


def wording_is_known(word: str) -> bool:
    """Is the word one of the lexicon's own ("вебенар")?"""
    return _known_patterns().fullmatch(word) is not None


def carrying(lines: Iterable[str]) -> list[tuple[str, ...]]:
    """Lemmas that carry an answer: names of people and numbers left out."""
    code, distinct = pd.factorize(np.array(list(lines), object))
    # What is said again and again is taken apart once.
    found = [tuple(filter(None, map(_carried, _WORD.findall(line)))) for line in distinct]
    return [found[place] for place in code.tolist()]


@cache
def _carried(word: str) -> str:
    if word.isdigit() or is_name(word):
        return ""
    found = lemma(word)
    return "" if found.isdigit() else found
