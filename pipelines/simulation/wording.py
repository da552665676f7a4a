"""Words: a small grammar over hand-written banks of phrases, and what people do to a text when they copy it.

Banks stand in ``wording/*.txt``. The grammar keeps literal runs short, so that two answers to one task share no more than people's do
(measured in docs/simulation.md); a text that never repeats a phrase of its own; one style per author.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from pipelines.simulation.courses import TEMPLATE_HEADINGS, Theme
from pipelines.simulation.names import Person

_FOLDER = Path(__file__).with_name("wording")
_TOKEN = re.compile(r"\{(\w+)\}|(\[)|(\])|(\|)")
_GENDERED = re.compile(r"([А-Яа-яЁё]+)/([А-Яа-яЁё]+)")
_AGREEING = re.compile(r"\*([А-Яа-яЁё]+)")
#: Past tenses that do not simply lose "и".
_MASCULINE = {
    "нашли": "нашёл",
    "перешли": "перешёл",
    "пришли": "пришёл",
    "обошлись": "обошёлся",
    "смогли": "смог",
    "помогли": "помог",
    "увлеклись": "увлёкся",
}
_MASCULINE |= {"довели": "довёл", "разобрались": "разобрался", "прочли": "прочёл", "отвлеклись": "отвлёкся"}
_FEMININE = {"обошлись": "обошлась"}

# A node is a string, ("slot", name) or ("any", [[node …] …]).
Node = str | tuple[str, object]


def _parse(text: str) -> list[Node]:
    stack: list[list[list[Node]]] = [[[]]]
    at = 0
    for match in _TOKEN.finditer(text):
        if match.start() > at:
            stack[-1][-1].append(text[at : match.start()])
        if match[1]:
            stack[-1][-1].append(("slot", match[1]))
        elif match[2]:
            stack.append([[]])
        elif match[3]:
            alternatives = stack.pop()
            stack[-1][-1].append(("any", alternatives))
        else:
            stack[-1].append([])
        at = match.end()
    if at < len(text):
        stack[-1][-1].append(text[at:])
    if len(stack) != 1 or len(stack[0]) != 1:
        raise ValueError(f"unbalanced brackets in {text!r}")
    return stack[0][0]


@cache
def _banks(name: str) -> dict[str, list[tuple[str, list[Node]]]]:
    banks: dict[str, list[tuple[str, list[Node]]]] = {}
    current: list[tuple[str, list[Node]]] = []
    for line in (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("@"):
            current = banks.setdefault(line[1:], [])
            continue
        mark, rest = (line[0], line[2:]) if line[1:2] == ":" and line[0] in "pfm" else ("", line)
        current.append((mark, _parse(rest.replace("<", "").replace(">", ""))))
    return banks


def _agree(clause: str, mark: str) -> str:
    def form(match: re.Match[str]) -> str:
        verb = match[1]
        if mark == "p":
            return verb
        if mark == "f":
            return _FEMININE.get(verb) or (
                verb[:-2] + "ась"
                if verb.endswith("ись") and not verb.endswith("лись")
                else verb[:-4] + "лась"
                if verb.endswith("лись")
                else verb[:-1] + "а"
            )
        return _MASCULINE.get(verb) or (verb[:-4] + "лся" if verb.endswith("лись") else verb[:-1])

    return _AGREEING.sub(form, clause)


class Grammar:
    """Expands banks of one file; ``values`` fill slots that are no bank. Raises KeyError for a slot that is neither."""

    def __init__(self, file: str) -> None:
        self.banks = _banks(file)

    def say(
        self, bank: str, rng: Random, values: dict[str, str] | None = None, *, woman: bool = True, used: set[tuple[str, int]] | None = None
    ) -> str:
        """One expansion of a bank. ``used`` keeps a text from taking the same phrase twice."""
        text = self._expand(bank, rng, values or {}, used)[1]
        return tidy(_GENDERED.sub(r"\1" if woman else r"\2", text))

    def _expand(self, bank: str, rng: Random, values: dict[str, str], used: set[tuple[str, int]] | None) -> tuple[str, str]:
        if bank in values:
            return "", values[bank]
        if (clause := self._clause(bank, rng, values, used)) is not None:
            return "", clause
        lines = self.banks[bank]
        place = rng.randrange(len(lines))
        if used is not None and len(lines) > 3:
            for _ in range(5):
                if (bank, place) not in used:
                    break
                place = rng.randrange(len(lines))
            used.add((bank, place))
        mark, nodes = lines[place]
        return mark, self._nodes(nodes, rng, values, used)

    def _nodes(self, nodes: list[Node], rng: Random, values: dict[str, str], used: set[tuple[str, int]] | None) -> str:
        out = []
        for node in nodes:
            if isinstance(node, str):
                out.append(node)
            elif node[0] == "slot":
                out.append(self._expand(str(node[1]), rng, values, used)[1])
            else:
                alternatives: list[list[Node]] = node[1]  # type: ignore[assignment]
                out.append(self._nodes(alternatives[rng.randrange(len(alternatives))], rng, values, used))
        return "".join(out)

    def _clause(self, bank: str, rng: Random, values: dict[str, str], used: set[tuple[str, int]] | None) -> str | None:
        """Clauses that need agreement or a free order of words; None for a plain bank."""
        if bank in ("kidclause", "kidclause_c"):
            mark, subject = self._expand("kids", rng, values, used)
            verb = _agree(self._expand("kidvp", rng, values, used)[1], mark)
            adverb = self._expand("kidadv", rng, values, used)[1] if rng.random() < 0.62 else ""
            order = rng.random()
            if not adverb:
                text = f"{subject} {verb}"
            elif order < 0.55:
                text = f"{subject} {adverb} {verb}"
            elif order < 0.85:
                text = f"{adverb} {subject} {verb}"
            else:
                text = f"{subject} {verb} {adverb}"
            return capital(text) if bank.endswith("_c") else text
        if bank == "meclause":
            adverb = self._expand("meadv", rng, values, used)[1] if rng.random() < 0.6 else ""
            verb = self._expand("mevp", rng, values, used)[1]
            return f"{adverb} {verb}" if adverb else ("я " if rng.random() < 0.5 else "") + verb
        if bank in ("because_c", "purpose_c", "although_c", "when_c"):
            return self._expand(bank[:-2], rng, values, used)[1]
        return None


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def tidy(text: str) -> str:
    """Blanks and marks as a person would set them."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r",\s*:", ":", text)
    text = re.sub(r"\s+([,.;:!?»])", r"\1", text)
    text = re.sub(r",{2,}", ",", text)
    return re.sub(r"([,;])\s*\.", ".", text).strip()


