"""A learning record store over HTTP: ``GET …/statements`` in the order of storing, page after page.

xAPI 1.0.3, part three, 2.1.3 (https://github.com/adlnet/xAPI-Spec). ``since`` is about the time of *storing* and excludes its own moment; voided
statements are left out by the store, the statements that void them come as any other. A store that refuses a request's version of xAPI says at
``GET …/about`` which it speaks (part three, 2.8 and 3.3): the statements of 2.0 are read as those of 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx

from pipelines.errors import BadSource
from pipelines.programme import Source
from pipelines.sources.formats.event_tables import moment
from pipelines.sources.formats.http_client import Answer, HttpClient
from pipelines.sources.reading import Context

VERSION = "1.0.3"
_VERSION_HEADER = "X-Experience-API-Version"
#: What a store answers to a request in a version that it does not speak.
_BAD_REQUEST = frozenset((400,))
_ANY_REFUSAL = frozenset(range(400, 408))
#: Versions whose statements are read, alike in length: the newest is the greatest text.
_READ = re.compile(r"(?:1\.0|2\.0)\.\d")
#: Statements asked for at once; a store may give fewer.
PAGE = 500
#: The next load begins this much before the newest statement seen: stores that write from several processes do not store in order.
OVERLAP = timedelta(minutes=5)
#: Pages of one load: half a billion statements. More is a store that hands out the same page for ever.
_PAGES_MAX = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Lrs:
    """One store. Use as a context manager. Raises as :class:`HttpClient` does."""

    def __init__(self, source: Source, context: Context, sleep: Callable[[float], None]) -> None:
        if not context.url:
            raise BadSource(
                f"source {source.name}: neither a path in the programme file nor the store's address in MAYAK_SOURCES__{source.name.upper()}__URL"
            )
        headers = {_VERSION_HEADER: VERSION, "Accept": "application/json"}
        if context.token:
            headers["Authorization"] = (
                context.token if context.token.lower().startswith(("basic ", "bearer ")) else f"Bearer {context.token}"
            )
        self.client = HttpClient(
            source.name, context.url, headers=headers, pace=source.requests_per_second, certificates=source.certificates, sleep=sleep
        )
        path = self.client.base.path.rstrip("/")
        path = path.removesuffix("/statements")
        self._statements, self._about = (self.client.base.copy_with(path=f"{path}/{name}") for name in ("statements", "about"))
        self._version_agreed = False

    def __enter__(self) -> Lrs:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.__exit__()

    def newest(self) -> tuple[str, datetime | None, datetime | None]:
        """Mark of the newest statement (empty: none), when it was stored, and up to when the store vouches to be complete."""
        answer = self._ask({"limit": "1", "ascending": "false"})
        found = self._listed(answer)
        through = moment(answer.headers.get("x-experience-api-consistent-through"))
        if not found or not isinstance(found[0], dict):
            return "", None, through
        stored = moment(found[0].get("stored"))
        return sha256(f"{found[0].get('id')} {found[0].get('stored')}".encode()).hexdigest(), stored, through

    def since(self, stored_after: datetime | None) -> Iterator[Any]:
        """Statements stored after a moment (None: all), oldest first."""
        params = {"ascending": "true", "limit": str(PAGE)}
        if stored_after:
            params["since"] = stored_after.isoformat().replace("+00:00", "Z")
        answer = self._ask(params)
        for _ in range(_PAGES_MAX):
            yield from self._listed(answer)
            more = answer.value.get("more")
            if not isinstance(more, str) or not more:
                return
            answer = self.client.get(self._next(more))
        raise BadSource(f"{self.client.name}: {self.client.base.host}: the store's pages have no end")

    def _ask(self, params: dict[str, str]) -> Answer:
        """Statements, in the version that the store speaks."""
        if not self._version_agreed:
            self._version_agreed = True
            answer = self.client.get(self._statements, params, empty=_BAD_REQUEST)
            if answer.value is not None:
                return answer
            about = self.client.get(self._about, empty=_ANY_REFUSAL).value
            spoken = about.get("version") if isinstance(about, dict) else None
            spoken = spoken if isinstance(spoken, list) else [spoken]
            if known := [version for version in spoken if isinstance(version, str) and _READ.fullmatch(version)]:
                self.client.always_send(_VERSION_HEADER, max(known))
        return self.client.get(self._statements, params)

    def _next(self, more: str) -> httpx.URL:
        try:
            url = self._statements.join(more)
        except httpx.InvalidURL:
            raise BadSource(f"{self.client.name}: {self.client.base.host}: the store's next page has no address") from None
        if (url.scheme, url.host, url.port) != (self._statements.scheme, self._statements.host, self._statements.port):
            # The password would go there.
            raise BadSource(f"{self.client.name}: {self.client.base.host}: the store's next page is on another host")
        return url

    def _listed(self, answer: Answer) -> list[Any]:
        found = answer.value.get("statements") if isinstance(answer.value, dict) else None
        if not isinstance(found, list):
            raise BadSource(f"{self.client.name}: {self.client.base.host}: expected xAPI statements; found JSON of something else")
        return found


def microseconds(at: datetime) -> int:
    """For a cursor."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def moment_of(micros: int) -> datetime:
    """From a cursor."""
    return _EPOCH + timedelta(microseconds=micros)
