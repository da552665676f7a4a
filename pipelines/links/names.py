"""Names of people as keys that do not depend on script, spelling scheme, order, case or decoration.

One name is written in many ways: «Соловьёва Юлия Владимировна», "Yuliya Soloveva", «Юля Соловьева 🌷», «Соловьёва Ю.В.», «Юлия школа 101».
:func:`key` folds every transliteration in use (GOST, ISO 9, passport, BGN, German, French habits) onto one spelling; :func:`read_name`
takes a shown name apart into keys, initials and a school number. Nothing here knows who a name belongs to: :mod:`pipelines.links.people`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from pipelines.text import normalise

_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "ž", "з": "z", "и": "i", "й": "i", "к": "k", "л": "l",
    "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "ц", "ч": "č", "ш": "š",
    "щ": "š", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "iu", "я": "ia", "і": "i", "ї": "i", "є": "ie", "ґ": "g", "ў": "u", "ә": "a",
    "ө": "o", "ү": "u", "җ": "ž", "ң": "n", "һ": "h", "қ": "k", "ғ": "g", "ұ": "u",
}  # fmt: skip
#: Letters with a sign that schemes give a meaning of their own; every other sign is dropped.
_SIGNED = {"č": "č", "š": "š", "ž": "ž", "ŝ": "š", "ś": "s", "ć": "č", "ö": "e", "ё": "e", "ä": "a", "ü": "u"}
#: Latin spellings, longest first, and what they stand for.
_LATIN = (
    ("shch", "š"), ("schtsch", "š"), ("tsch", "č"), ("tch", "č"), ("sch", "š"), ("dzh", "dž"), ("dj", "dž"), ("sh", "š"), ("ch", "č"), ("zh", "ž"),
    ("kh", "h"), ("ts", "ц"), ("tz", "ц"), ("tc", "ц"), ("ph", "f"), ("th", "t"), ("ck", "k"), ("c", "ц"),
    ("x", "ks"), ("w", "v"), ("q", "k"), ("y", "i"), ("j", "i"),
)  # fmt: skip
_FOLDS = (("тс", "ц"), ("ts", "ц"))
_APOSTROPHES = re.compile(r"['’ʼ`´ʹ]")
_RUNS = re.compile(r"(.)\1+")

#: Common short forms: full name → what people are called. Written for this project; not a complete list and need not be.
SHORT_FORMS = {
    "александр": "саша саня шура алекс сашуля саня alexander alex", "александра": "саша шура саня аля alexandra alex", "алексей": "леша алеша лёха alexey alexis",
    "алена": "аленка аленушка лена alyona", "алина": "аля алинка", "алла": "аллочка", "анастасия": "настя настена ася стася", "анатолий": "толя толик",
    "андрей": "андрюша andrew", "анна": "аня нюра анюта аннушка анечка ann anna hanna", "антон": "антоша тоша", "антонина": "тоня", "аркадий": "аркаша",
    "арсений": "сеня арсен", "артем": "тема артемий", "борис": "боря", "вадим": "вадик", "валентин": "валя", "валентина": "валя валюша валечка",
    "валерий": "валера", "валерия": "лера валера", "варвара": "варя", "василий": "вася", "василиса": "вася", "вера": "верочка веруня",
    "вероника": "ника вера", "виктор": "витя victor", "виктория": "вика вита victoria", "виталий": "виталик", "владимир": "вова володя вовка", "владислав": "влад слава владик",
    "владислава": "влада слава", "всеволод": "сева", "вячеслав": "слава", "галина": "галя галочка", "геннадий": "гена", "георгий": "гоша жора егор", "герман": "гера",
    "григорий": "гриша", "гульнара": "гуля", "гузель": "гуля", "дарья": "даша дашуля дарина дария", "денис": "дениска дэн", "диана": "дина",
    "дмитрий": "дима митя димка", "евгений": "женя", "евгения": "женя", "егор": "егорка", "екатерина": "катя катюша катерина катенька kate catherine",
    "елена": "лена леночка ленуся алена helen", "елизавета": "лиза лизавета elizabeth", "ефим": "фима", "жанна": "жанночка", "зинаида": "зина", "зоя": "зоенька",
    "иван": "ваня ванечка", "игорь": "игорек гоша", "илья": "илюша", "инна": "инночка", "иннокентий": "кеша", "ирина": "ира иришка ириша", "карина": "кариша",
    "кира": "кирочка", "кирилл": "кирюша", "константин": "костя", "ксения": "ксюша оксана ксеня аксинья", "лариса": "лара", "лев": "лева", "леонид": "леня",
    "лидия": "лида", "лилия": "лиля", "любовь": "люба любаша", "людмила": "люда мила люся людочка", "максим": "макс", "маргарита": "рита марго", "марина": "мариша маринка",
    "мария": "маша маруся машенька маня маша марья mary", "матвей": "мотя", "михаил": "миша michael", "надежда": "надя наденька надюша", "наталья": "наташа ната наталия таша натали",
    "никита": "никитка", "николай": "коля nicholas", "нина": "нинуля", "оксана": "ксюша ксана", "олег": "олежка", "олеся": "леся", "ольга": "оля оленька лёля",
    "павел": "паша", "петр": "петя peter", "полина": "поля", "раиса": "рая", "регина": "рина", "роза": "розочка", "роман": "рома", "руслан": "русик", "рустам": "рустик",
    "светлана": "света светочка лана светик", "семен": "сема", "сергей": "сережа серега серж", "снежана": "снежа", "софья": "соня софия sophia", "станислав": "стас слава",
    "степан": "степа", "тамара": "тома", "татьяна": "таня танюша танечка", "тимофей": "тима", "тимур": "тима", "ульяна": "уля", "федор": "федя theodore", "филипп": "филя",
    "эдуард": "эдик", "эльвира": "эля эльвирочка", "эльмира": "эля", "юлия": "юля юленька julia", "юрий": "юра george", "яна": "яночка", "ярослав": "ярик слава",
    "яков": "яша", "айгуль": "гуля ая", "зульфия": "зуля", "ильдар": "ильдус", "марат": "маратик", "ринат": "ренат", "рашид": "рашит",
}  # fmt: skip

#: Words that stand in shown names and are no names: roles, schools, devices, what programs put in.
_NO_NAMES = frozenset(
    ["учитель", "учительница", "педагог", "преподаватель", "воспитатель", "логопед", "психолог", "дефектолог", "тьютор", "методист", "завуч", "директор", "куратор", "классный", "руководитель", "школа", "школы", "шк", "сош", "оош", "нош", "мбоу", "мкоу", "маоу", "гбоу", "моу", "мбдоу", "гимназия", "лицей", "интернат", "детский", "сад", "доу", "класс", "кл", "город", "г", "село", "с", "пгт", "ул", "рп", "начальных", "классов", "математики", "русского", "языка", "литературы", "физики", "химии", "биологии", "истории", "английского", "информатики", "географии", "музыки", "физкультуры", "технологии", "слушатель", "участник", "участница", "гость", "группа", "поток", "зам", "заместитель", "по", "увр", "вр", "и", "пользователь", "телефон", "ноутбук", "компьютер", "планшет", "мобильный", "teacher", "school", "user", "guest", "iphone", "ipad", "galaxy", "samsung", "redmi", "note", "xiaomi", "mi", "poco", "honor", "huawei", "realme", "oppo", "vivo", "nokia", "pixel", "macbook", "mac", "pc", "laptop", "desktop", "android", "phone", "tablet", "zoom", "host", "cohost", "admin", "pro", "plus", "max", "ultra", "lite", "mini", "uchitel", "uchitelnica", "pedagog", "shkola", "sosh", "gimnazia", "licei", "mail", "email", "inbox", "info", "school", "home", "work", "rabota", "new"]
)  # fmt: skip
_SCHOOL = re.compile(
    r"(?:школа|школы|шк|сош|оош|нош|гимназия|лицей|интернат|мбоу|маоу|мкоу|гбоу|school|shkola|sosh|sch|gimnazia|licei|доу|сад)\W{0,3}(?:no\W?|n\W?|№\W?)?(\d{1,4})\b|(?:№|\bno)\W?(\d{1,4})\b"
)
_NUMBER = re.compile(r"\d+")
_TOKEN = re.compile(r"[^\W\d_]+(?:[-‐‑–][^\W\d_]+)*")
_PATRONYMIC = re.compile(r"(ovič|evič|ivič|ič|ovna|evna|ična|ogli|oglu|kizi|uli)$")


@dataclass(frozen=True)
class ShownName:
    """A shown name taken apart.

    ``keys``: keys of its name-like words in order; ``initials``: keys of single letters in order; ``school``: number of a school, if one
    stands there; ``strange``: words that are certainly no names (roles, devices), counted.
    """

    keys: tuple[str, ...]
    initials: tuple[str, ...]
    school: str | None
    strange: int


@cache
def key(word: str) -> str:
    """Spelling-free key of one word: equal for «Соловьёва», "Soloveva", "Solovyova", "SOLOVIEVA"; empty without letters."""
    word = _APOSTROPHES.sub("", normalise(word))
    if not any("а" <= letter <= "ӿ" for letter in word):
        word = _plain_latin(word)
        for spelling, stands_for in _LATIN:
            word = word.replace(spelling, stands_for)
    word = "".join(_CYRILLIC.get(letter, letter) for letter in word if letter.isalpha())
    for spelling, stands_for in _FOLDS:
        word = word.replace(spelling, stands_for)
    word = re.sub("i+", "i", word).replace("ia", "a").replace("iu", "u").replace("io", "e").replace("ie", "e")
    return _RUNS.sub(r"\1", word)


def _plain_latin(word: str) -> str:
    letters = []
    for letter in word:
        if letter in _SIGNED:
            letters.append(_SIGNED[letter])
        else:
            letters.append("".join(part for part in unicodedata.normalize("NFD", letter) if unicodedata.category(part) != "Mn"))
    return "".join(letters)


@cache
def read_name(shown: str | None) -> ShownName:
    """Take a shown name apart: decoration, numbers, roles and devices out, a school's number kept."""
    text = normalise(shown or "")
    found = _SCHOOL.search(text)
    school = next((number.lstrip("0") for number in found.groups() if number), None) if found else None
    keys, initials, strange = [], [], 0
    for word in _TOKEN.findall(text):
        plain = re.sub(r"[-‐‑–]", "", word)
        if len(plain) == 1:
            initials.append(_initial(plain))
        elif plain in _NO_NAMES or word in _NO_NAMES:
            strange += 1
        else:
            folded = key(plain)
            if len(folded) > 1:
                keys.append(folded)
    return ShownName(tuple(dict.fromkeys(keys)), tuple(initials), school, strange)


