"""One key for one name, however it is written."""

from __future__ import annotations

import time

import pytest

from pipelines.links.people.names import (
    SHORT_FORMS,
    first_name_keys,
    full_name,
    is_patronymic,
    key,
    key_variants,
    read_handle,
    read_name,
    run_together,
    school_number,
)


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("Соловьёва", "Soloveva"),
        ("Соловьева", "Solovyova"),
        ("Соловьёва", "SOLOVIEVA"),
        ("Щукина", "Shchukina"),
        ("Цветкова", "Tsvetkova"),
        ("Хабибуллина", "Khabibullina"),
        ("Манджиева", "Mandzhieva"),
        ("Матвеева", "Matveeva"),
        ("Чайковский", "Tchaikovsky"),
        ("Юлия", "Yuliya"),
        ("Юрий", "Yury"),
        ("Юрий", "Jurij"),
        ("Мария", "Maria"),
        ("Дмитрий", "Dmitry"),
        ("Евгений", "Yevgeniy"),
        ("Ксения", "Kseniia"),
        ("Жанна", "Žanna"),
        ("Тер-Петросян", "Ter-Petrosyan"),
        ("Фёдорова", "Fyodorova"),
        ("Наталья", "Natal'ya"),
    ],
)
def test_a_name_has_one_key_in_both_scripts(cyrillic: str, latin: str) -> None:
    assert key(cyrillic) == key(latin)


@pytest.mark.parametrize(("one", "other"), [("Иванова", "Иванов"), ("Попова", "Петрова"), ("Марина", "Мария"), ("Шукина", "Чукина")])
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_a_decomposed_short_i_is_a_short_i() -> None:
    assert key("Андреи\u0306") == key("Андрей")


def test_school_roles_and_signs_are_no_names() -> None:
    shown = read_name("Галина 🌷 школа 138, учитель")
    assert (shown.keys, shown.school) == ((key("Галина"),), "138")


def test_initials_stand_apart_from_the_family_name() -> None:
    shown = read_name("Максимова Т.В.")
    assert (shown.keys, shown.initials) == ((key("Максимова"),), ("t", "v"))


def test_an_initial_that_schemes_spell_differently_fits_everything() -> None:
    assert read_name("Morozova Y.").initials == ("",)


def test_a_device_is_no_name() -> None:
    assert read_name("Redmi Note 12").keys == ()


def test_nothing_shown_is_no_name() -> None:
    assert read_name(None).keys == () == read_name("🌷🌷").keys


def test_an_address_may_hold_school_and_family_name() -> None:
    shown = read_handle("shkola96.fedorov")
    assert (shown.keys, shown.school) == ((key("Фёдоров"),), "96")


def test_two_letters_in_an_address_are_initials() -> None:
    assert read_handle("smirnova.ov").initials == ("o", "v")


def test_short_forms_lead_to_the_full_name() -> None:
    assert key("Катя") in first_name_keys("Екатерина")
    assert key("Лёша") in first_name_keys("Алексей")


def test_every_short_form_has_a_key() -> None:
    assert all(key(short) for shorts in SHORT_FORMS.values() for short in shorts.split())


def test_the_patronymic_is_found_in_either_field() -> None:
    expected = (key("Иванова"), key("Анна"), key("Петровна"))
    for first, last in (("Анна Петровна", "Иванова"), ("анна", "ИВАНОВА Петровна")):
        name = full_name(first, last)
        assert (name.last, name.first, name.middle) == expected


@pytest.mark.parametrize("name", ["Петровна", "Ильич", "Рашидович", "Kuzminichna"])
def test_forms_of_patronymics(name: str) -> None:
    assert is_patronymic(key(name))


def test_a_first_name_is_no_patronymic() -> None:
    assert not is_patronymic(key("Марина"))


@pytest.mark.parametrize(
    ("institution", "number"), [("МБОУ СОШ № 138", "138"), ("Лицей 007", "7"), ("Детский сад «Ромашка»", None), (None, None)]
)
def test_number_of_a_school(institution: str | None, number: str | None) -> None:
    assert school_number(institution) == number


#: «Щербакова Юлия Объёмова», "Цыганкова", "Жайжайхова" as published tables write them.
@pytest.mark.parametrize(
    ("cyrillic", "spellings"),
    [
        ("Щербакова", ["Shcherbakova", "Shherbakova", "Ŝerbakova", "Ščerbakova", "Scherbakova", "SHCHERBAKOVA"]),
        ("Цыганкова", ["Tsygankova", "Cygankova", "Czy`gankova", "Tzigankova"]),
        ("Хохлова", ["Khokhlova", "Hohlova", "Xoxlova"]),
        ("Юлия", ["Iuliia", "Yuliya", "Juliya", "Ûliâ", "Julia"]),
        ("Жанна", ["Zhanna", "Žanna", "Janna"]),
        ("Виктория", ["Viktoriya", "Victoria"]),
        ("Эдуард", ["Eduard", "Ehduard", "Èduard"]),
        ("Соловьёва", ["Solovʹëva", "Solov’yëva", "Solov`yova", "Soloveva"]),
        ("Галина", ["Galina", "Halina"]),
        ("Кузнецов", ["Kuznetsov", "Kuznecov", "Kuznetsoff"]),
    ],
)
def test_every_published_transliteration_is_read(cyrillic: str, spellings: list[str]) -> None:
    for spelling in spellings:
        assert key(cyrillic) in key_variants(spelling), spelling


@pytest.mark.parametrize(
    ("pet", "name"), [("Светочка", "Светлана"), ("Танюша", "Татьяна"), ("Ленуся", "Елена"), ("Юлечка", "Юлия"), ("Оленька", "Ольга")]
)
def test_a_pet_name_leads_to_the_name(pet: str, name: str) -> None:
    assert set(read_name(pet).words[0]) & set(first_name_keys(name))


def test_a_user_name_is_cut_in_every_way() -> None:
    assert {(key("Иванова"), key("Анна")), (key("Иванова"), "a")} <= {*run_together("annaivanova85"), *run_together("aivanova")}
    assert run_together("anna.ivanova") == ()


@pytest.mark.parametrize("shown", ["Анна и Сергей", "Семья Петровых", "Ивановы", "Учительская школы 5"])
def test_several_people_are_seen(shown: str) -> None:
    assert read_name(shown).is_shared


@pytest.mark.parametrize("shown", ["Анна Иванова", "Черных Анна", "И. Петрова", "Мария-Анна Орлова"])
def test_one_person_is_one(shown: str) -> None:
    assert not read_name(shown).is_shared


def test_a_name_of_many_hyphens_takes_no_time() -> None:
    """Whoever calls himself so in a chat must not hold up the night: each beginning looked through all that was left for the end of a region's name."""
    began = time.perf_counter()
    read_name("а-" * 20_000)
    assert time.perf_counter() - began < 3
    assert "perm" not in str(read_name("Иванова Анна Пермский край").words).lower()
