"""Make ``pipelines/links/conversations/question_weights.json``: ``python -m benchmarks.replies.learn_questions`` (``--check``: nothing is written; what each chat is judged like by what was learned of the others).

Learned from invented chats and messages alone (``LEARNED`` of ``dialogues``, ``messages.txt``) and, with a fifth of the weight, from one simulated chat, so that what the rules
know of plain words is not unlearned. The other files of dialogues are by other hands and no part of it: they tell what it is worth.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array, hstack, vstack
from sklearn.linear_model import LogisticRegression

from benchmarks.replies.dialogues import LEARNED, tell
from benchmarks.replies.talk import talk
from pipelines.links.conversations import question_model, questions
from pipelines.links.conversations.roles import relate_roles
from pipelines.warehouse import Warehouse

#: What a message of a simulated chat counts; how freely weights may grow; what the pieces of words count beside the signs.
_SIMULATED, _FREEDOM, _PIECES = 0.2, 0.5, 4.0
_SCALE, _FOLDS = 100, 8


@dataclass(frozen=True)
class Messages:
    """Learners' messages: their pieces' lines, signs by name, whether they ask, what they count, the chat that they are of."""

    spelt: list[str]
    signs: dict[str, np.ndarray]
    asks: np.ndarray
    weight: np.ndarray
    chat: np.ndarray


def _of_chats(warehouse: Warehouse, asked: set[str], weight: float, name: str) -> Messages:
    relate_roles(warehouse)
    warehouse.connection.execute(questions._JUDGED)
    messages = warehouse.arrow(
        "select message_id, place, coalesce(text, '') as text from judged where channel in ('chat', 'forum') order by message_id"
    )
    found = _of_texts(warehouse, messages["text"])
    before = question_model.before(warehouse)
    signs = found.signs | {sign: np.asarray(before[sign]).astype(float) for sign in question_model.BEFORE}
    asks = np.array([message in asked for message in messages["message_id"].to_pylist()])
    chat = np.array([f"{name} {place}" for place in messages["place"].to_pylist()])
    return Messages(found.spelt, signs, asks, np.full(len(asks), weight), chat)


def _of_texts(warehouse: Warehouse, texts: pa.ChunkedArray) -> Messages:
    warehouse.connection.register("texts_to_learn", pa.table({"text": texts, "place": pa.array(range(len(texts)), pa.int64())}))
    told = questions._told(questions._signs(warehouse, "texts_to_learn", "place"))
    warehouse.connection.unregister("texts_to_learn")
    signs = {name: column.astype(float) for name, column in told.signs.items()}
    return Messages(told.spelt, signs, np.zeros(len(texts), bool), np.ones(len(texts)), np.array(["messages"] * len(texts)))


def gather(*, seeds: tuple[int, ...] = (1,)) -> list[Messages]:
    """All that is learned from."""
    found = []
    for name in LEARNED:
        with Warehouse.open(None) as warehouse:
            told, _ = tell(warehouse, name)
            found.append(_of_chats(warehouse, {one.message_id for one in told.asked}, 1.0, name))
    rows = [row.split(" | ", 1) for row in Path(__file__).with_name("messages.txt").read_text("utf-8").splitlines()]
    with Warehouse.open(None) as warehouse:
        alone = _of_texts(warehouse, pa.chunked_array([[text for _, text in rows]]))
    chat = np.array([f"messages {number % _FOLDS}" for number in range(len(rows))])
    found.append(Messages(alone.spelt, alone.signs, np.array([kind == "q" for kind, _ in rows]), alone.weight, chat))
    for seed in seeds:
        with Warehouse.open(None) as warehouse:
            told = talk(warehouse, seed)
            found.append(_of_chats(warehouse, {one.message_id for one in told.asked}, _SIMULATED, "simulated"))
    return found


def _table(messages: list[Messages]) -> tuple[csr_array, tuple[str, ...]]:
    names = tuple(sorted(set().union(*(one.signs for one in messages))))
    tables = []
    for one in messages:
        line, bucket = next(question_model.pieces(one.spelt))[1:]
        count = np.bincount(line, minlength=len(one.spelt))
        value = _PIECES / np.sqrt(np.maximum(count, 1))[line]
        words = csr_array((value, (line, bucket)), shape=(len(one.spelt), question_model.BUCKETS))
        signs = np.column_stack([one.signs.get(name, np.zeros(len(one.spelt))) for name in names])
        tables.append(hstack([csr_array(signs), words]).tocsr())
    table = csr_array(vstack(tables))
    # What the solver takes.
    table.indices, table.indptr = table.indices.astype(np.int32), table.indptr.astype(np.int32)
    return table, names


def _learn(table: csr_array, asks: np.ndarray, weight: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=_FREEDOM, solver="liblinear", random_state=0, max_iter=1000).fit(table, asks, sample_weight=weight)


def check(messages: list[Messages]) -> None:
    """Every chat judged by what was learned of the others."""
    table, _ = _table(messages)
    asks, weight, chat = (np.concatenate([getattr(one, name) for one in messages]) for name in ("asks", "weight", "chat"))
    by_rules = np.concatenate([one.signs["asks"] for one in messages]) > 0
    fold = np.unique(chat, return_inverse=True)[1] % _FOLDS
    is_own = ~np.char.startswith(chat, "simulated")
    found = np.zeros(len(asks))
    for number in range(_FOLDS):
        held = is_own & (fold == number)
        found[held] = _learn(table[~held], asks[~held], weight[~held]).decision_function(table[held])
    for part in (*LEARNED, "messages"):
        here = np.char.startswith(chat, part)
        for title, judged in (("rules", by_rules), ("learned", found > 0)):
            right = (judged & asks & here).sum()
            precision, recall = right / (judged & here).sum(), right / (asks & here).sum()
            sys.stdout.write(
                f"{part}, {title}: right {precision:.3f}, found {recall:.3f}, F1 {2 * precision * recall / (precision + recall):.3f}\n"
            )


def write(messages: list[Messages], path: Path) -> None:
    """The weights as whole numbers of hundredths."""
    table, names = _table(messages)
    asks, weight = (np.concatenate([getattr(one, name) for one in messages]) for name in ("asks", "weight"))
    model = _learn(table, asks, weight)
    signs, pieces = model.coef_[0][: len(names)], model.coef_[0][len(names) :] * _PIECES
    content = {
        "origin": "Learned from invented chats by python -m benchmarks.replies.learn_questions",
        "bias": round(float(model.intercept_[0]), 4),
        "signs": {name: round(float(value), 4) for name, value in zip(names, signs, strict=True) if round(float(value), 4)},
        "scale": _SCALE,
        "pieces": np.rint(pieces * _SCALE).astype(int).tolist(),
    }
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n", "utf-8")


def main() -> None:
    """Learn and write, or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    messages = gather()
    if given.check:
        check(messages)
    else:
        write(messages, question_model.WEIGHTS_FILE)


if __name__ == "__main__":
    main()
