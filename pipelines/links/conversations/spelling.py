"""Typing errors in the words that signs are looked for: "не работаает" is trouble, "анккета" is the survey.

Signs (``wording``) and slots of questions (``question_intents.toml``) are lists of words, so one wrong letter hides them. A word that no dictionary knows becomes the nearest
word of these lists (one edit; two in long words). Nothing depends on what else was said, so a message reads the same in every run. Repeated questions are mended otherwise
(``question_wording.mend``): there any word may tell two questions apart, and words asked before are what an error is likely to have been.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

import pyarrow as pa

from pipelines.links.conversations import wording
from pipelines.links.conversations.question_wording import analyzer, edits, is_known, slot_wordings, without_a_letter
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

_CYRILLIC = re.compile("[а-я]+")
#: Letters that an ending adds to a beginning ("анкет*"): longer words are other words.
_ENDING = 5


def mend(warehouse: Warehouse, table: str, *columns: str) -> None:
    """Mend typing errors in columns of lines (``wording.line_sql``) of a temporary table, in place."""
    words = warehouse.rows(
        " union ".join(
            f"select distinct unnest(string_split({column}, ' ')) as word from (select distinct {column} from {table})"
            for column in columns
        )
        + " order by word"
    )
    wrong = {word: right for (word,) in words if (right := nearest(word)) is not None}
    if not wrong:
        return
    warehouse.connection.register("misspelt", pa.table({"word": list(wrong), "mended": list(wrong.values())}))
    for column in columns:
        warehouse.connection.execute(
            f"""
            update {table} set {column} = right_line.mended
            from (
                with taken as (
                    select line, unnest(string_split(line, ' ')) as word, generate_subscripts(string_split(line, ' '), 1) as place from (select distinct {column} as line from {table})
                ), wrong as (
                    select distinct line from taken semi join misspelt on misspelt.word = taken.word
                )
                select taken.line, string_agg(coalesce(misspelt.mended, taken.word), ' ' order by taken.place) as mended
                from taken semi join wrong on wrong.line = taken.line left join misspelt on misspelt.word = taken.word group by taken.line
            ) as right_line
            where {table}.{column} = right_line.line
            """
        )
    warehouse.connection.unregister("misspelt")


@cache
def nearest(word: str) -> str | None:
    """The word of a sign or slot that a word that no dictionary knows was meant to be; None: known, too short, or near none."""
    if len(word) < threshold("mend_letters") or not _CYRILLIC.fullmatch(word) or is_known(word) or word in _words():
        return None
    near = _near()
    likely = {known for rest in without_a_letter(word) for known in near.get(rest, ())}
    best = min(((edits(word, known), known) for known in likely), default=None)
    return best[1] if best is not None and best[0] <= (2 if len(word) >= threshold("mend_letters_two") else 1) else None


@cache
def _words() -> frozenset[str]:
    """The Cyrillic words of all signs and slots, in all their forms."""
    shortest = threshold("mend_letters") - 1
    lists = [value for name, value in vars(wording).items() if name.isupper() and isinstance(value, tuple)]
    entries = {part for wordings in (*lists, *slot_wordings().values()) for entry in wordings for part in entry.split()}
    found: set[str] = set()
    for entry in entries:
        beginning = entry.removesuffix("*")
        if not _CYRILLIC.fullmatch(beginning) or len(beginning) < 3:
            continue
        if entry == beginning:
            forms = [entry]
        else:
            forms = [
                form.replace("ё", "е") for form in analyzer().dictionary.words.keys(beginning) if len(form) <= len(beginning) + _ENDING
            ]
        found.update(form for form in forms if len(form) >= shortest and _CYRILLIC.fullmatch(form))
    return frozenset(found)


@cache
def _near() -> dict[str, list[str]]:
    near: dict[str, list[str]] = defaultdict(list)
    for word in sorted(_words()):
        for rest in without_a_letter(word):
            near[rest].append(word)
    return dict(near)