def read_handle(handle: str | None) -> ShownName:
    """Take a user name or the local part of an address apart: words between signs and digits; two letters are initials."""
    text = normalise(handle or "").lstrip("@")
    found = _SCHOOL.search(text)
    school = next((number.lstrip("0") for number in found.groups() if number), None) if found else None
    keys: list[str] = []
    initials: list[str] = []
    strange = 0
    for word in re.findall(r"[^\W\d_]+", text):
        if word in _NO_NAMES:
            strange += 1
        elif len(word) <= 2:
            initials.extend(_initial(letter) for letter in word)
        elif len(folded := key(word)) > 2:
            keys.append(folded)
    if len(parts := re.split(r"[._\d]+", text)) and any("-" in part for part in parts):
        keys.extend(folded for part in parts if "-" in part and len(folded := key(part.replace("-", ""))) > 2)
    return ShownName(tuple(dict.fromkeys(keys)), tuple(initials), school, strange)


def _initial(letter: str) -> str:
    """Key of an initial; "" for a letter that schemes use for several sounds ("Y." is Ю, Я, Е, Й or Ы)."""
    return "" if letter in "yj" else {"ю": "u", "я": "a", "c": ""}[letter] if letter in "юяc" else key(letter)[:1]


@cache
def first_name_keys(name: str) -> tuple[str, ...]:
    """Keys under which the bearer of a first name may show: its own and its short forms'."""
    own = key(name)
    return tuple(dict.fromkeys((own, *_short_forms().get(own, ()))))


