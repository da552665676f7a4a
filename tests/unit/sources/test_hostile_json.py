"""Event logs, statements and web services' answers with values that no system writes: a bad row or Mayak's own error, never another one."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipelines.errors import MayakError
from pipelines.programme import Source
from pipelines.sources.formats.http_client import Answer, HttpClient
from pipelines.sources.lms.moodle_ws import MoodleWebServices
from pipelines.sources.lms.openedx import OpenEdxReader
from pipelines.sources.lms.xapi import XapiReader
from pipelines.sources.reading import Batch, Item, Reader, Rejected, Seen
from tests.unit.sources.fake_moodle import NOW, NOW_SECONDS, TOKEN, FakeMoodle
from tests.unit.sources.loopback import Asked
from tests.unit.sources.report_reading import CONTEXT, FIXTURES, Reading

#: Long: part of the slower checks.
pytestmark = pytest.mark.slow

ODD: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1e308, "", "x" * 300, [], {}, [[]], {"a": {}}, ["a", 1], "2026-01-01T00:00:00Z", "9999-99-99", "\0", "\ud800", 3.5,
    "@", "block-v1:", "course-v1:a+b+c", "/courses/", {"en": 5}, [None], "12", "-0", "1e5",
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(part, (*path, key))


def spoilt(value: Any, dice: random.Random) -> Any:
    """The value with one to three of its parts replaced."""
    value = copy.deepcopy(value)
    for _ in range(dice.randint(1, 3)):
        found = [path for path in places(value) if path]
        if not found:
            return dice.choice(ODD)
        *way, last = dice.choice(found)
        target = value
        for key in way:
            target = target[key]
        target[last] = copy.deepcopy(dice.choice(ODD))
    return value


@pytest.mark.parametrize(
    ("reader", "name", "more"),
    [(OpenEdxReader(), "openedx/tracking.log", {}), (XapiReader(), "xapi/lines.jsonl", {"home_page": "https://lms.example.org"})],
    ids=["openedx", "xapi"],
)
def test_spoilt_lines(reader: Reader, name: str, more: dict[str, Any], tmp_path: Path) -> None:
    dice = random.Random(20261122)
    lines = [json.loads(line) for line in (FIXTURES / name).read_text(encoding="utf-8").splitlines()]
    path = tmp_path / "spoilt.jsonl"
    path.write_text(
        "\n".join(json.dumps(made) for made in [lines[0], *(spoilt(dice.choice(lines), dice) for _ in range(2000))]), encoding="utf-8"
    )
    assert len(Reading(reader, path, **more).rows("activity")) > 500


def test_spoilt_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(20261122)
    moodle, spoil = FakeMoodle(), [""]

    def post(_: HttpClient, __: httpx.URL, form: dict[str, str]) -> Answer:
        value = moodle(Asked("POST", "/moodle/webservice/rest/server.php", dict(form), {})).body
        return Answer(spoilt(value, dice) if form["wsfunction"] == spoil[0] else value, {"date": NOW})

    monkeypatch.setattr(HttpClient, "post", post)
    context = replace(CONTEXT, url="https://lms.example.org/moodle", token=TOKEN)
    source = Source(name="lms", kind="moodle_ws")
    whole = 0
    for number in range(200):
        spoil[0] = list(moodle.functions)[number % len(moodle.functions)]
        try:
            events = list(MoodleWebServices().read(source, Item("course 2", fingerprint=str(NOW_SECONDS)), context))
        except MayakError:
            continue
        whole += 1
        seen = sum(event.rows for event in events if isinstance(event, Seen))
        kept = sum(event.table.num_rows for event in events if isinstance(event, Batch) and event.counted)
        assert seen == kept + sum(isinstance(event, Rejected) for event in events)
    assert whole > 150
