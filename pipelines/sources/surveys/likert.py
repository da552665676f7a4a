"""Rated items of surveys: which aspect of a course an item rates, and which of five steps an answer is.

Aspects are the ten that organisers of such courses are asked about (product study): four of teaching, six of organisation. Which item rates
which, the programme file says (``aspects`` of the source); the aspects' usual names are known without that. Steps run from 1 (worst) to 5.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

from pipelines.errors import BadSource
from pipelines.programme import Source

STEPS = range(1, 6)
ASPECTS = ("content", "practice", "methods", "communication", "equipment", "time", "information", "group_size", "certificates", "feedback")

#: Names by which items are their aspect whatever the programme file says of others; exact, as compared by :func:`plain`.
_USUAL = {
    "content": "содержание|содержание курса|содержание программы|content|course content",
    "practice": "практикоориентированность|практическая направленность|практическая ориентированность|практика|practice|practical relevance|practical orientation",
    "methods": "методики|методы|методики преподавания|методы обучения|методика|methods|teaching methods",
    "communication": "коммуникация|общение|коммуникации|communication",
    "equipment": "техническое оснащение|оснащение|техническое обеспечение|оборудование|equipment|technical equipment",
    "time": "время|время проведения|организация времени|расписание|time|timing|schedule",
    "information": "информационная связь|информирование|информация|информационное сопровождение|information|information flow",
    "group_size": "количество человек в группе|размер группы|число человек в группе|численность группы|group size|number of people in the group",
    "certificates": "сертифицирование|сертификация|сертификаты|удостоверения|certificates|certification",
    "feedback": "обратная связь|двусторонняя обратная связь|feedback|two-way feedback",
}
_SCALE = {
    5: "полностью согласен|абсолютно согласен|совершенно согласен|полностью удовлетворен|очень доволен|полностью доволен|отлично|очень хорошо|всегда|определенно да|"
    "безусловно да|strongly agree|completely agree|very satisfied|completely satisfied|excellent|very good|always|definitely",
    4: "согласен|скорее согласен|удовлетворен|скорее удовлетворен|доволен|скорее доволен|хорошо|часто|скорее да|agree|somewhat agree|rather agree|satisfied|"
    "somewhat satisfied|rather satisfied|good|often|rather yes",
    3: "затрудняюсь ответить|затрудняюсь|трудно сказать|не могу сказать определенно|удовлетворительно|нейтрально|ни согласен ни не согласен|отчасти согласен|частично согласен|"
    "ни да ни нет|и да и нет|средне|нормально|иногда|не определился|neutral|undecided|neither agree nor disagree|not sure|hard to say|"
    "neither satisfied nor dissatisfied|average|fair|sometimes",
    2: "не согласен|скорее не согласен|не удовлетворен|скорее не удовлетворен|недоволен|скорее недоволен|неудовлетворительно|плохо|редко|скорее нет|disagree|somewhat disagree|"
    "rather disagree|dissatisfied|somewhat dissatisfied|rather dissatisfied|poor|rarely|rather no",
    1: "полностью не согласен|совершенно не согласен|абсолютно не согласен|категорически не согласен|совсем не согласен|полностью не удовлетворен|"
    "совершенно не удовлетворен|совсем не удовлетворен|очень недоволен|полностью недоволен|очень плохо|ужасно|никогда|определенно нет|безусловно нет|"
    "strongly disagree|completely disagree|very dissatisfied|completely dissatisfied|very poor|terrible|never|definitely not",
}
#: «согласен(на)», «согласен/согласна», «удовлетворён(а)», "согласна": the speaker's gender says nothing.
_GENDER = (
    (re.compile(r"\((?:а|на|на\b|ен|на|(?:не )?(?:согласна|удовлетворена|довольна|недовольна))\)"), ""),
    (re.compile(r"/\s*-?\s*(?:не )?(?:а|на|согласна|удовлетворена|довольна|недовольна)\b"), ""),
    (re.compile(r"\bсогласн[аы]\b"), "согласен"),
    (re.compile(r"\bудовлетворен[аы]\b"), "удовлетворен"),
    (re.compile(r"\b(не|)довол(?:ьна|ьны)\b"), r"\1доволен"),
    (re.compile(r"\bнеудовлетворен\w?\b"), "не удовлетворен"),
)
#: "1 – совсем не согласен", "5 (полностью)", "4.", "3,0".
_LEADING = re.compile(r"^([1-5])(?:[.,]0+)?\s*(?:$|\.\s*$|(?:из|of|/)\s*5\s*$|[-–—:)(|.]\s*[^\W\d]|балл)")
#: Words of a scale of agreement or contentment, and what only such a scale says: a bare "согласен" may be a consent.
_STATED = re.compile(r"соглас|удовлетвор|довол|затрудн|определился|нейтральн|agree|satisfied|neutral|undecided|not sure|hard to say")
_GRADED = re.compile(
    r"полностью|абсолютно|совершенно|скорее|отчасти|частично|категорически|очень|strongly|completely|somewhat|rather|very|neither"
)
_PUNCTUATION = re.compile(r"[^\w\s/()-]|_")
_REGEX = re.compile(r"^/(.+)/$")


def plain(text: str) -> str:
    """A title or an answer made comparable: one case, ё as е, plain spaces, no punctuation, no gender of the speaker."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    for pattern, by in _GENDER:
        text = pattern.sub(by, text)
    return " ".join(_PUNCTUATION.sub(" ", text).split())


