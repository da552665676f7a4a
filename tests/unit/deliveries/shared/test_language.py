"""Words, plurals, dates and names in both languages, and that no sentence is left untranslated."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po

from pipelines.deliveries.shared.language import TRANSLATIONS_FOLDER, Language, catalogue
from pipelines.deliveries.shared.names import address_of, gender_of
from pipelines.errors import BadConfiguration
from tests.unit.deliveries.sentences import marked_sentences

RU, EN = (Language(code, ZoneInfo("Europe/Moscow")) for code in ("ru", "en"))


def russian() -> dict[tuple[str, str | None], tuple[str, ...]]:
    """Sentence → its Russian forms."""
    with (TRANSLATIONS_FOLDER / "ru.po").open("rb") as source:
        messages = [message for message in read_po(source, locale="ru") if message.id]
    assert not [message.id for message in messages if message.fuzzy]
    return {
        (message.id if isinstance(message.id, tuple) else (message.id, None)): (
            message.string if isinstance(message.string, tuple) else (message.string,)
        )
        for message in messages
    }


def test_every_sentence_is_translated_and_no_translation_is_left_over() -> None:
    marked, translated = marked_sentences(), russian()
    assert len(marked) > 250
    assert marked - set(translated) == set()
    assert set(translated) - marked == set()


def test_every_translation_has_all_forms_and_the_same_places_for_values() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for (singular, plural), forms in russian().items():
        assert len(forms) == (3 if plural else 1), singular
        for form in forms:
            assert form.strip(), singular
            assert places(form) == places(plural or singular), singular


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "1 день"),
        (2, "2 дня"),
        (4, "4 дня"),
        (5, "5 дней"),
        (11, "11 дней"),
        (12, "12 дней"),
        (21, "21 день"),
        (22, "22 дня"),
        (111, "111 дней"),
    ],
)
def test_russian_plurals(number: int, said: str) -> None:
    assert RU.days(number) == said


@pytest.mark.parametrize(
    ("number", "said"), [(1, "ждёт 1 человек"), (3, "ждут 3 человека"), (5, "ждут 5 человек"), (21, "ждёт 21 человек")]
)
def test_verbs_follow_the_number(number: int, said: str) -> None:
    assert RU.count("{n} person needs you today", "{n} people need you today", number) == f"сегодня вас {said}"


@pytest.mark.parametrize(("hours", "said"), [(0.4, "24 мин"), (1, "1 ч"), (31.9, "31 ч"), (47.9, "47 ч"), (48, "2 дня"), (130, "5 дней")])
def test_durations(hours: float, said: str) -> None:
    assert RU.duration(hours) == said


def test_dates_and_numbers() -> None:
    day = date(2026, 11, 23)
    assert RU.long_date(day) == "понедельник, 23 ноября"
    assert EN.long_date(day) == "Monday, 23 November"
    assert RU.dates([date(2026, 11, 18), date(2026, 11, 20)]) == "18 и 20 ноября"
    assert RU.dates([date(2026, 11, 30), date(2026, 12, 2)]) == "30 ноября и 2 декабря"
    assert EN.dates([date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)]) == "18, 19 and 20 November"
    assert RU.period(date(2026, 11, 16), date(2026, 11, 22)) == "16–22 ноября 2026"
    assert RU.period(date(2026, 12, 28), date(2027, 1, 3)) == "28 декабря 2026 – 3 января 2027"
    assert RU.moment(datetime(2026, 11, 21, 21, 12, tzinfo=UTC)) == "вс 22 ноября, 00:12"
    assert (RU.percent(0.714), EN.percent(0.714), RU.percent(0.004)) == ("71\u00a0%", "71%", "0,4\u00a0%")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(BadConfiguration, match="'de'"):
        catalogue("de")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Гусева Марина Олеговна", "Марина Олеговна"),
        ("Марина Олеговна Гусева", "Марина Олеговна"),
        ("Доржиев Баир Цыренович", "Баир Цыренович"),
        ("Гусева Марина", "Марина"),
        ("Марина Гусева", "Марина"),
        ("Viktor Ivanov", "Viktor"),
        ("Ким Ли", None),
        ("Марина", None),
        ("", None),
        (None, None),
    ],
)
def test_how_a_person_is_addressed(name: str | None, address: str | None) -> None:
    assert address_of(name) == address


@pytest.mark.parametrize(
    ("name", "gender"), [("Соколова Анна Петровна", "feminine"), ("Ершов Павел Ильич", "masculine"), ("Соколова Анна", None), (None, None)]
)
def test_gender_shows_in_the_patronymic_only(name: str | None, gender: str | None) -> None:
    assert gender_of(name) == gender
