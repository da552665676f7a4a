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
VERSION = 2

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
#: The other way round, for texts in Latin letters.
_LATIN_LOOK_ALIKES = {
    ord(stranger): ord(letter.lower())
    for strangers, letters in (
        ("АВСЕНКМОРТХУІЈЅасеорхуіјѕԁԛԝһ", "ABCEHKMOPTXYIJSaceopxyijsdqwh"),  # Cyrillic
        ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧον", "ABEZHIKMNOPTYXov"),  # Greek
        ("օսոհցɡıɑ", "ounhggia"),  # Armenian, phonetic letters
    )
    for stranger, letter in zip(strangers, letters, strict=True)
}
_HYPHEN, _LINE_END, _BLANK = 0x2D, 0x0A, 0x20
_BREVE, _I, _SHORT_I = 0x0306, ord("и"), ord("й")
#: Word processors put soft hyphens and byte-order marks in by themselves: left out, but no sign of tampering.
_INNOCENT_INVISIBLE = frozenset((0x00AD, 0xFEFF))
_BLANK_LETTERS = frozenset((0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0, 0x180E))
#: Characters worked on at once: what a processor's cache holds is worked on twice as fast as what it does not.
_BLOCK = 300_000

#: Inflections of Russian and English that a light stem cuts off: the longest that leaves enough.
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
_RUSSIAN, _ENGLISH = frozenset(_RUSSIAN_ENDINGS), frozenset(_ENGLISH_ENDINGS)
_LONGEST_ENDING = max(map(len, _RUSSIAN | _ENGLISH))
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
    homoglyphs, invisible: per text: look-alikes of another script inside words, invisible characters inside words.
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

    Normalisation: NFKC, lower case, ё to е, accents and invisible characters left out, words broken at a line's end joined, letters that
    only look like the text's script (Cyrillic or Latin, whichever it has more of) made letters of it in words that mix both and in words
    of nothing else.
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
        endings = _RUSSIAN
    else:
        endings = _ENGLISH
    for length in range(min(_LONGEST_ENDING, len(word) - _STEM_LETTERS), 0, -1):
        if word[-length:] in endings:
            return word[:-length]
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


#: What is known of a code point, in bits: the letter that it becomes, and whether that is part of a word, and then …
_LETTER, _IN_WORD = (1 << 21) - 1, 1 << 21
#: … what it speaks for. Of what it becomes: Cyrillic, Latin. Of how it is written: only looks Cyrillic, only looks Latin, does not.
_CYRILLIC, _LATIN, _LOOKS_CYRILLIC, _LOOKS_LATIN, _NOT_CYRILLIC, _NOT_LATIN = (1 << place for place in range(22, 28))
#: It becomes nothing, that is a sign of tampering; it becomes several letters; it is a breve; it was asked about before.
_NOTHING, _HIDDEN, _SEVERAL, _IS_BREVE = (1 << place for place in range(28, 32))
_ODD = _NOTHING | _SEVERAL | _IS_BREVE
#: Filled in as texts bring them; 0: not yet (whatever is known of a code point is more).
_POINTS = np.zeros(_CODE_POINTS, np.uint32)