ANSWERS, CHAT = Grammar("answers"), Grammar("chat")


@dataclass(frozen=True)
class Style:
    """How one author writes."""

    woman: bool
    length: float  # sentences per section, factor
    joins: float  # how often a clause is added to a sentence
    openers: tuple[str, ...]
    headings: bool
    quotes_task: bool
    plain_e: bool
    typos: float
    asides: float


def style_of(rng: Random, someone: Person, skill: float) -> Style:
    """Draw an author's habits; weaker writers write shorter and with more slips."""
    openers = tuple(ANSWERS.say("stepopen", rng) for _ in range(5))
    return Style(
        woman=someone.is_woman,
        length=max(0.55, min(1.7, rng.gauss(1.0 + 0.12 * skill, 0.22))),
        joins=min(0.95, max(0.2, rng.gauss(0.6, 0.18))),
        openers=openers,
        headings=rng.random() < 0.3,
        quotes_task=rng.random() < 0.14,
        plain_e=rng.random() < 0.6,
        typos=rng.choice((0, 0, 0, 0.002, 0.004, 0.01)),
        asides=rng.random() * 0.7,
    )


_SECTIONS = (("context", 2.4), ("aim", 2.1), ("steps", 6.2), ("difficulty", 2.8), ("evidence", 2.2), ("opinion", 2.9), ("planning", 1.8))
_HEADED = ("context", "aim", "steps", "difficulty", "opinion")


