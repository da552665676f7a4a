"""Times as programs write them for people. Each is the same moment in Moscow, or says its own zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from pipelines.sources.formats import local_times
from pipelines.sources.formats.local_times import to_utc

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("3/03/24, 14:05:33", 11),
        ("3/03/24, 2:05:33\u202fPM", 11),
        ("3/03/24,\u00a02:05:33\u00a0pm", 11),
        ("\u200e3.03.2024, 14:05:33", 11),
        ("2024/03/03 2:05:33 p.\u00a0m. GMT+3", 11),
        ("2024/03/03 2:05:33 PM MSK", 11),
        ("03.03.2024 14:05:33 (MSK)", 11),
        ("2024/03/03 2:05:33 PM EET", 12),
        ("2024/03/03 2:05:33 PM MST", 21),
        ("2024/03/03 2:05:33 PM UTC", 14),
        ("2024/03/03 2:05:33 PM GMT", 14),
        ("2024-03-03T14:05:33Z", 14),
        ("2024/03/03 2:05:33 PM GMT+5:00", 9),
        ("3 марта 2024\u00a0г., 14:05:33", 11),
        ("Mar 3, 2024, 2:05:33\u202fPM", 11),
    ],
)
def test_moment(text: str, hour: int, monkeypatch: pytest.MonkeyPatch):
    expected = datetime(2024, 3, 3, hour, 5, 33, tzinfo=UTC)
    assert to_utc(pa.array([text]), "day first", MOSCOW)[0].to_pylist() == [expected]
    # Text by text, as where they have many shapes.
    monkeypatch.setattr(local_times.Shapes, "are_few", False)
    assert to_utc(pa.array([text]), "day first", MOSCOW)[0].to_pylist() == [expected]


@pytest.mark.parametrize("text", ["2024/03/03 2:05:33 PM IST", "2024/03/03 2:05:33 PM QQQ", "2024/03/03 2:05:33 PM MSKX"])
def test_letters_that_are_no_zone_or_several_are_not_understood(text: str):
    moments, understood = to_utc(pa.array([text]), "day first", MOSCOW)
    assert (moments.to_pylist(), understood.to_pylist()) == ([None], [False])


@pytest.mark.parametrize(
    "words",
    [
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        "sty lut mar kwi maj cze lip sie wrz paź lis gru",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    ],
    ids=["Polish", "Polish, short", "Dutch", "Turkish"],
)
def test_months_of_further_languages(words: str):
    texts = pa.array([f"3 {word} 2026, 10:05" for word in words.split()])
    moments = to_utc(texts, "day first", ZoneInfo("UTC"))[0].to_pylist()
    assert [moment and (moment.month, moment.day, moment.hour) for moment in moments] == [(month, 3, 10) for month in range(1, 13)]