_ASPECT_OF = {plain(name): aspect for aspect, names in _USUAL.items() for name in names.split("|")}
_STEP_OF = {plain(name): step for step, names in _SCALE.items() for name in names.split("|")}


@dataclass(frozen=True)
class Likert:
    """What one source says of its rated items.

    ``aspects``: title of an item (exact, a glob, or a regular expression between slashes) → aspect. ``scale``: words of an answer → step.
    """

    aspects: Mapping[str, str] = field(default_factory=dict)
    scale: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Source) -> Likert:
        """Of a source. Raises BadSource where a pattern is no regular expression."""
        made = cls(dict(source.aspects), dict(source.scale))
        try:
            made._patterns  # noqa: B018  compiled here, so that a typing error shows before anything is read
        except re.error as error:
            raise BadSource(f"source {source.name}: aspects: {error.pattern!r} is no regular expression") from error
        return made

    @cached_property
    def _patterns(self) -> list[tuple[str | re.Pattern[str], str]]:
        patterns: list[tuple[str | re.Pattern[str], str]] = []
        for name, aspect in self.aspects.items():
            found = _REGEX.match(name)
            patterns.append((re.compile(found.group(1), re.IGNORECASE) if found else name, aspect))
        return patterns

    @cached_property
    def _steps(self) -> dict[str, int]:
        return {**_STEP_OF, **{plain(words): step for words, step in self.scale.items()}}

    def aspect(self, *titles: str | None) -> str | None:
        """Aspect of an item known by any of its titles (the row of a grid, the whole question); None: not mapped."""
        known = [title for title in titles if title]
        for pattern, aspect in self._patterns:
            for title in known:
                if isinstance(pattern, re.Pattern):
                    if pattern.search(title):
                        return aspect
                elif plain(title) == plain(pattern) or fnmatchcase(title.casefold(), pattern.casefold()):
                    return aspect
        return next((_ASPECT_OF[plain(title)] for title in known if plain(title) in _ASPECT_OF), None)

    def step(self, answer: str | None) -> int | None:
        """1 to 5; None for an answer that is no step of the scale."""
        if not answer:
            return None
        if (own := self.scale.get(answer.strip())) is not None:
            return own
        found = _LEADING.match(answer.strip())
        return int(found.group(1)) if found else self._steps.get(plain(answer))

    def is_stated(self, answer: str) -> bool:
        """A step in words of agreement or contentment, which is one whatever was asked."""
        return bool(_STATED.search(words := plain(answer))) and words in self._steps

    @staticmethod
    def is_graded(answer: str) -> bool:
        """The words say how much, as only a scale does."""
        return bool(_GRADED.search(plain(answer)))
