"""Plain text as data: one code-point table, words with their places, a light stem. Shared by the stages that read words.

Everything here works on many texts at once, as one array of code points, and keeps for every word the place where it stands in
the text as it was written, so that a match can be shown. What is stored of a text (fingerprints) depends on :data:`VERSION`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

#: Raised whenever the same text would give other words or other keys.
VERSION = 1

_CODE_POINTS = 0x110000
_CYRILLIC_FIRST, _CYRILLIC_LAST = 0x0400, 0x052F
#: What looks like a Cyrillic letter and is none, in the case in which it looks so: "B" looks like "В", "b" like nothing.
_LOOK_ALIKES = {
    ord(stranger): ord(letter.lower())
    for strangers, letters in (
        ("ABCEHKMOPTXYaceopxyk", "АВСЕНКМОРТХУасеорхук"),  # Latin
        ("ΑΒΕΗΚΜΟΡΤΥΧοραυχκ", "АВЕНКМОРТУХораухк"),  # Greek
        ("ᴀʙᴋᴍʜᴏᴛɑ", "авкмнота"),  # phonetic letters
    )
    for stranger, letter in zip(strangers, letters, strict=True)
}
_BREVE, _I, _SHORT_I = 0x0306, ord("и"), ord("й")
#: Word processors put soft hyphens and byte-order marks in by themselves: left out, but no sign of tampering.
_INNOCENT_INVISIBLE = frozenset((0x00AD, 0xFEFF))
_BLANK_LETTERS = frozenset((0x115F, 0x1160, 0x3164, 0xFFA0, 0x180E))
#: Characters worked on at once: bounds the memory to some hundred megabytes.
_BLOCK = 10_000_000

#: Inflections of Russian and English that a light stem cuts off, longest first.
_RUSSIAN_ENDINGS = [
    "иями",
    "ями",
    "ами",
    "иях",
    "ях",
    "ах",
    "ого",
    "его",
    "ому",
    "ему",
    "ыми",
    "ими",
    "ешь",
    "ишь",
    "ите",
    "ете",
    "или",
    "ила",
    "ило",
    "ыть",
    "ить",
    "еть",
    "ать",
    "ять",
    "уть",
    "ют",
    "ут",
    "ят",
    "ат",
    "ет",
    "ит",
    "ем",
    "им",
    "ал",
    "ял",
    "ел",
    "ил",
    "ла",
    "ло",
    "ли",
    "ый",
    "ий",
    "ой",
    "ая",
    "яя",
    "ое",
    "ее",
    "ые",
    "ие",
    "ую",
    "юю",
    "ов",
    "ев",
    "ей",
    "ам",
    "ям",
    "ом",
    "ым",
    "их",
    "ых",
    "ию",
    "ия",
    "ии",
    "а",
    "я",
    "о",
    "е",
    "ы",
    "и",
    "у",
    "ю",
    "ь",
    "й",
]
_ENGLISH_ENDINGS = ["ingly", "edly", "ing", "ies", "ed", "ly", "es", "s"]
_STEM_LETTERS = 3
_WORD_MAX = 64

#: Words too common to carry a match: a run of them is nobody's own.
STOP_WORDS = frozenset(
    ["и", "в", "во", "не", "что", "он", "на", "я", "с", "со", "как", "а", "то", "все", "она", "так", "его", "но", "да", "ты", "к", "у", "же", "вы", "за", "бы", "по", "только", "ее", "мне", "было", "вот", "от", "меня", "еще", "нет", "о", "из", "ему", "теперь", "когда", "даже", "ну", "вдруг", "ли", "если", "уже", "или", "ни", "быть", "был", "него", "до", "вас", "нибудь", "опять", "уж", "вам", "ведь", "там", "потом", "себя", "ничего", "ей", "может", "они", "тут", "где", "есть", "надо", "ней", "для", "мы", "тебя", "их", "чем", "была", "сам", "чтоб", "без", "будто", "чего", "раз", "тоже", "себе", "под", "будет", "ж", "тогда", "кто", "этот", "того", "потому", "этого", "какой", "совсем", "ним", "здесь", "этом", "один", "почти", "мой", "тем", "чтобы", "нее", "были", "куда", "зачем", "всех", "никогда", "можно", "при", "наконец", "два", "об", "другой", "хоть", "после", "над", "больше", "тот", "через", "эти", "нас", "про", "всего", "них", "какая", "много", "разве", "три", "эту", "моя", "впрочем", "хорошо", "свою", "этой", "перед", "иногда", "лучше", "чуть", "том", "нельзя", "такой", "им", "более", "всегда", "конечно", "всю", "между", "это", "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "he", "her", "his", "i", "in", "is", "it", "its", "me", "my", "not", "of", "on", "or", "our", "she", "so", "that", "the", "their", "them", "they", "this", "to", "was", "we", "were", "which", "who", "will", "with", "you", "your"]
)  # fmt: skip


@dataclass(frozen=True)
class Words:
    """Words of many texts, one after another.

    Attributes
    ----------
    text: number of the text each word stands in, rising.
    start, end: its place in that text as written, in characters, the end excluded.
    key: hash of its stem, 64 bits (see :data:`VERSION`).
    is_stop: it is one of :data:`STOP_WORDS`.
    homoglyphs, invisible: per text: foreign look-alikes inside Cyrillic words, invisible characters inside words.
    """

    text: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    key: NDArray[np.uint64]
    is_stop: NDArray[np.bool_]
    homoglyphs: NDArray[np.int64]
    invisible: NDArray[np.int64]

    @property
    def texts(self) -> int:
        """How many texts."""
        return len(self.homoglyphs)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Words per text."""
        return np.bincount(self.text, minlength=self.texts).astype(np.int64)

    @property
    def first(self) -> NDArray[np.int64]:
        """Where each text's words begin in the arrays; one entry more than texts, the last is the end."""
        return np.concatenate(([0], np.cumsum(self.counts)))


