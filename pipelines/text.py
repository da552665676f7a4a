"""Plain text as data: one code-point table, words with their places, a light stem. Shared by the stages that read words.

Everything here works on many texts at once, as one array of code points, and keeps for every word the place where it stands in
the text as it was written, so that a match can be shown. What is stored of a text (fingerprints) depends on :data:`VERSION`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import pyarrow as pa
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
#: Distinct words kept in mind: a few languages with all their inflections, some tens of megabytes.
_VOCABULARY = 2_000_000

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
    folded, at = _joined_lines(*_compose(folded, at), begin[1:] - 1)
    is_word = _table(folded, _IS_WORD, _is_word) == 1
    edges = np.flatnonzero(np.concatenate(([False], is_word)) != np.concatenate((is_word, [False])))
    first, last = edges[0::2], edges[1::2] - 1
    hidden = np.zeros(len(texts), np.int64)
    empty = np.zeros(0, np.int64)
    if not len(first):
        return Words(empty, empty, empty, empty.astype(np.uint64), empty.astype(bool), np.zeros(len(texts), np.int64), hidden)
    start, end = at[first], at[last] + 1
    text = np.searchsorted(begin, start, side="right") - 1
    if invisible_at.any():
        inside = np.cumsum(np.concatenate(([0], invisible_at)))
        np.add.at(hidden, text, inside[end] - inside[start])
    folded, homoglyphs = _mend_look_alikes(folded, codes[at], is_word, first, last + 1, text, len(texts))
    key, is_stop = _keys(folded, first, last + 1)
    return Words(text + offset, start - begin[text], end - begin[text], key, is_stop, homoglyphs, hidden)


def _joined_lines(
    folded: NDArray[np.uint32], at: NDArray[np.int64], borders: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """A word broken at the end of a line (as text out of PDF is) becomes whole: hyphen and line end go. ``borders`` part the texts."""
    hyphen = np.flatnonzero((folded[:-3] == _HYPHEN) & (folded[1:-2] == _LINE_END)) if len(folded) > 3 else np.zeros(0, np.int64)
    hyphen = hyphen[(hyphen > 0) & ~np.isin(at[hyphen + 1], borders)]
    hyphen = (
        hyphen[[chr(folded[place - 1]).isalpha() and chr(folded[place + 2]).isalpha() for place in hyphen.tolist()]]
        if len(hyphen)
        else hyphen
    )
    if not len(hyphen):
        return folded, at
    keep = np.ones(len(folded), np.bool_)
    keep[hyphen] = keep[hyphen + 1] = False
    return folded[keep], at[keep]


#: What was asked of each code point before; -1: not yet. Filled in as texts bring them.
_IS_WORD = np.full(_CODE_POINTS, -1, np.int8)
_FOLDED = np.full(_CODE_POINTS, -1, np.int64)
#: In _FOLDED: becomes nothing, nothing and a sign of tampering, more than one letter.
_NOTHING, _HIDDEN, _SEVERAL = -2, -3, -4


def _is_word(code: int) -> int:
    category = unicodedata.category(chr(code))
    return int(category[0] == "L" or category in ("Nd", "Nl"))


def _one_fold(code: int) -> int:
    folded, is_invisible = _fold(code)
    if len(folded) > 1 and not any(_is_word(ord(part)) or part in "-\n" for part in folded):
        return _BLANK  # an ellipsis parts words as a blank does
    return ord(folded) if len(folded) == 1 else _SEVERAL if folded else _HIDDEN if is_invisible else _NOTHING


def _table(codes: NDArray[np.uint32], table: NDArray[np.int8] | NDArray[np.int64], of: Callable[[int], int]) -> NDArray[np.integer]:
    """Values of code points by a table that is filled in where it does not know one."""
    values = table[codes]
    unknown = values == -1
    if unknown.any():
        for code in np.unique(codes[unknown]).tolist():
            table[code] = of(code)
        values = table[codes]
    return values


def _fold_all(codes: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.bool_]]:
    """Every code point folded: the new ones, where each came from, and which old ones were invisible."""
    values = _table(codes, _FOLDED, _one_fold)
    odd = values < 0
    if not odd.any():
        return values.astype(np.uint32), np.arange(len(codes)), odd
    several = values == _SEVERAL
    if several.any():
        folds = [_fold(code)[0] for code in codes[several].tolist()]
        repeats = np.ones(len(codes), np.int64)
        repeats[several] = [len(fold) for fold in folds]
        at = np.repeat(np.arange(len(codes)), repeats)
        spread = values[at]
        spread[several[at]] = np.frombuffer("".join(folds).encode("utf-32-le", "surrogatepass"), "<u4")
        keep = np.flatnonzero(spread >= 0)
        return spread[keep].astype(np.uint32), at[keep], values == _HIDDEN
    at = np.flatnonzero(values >= 0)
    return values[at].astype(np.uint32), at, values == _HIDDEN


def _compose(folded: NDArray[np.uint32], at: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """И with a breve of its own becomes й (files from macOS and PDF write it so); a breve elsewhere goes."""
    breve = folded == _BREVE
    if not breve.any():
        return folded, at
    folded = folded.copy()
    before = np.flatnonzero(breve[1:] & (folded[:-1] == _I))
    folded[before] = _SHORT_I
    return folded[~breve], at[~breve]


def _alike(table: dict[int, int]) -> NDArray[np.uint32]:
    values = np.zeros(_CODE_POINTS, np.uint32)
    values[list(table)] = list(table.values())
    return values


_ALIKE_CYRILLIC, _ALIKE_LATIN = _alike(_LOOK_ALIKES), _alike(_LATIN_LOOK_ALIKES)


#: What a letter speaks for, in bits. Of what it is: Cyrillic, Latin. Of how it is written: only looks Cyrillic, only looks Latin, does not.
_CYRILLIC, _LATIN, _LOOKS_CYRILLIC, _LOOKS_LATIN, _NOT_CYRILLIC, _NOT_LATIN = 1, 2, 4, 8, 16, 32


def _scripts() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    folded, written = np.zeros(_CODE_POINTS, np.uint8), np.full(_CODE_POINTS, _NOT_CYRILLIC | _NOT_LATIN, np.uint8)
    folded[_CYRILLIC_FIRST : _CYRILLIC_LAST + 1] = _CYRILLIC
    folded[ord("a") : ord("z") + 1] = _LATIN
    for table, looks, other in ((_LOOK_ALIKES, _LOOKS_CYRILLIC, _NOT_CYRILLIC), (_LATIN_LOOK_ALIKES, _LOOKS_LATIN, _NOT_LATIN)):
        written[list(table)] = (written[list(table)] & ~np.uint8(other)) | looks
    return folded, written


_SCRIPT, _LOOKS = _scripts()


def _mend_look_alikes(
    folded: NDArray[np.uint32],
    written: NDArray[np.uint32],
    is_word: NDArray[np.bool_],
    first: NDArray[np.int64],
    end: NDArray[np.int64],
    text: NDArray[np.int64],
    texts: int,
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Letters that only look like the text's script are made letters of it: in words that mix scripts, and in words of nothing else.

    Only words that need it are taken apart: in nearly every text there is none.
    """
    bits = (_SCRIPT[folded] | _LOOKS[written]) * is_word
    # Between words no bit is set, so a word's bits are those up to the next word.
    held = np.bitwise_or.reduceat(bits, first)
    begin = np.searchsorted(text, np.arange(texts + 1))
    edges = np.concatenate((first, [len(folded)]))[begin]
    of_script = [np.diff(np.concatenate(([0], np.cumsum((bits & script) != 0, dtype=np.int64)))[edges]) for script in (_CYRILLIC, _LATIN)]
    is_russian = (of_script[0] >= of_script[1])[text]
    alike = held & np.where(is_russian, _LOOKS_CYRILLIC, _LOOKS_LATIN)
    is_mixed = held & np.where(is_russian, _CYRILLIC, _LATIN)
    is_other = held & np.where(is_russian, _NOT_CYRILLIC, _NOT_LATIN)
    homoglyphs = np.zeros(texts, np.int64)
    mended = np.flatnonzero((alike != 0) & ((is_mixed != 0) | (is_other == 0)))
    if not len(mended):
        return folded, homoglyphs
    length = (end - first)[mended]
    owner = np.repeat(np.arange(len(mended)), length)
    place = first[mended][owner] + np.arange(len(owner)) - np.repeat(np.cumsum(length) - length, length)
    russian = is_russian[mended][owner]
    looks = (bits[place] & np.where(russian, _LOOKS_CYRILLIC, _LOOKS_LATIN)) != 0
    strange = np.bincount(owner[looks], minlength=len(mended))
    mixed = is_mixed[mended] != 0
    homoglyphs += np.bincount(text[mended][mixed], strange[mixed], texts).astype(np.int64)
    place, russian = place[looks], russian[looks]
    made = folded.copy()
    made[place] = np.where(russian, _ALIKE_CYRILLIC[written[place]], _ALIKE_LATIN[written[place]])
    return made, homoglyphs