def _words_of_block(texts: Sequence[str | None], offset: int) -> Words:
    lengths = np.array([len(text or "") for text in texts], np.int64)
    joined = "\n".join(text or "" for text in texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
    begin = np.concatenate(([0], np.cumsum(lengths + 1)[:-1])) if len(texts) else np.zeros(0, np.int64)
    points, at, invisible_at = _folded(codes)
    points, at = _joined_lines(points, at, begin[1:] - 1)
    in_word = np.zeros(len(points) + 2, np.bool_)
    np.not_equal(points & np.uint32(_IN_WORD), 0, out=in_word[1:-1])
    edges = np.flatnonzero(in_word[1:] != in_word[:-1])
    first, last = edges[0::2], edges[1::2] - 1
    hidden = np.zeros(len(texts), np.int64)
    empty = np.zeros(0, np.int64)
    if not len(first):
        return Words(empty, empty, empty, empty.astype(np.uint64), empty.astype(bool), np.zeros(len(texts), np.int64), hidden)
    start, end = at[first], at[last] + 1
    border = np.concatenate((np.searchsorted(start, begin), [len(start)]))
    text = np.repeat(np.arange(len(texts)), np.diff(border))
    if len(invisible_at):
        word = np.searchsorted(start, invisible_at, side="right") - 1
        np.add.at(hidden, text[word[(word >= 0) & (invisible_at < end[word])]], 1)
    points, homoglyphs = _mend_look_alikes(points, codes, at, first, last + 1, text, border)
    key, is_stop = _keys(points, first, last + 1)
    return Words(text + offset, start - begin[text], end - begin[text], key, is_stop, homoglyphs, hidden)


def _is_word(code: int) -> bool:
    category = unicodedata.category(chr(code))
    return category[0] == "L" or category in ("Nd", "Nl")


def _point(code: int, letter: int) -> int:
    """What is known of a letter that is written as ``code``."""
    if not _is_word(letter):
        return letter
    script = _CYRILLIC if _CYRILLIC_FIRST <= letter <= _CYRILLIC_LAST else _LATIN if ord("a") <= letter <= ord("z") else 0
    looks = (_LOOKS_CYRILLIC if code in _LOOK_ALIKES else _NOT_CYRILLIC) | (_LOOKS_LATIN if code in _LATIN_LOOK_ALIKES else _NOT_LATIN)
    return letter | _IN_WORD | script | looks


def _one_point(code: int) -> int:
    folded, is_invisible = _fold(code)
    if not folded:
        return _NOTHING | (_HIDDEN if is_invisible else 0)
    if len(folded) == 1:
        return _point(code, ord(folded)) | (_IS_BREVE if ord(folded) == _BREVE else 0)
    if not any(_is_word(ord(part)) or part in "-\n" for part in folded):
        return _BLANK  # an ellipsis parts words as a blank does
    return _SEVERAL


def _folded(codes: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
    """Every code point folded: what is known of the new ones, where each came from, and the places of old ones that were invisible."""
    points = _POINTS[codes]
    unknown = points == 0
    if unknown.any():
        for code in np.unique(codes[unknown]).tolist():
            # A null becomes a blank: both part words, and 0 says that nothing is known.
            _POINTS[code] = _one_point(code) or _BLANK
        points = _POINTS[codes]
    at = np.arange(len(codes))
    odd = np.flatnonzero(points & np.uint32(_ODD))
    if not len(odd):
        return points, at, odd
    kinds = points[odd]
    invisible = odd[(kinds & np.uint32(_HIDDEN)) != 0]
    several = odd[(kinds & np.uint32(_SEVERAL)) != 0]
    if len(several):
        folds = [_fold(code)[0] for code in codes[several].tolist()]
        made = [[_point(code, ord(letter)) for letter in fold] for code, fold in zip(codes[several].tolist(), folds, strict=True)]
        points[several] = [one[0] for one in made]
        after = np.repeat(several + 1, [len(one) - 1 for one in made])
        points = np.insert(points, after, np.array([letter for one in made for letter in one[1:]], np.uint32))
        at = np.insert(at, after, after - 1)
    keep = np.flatnonzero((points & np.uint32(_NOTHING)) == 0)
    points, at = points[keep], at[keep]
    if (kinds & np.uint32(_IS_BREVE)).any():
        # И with a breve of its own becomes й (files from macOS and PDF write it so); a breve elsewhere goes.
        is_breve = (points & np.uint32(_IS_BREVE)) != 0
        before = np.flatnonzero(is_breve[1:] & ((points[:-1] & np.uint32(_LETTER)) == _I))
        points[before] += np.uint32(_SHORT_I - _I)
        points, at = points[~is_breve], at[~is_breve]
    return points, at, invisible


def _joined_lines(
    points: NDArray[np.uint32], at: NDArray[np.int64], borders: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """A word broken at the end of a line (as text out of PDF is) becomes whole: hyphen and line end go. ``borders`` part the texts."""
    hyphen = np.flatnonzero(points == _HYPHEN)
    hyphen = hyphen[(hyphen > 0) & (hyphen < len(points) - 2)]
    hyphen = hyphen[points[hyphen + 1] == _LINE_END]
    hyphen = hyphen[~np.isin(at[hyphen + 1], borders)]
    letters = points & np.uint32(_LETTER) if len(hyphen) else points
    hyphen = hyphen[[chr(letters[place - 1]).isalpha() and chr(letters[place + 2]).isalpha() for place in hyphen.tolist()]]
    if not len(hyphen):
        return points, at
    keep = np.ones(len(points), np.bool_)
    keep[hyphen] = keep[hyphen + 1] = False
    return points[keep], at[keep]


def _alike(table: dict[int, int]) -> NDArray[np.uint32]:
    values = np.zeros(_CODE_POINTS, np.uint32)
    values[list(table)] = list(table.values())
    return values


_ALIKE_CYRILLIC, _ALIKE_LATIN = _alike(_LOOK_ALIKES), _alike(_LATIN_LOOK_ALIKES)


def _mend_look_alikes(
    points: NDArray[np.uint32],
    codes: NDArray[np.uint32],
    at: NDArray[np.int64],
    first: NDArray[np.int64],
    end: NDArray[np.int64],
    text: NDArray[np.int64],
    border: NDArray[np.int64],
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Letters that only look like the text's script are made letters of it: in words that mix scripts, and in words of nothing else.

    Only words that need it are taken apart: in nearly every text there is none. ``border``: where each text's words begin, and the end.
    """
    # Between words no bit is set, so a word's bits are those up to the next word.
    held = np.bitwise_or.reduceat(points, first)
    edges = np.concatenate((first, [len(points)]))[border]
    of_script = [
        np.diff(np.concatenate(([0], np.cumsum((points & np.uint32(script)) != 0, dtype=np.int32)))[edges])
        for script in (_CYRILLIC, _LATIN)
    ]
    is_russian = (of_script[0] >= of_script[1])[text]
    alike = held & np.where(is_russian, np.uint32(_LOOKS_CYRILLIC), np.uint32(_LOOKS_LATIN))
    homoglyphs = np.zeros(len(border) - 1, np.int64)
    looking = np.flatnonzero(alike)
    russian = is_russian[looking]
    mixed = (held[looking] & np.where(russian, np.uint32(_CYRILLIC), np.uint32(_LATIN))) != 0
    other = (held[looking] & np.where(russian, np.uint32(_NOT_CYRILLIC), np.uint32(_NOT_LATIN))) != 0
    chosen = mixed | ~other
    mended, mixed = looking[chosen], mixed[chosen]
    if not len(mended):
        return points, homoglyphs
    length = (end - first)[mended]
    owner = np.repeat(np.arange(len(mended)), length)
    place = first[mended][owner] + np.arange(len(owner)) - np.repeat(np.cumsum(length) - length, length)
    russian = is_russian[mended][owner]
    looks = (points[place] & np.where(russian, np.uint32(_LOOKS_CYRILLIC), np.uint32(_LOOKS_LATIN))) != 0
    strange = np.bincount(owner[looks], minlength=len(mended))
    homoglyphs += np.bincount(text[mended][mixed], strange[mixed], len(homoglyphs)).astype(np.int64)
    place, russian = place[looks], russian[looks]
    made = points.copy()
    written = codes[at[place]]
    made[place] = np.where(russian, _ALIKE_CYRILLIC[written], _ALIKE_LATIN[written])
    return made, homoglyphs


def _keys(points: NDArray[np.uint32], first: NDArray[np.int64], end: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Hash of each word's stem. Equal words are found by a rolling hash, so each distinct word is stemmed once."""
    letters = (points & np.uint32(_LETTER)).astype(np.intp)
    with np.errstate(over="ignore"):
        values = _MIXED[letters] if letters.max() < len(_MIXED) else mix(letters.astype(np.uint64))
        power, back_to_first = _POWERS.up_to(len(letters))
        values *= power
        total = np.zeros(len(letters) + 1, np.uint64)
        np.cumsum(values, out=total[1:])
        rolling = (total[end] - total[first]) * back_to_first[first]
    return _KNOWN.of(rolling, letters, first, end)


class _Vocabulary:
    """Words stemmed before, by their rolling hash: each is stemmed once, not once a block.

    A table of one place per hash's first bits; what comes to a place that is taken takes it. Threads write to it beside each other: a place
    is believed only where its three parts agree, so one that is half written is not known.
    """

    _BITS = 21
    _STOP = np.uint64(0x9E3779B97F4A7C15)

    def __init__(self) -> None:
        size = 1 << self._BITS
        # Hash, xor key, xor the sign of a stop word. At first one that belongs to another place.
        self._seal = ~(np.arange(size, dtype=np.uint64) << np.uint64(64 - self._BITS))
        self._key = np.zeros(size, np.uint64)
        self._is_stop = np.zeros(size, np.bool_)

    def of(
        self, hashes: NDArray[np.uint64], letters: NDArray[np.intp], first: NDArray[np.int64], end: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Key and stop sign of each word, which stands in ``letters`` from ``first`` to ``end``."""
        place = (hashes >> np.uint64(64 - self._BITS)).astype(np.intp)
        keys, stops = self._key[place], self._is_stop[place]
        fresh = np.flatnonzero((self._seal[place] ^ keys ^ np.where(stops, self._STOP, np.uint64(0))) != hashes)
        if len(fresh):
            _, one, which = np.unique(hashes[fresh], return_index=True, return_inverse=True)
            chosen = fresh[one]
            last = np.minimum(end[chosen], first[chosen] + _WORD_MAX)
            written = [
                letters[begin:until].astype("<u4").tobytes().decode("utf-32-le", "replace")
                for begin, until in zip(first[chosen].tolist(), last.tolist(), strict=True)
            ]
            made_keys = np.array([_key(word) for word in written], np.uint64)
            made_stops = np.array([word in STOP_WORDS for word in written], np.bool_)
            keys[fresh], stops[fresh] = made_keys[which], made_stops[which]
            # Of several that come to one place the last stays, in all three parts: numpy assigns in order.
            self._seal[place[chosen]] = hashes[chosen] ^ made_keys ^ np.where(made_stops, self._STOP, np.uint64(0))
            self._key[place[chosen]] = made_keys
            self._is_stop[place[chosen]] = made_stops
        return keys, stops


class _Powers:
    """Powers of an odd number and of its inverse modulo 2**64: hashes of all words of a block are differences of one running sum."""

    _BASE = 0x100000001B3

    def __init__(self) -> None:
        self._held = self._made(_BLOCK)

    def up_to(self, size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """The first ``size`` powers of both."""
        if size > len(self._held[0]):
            self._held = self._made(2 * size)
        power, inverse = self._held
        return power[:size], inverse[:size]

    @classmethod
    def _made(cls, size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        inverse = pow(cls._BASE, -1, 1 << 64)
        return cls._powers(cls._BASE, size), cls._powers(inverse, size)

    @staticmethod
    def _powers(base: int, size: int) -> NDArray[np.uint64]:
        with np.errstate(over="ignore"):
            made: NDArray[np.uint64] = np.cumprod(np.full(size, base, np.uint64), dtype=np.uint64)
        return np.concatenate((np.ones(1, np.uint64), made))


_KNOWN, _POWERS = _Vocabulary(), _Powers()
#: Spread values of the letters and marks of most texts.
_MIXED = mix(np.arange(0x3100, dtype=np.uint64))


def _key(word: str) -> int:
    return int.from_bytes(blake2b(stem(word).encode("utf-8", "replace"), digest_size=8).digest(), "little")
