"""A learning record store on this machine's loopback. All people are invented."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.errors import BadSource, SourceAway
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.sources import READERS
from pipelines.sources.lms.xapi import XapiReader
from pipelines.sources.reading import Batch, Item
from pipelines.warehouse import Warehouse
from tests.unit.sources.loopback import Asked, Reply, serving
from tests.unit.sources.report_reading import CONTEXT, FIXTURES, PSEUDONYMS

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
SOURCE = Source(name="lrs", kind="xapi", requests_per_second=1000)
RUN_AT = datetime(2026, 11, 22, tzinfo=UTC)


def invented(count: int) -> list[dict[str, Any]]:
    first = json.loads((FIXTURES / "xapi" / "lines.jsonl").read_text(encoding="utf-8").splitlines()[1])
    return [
        {**first, "id": f"00000000-0000-4000-8000-{number:012d}", "stored": f"2026-09-02T08:{number:02d}:00.000Z"}
        for number in range(count)
    ]


class Store:
    """Answers as the specification says, ``page`` statements at a time."""

    def __init__(self, statements: list[dict[str, Any]], page: int = 4) -> None:
        self.statements, self.page = statements, page
        self.asked: list[Asked] = []
        self.more = "/xapi/more/{}"
        self.version, self.about = "1.0.3", Reply({"version": ["1.0.3"]})

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if asked.headers.get("authorization") != "Basic a2V5OnNlY3JldA==":
            return Reply(status=401)
        if asked.path == "/xapi/about":
            return self.about
        if asked.headers.get("x-experience-api-version") != self.version:
            return Reply({"error": "version"}, status=400)
        if asked.given.get("ascending") == "false":
            return Reply({"statements": self.statements[-1:], "more": ""})
        since = asked.given.get("since", "")
        found = (
            [given for given in self.statements if datetime.fromisoformat(given["stored"]) > datetime.fromisoformat(since)]
            if since
            else self.statements
        )
        start = int(asked.path.rsplit("/", 1)[1]) if "/more/" in asked.path else 0
        page = found[start : start + self.page]
        more = self.more.format(start + self.page) + f"?since={since}" if start + self.page < len(found) else ""
        return Reply({"statements": page, "more": more})


def with_key(address: str) -> str:
    return address.replace("//", "//key:secret@") + "/xapi"


def rows(store: Store, address: str) -> list[str]:
    context = replace(CONTEXT, url=with_key(address))
    events = XapiReader(sleep=lambda _: None).read(SOURCE, Item("statements", fingerprint="x"), context)
    return [
        row for event in events if isinstance(event, Batch) and event.record == "activity" for row in event.table["activity_id"].to_pylist()
    ]


def test_all_pages_are_read() -> None:
    store = Store(invented(11))
    with serving(store) as address:
        assert len(set(rows(store, address))) == 11
    assert [asked.path for asked in store.asked] == ["/xapi/statements", "/xapi/more/4", "/xapi/more/8"]


@pytest.mark.parametrize("spoken", ["2.0.0", ["2.0.0"], ["0.95", "2.0.0", 3, "9.9.9"], ["1.0.0", "2.0.0"]])
def test_store_that_refuses_the_version_is_asked_which_it_speaks(spoken: Any) -> None:
    store = Store(invented(11))
    store.version, store.about = "2.0.0", Reply({"version": spoken})
    with serving(store) as address:
        assert len(set(rows(store, address))) == 11
    assert [asked.path for asked in store.asked] == [
        "/xapi/statements", "/xapi/about", "/xapi/statements", "/xapi/more/4", "/xapi/more/8",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "about", [Reply({"version": ["0.9"]}), Reply({"version": None}), Reply({"version": 2}), Reply([]), Reply(status=404)]
)
def test_store_that_speaks_no_version_of_ours_is_refused(about: Reply) -> None:
    store = Store(invented(11))
    store.version, store.about = "0.9", about
    with serving(store) as address, pytest.raises(BadSource, match="answered 400"):
        rows(store, address)


def test_next_page_on_another_host_is_not_asked_for() -> None:
    store = Store(invented(11))
    store.more = "http://127.0.0.1:9/xapi/more/{}"
    with serving(store) as address, pytest.raises(BadSource, match="another host"):
        rows(store, address)


def test_second_load_reads_what_was_stored_since(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(READERS.data, "xapi", XapiReader(sleep=lambda _: None))
    store = Store(invented(30))
    programme = Programme(id="p", name="p", sources=(SOURCE,))
    with serving(store) as address, Warehouse.open(None) as warehouse:
        warehouse.create_schemas()

        def load() -> Any:
            (done,) = load_source(warehouse, programme, SOURCE, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=with_key(address))
            return done

        assert (load().state, load().state) == ("loaded", "unchanged")
        store.statements = invented(40)
        later = load()
        # Ten new ones, and those of the five minutes before the newest one of last time.
        assert (later.state, later.seen) == ("loaded", {"activity": 15})
        assert warehouse.value("select count(*) from raw.activity") == 40
        assert '"stored_after_us"' in warehouse.value("select cursor from raw.loads order by cursor desc limit 1")


def test_empty_store() -> None:
    store = Store([])
    with serving(store) as address:
        assert rows(store, address) == []
        context = replace(CONTEXT, url=with_key(address), cursor={"stored_after_us": 7})
        (item,) = XapiReader().items(SOURCE, context)
        assert item.fingerprint == "empty"
        assert XapiReader().cursor(SOURCE, item, context) == {"stored_after_us": 7}


def test_token_in_place_of_a_password() -> None:
    seen = []

    def answer(asked: Asked) -> Reply:
        seen.append(asked.headers.get("authorization"))
        return Reply({"statements": []})

    with serving(answer) as address:
        list(XapiReader().items(SOURCE, replace(CONTEXT, url=address, token="t0ken")))
    assert seen == ["Bearer t0ken"]


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply(status=401), BadSource, "refused"),
        (Reply(status=503), SourceAway, "answered 503"),
        (Reply({"error": "Anna Sorokina"}), BadSource, "JSON of something else"),
        (Reply([1, 2]), BadSource, "JSON of something else"),
        (Reply(b"<html>"), BadSource, "HTML page"),
    ],
)
def test_stores_that_refuse(reply: Reply, error: type[Exception], words: str) -> None:
    with serving(lambda _: reply) as address, pytest.raises(error, match=words) as raised:
        list(XapiReader(sleep=lambda _: None).items(SOURCE, replace(CONTEXT, url=with_key(address))))
    assert "secret" not in str(raised.value)
    assert "Anna" not in str(raised.value)


def test_neither_path_nor_address() -> None:
    with pytest.raises(BadSource, match="MAYAK_SOURCES__LRS__URL"):
        XapiReader().items(SOURCE, CONTEXT)
