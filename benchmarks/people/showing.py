"""How people show their name, written apart from the linker: published transliterations, pet names, typing errors, decoration.

Nothing here is shared with ``pipelines.links.people.names``, or the benchmark would measure that the linker knows its own tables. Transliterations:
ICAO 9303 (passports), GOST 7.79-2000 system B, ISO 9:1995, BGN/PCGN 1947, GOST 16876-71, and what people type by habit.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_SCHEMES = {
    "icao": "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y - e iu ia",
    "gost_b": "a b v g d e yo zh z i j k l m n o p r s t u f x cz ch sh shh `` y` ` e` yu ya",
    "iso9": "a b v g d e ë ž z i j k l m n o p r s t u f h c č š ŝ ʺ y ʹ è û â",
    "bgn": "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch ” y ’ e yu ya",
    "gost16876": "a b v g d e jo zh z i jj k l m n o p r s t u f kh c ch sh shh - y - eh ju ja",
    "habit": "a b v g d e e zh z i y k l m n o p r s t u f h c ch sh sch - y - e u ya",
}
_TABLES = {
    name: dict(zip(_LETTERS, [one.replace("-", "") for one in spellings.split()], strict=True)) for name, spellings in _SCHEMES.items()
}
_VOWELS = frozenset("аеёиоуыэюяьъ")

_PETS = """
Анна:Аня,Анечка,Анюта,Нюра Мария:Маша,Машенька,Маруся,Марийка Елена:Лена,Леночка,Ленуся,Алёна Ольга:Оля,Оленька,Олечка Наталья:Наташа,Ната,Наташенька
Наталия:Наташа,Ната Ирина:Ира,Ирочка,Иринка,Ируся Светлана:Света,Светик,Светланка,Лана Татьяна:Таня,Танюша,Танечка Екатерина:Катя,Катюша,Катерина Юлия:Юля,Юленька,Юлечка
Людмила:Люда,Люся,Мила Галина:Галя,Галочка,Галинка Надежда:Надя,Наденька,Надюша Любовь:Люба,Любаша Марина:Мариша,Маринка,Мариночка Оксана:Ксюша,Оксанка Лариса:Лара,Лариска
Валентина:Валя,Валюша Евгения:Женя,Женечка Анастасия:Настя,Настенька,Стася Дарья:Даша,Дашенька,Дарьюшка Ксения:Ксюша,Ксюня Виктория:Вика,Викуля,Тори
Александра:Саша,Сашенька,Аля Полина:Поля,Полинка Кристина:Кристя,Крис Вероника:Ника,Вера Маргарита:Рита,Марго Антонина:Тоня Елизавета:Лиза,Лизонька
София:Соня,Сонечка Софья:Соня Валерия:Лера,Лерочка Диана:Ди Алина:Алинка,Аля Тамара:Тома Лидия:Лида Зоя:Зоенька Нина:Ниночка Раиса:Рая Вера:Верочка
Александр:Саша,Шура,Саня Сергей:Серёжа,Серый Андрей:Андрюша Дмитрий:Дима,Митя,Димон Алексей:Лёша,Алёша Николай:Коля Иван:Ваня Михаил:Миша,Мишаня Владимир:Вова,Володя
Павел:Паша Юрий:Юра Виктор:Витя Роман:Рома Максим:Макс Евгений:Женя Игорь:Игорёк Антон:Тоша,Антоша Константин:Костя Григорий:Гриша Пётр:Петя Станислав:Стас Владислав:Влад
"""
PET_NAMES = {name: pets.split(",") for name, pets in (entry.split(":") for entry in _PETS.split())}
_SIGNS = "🌷 🌸 ☀️ ✨ 🦋 📚 ❤️ 🌿 🐱 🇷🇺 ♥ 💐 🎓 🍁 ⭐".split()  # noqa: SIM905
_NICKS = "Солнышко Весна Пантера Мечта Снежинка Рыжая Lady Kosmos Счастье Кошка Капитан Тигрица Ромашка Hope Фея Ветер Радуга".split()  # noqa: SIM905
_ADVERTISERS = ("Доставка цветов", "Ремонт окон", "Crypto invest", "Натяжные потолки", "Репетитор ЕГЭ", "Магазин пособий")
_DEVICES = ("iPhone", "Galaxy A51", "Redmi Note 12", "iPad", "HUAWEI P30", "DESKTOP-4QK2", "Пользователь Zoom")
_ROLES = ("учитель", "педагог", "логопед", "завуч", "учитель начальных классов")


@dataclass(frozen=True)
class Somebody:
    """One invented person. ``earlier``: family name before marriage, empty without one."""

    first: str
    middle: str
    last: str
    school: int
    earlier: str = ""


def latin(text: str, scheme: str) -> str:
    """A Russian text under one scheme, capitals kept."""
    table, out, before = _TABLES[scheme], [], " "
    for letter in text:
        low = letter.lower()
        new = table.get(low, low)
        if scheme == "bgn" and low in "её" and (before in _VOWELS or not before.isalpha()):
            new = "ye" if low == "е" else "yë"
        out.append(new.capitalize() if letter.isupper() else new)
        before = low
    return "".join(out)


def mistyped(rng: Random, word: str) -> str:
    """One typing error inside a word: two letters exchanged, one left out, doubled or replaced by a neighbour."""
    at = rng.randrange(1, max(len(word) - 2, 2))
    kind = rng.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    rows = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
    row = next((row for row in rows if word[at].lower() in row), "ор")
    place = row.find(word[at].lower())
    return word[:at] + row[place - 1 if place else 1] + word[at + 1 :]


def _scheme(rng: Random) -> str:
    return rng.choices(list(_SCHEMES), [30, 12, 8, 15, 5, 30])[0]


def shown_name(rng: Random, who: Somebody, kind: str) -> str:
    """The name shown by somebody whose habit is ``kind``."""
    pet = rng.choice(PET_NAMES.get(who.first, [who.first]))
    first, middle, last = who.first, who.middle, who.last
    sign = rng.choice(_SIGNS)
    match kind:
        case "first last":
            return f"{first} {last}"
        case "last first":
            return f"{last} {first}"
        case "three parts":
            return f"{last} {first} {middle}"
        case "first middle":
            return f"{first} {middle}"
        case "initials after":
            return rng.choice(
                (
                    f"{last} {first[0]}.{middle[0]}.",
                    f"{last} {first[0]}. {middle[0]}.",
                    f"{last} {first[0]}{middle[0]}",
                    f"{last} {first[0]}.",
                )
            )
        case "initials before":
            return f"{first[0]}.{middle[0]}. {last}"
        case "pet name, last":
            return rng.choice((f"{pet} {last}", f"{last} {pet}"))
        case "Latin":
            scheme = _scheme(rng)
            return rng.choice((f"{latin(first, scheme)} {latin(last, scheme)}", f"{latin(last, scheme)} {latin(first, scheme)}"))
        case "last, initial, school":
            return rng.choice((f"{last} {first[0]}. СОШ {who.school}", f"{last} {first[0]}.{middle[0]}. школа №{who.school}"))
        case "first, school":
            return rng.choice((f"{first} школа {who.school}", f"{first} {who.school} школа", f"{first} (шк. {who.school})"))
        case "decorated":
            return rng.choice(
                (
                    f"{sign}{first} {last}{sign}",
                    f"{first}_{last}",
                    f"{rng.choice(_ROLES)} {last} {first}",
                    f"{last.upper()} {first.upper()}",
                    f"{first}{last}",
                    f"{first} | {last}",
                )
            )
        case "mistyped":
            return f"{mistyped(rng, last)} {first}"
        case "last":
            return last
        case "earlier name":
            return f"{first} {who.earlier or last}"
        case "both names":
            return f"{last} ({who.earlier}) {first}" if who.earlier else f"{last} {first}"
        case "first":
            return rng.choice((first, f"{first} {sign}"))
        case "pet name":
            return rng.choice((pet, f"{pet} {sign}", pet.lower()))
        case "Latin first":
            return latin(rng.choice((first, pet)), _scheme(rng))
        case "first, initial":
            return f"{first} {last[0]}."
        case "nick":
            return rng.choice(_NICKS) + rng.choice(("", str(rng.randrange(99))))
        case "advertiser":
            return rng.choice(_ADVERTISERS)
        case "device":
            return rng.choice(_DEVICES)
        case "two people":
            return f"{first} и {rng.choice(('Сергей', 'Анна', 'Олег', 'Мария'))} {last.removesuffix('а')}ы"
    raise ValueError(kind)


def handle(rng: Random, who: Somebody) -> str:
    """A user name or the local part of an address made of a name."""
    scheme = rng.choice(("icao", "habit", "bgn"))

    def plain(word: str) -> str:
        return "".join(letter for letter in latin(word, scheme).lower() if letter.isascii() and letter.isalpha())

    first, last, pet = plain(who.first), plain(who.last), plain(rng.choice(PET_NAMES.get(who.first, [who.first])))
    number = rng.choice(("", "", str(rng.randrange(10, 99)), str(rng.randrange(1960, 2000))))
    return rng.choice(
        (
            f"{last}{number}",
            f"{first}.{last}{number}",
            f"{last}_{first[0]}{number}",
            f"{first}{last}{number}",
            f"{pet}{last}{number}",
            f"{last}{first[0]}{plain(who.middle)[0]}{number}",
            f"{first[0]}.{last}{number}",
        )
    )
