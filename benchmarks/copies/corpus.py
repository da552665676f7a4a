"""A generated corpus whose copies are known: answers to tasks made of real sentences, by people of several streams, and a chat.

Every passage of the library is used once, so whatever two texts share was put there on purpose. A pair is *true* where two texts share
a passage that is neither reference material (task text, template, law) nor a phrase of the task.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from benchmarks.copies.library import sentences

#: Kinds of copying; a macro figure is the mean over them.
KINDS = ("verbatim", "reformatted", "homoglyph", "invisible", "endings", "shuffled", "edited", "rewritten", "half", "mosaic", "leak")
_LOOKS = {"ru": str.maketrans("аеорсухАЕОРСТМНКВ", "aeopcyxAEOPCTMHKB"), "en": str.maketrans("aeopcyxAEOPCTMHKB", "аеорсухАЕОРСТМНКВ")}
_LAWS = {
    "ru": (
        "Согласно статье {n} Федерального закона от 29 декабря 2012 г. № 273-ФЗ «{text}»",
        "В пункте {n} приказа Минпросвещения сказано: «{text}»",
    ),
    "en": ("According to Article {n} of the Education Act, “{text}”", "Section {n} of the Regulations says: “{text}”"),
}
_HEADINGS = {
    "ru": ("Тема урока:", "Цель урока:", "Планируемые результаты:", "Ход урока:", "Вывод и самооценка:"),
    "en": ("Topic of the lesson:", "Aim of the lesson:", "Expected results:", "Course of the lesson:", "Conclusion and self-assessment:"),
}


@dataclass
class Text:
    """One text of the corpus. ``passages``: number of a passage → its words here; ``sources``: numbers of the texts it was made of."""

    text: str
    person: int
    task: int
    hours: float
    kind: str
    passages: dict[int, int]
    is_message: bool = False
    sources: tuple[int, ...] = ()


@dataclass
class Corpus:
    """Texts in the order of time, the tasks' reference texts, and what is true of them."""

    texts: list[Text] = field(default_factory=list)
    references: list[str] = field(default_factory=list)

    def is_true(self, later: int, earlier: int, *, fewest: int = 10) -> bool:
        """The two share a passage of at least ``fewest`` words on either side, and one is not the same person's."""
        one, other = self.texts[later], self.texts[earlier]
        return any(min(count, other.passages.get(passage, 0)) >= fewest for passage, count in one.passages.items())


class _Deck:
    """Sentences of one language, each given out once; begins anew with other borders when it is empty."""

    def __init__(self, language: str, half: str, chance: random.Random) -> None:
        self._sentences = sentences(language, half)
        self._place = chance.randrange(len(self._sentences))
        self._left = len(self._sentences)

    def take(self, words: int) -> list[str]:
        """Sentences that follow one another, of at least so many words. Raises IndexError when all were given out."""
        found: list[str] = []
        count = 0
        while count < words:
            if self._left == 0:
                raise IndexError("the library is used up: make a smaller corpus")
            sentence = self._sentences[self._place]
            self._place = (self._place + 1) % len(self._sentences)
            self._left -= 1
            found.append(sentence)
            count += len(sentence.split())
        return found


