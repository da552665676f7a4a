"""How likely a message asks the curators: what was learned of the ways in which people ask, beside the rules of ``questions``.

A logistic regression over pieces of words, words and their neighbours (hashed), the rules' own signs and verdict, and who spoke before. The rules know forms and words that
somebody thought of; the pieces know how much each speaks for a question in chats written by hand (``benchmarks/replies``), so words that no rule holds count as well.
The weights lie in the package as numbers (``question_weights.json``: no word of any chat, no pickle; ``python -m benchmarks.replies.learn_questions`` makes them anew).

A message is judged by its words and by what was said before it, never by what came later: a night comes to what a run over everything comes to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.links.conversations import wording
from pipelines.links.conversations.question_wording import is_name
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: What was learned; made by ``python -m benchmarks.replies.learn_questions``.
WEIGHTS_FILE = Path(__file__).with_name("question_weights.json")
#: Pieces of words, words and their neighbours share so many weights.
BUCKETS = 2**14
#: Letters of a piece of a word, its gaps counted.
_PIECES = (2, 3, 4, 5)
#: Lines that are taken apart at a time.
_BLOCK = 50_000
#: A message has at most so many words, each a sign of its own.
_LENGTHS = (1, 3, 6, 12, 25)
#: It has at least so many full stops: who writes in sentences and asks puts a question mark, who speaks to a telephone puts neither.
_STOPS = (1, 2, 3)
#: Odd numbers of 64 bits, so that hashes spread (any would do; another hash is another model).
_TIMES, _SPREAD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_WORD = re.compile("[а-я]{3,}")
_BLANK = ord(" ")
#: Longer words are told apart by their beginning.
_LONGEST = 24


@dataclass(frozen=True)
class Weights:
    """Log odds: of a message of which nothing is known, of each bucket of pieces, of each sign by its name."""

    bias: float
    pieces: Floats
    signs: Mapping[str, float]


@cache
def weights() -> Weights:
    """The weights as shipped."""
    content = json.loads(WEIGHTS_FILE.read_text("utf-8"))
    return Weights(content["bias"], np.array(content["pieces"], float) / content["scale"], content["signs"])


def line_sql(column: str) -> str:
    """SQL that turns a text column into the line that pieces are taken of: lower case, marks and faces words of their own, links, quotations and numbers no matter which."""
    told = f"replace(lower(nfc_normalize(coalesce({column}, ''))), 'ё', 'е')"
    for pattern, stands in (
        (wording.CITED, " "),
        (wording.LINK, " ссылка "),
        (wording.QUOTATION, " « "),
        (r"[0-9]", "0"),
        (r"[?]+", " ? "),
        (r"!+", " ! "),
        (r"\){2,}", " ) "),
        (r"([^ ])\)", r"\1 "),
        (r"\({2,}", " ( "),
        (r"[\x{1F600}-\x{1F64F}\x{1F910}-\x{1F97F}]", " ☺ "),
        (r"[\x{1F300}-\x{1F5FF}\x{1F680}-\x{1F8FF}\x{2600}-\x{27BF}\x{2B00}-\x{2BFF}]", " ♥ "),
        (r"[.…]+( |$)", " . "),
        (r",", " , "),
        (r"[:;]", " : "),
        (r"[^0-9a-zа-я?!.,:«☺♥()@ ]", " "),
        (r" +", " "),
    ):
        told = f"regexp_replace({told}, '{pattern}', '{stands}', 'g')"
    # Where a message begins and ends is a word too.
    return f"' ^ ' || trim({told}) || ' $ '"


def nameless(lines: Sequence[str]) -> list[str]:
    """The lines with one sign for every name: who is called is found elsewhere, and no name speaks for or against a question."""
    return [_WORD.sub(_unnamed, line) for line in lines]


def _unnamed(word: re.Match[str]) -> str:
    return "@" if is_name(word[0]) else word[0]


def pieces(lines: Sequence[str]) -> Iterator[tuple[int, Ints, Ints]]:
    """By blocks: place of the block's first line; of each piece its line's place in the block and its bucket."""
    for first in range(0, len(lines), _BLOCK):
        yield first, *_pieces(lines[first : first + _BLOCK])


def _pieces(lines: Sequence[str]) -> tuple[Ints, Ints]:
    letters = np.frombuffer("".join(lines).encode("utf-32-le"), np.uint32)
    line = np.repeat(np.arange(len(lines)), [len(one) for one in lines])
    codes, is_blank = letters.astype(np.uint64), letters == _BLANK
    found_line, found = [], []
    hashed = codes
    for size in range(2, max(_PIECES) + 1):
        # A piece ends at a gap: what lies between its first and its last letter is one word.
        hashed = hashed[:-1] * _TIMES + codes[size - 1 :]
        inner = np.zeros(len(hashed), bool)
        for place in range(1, size - 1):
            inner |= is_blank[place : place + len(hashed)]
        kept = ~inner & ~(is_blank[: len(hashed)] & is_blank[size - 1 :] & (size == 2))
        if size in _PIECES:
            found.append(_bucket(hashed[kept] + np.uint64(size)))
            found_line.append(line[: len(hashed)][kept])
    word_line, word = _words(codes, is_blank, line)
    for size in (1, 2, 3):
        together = word[: len(word) - size + 1] * np.uint64(2 * size + 1)
        for place in range(1, size):
            together = together * _TIMES + word[place : len(word) - size + 1 + place]
        kept = word_line[: len(together)] == word_line[size - 1 :]
        found.append(_bucket(together[kept] + np.uint64(100 * size)))
        found_line.append(word_line[: len(together)][kept])
    return np.concatenate(found_line), np.concatenate(found)


def _words(codes: NDArray[np.uint64], is_blank: NDArray[np.bool_], line: Ints) -> tuple[Ints, NDArray[np.uint64]]:
    """Line and hash of each word."""
    begins = ~is_blank & np.r_[True, is_blank[:-1]]
    starts = np.flatnonzero(begins)
    if not len(starts):
        return np.zeros(0, np.int64), np.zeros(0, np.uint64)
    within = np.arange(len(codes)) - starts[np.maximum(np.cumsum(begins) - 1, 0)]
    powers = np.cumprod(np.full(_LONGEST, _TIMES, np.uint64))
    counted = np.where(is_blank | (within >= _LONGEST), np.uint64(0), codes * powers[np.clip(within, 0, _LONGEST - 1)])
    return line[starts], np.add.reduceat(counted, starts)


def _bucket(hashed: NDArray[np.uint64]) -> Ints:
    mixed = (hashed ^ (hashed >> np.uint64(31))) * _SPREAD
    return (mixed >> np.uint64(64 - (BUCKETS.bit_length() - 1))).astype(np.int64)


def by_words(lines: Sequence[str], of: Floats) -> Floats:
    """Of each line the weights of its pieces, taken together and divided by the root of their number."""
    found = np.zeros(len(lines))
    for first, line, bucket in pieces(lines):
        number = min(len(lines) - first, _BLOCK)
        total, count = np.bincount(line, of[bucket], number), np.bincount(line, minlength=number)
        found[first : first + number] = total / np.sqrt(np.maximum(count, 1))
    return found


def form(words: Ints, stops: Ints, has_mark: NDArray[np.bool_], ends_with_mark: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """Signs of a text's form: its length, its full stops, its question mark."""
    return (
        {"mark": has_mark, "ends_with_mark": ends_with_mark}
        | {f"words_{most}": words <= most for most in _LENGTHS}
        | {f"stops_{least}": stops >= least for least in _STOPS}
        | {f"stops_{least}_no_mark": (stops >= least) & ~has_mark for least in _STOPS}
    )


