"""A patient and polite way to ask a web service: a limited pace, limited retries, limited answers, and errors that give nothing away.

What belongs here is true of every such service, whatever it answers: connections that fail, time-outs, "too many requests" and "try later"
(``Retry-After``), answers that are no JSON, redirections (never followed: a token would go with them), answers without end. Messages name the
source and the host, never the address with its user, password or query, and never a word of the answer.

The pace and the waits are counted on a monotonic clock; the only time of day known here is the server's own (``Date``).
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from pipelines.errors import BadSource, SourceAway

#: Tries of one request, the first included; the waits between them double from the first one on.
TRIES = 4
FIRST_WAIT_SECONDS = 1.0
#: A server that asks to wait longer than this is away for today's run.
LONGEST_WAIT_SECONDS = 60.0
#: Seconds without a byte: a report over a large course takes a Moodle tens of seconds before its first one.
TIMEOUT = httpx.Timeout(120.0, connect=15.0)
#: Bytes of one answer, unpacked: the gradebook of a course of twenty thousand people.
LARGEST_ANSWER = 1 << 28
#: Requests a second, where the source says nothing else: a person who clicks through a site makes about one.
DEFAULT_PACE = 10.0

#: Too many requests; bad gateway, unavailable, gateway time-out; a server's own failure, which with PHP is often passing.
_TRY_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))


@dataclass(frozen=True)
class Answer:
    """What a server answered: the parsed JSON (None: a status that means there is nothing) and the header fields."""

    value: Any
    headers: Mapping[str, str]

    @property
    def at(self) -> datetime | None:
        """The server's own time, UTC."""
        return server_time(self.headers.get("date"))


class HttpClient:
    """Asks one host. Use as a context manager.

    Parameters
    ----------
    name: of the source, for messages; ``base``: its address, from which user and password are taken out.
    headers: sent with every request; ``auth``: user and password in place of the address's own.
    pace: requests a second; ``sleep``, ``clock``: replaced by tests.
    certificates: file of authorities (PEM) to trust beside the usual ones.

    Raises BadSource for an address that is none and for a file that holds no certificate.
    """

    def __init__(
        self,
        name: str,
        base: str,
        *,
        headers: Mapping[str, str] | None = None,
        pace: float | None = None,
        certificates: Path | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            url = httpx.URL(base)
        except (httpx.InvalidURL, TypeError):
            raise BadSource(f"{name}: the address in the environment is no web address") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise BadSource(f"{name}: the address in the environment has to begin with https:// and a host")
        auth = httpx.BasicAuth(url.username, url.password) if url.username else None
        self.name = name
        self.base = url.copy_with(username=None, password=None, query=None, fragment=None)
        self._sleep, self._clock = sleep, clock
        self._between, self._next = 1.0 / (pace or DEFAULT_PACE), 0.0
        trusted = httpx.create_ssl_context(trust_env=False)
        if certificates is not None:
            try:
                trusted.load_verify_locations(cafile=certificates)
            except (OSError, ssl.SSLError):
                raise BadSource(
                    f"{name}: {certificates}: expected certificates of authorities (PEM); found none that can be read"
                ) from None
        # Not the environment's proxies: readers do not look there.
        self._client = httpx.Client(
            headers=dict(headers or {}), auth=auth, timeout=TIMEOUT, follow_redirects=False, trust_env=False, verify=trusted
        )

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def always_send(self, header: str, value: str) -> None:
        """With every further request, in the place of another value."""
        self._client.headers[header] = value

    def get(self, url: httpx.URL, params: Mapping[str, str] | None = None, *, empty: frozenset[int] = frozenset()) -> Answer:
        """Ask with GET; ``params`` None: the address as it is. ``empty``: statuses by which this service says that there is nothing."""
        return self._ask("GET", url, empty, params=params)

    def post(self, url: httpx.URL, form: Mapping[str, str]) -> Answer:
        """Ask with POST, a form."""
        return self._ask("POST", url, frozenset(), data=form)

    def _ask(self, method: str, url: httpx.URL, empty: frozenset[int], **more: Any) -> Answer:
        """One question, asked again where that may help.

        Raises SourceAway where the server stays silent, is busy or fails; BadSource where it refuses or answers something else.
        """
        wait, problem = FIRST_WAIT_SECONDS, ""
        for attempt in range(TRIES):
            if attempt:
                self._sleep(wait)
                wait = wait * 2
            self._keep_pace()
            try:
                with self._client.stream(method, url, **more) as response:
                    if response.status_code in empty:
                        return Answer(None, response.headers)
                    if response.status_code not in _TRY_AGAIN:
                        return self._judge(response)
                    problem = f"it answered {response.status_code}"
                    asked = _retry_after(response.headers)
            except httpx.DecodingError:
                problem, asked = "its answer is packed wrongly", None
            except httpx.TransportError as error:
                problem, asked = _WORDS.get(type(error), "the connection broke"), None
            if asked is not None:
                if asked > LONGEST_WAIT_SECONDS:
                    raise SourceAway(f"{self.name}: {self.base.host}: {problem} and asks to come again in {asked:.0f} seconds")
                wait = max(wait, asked)
        raise SourceAway(f"{self.name}: {self.base.host}: {problem}, {TRIES} times")

    def _judge(self, response: httpx.Response) -> Answer:
        code, where = response.status_code, f"{self.name}: {self.base.host}"
        if code in (401, 403):
            raise BadSource(f"{where}: answered {code}: the token or the password is refused, or the service is switched off")
        if code == 404:
            raise BadSource(f"{where}: answered 404: there is nothing at this address")
        if response.is_redirect:
            raise BadSource(f"{where}: sends on to another address ({code}); put the final one into the environment")
        if not response.is_success:
            raise BadSource(f"{where}: answered {code}")
        body = bytearray()
        for block in response.iter_bytes():
            body += block
            if len(body) > LARGEST_ANSWER:
                raise BadSource(f"{where}: an answer of more than {LARGEST_ANSWER >> 20} MB")
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            what = "an HTML page" if body.lstrip()[:1] == b"<" else "nothing" if not body.strip() else "something else"
            raise BadSource(f"{where}: expected JSON; found {what}: is this the address of the service?") from None
        return Answer(value, response.headers)

    def _keep_pace(self) -> None:
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
            now = self._next
        self._next = now + self._between


_WORDS: dict[type[Exception], str] = {
    httpx.ConnectError: "no connection",
    httpx.ConnectTimeout: "no connection in time",
    httpx.ReadTimeout: "no answer in time",
    httpx.WriteTimeout: "no answer in time",
    httpx.PoolTimeout: "no answer in time",
    httpx.RemoteProtocolError: "it broke off its answer",
}


def server_time(text: str | None) -> datetime | None:
    """UTC moment of an HTTP date; None for anything else."""
    try:
        found = parsedate_to_datetime(text or "")
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, given as such or as a date by the server's own clock."""
    given = (headers.get("retry-after") or "").strip()
    if given.isdecimal() and len(given) < 10:
        return float(given)
    until, now = server_time(given), server_time(headers.get("date"))
    return max((until - now).total_seconds(), 0.0) if until and now else None