@cache
def _short_forms() -> dict[str, tuple[str, ...]]:
    return {key(full): tuple(key(short) for short in shorts.split()) for full, shorts in SHORT_FORMS.items()}


def is_patronymic(folded: str) -> bool:
    """Does a key have the form of a patronymic? Some family names have it too («Маркевич»)."""
    return len(folded) > 3 and bool(_PATRONYMIC.search(folded))


@dataclass(frozen=True)
class FullName:
    """Name of an LMS account: keys of its parts, empty where unknown; ``firsts`` with short forms."""

    last: str
    first: str
    middle: str
    firsts: tuple[str, ...]


@cache
def full_name(first_name: str | None, last_name: str | None) -> FullName:
    """Parts of a name whose system keeps given and family name apart; the patronymic may stand in either field."""
    given = [word for word in _TOKEN.findall(normalise(first_name or "")) if len(word) > 1]
    family = [word for word in _TOKEN.findall(normalise(last_name or "")) if len(word) > 1]
    middle = ""
    for words in (given, family):
        if len(words) > 1 and is_patronymic(key(words[-1])):
            middle = key(words.pop())
    if not given and len(family) > 1:
        family, given = family[:1], family[1:]
    last = key("".join(re.sub(r"[-‐‑–]", "", word) for word in family))
    first = key(given[0]) if given else ""
    return FullName(last, first, middle, first_name_keys(given[0]) if given else ())


def school_number(institution: str | None) -> str | None:
    """Number of a school in its name: «МБОУ СОШ № 138» → "138"; None without one."""
    found = _NUMBER.search(institution or "")
    return found.group().lstrip("0") if found else None