#: Who spoke before in the same place, and whom the message replies to: a row per message judged by its words, booleans.
_BEFORE = """
with whole as (
    select message_id, coalesce(thread_id, chat_id) as place, author_id, role in ('curator', 'staff') as is_curator, sent_at, contains(coalesce(text, ''), '?') as asks
    from conversation
    where channel in ('chat', 'forum') and kind = 'post' and role <> 'bot' and sent_at is not null and account_id is not null
), before as (
    select message_id, asks, lag(is_curator) over turn as is_curator, lag(author_id) over turn = author_id as is_self, lag(asks) over turn as asked,
        coalesce(epoch(sent_at) - epoch(lag(sent_at) over turn), 1e9) as gap
    from whole window turn as (partition by place order by sent_at, length(message_id), message_id)
)
select judged.message_id,
    gap <= $near as is_near, gap <= $hours as is_heard, is_heard and is_curator as after_curator, after_curator and is_near as right_after_curator,
    after_curator and asked as after_curators_question, is_near and not is_curator and not is_self as after_learner, after_learner and asked as after_learners_question,
    after_learners_question and not asks as answers_learner, is_near and is_self as after_self, not is_heard as alone,
    coalesce(target.role in ('curator', 'staff'), false) as to_curator, to_curator and contains(coalesce(target.text, ''), '?') as to_curators_question,
    coalesce(target.role not in ('curator', 'staff') and target.author_id <> judged.author_id, false) as to_learner
from judged join before on before.message_id = judged.message_id left join conversation as target on target.message_id = judged.reply_to_id
where judged.channel in ('chat', 'forum')
order by judged.message_id
"""
BEFORE = (
    "after_curator", "right_after_curator", "after_curators_question", "after_learner", "after_learners_question", "answers_learner", "after_self", "alone", "to_curator",
    "to_curators_question", "to_learner",
)  # fmt: skip


def before(warehouse: Warehouse) -> pa.Table:
    """message_id and the signs of ``BEFORE`` of every message of chats and forums in the temporary table ``judged``, in order of the ids."""
    return warehouse.arrow(_BEFORE, {"near": 60 * threshold("question_near"), "hours": 3600 * threshold("question_heard")})


def odds_before(warehouse: Warehouse, messages: pa.ChunkedArray) -> Floats:
    """Log odds that what was said before adds to each of the messages (ids in order); none where the place is neither chat nor forum."""
    found, known = before(warehouse), weights().signs
    odds = np.sum([known.get(name, 0.0) * np.asarray(found[name]).astype(float) for name in BEFORE], axis=0)
    # Several signs of one thing (behind a fellow learner, and in reply to one) are not as many reasons.
    most = threshold("question_before_odds")
    odds = np.clip(odds, -most, most)
    table = pa.table({"message_id": messages, "place": pa.array(range(len(messages)), pa.int64())})
    joined = table.join(pa.table({"message_id": found["message_id"], "odds": pa.array(odds, pa.float64())}), "message_id").sort_by("place")
    return np.nan_to_num(joined["odds"].to_numpy(zero_copy_only=False))
