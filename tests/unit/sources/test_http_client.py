"""The way into web services: retries, waits, pace, and errors that give nothing away."""

from __future__ import annotations

import pytest

from pipelines.errors import BadSource, SourceAway
from pipelines.sources.formats import http_client
from pipelines.sources.formats.http_client import HttpClient
from tests.unit.sources.loopback import Asked, Reply, serving

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class Script:
    """Answers in turn; the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.replies, self.asked = list(replies), 0

    def __call__(self, _: Asked) -> Reply:
        self.asked += 1
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def ask(script: Script, **more: object) -> tuple[object, list[float]]:
    waits: list[float] = []
    with serving(script) as address, HttpClient("lms", address, sleep=waits.append, pace=1000, **more) as client:  # type: ignore[arg-type]
        try:
            return client.get(client.base).value, [wait for wait in waits if wait > 0.01]
        except (BadSource, SourceAway) as error:
            return error, [wait for wait in waits if wait > 0.01]


def test_busy_server_is_asked_again_after_the_time_it_says() -> None:
    value, waits = ask(Script(Reply(status=503, headers={"Retry-After": "7"}), Reply(status=429), Reply({"a": 1})))
    assert (value, waits) == ({"a": 1}, [7.0, 14.0])


def test_retry_after_as_a_date_counts_by_the_servers_clock() -> None:
    headers = {"Date": "Sun, 22 Nov 2026 10:00:00 GMT", "Retry-After": "Sun, 22 Nov 2026 10:00:09 GMT"}
    assert ask(Script(Reply(status=429, headers=headers), Reply([])))[1] == [9.0]


def test_tries_have_an_end() -> None:
    script = Script(Reply(status=502))
    error, waits = ask(script)
    assert isinstance(error, SourceAway)
    assert "answered 502, 4 times" in str(error)
    assert (script.asked, waits) == (4, [1.0, 2.0, 4.0])


def test_long_wait_is_left_to_another_run() -> None:
    script = Script(Reply(status=503, headers={"Retry-After": "86400"}))
    error, waits = ask(script)
    assert isinstance(error, SourceAway)
    assert (script.asked, waits) == (1, [])


def test_broken_answer_is_asked_for_again() -> None:
    value, _ = ask(Script(Reply({"a": 1}, drop=True), Reply({"a": 2})))
    assert value == {"a": 2}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(b"<!DOCTYPE html><p>Anna Sorokina</p>"), "found an HTML page"),
        (Reply(b""), "found nothing"),
        (Reply(b'{"cut": '), "found something else"),
        (Reply(status=403), "refused"),
        (Reply(status=404), "nothing at this address"),
        (Reply(status=302, headers={"Location": "http://elsewhere.example/"}), "sends on to another address"),
    ],
)
def test_refusals_are_told_at_once_and_without_content(reply: Reply, words: str) -> None:
    script = Script(reply)
    error, _ = ask(script)
    assert isinstance(error, BadSource)
    assert words in str(error)
    assert "Anna" not in str(error)
    assert script.asked == 1


def test_answer_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "LARGEST_ANSWER", 1000)
    error, _ = ask(Script(Reply(["x" * 2000])))
    assert isinstance(error, BadSource)


def test_nobody_there_is_away() -> None:
    with serving(Script(Reply())) as address:
        pass
    with HttpClient("lms", address, sleep=lambda _: None) as client, pytest.raises(SourceAway, match="no connection"):
        client.get(client.base)


def test_requests_keep_their_pace() -> None:
    now, waits = [0.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    with serving(Script(Reply([]))) as address, HttpClient("lms", address, pace=2, sleep=sleep, clock=lambda: now[0]) as client:
        for _ in range(3):
            client.get(client.base)
    assert waits == [0.5, 0.5]


def test_password_of_the_address_is_sent_and_never_told() -> None:
    seen: list[str] = []

    def answer(asked: Asked) -> Reply:
        seen.append(asked.headers.get("authorization", ""))
        return Reply(status=401)

    with serving(answer) as address, HttpClient("lrs", address.replace("//", "//user:s3cret@"), sleep=lambda _: None) as client:
        with pytest.raises(BadSource) as error:
            client.get(client.base)
        assert "s3cret" not in str(error.value) + str(client.base)
    assert seen == ["Basic dXNlcjpzM2NyZXQ="]


@pytest.mark.parametrize("address", ["lms.example.org", "ftp://lms.example.org", "http://", "https://[::", ""])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(BadSource):
        HttpClient("lms", address)
