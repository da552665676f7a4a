"""How a person is addressed: given name and patronymic out of a full name, and the grammatical gender where the name shows it.

Only what the name itself says is used (patronymic and family-name endings); where that leaves a doubt the answer is None and the
sentence is written so that it needs neither.
"""

from __future__ import annotations

import re
from typing import Literal

Gender = Literal["feminine", "masculine"]

_FEMININE_PATRONYMIC = re.compile(r"(?:овна|евна|ична|инична|кызы|qizi|ovna|evna|ichna)$", re.IGNORECASE)
_MASCULINE_PATRONYMIC = re.compile(r"(?:ович|евич|ьич|мич|нич|кич|тич|оглы|ogly|ovich|evich|ich)$", re.IGNORECASE)
_FAMILY = re.compile(
    r"(?:ов|ова|ев|ева|ёв|ёва|ин|ина|ын|ына|ский|ская|цкий|цкая|ской|енко|чук|юк|ук|ко|ян|дзе|швили|их|ых|ову|оглу|ov|ova|ev|eva|in|ina|yn|yna"
    r"|sky|skiy|skaya|enko|chuk|yan|dze|shvili)$",
    re.IGNORECASE,
)
#: Given names that end as family names do.
_GIVEN_LIKE_FAMILY = frozenset(
    [
        "марина",
        "ирина",
        "екатерина",
        "полина",
        "карина",
        "алина",
        "галина",
        "валентина",
        "арина",
        "нина",
        "кристина",
        "антонина",
        "ангелина",
        "регина",
        "дина",
        "инна",
        "лина",
        "эвелина",
        "альбина",
        "василина",
        "евангелина",
        "сабина",
        "самина",
        "яна",
        "ульяна",
        "татьяна",
        "диана",
        "оксана",
        "светлана",
        "валерьян",
        "ян",
        "иван",
        "константин",
        "валентин",
        "августин",
        "мартин",
        "марин",
        "эдвин",
        "алевтина",
        "фаина",
        "акулина",
        "зарина",
        "камина",
        "мадина",
        "амина",
        "эльвина",
        "ева",
        "лев",
        "яков",
        "святослав",
        "владислав",
        "станислав",
        "вячеслав",
        "марко",
        "marina",
        "irina",
        "ekaterina",
        "polina",
        "karina",
        "alina",
        "galina",
        "valentina",
        "arina",
        "nina",
        "kristina",
        "antonina",
        "angelina",
        "regina",
        "dina",
        "eva",
        "konstantin",
        "valentin",
        "martin",
    ]
)


def _tokens(name: str | None) -> list[str]:
    return [part for part in re.split(r"[\s,]+", (name or "").strip()) if part and any(letter.isalpha() for letter in part)]


#: «Ильич», «Кузьмич»: nothing shorter is a patronymic.
_PATRONYMIC_LETTERS = 5


def _is_patronymic(token: str) -> bool:
    return len(token) >= _PATRONYMIC_LETTERS and bool(_FEMININE_PATRONYMIC.search(token) or _MASCULINE_PATRONYMIC.search(token))


def _is_family(token: str) -> bool:
    return token.lower() not in _GIVEN_LIKE_FAMILY and bool(_FAMILY.search(token))


def gender_of(name: str | None) -> Gender | None:
    """Gender that a full name shows by its patronymic; None: it has none."""
    for token in _tokens(name)[1:]:
        if _is_patronymic(token):
            return "feminine" if _FEMININE_PATRONYMIC.search(token) else "masculine"
    return None


def address_of(name: str | None) -> str | None:
    """Given name, with the patronymic where there is one («Анна Петровна», «Марина»); None: the name does not show which part it is."""
    tokens = _tokens(name)
    for place, token in enumerate(tokens):
        if place and _is_patronymic(token):
            return f"{tokens[place - 1]} {token}"  # "Family Given Patronymic" and "Given Patronymic Family" alike
    if len(tokens) == 2:
        given = [token for token in tokens if not _is_family(token)]
        if len(given) == 1:
            return given[0]
    return None
