"""Words of a text with their places, whatever signs they were written with."""

from __future__ import annotations

import pytest

from pipelines import text as plain
from pipelines.text import normalise, stem, words


def read(text: str) -> list[str]:
    found = words([text])
    return [text[start:end] for start, end in zip(found.start, found.end, strict=True)]


def same_words(one: str, other: str) -> bool:
    return words([one]).key.tolist() == words([other]).key.tolist()


def test_words_stand_where_they_were_written() -> None:
    assert read("Тема: «Урок», 5 класс.") == ["Тема", "Урок", "5", "класс"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ещё раз", "еще раз"),
        ("УРОК", "урок"),
        ("урок", "уpoк"),
        ("у нас КОМ стоит", "у нас KOM стоит"),
        ("мой", "мои\u0306"),
        ("школа", "шко\u00adла"),
        ("школа", "шко\u200bла"),
        ("fish", "ﬁsh"),
        ("слово́", "слово"),
        ("учителя", "учителями"),
    ],
)
def test_one_word_in_two_spellings_is_one_word(one: str, other: str) -> None:
    assert same_words(one, other)


def test_latin_words_stay_latin() -> None:
    assert not same_words("У нас Moodle", "У нас Мооdle и"[:11])
    assert words(["Open the course page on Moodle"]).homoglyphs.tolist() == [0]


def test_signs_of_tampering_are_counted_per_text() -> None:
    found = words(["чистый текст", "мoй тeкст", "скры\u200bтый\u200d зна\u2060к", None, "\ufeffначало ме\u00adста"])
    assert found.homoglyphs.tolist() == [0, 2, 0, 0, 0]
    assert found.invisible.tolist() == [0, 0, 2, 0, 0]


def test_texts_without_words_have_none() -> None:
    found = words([None, "", " …!", "слово", None])
    assert found.counts.tolist() == [0, 0, 0, 1, 0]
    assert found.first.tolist() == [0, 0, 0, 0, 1, 1]


def test_no_text_is_no_words() -> None:
    assert words([]).texts == 0


def test_blocks_do_not_change_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"Работа номер {number} о школе" for number in range(20)]
    whole = words(texts)
    monkeypatch.setattr(plain, "_BLOCK", 50)
    parts = words(texts)
    for name in ("text", "start", "end", "key", "is_stop", "homoglyphs", "invisible"):
        assert getattr(whole, name).tolist() == getattr(parts, name).tolist()


def test_characters_beyond_the_basic_plane_count_once() -> None:
    assert read("👩🏽‍🏫 урок 🎉 окончен") == ["урок", "окончен"]


@pytest.mark.parametrize(
    ("word", "expected"), [("учениками", "ученик"), ("уроки", "урок"), ("занимались", "занима"), ("дом", "дом"), ("tasks", "task")]
)
def test_light_stems(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_normalised_text_has_single_blanks() -> None:
    assert normalise("  Ёлка\u00a0 №5 ") == "елка no5"
