"""Form answers: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.errors import BadFile
from pipelines.sources.surveys import SurveysReader
from tests.unit.sources.report_reading import FIXTURES, Reading

FOLDER = FIXTURES / "surveys"


def read(name: str, **source: object) -> Reading:
    return Reading(SurveysReader(), FOLDER / name, **source)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_one_row_per_response_and_question():
    survey = read("google_russian.csv")
    assert [(row["item"], row["rating"], row["text"], row["group_label"]) for row in survey.rows("survey_answers")] == [
        ("содержание", 5, None, "1 поток"),
        ("содержание", 3, None, "2"),
        ("количество человек в группе", 4, None, "1 поток"),
        ("количество человек в группе", None, None, "2"),
        ("Что бы вы изменили?", None, None, "1 поток"),
        ("Что бы вы изменили?", None, "Меньше лекций,\nбольше практики", "2"),
    ]
    assert {row["survey_id"] for row in survey.rows("survey_answers")} == {"google_russian"}
    assert {row["answered_at"] for row in survey.rows("survey_answers")} == {utc(2026, 10, 19, 11, 6, 23), utc(2026, 11, 3, 6)}
    assert len({row["answer_id"] for row in survey.rows("survey_answers")}) == 6


def test_anonymous_stays_anonymous():
    survey = read("google_russian.csv")
    assert set(survey.column("survey_answers", "account_id")) == {None}
    assert survey.rows("accounts") == []


def test_address_makes_an_account_and_a_blank_one_none():
    survey = read("google_english_with_address.csv")
    irina = survey.account("irina@school.example.org", "survey")
    assert [(row["account_id"], row["email"]) for row in survey.rows("accounts")] == [(irina, "irina@school.example.org")]
    assert survey.column("survey_answers", "account_id") == [irina, None] * 2
    assert survey.column("survey_answers", "answered_at") == [utc(2026, 10, 19, 11, 6, 23), utc(2026, 11, 3, 6)] * 2
    assert survey.column("survey_answers", "rating") == [5, 2, None, None]


def test_ids_of_the_form_are_kept():
    survey = read("yandex_with_ids.csv")
    assert survey.column("survey_answers", "answer_id") == [f"yandex_with_ids:{id}:{n}" for n in (1, 2) for id in (901, 902)]
    assert survey.column("survey_answers", "text") == [None, None, "Пермь", "Казань"]


def test_stream_of_the_source_stands_in_for_the_question():
    assert set(read("yandex_with_ids.csv", stream="s1").column("survey_answers", "group_label")) == {"s1"}


def test_what_is_no_rating_is_rejected_alone():
    survey = read("ratings_out_of_scale.csv")
    assert sorted(survey.rejected) == [
        ("line 3, question 1", "a rating that is no whole number from 1 to 5"),
        ("line 3, question 2", "a rating that is no whole number from 1 to 5"),
        ("line 4, question 1", "a rating that is no whole number from 1 to 5"),
        ("line 5, question 1", "a time that is not understood"),
        ("line 5, question 2", "a time that is not understood"),
        ("line 6, question 1", "fewer cells than the header"),
        ("line 6, question 2", "fewer cells than the header"),
    ]
    assert survey.column("survey_answers", "rating") == [5, 1, 4, 5, 2]


def test_the_same_answers_twice_are_two_people():
    assert len(set(read("the_same_answers_twice.csv").column("survey_answers", "response_id"))) == 2


def test_no_time_column():
    with pytest.raises(BadFile, match=r"expected survey answers \(kind survey_csv\) with the columns 'отметка времени' or 'timestamp'"):
        read("no_time_column.csv")


def test_another_report_is_called_by_its_name():
    with pytest.raises(BadFile, match=r"found what looks like a Zoom participants report"):
        Reading(SurveysReader(), FIXTURES / "zoom" / "odd_rows.csv")
