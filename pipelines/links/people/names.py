"""Names of people as keys that do not depend on script, spelling scheme, order, case or decoration.

One name is written in many ways: «Соловьёва Юлия Владимировна», "Yuliya Soloveva", «Юля Соловьева 🌷», «Соловьёва Ю.В.», «Юлия школа 101».
:func:`key` folds every transliteration in use (ISO 9, GOST 7.79 A and B, GOST 52535 and ICAO 9303 of passports, BGN/PCGN, ALA-LC, German and
French habits) onto one spelling; where a letter stands for several sounds in different schemes ("j": ж, й) :func:`key_variants` gives one key
for each. :func:`read_name` takes a shown name apart into words, initials and a school number. Nothing here knows who a name belongs to:
:mod:`pipelines.links.people.people`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from pipelines.text import normalise

# -- one spelling for one name --------------------------------------------------------------------------------------------------

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
    ("shch", "š"), ("schtsch", "š"), ("šč", "š"), ("shh", "š"), ("tsch", "č"), ("tch", "č"), ("sch", "š"), ("dzh", "dž"), ("dj", "dž"), ("sh", "š"),
    ("ch", "č"), ("zh", "ž"), ("kh", "h"), ("ts", "ц"), ("tz", "ц"), ("tc", "ц"), ("cz", "ц"), ("ph", "f"), ("th", "t"), ("gh", "g"), ("c", "ц"),
    ("x", "ks"), ("w", "v"), ("q", "k"), ("y", "i"), ("j", "i"),
)  # fmt: skip
_FOLDS = (("тс", "ц"), ("ts", "ц"))
#: "Ehduard" (GOST 16876), "Smirnoff".
_LATIN_PATTERNS = ((re.compile(r"^eh(?=[^aeiouy])"), "e"), (re.compile(r"(?<=[oe])ff(?=a?$)"), "v"))
#: Latin letters that schemes and habits use for another sound than the usual one: "Jana" is Яна and Жанна, "Victoria" is Виктория,
#: "Xenia" and "Xasanov", "Halyna" is Галина.
_OTHER_SOUNDS = (
    (re.compile("j"), "zh"), (re.compile("c(?!h|z)"), "k"), (re.compile("x"), "kh"), (re.compile("(?<![cksztpg])h"), "g"), (re.compile("ch"), "kh"),
)  # fmt: skip
_APOSTROPHES = re.compile("['’‘ʼ`´ʹʺ″\"]")
#: Latin letters that look like Cyrillic ones, in words that are Cyrillic otherwise.
_LOOK_ALIKES = str.maketrans("aceopxykmtbhi", "асеорхукмтвні")
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

#: Ukrainian forms whose keys are others than the Russian ones: a person may be one in the LMS and the other in a chat.
_UKRAINIAN = {
    "олександр": "александр", "олександра": "александра", "олексій": "алексей", "олена": "елена", "андрій": "андрей", "ганна": "анна",
    "володимир": "владимир", "дмитро": "дмитрий", "євген": "евгений", "катерина": "екатерина", "микола": "николай", "михайло": "михаил", "надія": "надежда",
    "павло": "павел", "петро": "петр", "світлана": "светлана", "сергій": "сергей", "тетяна": "татьяна", "федір": "федор", "лідія": "лидия",
    "антоніна": "антонина", "григорій": "григорий", "ігор": "игорь", "валерій": "валерий", "юрій": "юрий", "василь": "василий", "георгій": "георгий",
}  # fmt: skip

#: Words that stand in shown names and are no names: roles, schools, devices, what programs put in.
_NO_NAMES = frozenset(
    ["учитель", "учительница", "педагог", "преподаватель", "воспитатель", "логопед", "психолог", "дефектолог", "тьютор", "методист", "завуч", "директор", "куратор", "классный", "руководитель", "школа", "школы", "шк", "сош", "оош", "нош", "мбоу", "мкоу", "маоу", "гбоу", "моу", "мбдоу", "гимназия", "лицей", "интернат", "детский", "сад", "доу", "класс", "кл", "город", "г", "село", "с", "пгт", "ул", "рп", "начальных", "начальные", "нач", "классов", "классы", "рук", "преп", "математики", "русского", "языка", "литературы", "физики", "химии", "биологии", "истории", "английского", "информатики", "географии", "музыки", "физкультуры", "технологии", "слушатель", "участник", "участница", "гость", "группа", "поток", "зам", "заместитель", "по", "увр", "вр", "и", "пользователь", "телефон", "ноутбук", "компьютер", "планшет", "мобильный", "teacher", "school", "user", "guest", "iphone", "ipad", "galaxy", "samsung", "redmi", "note", "xiaomi", "mi", "poco", "honor", "huawei", "realme", "oppo", "vivo", "nokia", "pixel", "macbook", "mac", "pc", "laptop", "desktop", "android", "phone", "tablet", "zoom", "host", "cohost", "admin", "pro", "plus", "max", "ultra", "lite", "mini", "uchitel", "uchitelnica", "pedagog", "shkola", "sosh", "gimnazia", "licei", "mail", "email", "inbox", "info", "school", "home", "work", "rabota", "new", "book", "айфон", "айпад", "андроид", "самсунг", "ксиаоми", "сяоми", "хуавей", "хонор", "пк", "комп", "ноут", "неизвестный", "аноним", "anonymous", "unknown", "student", "слушательница", "студент", "организатор", "ведущий", "техподдержка", "deleted", "account", "удаленный", "аккаунт", "кабинет", "каб", "наставник", "библиотекарь", "вожатый", "тренер", "инструктор", "мастер", "медсестра", "соцпедагог", "социальный", "старший", "старшая", "младший", "районный", "областной", "обл", "область", "край", "район", "респ", "республика", "пос", "поселок", "деревня", "дер", "станица", "хутор", "мама", "папа", "бабушка", "мс", "mr", "mrs", "ms", "dr", "no"]
)  # fmt: skip
_SCHOOL = re.compile(
    r"(?:школ[аыеу]|шк|сош|оош|нош|сш|ош|гимнази[яи]|лице[йя]|интернат|мбоу|маоу|мкоу|гбоу|мбдоу|school|shkola|sosh|sch|gimnazi[ay]a?|lice[ij]|доу|сад)"
    r"\W{0,3}(?:no\W?|n\W?|№\W?)?(\d{1,4})\b|(?:№|\bno)\W?(\d{1,4})\b|\b(\d{1,4})\W?(?:школа|шк|сош|гимназия|лицей)\b"
)
_NUMBER = re.compile(r"\d+")
_HYPHENS = re.compile(r"[-‐‑–]")
_TOKEN = re.compile(r"[^\W\d_]+(?:[-‐‑–][^\W\d_]+)*")
_PATRONYMIC = re.compile(r"(ovič|evič|ivič|ič|ovna|evna|ična|ogli|oglu|kizi|uli)$")
#: «АннаИванова», "AnnaIvanova".
_HUMP = re.compile(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ][a-zа-яё])")
#: «Соловьёва ЮВ», but not «ДО 5», «ОУ № 7».
_TWO_CAPITALS = re.compile(r"(?<![^\W_])([A-ZА-ЯЁ])([A-ZА-ЯЁ])(?![^\W_])(?!\W{0,3}\d)")
#: «г. Казань», «с.Юг», «Пермский край», «республика Марий Эл»: a small letter before a capitalised word is a place and no initial.
_PLACE = re.compile(
    r"(?<![^\W_])(?:(?:[гГ]ор|[гсдпх]|[дД]ер|[сС]т)\.?\s*[«\"]?[А-ЯЁ][а-яё]+(?:-[А-ЯЁа-яё]+)*"
    r"|[А-ЯЁа-яё-]{1,40}(?:ий|ый|ой|ая)\s(?:край|район|р-н|округ|обл|область|республика)(?![^\W_])|[рР]еспублика\s[А-ЯЁ][а-яё]+(?:\sЭл)?)"
)
#: «3Б», «5 «В»», «1 а»: a class. A letter with a point after it may be an initial.
_CLASS = re.compile(r"(?<![\w.])(?:1[01]|[1-9])[\s«\"“-]{0,2}[а-яё](?![^\W_])(?!\s*\.)", re.IGNORECASE)
#: «к.п.н.», «д. филол. н.»: degrees.
_DEGREE = re.compile(r"(?<![^\W_])[кд]\.\s?[а-я.-]{1,8}\.\s?н(?![^\W_])")
#: "Yu.", "Zh.": initials of two letters.
_LATIN_INITIAL = re.compile(r"(?<![^\W_])(yu|ya|zh|sh|ch|kh|ts|iu|ia|ju|ja|ye|yo)(?=\.)")
#: Patronymics as they are spoken where the spoken form is more than one letter away.
_SPOKEN = {"пална": "павловна", "палыч": "павлович", "михална": "михайловна", "михалыч": "михайлович", "санна": "александровна", "алексанна": "александровна", "саныч": "александрович",
           "иваныч": "иванович", "степаныч": "степанович", "сергеич": "сергеевич", "николаич": "николаевич", "алексеич": "алексеевич", "андреич": "андреевич", "васильна": "васильевна"}  # fmt: skip
#: Endings of pet names, as keys: «Светочка», «Танюша», «Ленуся» lead to Света, Таня, Лена.
_PET_NAME = re.compile(r"(očka|ečka|ička|enka|onka|eška|uška|iška|iša|uša|ula|usa|una|uta|uha|ka|čik|ik|ok)$")
#: Words of accounts that are not one person's.
_MANY = frozenset(
    [
        "семья",
        "семьи",
        "семейство",
        "семейный",
        "супруги",
        "family",
        "группа",
        "коллектив",
        "учительская",
        "кафедра",
        "канцелярия",
        "приемная",
        "администрация",
        "бухгалтерия",
        "отдел",
        "секретариат",
        "деканат",
        "редакция",
    ]
)
_AND = frozenset(("и", "да", "and", "i", "y"))
#: «Ивановы», «Ивановых».
_PLURAL = re.compile(r"(?<=ov|ev|in)ih?$")


@cache
def key(word: str) -> str:
    """Spelling-free key of one word: equal for «Соловьёва», "Soloveva", "Solovyova", "SOLOVIEVA"; empty without letters."""
    word = _APOSTROPHES.sub("", normalise(unicodedata.normalize("NFC", word)))
    if _is_cyrillic(word):
        word = word.translate(_LOOK_ALIKES)
    else:
        word = _plain_latin(word)
        for pattern, stands_for in _LATIN_PATTERNS:
            word = pattern.sub(stands_for, word)
        for spelling, stands_for in _LATIN:
            word = word.replace(spelling, stands_for)
    word = "".join(_CYRILLIC.get(letter, letter) for letter in word if letter.isalpha())
    for spelling, stands_for in _FOLDS:
        word = word.replace(spelling, stands_for)
    word = re.sub("i+", "i", word).replace("ia", "a").replace("iu", "u").replace("io", "e").replace("ie", "e")
    return _RUNS.sub(r"\1", word)


def _is_cyrillic(word: str) -> bool:
    return any("а" <= letter <= "ӿ" for letter in word)


@cache
def key_variants(word: str) -> tuple[str, ...]:
    """Keys of one word under every reading of its ambiguous Latin letters, the usual one first; one key for a Cyrillic word."""
    plain = _APOSTROPHES.sub("", normalise(unicodedata.normalize("NFC", word)))
    if _is_cyrillic(plain):
        return (key(plain),)
    return tuple(
        dict.fromkeys((key(plain), *(key(pattern.sub(sound, plain)) for pattern, sound in _OTHER_SOUNDS if pattern.search(plain))))
    )


def _plain_latin(word: str) -> str:
    letters = []
    for letter in word:
        if letter in _SIGNED:
            letters.append(_SIGNED[letter])
        else:
            letters.append("".join(part for part in unicodedata.normalize("NFD", letter) if unicodedata.category(part) != "Mn"))
    return "".join(letters)


@dataclass(frozen=True)
class ShownName:
    """A shown name taken apart.

    ``words``: its name-like words in order, each as its possible keys, the usual one first; ``initials``: keys of single letters in order;
    ``school``: number of a school, if one stands there; ``strange``: words that are certainly no names (roles, devices), counted;
    ``is_shared``: more than one person speaks («Анна и Сергей», «семья Ивановых», a school's office).
    """

    words: tuple[tuple[str, ...], ...]
    initials: tuple[str, ...]
    school: str | None
    strange: int
    is_shared: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The usual key of each word."""
        return tuple(word[0] for word in self.words)


_NOTHING = ShownName((), (), None, 0)


@cache
def read_name(shown: str | None) -> ShownName:
    """Take a shown name apart: decoration, numbers, roles and devices out, a school's number kept."""
    if not shown:
        return _NOTHING
    composed = _HUMP.sub(" ", unicodedata.normalize("NFC", shown))
    for beside in (_DEGREE, _CLASS, _PLACE):
        composed = beside.sub(" ", composed)
    composed = _APOSTROPHES.sub("", composed)
    if not composed.isupper():
        composed = _TWO_CAPITALS.sub(r"\1. \2.", composed)
    text = normalise(composed)
    initials, strange, many = [], 0, False
    words: list[tuple[str, ...]] = []
    givens, joined = 0, False
    for found in _TOKEN.finditer(text):
        word = found.group()
        plain = _HYPHENS.sub("", word)
        many = many or plain in _MANY
        if plain in _AND and words:
            joined = True
        if len(plain) == 1:
            # «Анна и Сергей»: a word between words, not an initial.
            if not (plain == "и" and text[found.end() : found.end() + 1] != "."):
                initials.append(_initial(plain))
        elif _LATIN_INITIAL.match(text, found.start()):
            initials.append(key(plain)[:1])
        elif plain in _NO_NAMES or plain in _MANY or all(part in _NO_NAMES for part in _HYPHENS.split(word)):
            strange += 1
        elif keys := _word_keys(word):
            words.append(keys)
            givens += any(one in _given_keys() for one in keys)
            many = many or (bool(_PLURAL.search(keys[0])) and _is_cyrillic(plain))
    words = list(dict.fromkeys(words))
    many = many or (givens >= 2 and (joined or any(sign in text for sign in "&+/")))
    if givens and len(words) >= 2 and (len(initials) >= 2 or (len(words) >= 3 and any(is_patronymic(keys[0]) for keys in words))):
        # Whose names are written out has no initials too: «Иванова Анна РТ», «ИВАНОВА АННА ПЕТРОВНА Г. КАЗАНЬ».
        initials = []
    return ShownName(tuple(words), tuple(initials), _school_in(text), strange, many)


def _word_keys(word: str) -> tuple[str, ...]:
    """Possible keys of one word of a name: its own, those of the parts of a double one, the name a pet name comes from."""
    plain = _HYPHENS.sub("", word)
    keys = list(key_variants(plain))
    parts = _HYPHENS.split(word)
    if len(parts) > 1:
        keys += [one for part in parts if len(part) >= 3 for one in key_variants(part)]
    if _is_cyrillic(plain) and (plural := _PLURAL.search(keys[0])):
        keys += [keys[0][: plural.start()] + "a", keys[0][: plural.start()]]
    for one in tuple(keys):
        if one in _spoken_keys():
            keys.append(_spoken_keys()[one])
        if (pet := _PET_NAME.search(one)) and len(stem := one[: pet.start()]) >= 2:
            keys += [base for base in (stem + "a", stem) if base in _given_keys()]
    return tuple(dict.fromkeys(one for one in keys if len(one) > 1))


def _school_in(text: str) -> str | None:
    found = _SCHOOL.search(text)
    return next((number.lstrip("0") or None for number in found.groups() if number), None) if found else None


@cache
def read_handle(handle: str | None) -> ShownName:
    """Take a user name or the local part of an address apart: words between signs and digits; two letters are initials."""
    text = _HUMP.sub(" ", unicodedata.normalize("NFC", handle or "")).lstrip("@")
    text = normalise(text)
    words: list[tuple[str, ...]] = []
    initials: list[str] = []
    strange = 0
    for word in re.findall(r"[^\W\d_]+", text):
        if word in _NO_NAMES:
            strange += 1
        elif len(word) <= 2:
            initials.extend(_initial(letter) for letter in word)
        elif len(key(word)) > 2:
            words.append(_word_keys(word))
    for part in re.split(r"[._\d ]+", text):
        if "-" in part and len(folded := key(part.replace("-", ""))) > 2:
            words.append((folded,))
    return ShownName(tuple(dict.fromkeys(words)), tuple(initials), _school_in(text), strange)


def run_together(handle: str | None) -> tuple[tuple[str, str], ...]:
    """Ways to cut the one long word of a user name in two, as keys: "annaivanova85" → ("ivanova", "ana") among others.

    A piece of five letters or more and the rest, which may be one or two letters (initials, as they are written). Which way is right, the
    names of a course tell; the whole word is a word of :func:`read_handle`.
    """
    words = [word for word in re.findall(r"[^\W\d_]+", normalise(handle or "").lstrip("@")) if word not in _NO_NAMES and len(word) > 2]
    if len(words) != 1 or not 6 <= len(words[0]) <= 30:
        return ()
    word = words[0]
    cuts: dict[tuple[str, str], None] = {}
    for place in range(1, len(word)):
        for piece, rest in ((word[:place], word[place:]), (word[place:], word[:place])):
            if len(piece) >= 5:
                cuts[key(piece), key(rest) if len(rest) > 2 else rest] = None
    return tuple(cuts)


def _initial(letter: str) -> str:
    """Key of an initial; "" for a letter that schemes use for several sounds ("Y." is Ю, Я, Е, Й or Ы)."""
    return "" if letter in "yj" else {"ю": "u", "я": "a", "c": ""}[letter] if letter in "юяc" else key(letter)[:1]


@cache
def first_name_keys(name: str) -> tuple[str, ...]:
    """Keys under which the bearer of a first name may show: its own and its short forms'."""
    own = key(name)
    return tuple(dict.fromkeys((own, *key_variants(name), *_short_forms().get(own, ()))))


@cache
def _short_forms() -> dict[str, tuple[str, ...]]:
    forms = {key(full): tuple(key(short) for short in shorts.split()) for full, shorts in SHORT_FORMS.items()}
    for ukrainian, russian in _UKRAINIAN.items():
        one, other = key(ukrainian), key(russian)
        if one != other:
            forms[one] = tuple(dict.fromkeys((*forms.get(one, ()), other, *forms[other])))
            forms[other] = (*forms[other], one)
    return forms


#: SQL: words of the names of ``account`` (personal.accounts), a row each.
NAME_TOKENS = (
    "unnest(string_split(trim(regexp_replace(replace(lower(coalesce(account.first_name, '') || ' ' || coalesce(account.last_name, '') || ' ' || "
    "coalesce(account.display_name, '') || ' ' || coalesce(account.username, '')), 'ё', 'е'), '[^0-9a-zа-я]+', ' ', 'g')), ' '))"
)


@cache
def called(word: str) -> tuple[str, ...]:
    """Keys under which somebody whose shown name holds the word may be called: the word's own and, of a first name, its full and short forms («Люда» is called Людмила)."""
    own = _word_keys(word)
    full = [name for name, shorts in _short_forms().items() if any(one == name or one in shorts for one in own)]
    return tuple(dict.fromkeys((*own, *full, *(short for name in full for short in _short_forms()[name]))))


@cache
def _spoken_keys() -> dict[str, str]:
    return {key(spoken): key(written) for spoken, written in _SPOKEN.items()}


@cache
def _given_keys() -> frozenset[str]:
    return frozenset(one for full, shorts in _short_forms().items() for one in (full, *shorts))


def is_given_name(folded: str) -> bool:
    """Is a key a first name or a short form that this module knows? Not a complete list."""
    return folded in _given_keys()


def is_patronymic(folded: str) -> bool:
    """Does a key have the form of a patronymic? Some family names have it too («Маркевич»)."""
    return len(folded) > 3 and bool(_PATRONYMIC.search(folded))


@dataclass(frozen=True)
class FullName:
    """Name of an LMS account: keys of its parts, empty where unknown; ``firsts`` with short forms.

    ``last`` is the whole family name run together, ``lasts`` the parts of a double one and a name in brackets («Иванова (Петрова)») beside it;
    ``first_initial`` and ``middle_initial`` what is known of names of which only a letter is written («Ю.В.»).
    """

    last: str
    first: str
    middle: str
    firsts: tuple[str, ...]
    lasts: tuple[str, ...] = ()
    first_initial: str = ""
    middle_initial: str = ""


_BRACKETS = re.compile(r"\(([^()]*)\)")


@cache
def full_name(first_name: str | None, last_name: str | None) -> FullName:
    """Parts of a name whose system keeps given and family name apart; the patronymic may stand in either field."""
    outer = _APOSTROPHES.sub("", normalise(_BRACKETS.sub(" ", last_name or "")))
    inner = _APOSTROPHES.sub("", normalise(" ".join(_BRACKETS.findall(last_name or ""))))
    shown = _TOKEN.findall(_APOSTROPHES.sub("", normalise(_initials_apart(first_name))))
    given, family, middle = _in_order([word for word in shown if len(word) > 1], [word for word in _TOKEN.findall(outer) if len(word) > 1])
    first, initial, middle_initial = (key(given[0]) if given else ""), "", ""
    letters = [_initial(word) for word in shown if len(word) == 1]
    if letters and not given:
        initial, middle_initial = (*letters, "")[:2]
    elif letters and len(given) == 1 and not middle:
        middle_initial = letters[0]
    last = key("".join(_HYPHENS.sub("", word) for word in family))
    parts = [part for word in family for part in _HYPHENS.split(word)]
    lasts = [key(part) for part in (*parts, *_TOKEN.findall(inner)) if len(part) >= 3]
    lasts += [one for word in family for one in key_variants(_HYPHENS.sub("", word))]
    return FullName(
        last,
        first,
        middle,
        first_name_keys(given[0]) if given else (),
        tuple(one for one in dict.fromkeys(lasts) if one and one not in (last, first)),
        initial,
        middle_initial,
    )


def _initials_apart(text: str | None) -> str:
    """«ЮВ», "Ю.В." → "Ю. В."; a name in capitals is left."""
    return _TWO_CAPITALS.sub(r"\1. \2.", unicodedata.normalize("NFC", text or ""))


def _in_order(given: list[str], family: list[str]) -> tuple[list[str], list[str], str]:
    """Given names, family names and the key of the patronymic, whichever field each was typed into.

    People type the whole name into one field, into both, or exchange the two. Two names are exchanged only beside a patronymic: some family
    names are first names too, and a first name taken for a family name would link alone.
    """
    middle, is_exchanged = "", False
    for words in (given, family):
        if len(words) == 3 and is_patronymic(key(words[1])) and is_given_name(key(words[0])):
            # «Юлия Владимировна Соловьёва» in one field.
            middle = key(words.pop(1))
            words.reverse()
        elif len(words) > 1 and is_patronymic(key(words[-1])):
            middle = key(words.pop())
            is_exchanged = words is family and len(words) == 1 and is_given_name(key(words[0]))
    if not middle and len(given) == 2 and len(family) == 1 and is_patronymic(key(family[0])) and _begins_with_family(given):
        # «Соловьёва Юлия» and «Владимировна».
        middle, family = key(family[0]), []
    if given == family and len(given) > 1:
        family = []
    for words, others in ((given, family), (family, given)):
        said = {key(word) for word in others}
        if len(words) > 1 and (left := [word for word in words if key(word) not in said]):
            # «Юлия» and «Соловьёва Юлия Владимировна».
            words[:] = left
    if is_exchanged and len(given) == 1 and not is_given_name(key(given[0])):
        return family, given, middle
    whole = given or family
    if len(whole) > 1 and not (given and family):
        if is_given_name(key(whole[0])) and not is_given_name(key(whole[-1])):
            whole = [whole[-1], *whole[:-1]]
        return whole[1:], whole[:1], middle
    return given, family, middle


def _begins_with_family(words: list[str]) -> bool:
    return is_given_name(key(words[1])) and not is_given_name(key(words[0]))


def school_number(institution: str | None) -> str | None:
    """Number of a school in its name: «МБОУ СОШ № 138» → "138"; None without one."""
    found = _NUMBER.search(institution or "")
    return found.group().lstrip("0") if found else None