def _keys(folded: NDArray[np.uint32], first: NDArray[np.int64], end: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Hash of each word's stem. Equal words are found by a rolling hash, so each distinct word is stemmed once."""
    with np.errstate(over="ignore"):
        values = _MIXED[folded] if folded.max() < len(_MIXED) else mix(folded.astype(np.uint64))
        power, back_to_first = _POWERS.up_to(len(folded))
        total = np.concatenate((np.zeros(1, np.uint64), np.cumsum(values * power)))
        rolling = (total[end] - total[first]) * back_to_first[first]
    # Numbered by a table, not by sorting all words: there are ten times as many words as distinct ones.
    numbered = pa.array(rolling).dictionary_encode()
    distinct, which = numbered.dictionary.to_numpy(), numbered.indices.to_numpy()
    one = np.flatnonzero(np.concatenate(([True], which[1:] > np.maximum.accumulate(which)[:-1])))
    order = np.argsort(distinct)
    keys, stops = _KNOWN.of(distinct[order], folded, first[one[order]], end[one[order]])
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    which = back[which]
    return keys[which], stops[which]


class _Vocabulary:
    """Words stemmed before, by their rolling hash: each is stemmed once, not once a block. Forgotten when it has grown too large."""

    def __init__(self) -> None:
        self._held = (np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.bool_))

    def of(
        self, distinct: NDArray[np.uint64], folded: NDArray[np.uint32], first: NDArray[np.int64], end: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Key and stop sign of each distinct word (hashes sorted), which stands in ``folded`` from ``first`` to ``end``."""
        # Read once: another thread may put a larger vocabulary in its place meanwhile, which changes no answer.
        hashes, keys, stops = self._held
        place = np.searchsorted(hashes, distinct)
        known = place < len(hashes)
        known[known] = hashes[place[known]] == distinct[known]
        fresh = np.flatnonzero(~known)
        last = np.minimum(end[fresh], first[fresh] + _WORD_MAX)
        written = [
            folded[begin:until].astype("<u4").tobytes().decode("utf-32-le", "replace")
            for begin, until in zip(first[fresh].tolist(), last.tolist(), strict=True)
        ]
        fresh_keys = np.array([_key(word) for word in written], np.uint64)
        fresh_stops = np.array([word in STOP_WORDS for word in written], np.bool_)
        found_keys, found_stops = np.zeros(len(distinct), np.uint64), np.zeros(len(distinct), np.bool_)
        found_keys[known], found_stops[known] = keys[place[known]], stops[place[known]]
        found_keys[fresh], found_stops[fresh] = fresh_keys, fresh_stops
        if len(fresh):
            if len(hashes) + len(fresh) > _VOCABULARY:
                hashes, keys, stops = hashes[:0], keys[:0], stops[:0]
            at = np.searchsorted(hashes, distinct[fresh])
            self._held = (
                np.insert(hashes, at, distinct[fresh]),
                np.insert(keys, at, fresh_keys),
                np.insert(stops, at, fresh_stops),
            )
        return found_keys, found_stops


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