def answer(rng: Random, style: Style, theme: Theme) -> list[str]:
    """One original answer to a task, as paragraphs; about 120 to 330 words."""
    used: set[tuple[str, int]] = set()

    def say(bank: str) -> str:
        return ANSWERS.say(bank, rng, {"term": rng.choice(theme.terms)}, woman=style.woman, used=used)

    plan = list(_SECTIONS)
    draw = rng.random()
    if not style.headings and draw < 0.25:  # the result first
        plan = [plan[4], *plan[:4], *plan[5:]]
    elif not style.headings and draw < 0.45:  # an opinion to begin with
        plan = [plan[5], *plan[:5], plan[6]]
    elif not style.headings and draw < 0.6:
        plan = [plan[0], plan[2], plan[1], *plan[3:]]
    paragraphs: list[str] = []
    if style.quotes_task:
        paragraphs.append(rng.choice(("Задание: ", "Тема: ", "")) + theme.asks)
    for section, mean in plan:
        number = max(1, round(rng.gauss(mean * style.length, 0.8)))
        sentences = []
        for place in range(number):
            if section == "steps":
                clause = say("meclause" if rng.random() < 0.5 else "kidclause")
                if place and rng.random() < 0.45:
                    clause = f"{rng.choice(style.openers) if rng.random() < 0.6 else say('stepopen')} {clause}"
                joined = say("link") if rng.random() < style.joins else "."
                sentence = capital(clause) + joined
            else:
                sentence = say(section)
                if rng.random() < style.joins * 0.3 and sentence.endswith("."):
                    sentence = sentence[:-1] + say("link")
            sentences.append(sentence if sentence[-1] in ".?!»:" else sentence + ".")
        if rng.random() < style.asides * 0.4:
            sentences.append(capital(say("aside")))
        text = tidy(" ".join(sentences))
        if style.headings and section in _HEADED:
            paragraphs.append(TEMPLATE_HEADINGS[_HEADED.index(section)])
            paragraphs.append(text)
        elif style.headings or (paragraphs and rng.random() < 0.35 and not style.quotes_task):
            paragraphs[-1] += " " + text
        else:
            paragraphs.append(text)
    return [_slips(rng, paragraph, style) for paragraph in paragraphs]


def _slips(rng: Random, text: str, style: Style) -> str:
    if style.plain_e:
        text = text.replace("ё", "е").replace("Ё", "Е")
    if not style.typos:
        return text
    letters = list(text)
    for place in range(1, len(letters) - 1):
        if letters[place].isalpha() and letters[place + 1].isalpha() and rng.random() < style.typos:
            kind = rng.random()
            if kind < 0.5:
                letters[place], letters[place + 1] = letters[place + 1], letters[place]
            elif kind < 0.8:
                letters[place] = ""
            else:
                letters[place] *= 2
    return "".join(letters)


