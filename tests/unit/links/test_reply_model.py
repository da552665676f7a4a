from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.replies.choice import learn
from pipelines.links.conversations.reply_model import Conversation, Pairs, best, candidates, features, prior, shares, told_signs


def talk(said: list[tuple[int, float, str]], mentions: Sequence[tuple[int, int]] = ()) -> Conversation:
    """Author, second, line; and (place, author named)."""
    lines = [f" {line} " for _, _, line in said]
    named = np.array(mentions, np.int64).reshape(-1, 2)
    size = len(said)
    return Conversation(
        np.zeros(size, np.int64), np.array([author for author, _, _ in said]), np.array([at for _, at, _ in said]), lines,
        np.zeros(size, bool), np.zeros(size, bool), named[:, 0], named[:, 1], told_signs(lines),
    )  # fmt: skip


TALK = talk(
    [
        (1, 0, "как открыть редактор таблиц ?"),
        (2, 20, "почему экран гаснет ?"),
        (3, 60, "редактор таблиц лежит в меню программ"),
        (3, 90, "а экран гаснет из за настроек питания"),
        (1, 100, "спасибо"),
    ],
    [(3, 2)],
)


def scored(place: int) -> dict[int, float]:
    pairs = candidates(TALK, np.array([place]), most=10, hours=24)
    return dict(zip(pairs.earlier.tolist(), prior().score(features(TALK, pairs)).tolist(), strict=True))


def test_what_answers_what_without_any_mark() -> None:
    by_words, by_name = scored(2), scored(3)
    assert by_words[0] > by_words[1], "the words say it, though another question is nearer"
    assert max(by_name, key=by_name.__getitem__) == 1, "the name says it"


def test_candidates_are_of_the_same_chat_earlier_and_near() -> None:
    two = Conversation(**{**vars(TALK), "chats": np.array([0, 1, 0, 0, 1])})
    pairs = candidates(two, np.array([3, 4]), most=10, hours=80 / 3600)
    assert list(zip(pairs.message.tolist(), pairs.earlier.tolist(), strict=True)) == [(3, 3), (3, 2), (4, 4), (4, 1)]


def test_nothing_after_a_message_changes_what_is_seen_of_it() -> None:
    pairs = candidates(TALK, np.array([2]), most=10, hours=24)
    whole = features(TALK, pairs)
    until = {
        name: value[:3] if isinstance(value, np.ndarray) and name not in ("mention_of", "mentioned") else value
        for name, value in vars(TALK).items()
    }
    until |= {
        "lines": TALK.lines[:3],
        "signs": told_signs(TALK.lines[:3]),
        "mention_of": TALK.mention_of[:0],
        "mentioned": TALK.mentioned[:0],
    }
    short = features(Conversation(**until), pairs)
    by_words = {"overlap", "likeness", "likeness_to_best", "overlap_to_best"}  # rarity of words is that of all that is known
    assert {name for name in whole if not np.allclose(whole[name], short[name])} <= by_words


def choices(count: int, odds: float = 0.97) -> tuple[Pairs, dict[str, np.ndarray], np.ndarray]:
    """Messages with three candidates each, of which the one of the larger ``sign`` belongs, mostly."""
    rng = np.random.default_rng(3)
    message = np.repeat(np.arange(count) + 10, 3)
    sign = rng.random(3 * count)
    belongs = np.zeros(3 * count, bool)
    belongs[best(Pairs(message, np.arange(3 * count)), np.where(np.repeat(rng.random(count) < odds, 3), sign, -sign))] = True
    return Pairs(message, np.arange(3 * count)), {"sign": sign, "noise": rng.random(3 * count)}, belongs


def test_a_chat_s_own_marks_teach() -> None:
    pairs, seen, belongs = choices(400)
    guess = learn(pairs, seen, belongs, precision=0.9, least=30, lean={})
    assert guess is not None
    later, seen_later, right = choices(400)
    share = guess.certainty(later, seen_later)
    chosen = best(later, share)
    accepted = chosen[share[chosen] >= guess.certain]
    assert right[chosen].mean() > 0.8
    assert right[accepted].mean() >= 0.88
    assert len(accepted) > 0


def test_too_little_teaches_nothing() -> None:
    assert learn(*choices(20), precision=0.9, least=30, lean={}) is None


def test_where_nothing_can_be_known_nothing_is_accepted() -> None:
    pairs, seen, belongs = choices(300)
    guess = learn(pairs, {"noise": seen["noise"]}, belongs, precision=0.9, least=30, lean={})
    assert guess is not None
    share = guess.certainty(pairs, seen)
    assert (share >= guess.certain).sum() == 0


def test_shares_of_a_message_add_up_to_one() -> None:
    pairs = Pairs(np.array([1, 1, 2]), np.array([0, 1, 2]))
    assert shares(pairs, np.array([700.0, 710.0, -5.0])) == pytest.approx([0.0000454, 0.9999546, 1.0], rel=1e-3)