def build(seed: int, *, half: str, language: str, tasks: int, people: int = 60, leak_people: int = 110) -> Corpus:
    """A corpus of ``tasks`` tasks with ``people`` answers each and one leaked answer with ``leak_people`` copiers of all tasks' streams.

    A third of the answers are copies, of each kind as many. Of the honest ones a third uses the task's template, a third quotes the task
    text and laws; all use phrases of the task (three to eight words) that anybody would.
    """
    chance = random.Random(f"{seed} {language}")
    deck = _Deck(language, half, chance)
    maker = _Maker(chance, deck, language)
    texts: list[Text] = []
    references = []
    person = 0
    for task in range(tasks):
        prompt = deck.take(30)
        phrases = [phrase for sentence in deck.take(160) for phrase in _phrases(sentence, chance)]
        laws = [" ".join(deck.take(16)) for _ in range(3)]
        references.append(" ".join(prompt) + "\n" + "\n".join(_HEADINGS[language]))
        honest: list[int] = []
        wanted = [KINDS[number % (len(KINDS) - 1)] for number in range(people // 3)]
        plan = ["honest"] * (people - len(wanted)) + wanted
        head, tail = plan[: people // 3], plan[people // 3 :]
        chance.shuffle(tail)
        for number, kind in enumerate(head + tail):
            person += 1
            hours = task * 24 * 7 + 2 * number + chance.random()
            passages: dict[int, int] = {}
            if kind == "honest" or len(honest) < 3:
                kind = "honest"
                parts = maker.own(chance.randint(70, 260), passages, phrases)
                if number % 3 == 1:
                    parts = maker.in_template(parts)
                elif number % 3 == 2:
                    parts = maker.with_quotations(parts, prompt, laws)
                honest.append(len(texts))
                texts.append(Text(maker.joined(parts), person, task, hours, _honest_kind(number), passages))
                continue
            # A part of a text with quotations may be nothing but quotation.
            of = [one for one in honest if texts[one].kind != "honest with quotations"] if kind in ("half", "mosaic") else honest
            chosen = chance.sample(of, min(3, len(of)) if kind == "mosaic" else 1)
            made = maker.copy(kind, [texts[one] for one in chosen], passages)
            texts.append(Text(made, person, task, hours, kind, passages, sources=tuple(chosen)))
    _leak(texts, maker, chance, tasks, person, leak_people)
    order = sorted(range(len(texts)), key=lambda number: (texts[number].hours, number))
    place = {old: new for new, old in enumerate(order)}
    for text in texts:
        text.sources = tuple(place[one] for one in text.sources)
    return Corpus([texts[old] for old in order], references)


def _honest_kind(number: int) -> str:
    return ("honest", "honest in a template", "honest with quotations")[number % 3]


def _leak(texts: list[Text], maker: _Maker, chance: random.Random, tasks: int, person: int, people: int) -> None:
    """An answer posted in a chat and handed in by a crowd, each changing a little; and messages that are no leaks."""
    passages: dict[int, int] = {}
    task = tasks - 1
    start = task * 24 * 7 + 200.0
    answer = maker.joined(maker.own(180, passages, []))
    message = len(texts)
    texts.append(Text(answer, person + 1, -1, start, "message", passages, is_message=True))
    source = texts[message]
    for number in range(people):
        mine: dict[int, int] = {}
        change = ("verbatim", "reformatted", "edited")[number % 3]
        made = maker.copy(change, [source], mine)
        texts.append(Text(made, person + 2 + number, task, start + 1 + number * 0.3, "leak", mine, sources=(message,)))
    for number in range(20):
        other: dict[int, int] = {}
        texts.append(
            Text(maker.joined(maker.own(40, other, [])), person + 500 + number, -1, start + number, "message", other, is_message=True)
        )


def _phrases(sentence: str, chance: random.Random) -> Iterator[str]:
    words = sentence.split()
    while len(words) >= 3:
        size = chance.randint(3, 8)
        yield " ".join(words[:size]).strip(" .,;:!?")
        words = words[size:]


class _Maker:
    """Makes texts out of passages, and copies out of texts."""

    def __init__(self, chance: random.Random, deck: _Deck, language: str) -> None:
        self._chance, self._deck, self._language = chance, deck, language
        self._passage = 0
        self._stray = [word for sentence in deck.take(600) for word in re.findall(r"\w{4,}", sentence)]

    def own(self, words: int, passages: dict[int, int], phrases: list[str]) -> list[str]:
        """Sentences that nobody else has, with phrases of the task put in."""
        found = self._deck.take(words)
        self._passage += 1
        passages[self._passage] = sum(len(sentence.split()) for sentence in found)
        if phrases:
            for _ in range(max(2, len(found) // 3)):
                place = self._chance.randrange(len(found))
                cut = found[place].split()
                at = self._chance.randrange(len(cut))
                found[place] = " ".join([*cut[:at], self._chance.choice(phrases), *cut[at:]])
        return found

    def in_template(self, parts: list[str]) -> list[str]:
        """The sentences under the template's headings."""
        headings = _HEADINGS[self._language]
        size = max(1, len(parts) // len(headings))
        made = []
        for number, heading in enumerate(headings):
            rest = parts[number * size :] if number == len(headings) - 1 else parts[number * size : (number + 1) * size]
            made.append("\n" + heading + " " + " ".join(rest) + "\n")
        return made

    def with_quotations(self, parts: list[str], prompt: list[str], laws: list[str]) -> list[str]:
        """The task repeated at the beginning, a law quoted in the middle."""
        number = self._chance.randrange(len(laws))
        law = self._chance.choice(_LAWS[self._language]).format(n=number + 3, text=laws[number].rstrip("."))
        return [*prompt, *parts[: len(parts) // 2], law + ".", *parts[len(parts) // 2 :]]

    @staticmethod
    def joined(parts: list[str]) -> str:
        """The sentences as one text."""
        return re.sub(r" *\n *", "\n", " ".join(parts)).strip()

    def copy(self, kind: str, sources: list[Text], passages: dict[int, int]) -> str:
        """A text made of others, in the manner of ``kind``."""
        source = sources[0]
        chance = self._chance
        if kind in ("half", "mosaic"):
            parts = []
            for one in sources:
                cut = re.split(r"(?<=[.!?…])\s+", one.text)
                size = max(2, len(cut) // 2) if kind == "half" else max(2, len(cut) // 3)
                begin = chance.randrange(max(1, len(cut) - size))
                piece = cut[begin : begin + size]
                parts += piece
                for passage in one.passages:
                    passages[passage] = sum(len(part.split()) for part in piece)
            mine: dict[int, int] = {}
            own = self.own(max(20, sum(passages.values()) if kind == "half" else 30), mine, [])
            passages |= mine
            return " ".join([*own[: len(own) // 2], *parts, *own[len(own) // 2 :]])
        passages |= source.passages
        text = source.text
        if kind == "reformatted":
            return self._reformatted(text)
        if kind == "homoglyph":
            return "".join(letter.translate(_LOOKS[self._language]) if chance.random() < 0.4 else letter for letter in text)
        if kind == "invisible":
            marks = "\u200b\u00ad\u2060\u200d"
            return re.sub(r"(?<=\w)(?=\w)", lambda _: chance.choice(marks) if chance.random() < 0.12 else "", text)
        if kind == "endings":
            return re.sub(r"\w+", lambda word: _other_ending(word[0], self._language, chance) if chance.random() < 0.5 else word[0], text)
        if kind == "shuffled":
            cut = re.split(r"(?<=[.!?…])\s+", text)
            chance.shuffle(cut)
            return " ".join(cut)
        if kind in ("edited", "rewritten"):
            return self._edited(text, 0.1 if kind == "edited" else 0.28)
        return text

    def _reformatted(self, text: str) -> str:
        text = self._chance.choice((str.upper, str.lower, str.title))(text).replace("ё", "е")
        text = self._chance.choice((re.sub(r"[.,;:!?]", "", text), re.sub(r"\s+", "\n\n", text), re.sub(r"\. ", ".\n– ", text)))
        return text.replace(" ", "\u00a0", 3)

    def _edited(self, text: str, share: float) -> str:
        made = []
        for word in text.split():
            drawn = self._chance.random()
            if drawn < share * 0.6:
                made.append(self._chance.choice(self._stray))
            elif drawn < share * 0.8:
                made += [word, self._chance.choice(self._stray)]
            elif drawn >= share:
                made.append(word)
        return " ".join(made)


@cache
def _forms(word: str) -> tuple[str, ...]:
    import pymorphy3

    global _MORPH
    if _MORPH is None:
        _MORPH = pymorphy3.MorphAnalyzer()
    parsed = _MORPH.parse(word)[0]
    return tuple(dict.fromkeys(form.word for form in parsed.lexeme[:14]))


_MORPH = None


def _other_ending(word: str, language: str, chance: random.Random) -> str:
    """Another form of the word: declined or conjugated."""
    if len(word) < 4 or word.isdigit():
        return word
    if language == "ru":
        made = chance.choice(_forms(word.lower()))
    else:
        stem = word.lower().removesuffix("s").removesuffix("ed").removesuffix("ing")
        made = stem + chance.choice(("", "s", "ed", "ing")) if len(stem) > 3 else word
    return made.capitalize() if word[0].isupper() else made