_SYNONYMS = (
    "ребята:ученики дети:ребята ученики:дети урок:занятие занятие:урок работа:деятельность сразу:тут же быстро:скоро сначала:вначале "
    "потом:затем затем:далее дальше:после однако:но хотя:несмотря на то что потому:так показала:продемонстрировала показал:продемонстрировал "
    "решили:приняли решение предложила:дала предложил:дал задание:упражнение вопрос:вопросик трудность:сложность проблемой:затруднением "
    "главное:самое важное важнее:существеннее хотелось:хотела думаю:считаю считаю:полагаю полагаю:думаю класс:коллектив родители:семьи "
    "время:минуты план:сценарий вывод:итог результат:итог цель:задача задача:цель почти:практически очень:весьма нашли:обнаружили заметили:увидели "
    "сравнили:сопоставили объяснили:рассказали выбрали:взяли придумали:составили помогли:подсказали проверили:просмотрели чтобы:для того чтобы "
    "когда:в тот момент когда если:в случае если после:вслед за сделала:выполнила сделал:выполнил начала:стала начал:стал дома:в семье "
    "карточки:листочки таблицу:табличку схему:рисунок памятку:шпаргалку текст:отрывок пример:образец примера:образца тихо:спокойно шум:гул "
    "наконец:в конце концов впервые:в первый раз охотно:с желанием неожиданно:вдруг оценка:отметка отметка:оценка оценки:отметки критерии:требования "
    "половина:пятьдесят процентов большинство:многие опыт:практика приём:метод прием:метод способ:путь роль:функция группы:команды группа:команда "
    "начале:старте конце:финале середине:центре школе:гимназии коллеги:товарищи коллега:товарищ честно:откровенно кажется:по-моему"
)
_SYNONYM = dict(pair.split(":") for pair in re.findall(r"\S+:[^:]+?(?= \S+:|$)", _SYNONYMS))
_FILLERS = ("конечно,", "в целом", "также", "достаточно", "как правило,", "именно", "в общем", "наверное,", "действительно", "ещё")
_LOOKALIKES = str.maketrans({"а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "у": "y", "х": "x"})


def copy(rng: Random, paragraphs: list[str], kind: str, own: list[str]) -> tuple[list[str], float]:
    """What a copier makes of somebody's answer: (paragraphs, share of the copier's text that is the source's).

    ``kind``: verbatim, reformatted (paragraphs and marks), edited (a tenth to a quarter of the words), half (the other half is ``own``),
    homoglyph (Latin look-alikes and invisible characters).
    """
    if kind == "verbatim":
        return list(paragraphs), 1.0
    text = "\n".join(paragraphs)
    if kind == "reformatted":
        sentences = re.split(r"(?<=[.?!])\s+", text.replace("\n", " "))
        out, place = [], 0
        while place < len(sentences):
            step = rng.randint(1, 5)
            out.append(" ".join(sentences[place : place + step]))
            place += step
        if rng.random() < 0.5:
            out = [line.replace("«", '"').replace("»", '"').replace(" — ", " - ") for line in out]
        return out, 1.0
    if kind == "homoglyph":
        words = text.split(" ")
        words = [word.translate(_LOOKALIKES) if rng.random() < 0.55 else word for word in words]
        words = [word[:2] + "\u200b" + word[2:] if len(word) > 5 and rng.random() < 0.08 else word for word in words]
        return " ".join(words).split("\n"), 1.0
    if kind == "half":
        mine = own[: max(1, len(own) // 2)]
        sentences = re.split(r"(?<=[.?!])\s+", text.replace("\n", " "))
        start = rng.randint(0, max(0, len(sentences) // 2))
        taken = sentences[start : start + max(3, len(sentences) // 2)]
        out = [*mine, " ".join(taken)] if rng.random() < 0.5 else [" ".join(taken), *mine]
        total = sum(len(part.split()) for part in out)
        return out, len(" ".join(taken).split()) / max(1, total)
    share = rng.uniform(0.10, 0.25)
    return [_edit(rng, paragraph, share) for paragraph in paragraphs], 1 - share


def _edit(rng: Random, text: str, share: float) -> str:
    out: list[str] = []
    for word in text.split(" "):
        bare = word.strip(".,;:!?«»").lower()
        if bare in _SYNONYM and rng.random() < 0.75:
            new = _SYNONYM[bare]
            out.append(word.lower().replace(bare, new) if word[:1].islower() else capital(word.lower().replace(bare, new)))
            continue
        draw = rng.random()
        if draw < share * 0.22 and out and len(bare) > 3 and out[-1][-1:] not in ".,;:!?":
            out[-1], word = word.rstrip(".,;:!?"), out[-1] + word[len(word.rstrip(".,;:!?")) :]
        elif draw < share * 0.44:
            out.append(rng.choice(_FILLERS))
        elif draw < share * 0.6 and len(bare) < 4 and bare.isalpha():
            continue
        elif draw < share * 0.85 and len(bare) > 6 and bare.isalpha():
            word = word.replace(bare, bare[:-1] + rng.choice("аеиыу")) if word[:1].islower() else word
        out.append(word)
    return " ".join(out)