def words(texts: Sequence[str | None]) -> Words:
    """The words of each text: runs of letters and digits after normalisation; a null is a text without words.

    Normalisation: NFKC, lower case, ё to е, accents and invisible characters left out, letters that only look Cyrillic made
    Cyrillic inside Cyrillic words (and in words made of nothing else, where the text is mostly Cyrillic).
    """
    parts, begin, size = [], 0, 0
    for number, text in enumerate(texts):
        size += len(text or "")
        if size > _BLOCK:
            parts.append(_words_of_block(texts[begin : number + 1], begin))
            begin, size = number + 1, 0
    parts.append(_words_of_block(texts[begin:], begin))
    return Words(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("text", "start", "end", "key", "is_stop", "homoglyphs", "invisible")
        )
    )


def stem(word: str) -> str:
    """A normalised word without its inflection: light, by endings, for Russian and English."""
    if len(word) <= _STEM_LETTERS + 1:
        return word
    if _CYRILLIC_FIRST <= ord(word[0]) <= _CYRILLIC_LAST:
        if len(word) > _STEM_LETTERS + 3 and word.endswith(("ся", "сь")):
            word = word[:-2]
        endings = _RUSSIAN_ENDINGS
    else:
        endings = _ENGLISH_ENDINGS
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_LETTERS:
            return word[: -len(ending)]
    return word


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread 64-bit values evenly (the finaliser of splitmix64, Steele, Lea and Flood 2014). Part of what VERSION versions."""
    values = values.astype(np.uint64, copy=True)
    with np.errstate(over="ignore"):
        values += np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def normalise(text: str) -> str:
    """One text as :func:`words` sees it: for names, titles and single comparisons. Blanks are made single."""
    found = "".join(_fold(ord(character))[0] for character in text)
    found = unicodedata.normalize("NFC", found).replace("ё", "е")
    return " ".join(found.split())


@lru_cache(maxsize=1 << 16)
def _fold(code: int) -> tuple[str, bool]:
    """What a code point becomes, and whether it is invisible (in the sense of a sign of tampering)."""
    character = chr(code)
    category = unicodedata.category(character)
    if category in ("Cf", "Cn", "Cs") or code in _BLANK_LETTERS:
        return "", (category == "Cf" and code not in _INNOCENT_INVISIBLE) or code in _BLANK_LETTERS
    if category in ("Mn", "Me"):
        return (character if code == _BREVE else ""), False
    folded = unicodedata.normalize("NFKC", character).lower().replace("ё", "е")
    return "".join(part for part in folded if unicodedata.category(part) not in ("Mn", "Me", "Cf")), False


def _words_of_block(texts: Sequence[str | None], offset: int) -> Words:
    lengths = np.array([len(text or "") for text in texts], np.int64)
    joined = "\n".join(text or "" for text in texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
    begin = np.concatenate(([0], np.cumsum(lengths + 1)[:-1])) if len(texts) else np.zeros(0, np.int64)
    folded, at, invisible_at = _fold_all(codes)
    folded, at = _compose(folded, at)
    number = np.searchsorted(begin, at, side="right") - 1
    is_word, is_cyrillic = _classes(folded)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_word, [False])).astype(np.int8)))
    first, last = edges[0::2], edges[1::2] - 1
    inside = np.cumsum(np.concatenate(([0], invisible_at)))
    hidden = np.zeros(len(texts), np.int64)
    empty = np.zeros(0, np.int64)
    if not len(first):
        return Words(empty, empty, empty, empty.astype(np.uint64), empty.astype(bool), np.zeros(len(texts), np.int64), hidden)
    text = number[first]
    start, end = at[first], at[last] + 1
    np.add.at(hidden, text, inside[end] - inside[start])
    word = np.cumsum(np.concatenate(([is_word[0]], is_word[1:] & ~is_word[:-1]))) - 1
    folded, homoglyphs = _mend_look_alikes(folded, codes[at], is_word, is_cyrillic, word, text, len(texts))
    key, is_stop = _keys(folded, first, last + 1)
    return Words(text + offset, start - begin[text], end - begin[text], key, is_stop, homoglyphs, hidden)


def _fold_all(codes: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.bool_]]:
    """Every code point folded: the new ones, where each came from, and which old ones were invisible."""
    seen = np.zeros(_CODE_POINTS, np.bool_)
    seen[codes] = True
    present = np.flatnonzero(seen)
    folds = [_fold(int(code)) for code in present]
    flat = np.frombuffer("".join(fold for fold, _ in folds).encode("utf-32-le", "surrogatepass"), "<u4")
    count = np.array([len(fold) for fold, _ in folds], np.int64)
    number = np.zeros(_CODE_POINTS, np.int32)
    number[present] = np.arange(len(present))
    which = number[codes]
    repeats = count[which] if len(present) else np.zeros(0, np.int64)
    at = np.repeat(np.arange(len(codes)), repeats)
    begin = np.concatenate(([0], np.cumsum(count)))
    within = np.arange(len(at)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    folded = flat[begin[which[at]] + within] if len(at) else np.zeros(0, np.uint32)
    is_invisible = np.array([invisible for _, invisible in folds], np.bool_)
    return folded, at, is_invisible[which] if len(present) else np.zeros(0, np.bool_)


def _compose(folded: NDArray[np.uint32], at: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """И with a breve of its own becomes й (files from macOS and PDF write it so); a breve elsewhere goes."""
    breve = folded == _BREVE
    if not breve.any():
        return folded, at
    folded = folded.copy()
    before = np.flatnonzero(breve[1:] & (folded[:-1] == _I))
    folded[before] = _SHORT_I
    return folded[~breve], at[~breve]


def _classes(folded: NDArray[np.uint32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    seen = np.zeros(_CODE_POINTS, np.bool_)
    seen[folded] = True
    is_word = np.zeros(_CODE_POINTS, np.bool_)
    for code in np.flatnonzero(seen):
        category = unicodedata.category(chr(code))
        is_word[code] = category[0] == "L" or category in ("Nd", "Nl")
    return is_word[folded], (folded >= _CYRILLIC_FIRST) & (folded <= _CYRILLIC_LAST)


def _mend_look_alikes(
    folded: NDArray[np.uint32],
    written: NDArray[np.uint32],
    is_word: NDArray[np.bool_],
    is_cyrillic: NDArray[np.bool_],
    word: NDArray[np.int64],
    text: NDArray[np.int64],
    texts: int,
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    alike = np.zeros(_CODE_POINTS, np.uint32)
    alike[list(_LOOK_ALIKES)] = list(_LOOK_ALIKES.values())
    stands_for = alike[written]
    suspect = (stands_for > 0) & is_word
    homoglyphs = np.zeros(texts, np.int64)
    if not suspect.any():
        return folded, homoglyphs
    size = len(text)
    letters = np.bincount(word[is_word], minlength=size)
    cyrillic = np.bincount(word[is_word & is_cyrillic], minlength=size)
    strange = np.bincount(word[suspect], minlength=size)
    mixed = cyrillic > 0
    cyrillic_share = np.bincount(text, cyrillic, texts) / np.maximum(np.bincount(text, letters, texts), 1)
    all_alike = (strange == letters) & (cyrillic_share[text] > 0.5)
    homoglyphs += np.bincount(text[mixed], strange[mixed], texts).astype(np.int64)
    mend = suspect & (mixed | all_alike)[np.maximum(word, 0)]
    return np.where(mend, stands_for, folded), homoglyphs


def _keys(folded: NDArray[np.uint32], first: NDArray[np.int64], end: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Hash of each word's stem. Equal words are found by a rolling hash, so each distinct word is stemmed once."""
    length = end - first
    place = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    letters = folded[np.repeat(first, length) + place]
    with np.errstate(over="ignore"):
        power = np.cumprod(np.full(int(length.max()), 0x100000001B3, np.uint64))
        rolling = np.add.reduceat(mix(letters) * power[place], np.cumsum(length) - length)
    _, one, which = np.unique(rolling, return_index=True, return_inverse=True)
    distinct = [folded[first[i] : min(end[i], first[i] + _WORD_MAX)].astype("<u4").tobytes().decode("utf-32-le", "replace") for i in one]
    keys = np.array(
        [int.from_bytes(blake2b(stem(word).encode("utf-8", "replace"), digest_size=8).digest(), "little") for word in distinct], np.uint64
    )
    stops = np.array([word in STOP_WORDS for word in distinct], np.bool_)
    return keys[which], stops[which]
