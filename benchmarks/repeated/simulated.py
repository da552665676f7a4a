"""Chats with known truth, drawn from the benchmark's own bank of INVENTED questions (``bank.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.links.conversations import wording

BANK = Path(__file__).with_name("bank.toml")
_GREETINGS = ("", "", "", "", "Здравствуйте! ", "Добрый день! ", "Доброе утро, ", "Коллеги, ", "Извините, ", "Добрый вечер. Подскажите, ")
_TAILS = ("", "", "", "", " Спасибо!", " заранее спасибо", " )))", "??", " пожалуйста")
_NAMES = ("", "", "", "Марина Петровна, ", "Айгуль, ", "@teacher_45 ", "Коллега, ")
_LETTERS = "абвгдежзиклмнопрстуфхцчшыьэюя"
_FIRST_DAY = pd.Timestamp("2027-02-01", tz="UTC")


@dataclass(frozen=True)
class Chat:
    """Questions and answers as ``repeated_questions.cluster`` takes them; ``intent`` and ``truth`` (intent and task) per question."""

    questions: pd.DataFrame
    answers: pd.DataFrame
    intent: np.ndarray
    truth: np.ndarray


def bank() -> dict[str, dict[str, list[str]]]:
    """Intents with their questions and answers."""
    return tomllib.loads(BANK.read_text("utf-8"))


def chat(seed: int, *, size: int = 800, courses: int = 2, days: int = 42, answered: float = 0.6, typos: float = 0.25) -> Chat:
    """Draw questions: intents by a Zipf-like share, wordings evenly; greetings, typing errors, lost capitals and marks at random.

    answered: share with a curator's answer whose question is known. typos: share of questions with one typing error.
    """
    random = np.random.default_rng(seed)
    intents = bank()
    names = list(intents)
    order = random.permutation(len(names))
    share = 1 / (1 + np.arange(len(names))) ** 0.7
    rows, given = [], []
    for number in range(size):
        name = names[order[random.choice(len(names), p=share / share.sum())]]
        entry = intents[name]
        text = entry["questions"][random.integers(len(entry["questions"]))]
        task = str(random.choice([1, 2, 3, 4], p=[0.3, 0.3, 0.2, 0.2])) if "{n}" in text else ""
        text = text.replace("{n}", task)
        if random.random() < typos:
            text = _typo(text, random)
        if random.random() < 0.3:
            text = text.lower()
        if random.random() < 0.3:
            text = text.rstrip("?!.")
        text = random.choice(_GREETINGS) + text + random.choice(_TAILS)
        course = str(random.integers(courses))
        asked = _FIRST_DAY + pd.Timedelta(seconds=int(random.integers(days * 86_400)))
        rows.append((number, f"course:{course}", asked, text, name, f"{course}|{name}|{task}"))
        if random.random() < answered:
            answer = random.choice(_NAMES) + entry["answers"][random.integers(len(entry["answers"]))]
            given.append((number, asked + pd.Timedelta(minutes=int(random.exponential(300))), answer))
    table = pd.DataFrame(rows, columns=["number", "course_id", "asked_at", "text", "intent", "truth"]).sort_values(["asked_at", "number"])
    table["question_id"] = [f"q{number:06d}" for number in table["number"]]
    greeting = rf"^ ({wording.pattern(wording.GREETINGS).strip()} )+"
    table["line"] = (
        pd.Series(wording.lines(_array(table["text"])).to_pylist(), index=table.index).str.replace(greeting, " ", regex=True).str.strip()
    )
    table["line"] = " " + table["line"] + " "
    table["quoted"] = ""
    table["task"] = None
    answers = pd.DataFrame(given, columns=["number", "answered_at", "text"]).sort_values(["answered_at", "number"])
    answers["question_id"] = [f"q{number:06d}" for number in answers["number"]]
    answers["line"] = wording.lines(_array(answers["text"])).to_pylist()
    columns = ["question_id", "course_id", "asked_at", "text", "line", "quoted", "task"]
    return Chat(
        table[columns].reset_index(drop=True),
        answers[["question_id", "answered_at", "line"]].reset_index(drop=True),
        table["intent"].to_numpy(),
        table["truth"].to_numpy(),
    )


def _array(texts: pd.Series):
    import pyarrow as pa

    return pa.array(texts, pa.string())


def _typo(text: str, random: np.random.Generator) -> str:
    """One letter left out, doubled, changed or swapped, inside a word."""
    inside = [place for place in range(1, len(text) - 1) if text[place - 1 : place + 2].isalpha()]
    if not inside:
        return text
    place = inside[random.integers(len(inside))]
    kind = random.integers(4)
    if kind == 0:
        return text[:place] + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place] + text[place:]
    if kind == 2:
        return text[:place] + _LETTERS[random.integers(len(_LETTERS))] + text[place + 1 :]
    return text[: place - 1] + text[place] + text[place - 1] + text[place + 1 :]
