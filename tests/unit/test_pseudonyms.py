"""Pseudonyms: the same for the same, different for the different, nothing without the key."""

from __future__ import annotations

import pyarrow as pa

from pipelines.pseudonyms import Pseudonyms

KEYS = Pseudonyms(b"0123456789abcdef")


def test_equal_in_equal_out_and_realms_are_kept_apart() -> None:
    assert KEYS.of("mail", "anna@example.org") == KEYS.of("mail", "anna@example.org")
    assert KEYS.of("mail", "7") != KEYS.of("moodle", "7")
    assert Pseudonyms(b"fedcba9876543210").of("mail", "7") != KEYS.of("mail", "7")


def test_a_pseudonym_is_short_and_says_nothing() -> None:
    made = KEYS.of("mail", "anna@example.org")
    assert len(made) == 21
    assert made[0] == "a"
    assert set(made[1:]) <= set("0123456789abcdef")
    assert "0123456789abcdef" not in repr(KEYS)


def test_a_column_keeps_its_length_its_nulls_and_its_order() -> None:
    column = KEYS.column("moodle", pa.chunked_array([["1", None], ["2", "1"]]))
    assert column.to_pylist() == [KEYS.of("moodle", "1"), None, KEYS.of("moodle", "2"), KEYS.of("moodle", "1")]


def test_numbers_and_an_empty_column_are_welcome() -> None:
    assert KEYS.column("moodle", pa.array([1, 2])).to_pylist() == [KEYS.of("moodle", "1"), KEYS.of("moodle", "2")]
    assert KEYS.column("moodle", pa.array([None, None], pa.string())).to_pylist() == [None, None]
    assert len(KEYS.column("moodle", pa.array([], pa.int64()))) == 0
