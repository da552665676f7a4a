"""Real prose to make texts of: what Debian's packages carry. Read where it lies, never kept.

Russian: aphorisms (fortunes-ru), a translated handbook (debian-handbook), manual pages (manpages-ru). English: a book of political
theory (anarchism), the handbook. ``apt-get install fortunes-ru debian-handbook manpages-ru anarchism``; all four are free texts.
The files are parted in two halves by their names: one to build with, one that stays unseen.
"""

from __future__ import annotations

import gzip
import html
import re
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

_FORTUNES = Path("/usr/share/games/fortunes/ru")
_HANDBOOK = Path("/usr/share/doc/debian-handbook/html")
_MANUALS = Path("/usr/share/man/ru")
_ANARCHISM = Path("/usr/share/doc/anarchism/markdown")
_ENDS = re.compile(r"(?<=[.!?…])[\"»”)]*\s+(?=[«\"“(]?[А-ЯЁA-Z])")
_FEWEST, _MOST = 5, 45
#: A sentence that repeats so many words running of an earlier one is left out: the library quotes itself.
_RUN = 6


class NoLibrary(RuntimeError):
    """The packages with prose are not installed."""


def _half(name: str) -> str:
    return "build" if blake2b(name.encode(), digest_size=1).digest()[0] % 2 else "unseen"


def _russian() -> Iterator[tuple[str, str]]:
    for path in sorted(_FORTUNES.glob("*")):
        if path.suffix not in (".dat", ".u8") and path.is_file():
            for number, saying in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n%\n")):
                # A thousand sayings of one file are a thousand sources: parted each for itself.
                yield f"{path.name}{number // 8}", re.sub(r"\n\s+-- .*", "", saying, flags=re.S)
    for path in sorted((_HANDBOOK / "ru-RU").glob("sect*.html")):
        yield path.name, _plain(path.read_text(encoding="utf-8", errors="replace"))
    for path in sorted(_MANUALS.rglob("*.gz")):
        lines = gzip.decompress(path.read_bytes()).decode("utf-8", "replace").splitlines()
        yield path.name, re.sub(r"\\(?:f.|\[[^]]*\]|[&%:-]|\(..)", "", " ".join(line for line in lines if not line.startswith((".", "'"))))


def _english() -> Iterator[tuple[str, str]]:
    for path in sorted(_ANARCHISM.glob("sec*.md.gz")):
        yield path.name, re.sub(r"\[[^]]*\]|\([^)]*\)|[_*>#|]", " ", gzip.decompress(path.read_bytes()).decode("utf-8", "replace"))
    for path in sorted((_HANDBOOK / "en-US").glob("sect*.html")):
        yield path.name, _plain(path.read_text(encoding="utf-8", errors="replace"))


def _plain(page: str) -> str:
    return html.unescape(re.sub(r"<(script|style|pre).*?</\1>|<[^>]+>", " ", page, flags=re.S))


@cache
def sentences(language: str, half: str) -> tuple[str, ...]:
    """The sentences of one half of the library in their order, 5 to 45 words, none that repeats an earlier one in part. Raises NoLibrary where nothing is installed."""
    seen: set[str] = set()
    found = []
    letters = re.compile(r"[а-яё]{2,}" if language == "ru" else r"[a-z]{2,}", re.I)
    for name, text in _russian() if language == "ru" else _english():
        if _half(name) != half:
            continue
        for sentence in _ENDS.split(" ".join(text.split())):
            words = letters.findall(sentence.lower())
            runs = {" ".join(words[place : place + _RUN]) for place in range(max(1, len(words) - _RUN + 1))}
            if _FEWEST <= len(words) <= _MOST and len(words) >= 0.7 * len(sentence.split()) and not runs & seen:
                found.append(sentence.strip())
            seen |= runs
    if not found:
        raise NoLibrary("apt-get install fortunes-ru debian-handbook manpages-ru anarchism")
    return tuple(found)
