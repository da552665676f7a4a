"""One Moodle's web services over REST: call a function, judge its answer.

``<root>/webservice/rest/server.php``, token in a form field (never in the address, which servers log), JSON. Moodle answers 200 even where it
refuses: ``{"exception": …, "errorcode": …, "message": …}``. The message is in the caller's language and can hold names: only the code is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.errors import BadSource, SourceAway
from pipelines.programme import Source
from pipelines.sources.formats.http_client import HttpClient
from pipelines.sources.formats.json_lines import storable_value
from pipelines.sources.reading import Context

#: Without these there is nothing to read.
REQUIRED = (
    "core_webservice_get_site_info",
    "core_course_get_courses_by_field",
    "core_enrol_get_enrolled_users",
    "core_course_get_contents",
)
#: Rows of one page where a function has pages.
PAGE = 500
#: Pages of one list: a list without end is a server's mistake.
_PAGES_MAX = 10_000

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,59}")
#: The token or its owner is turned away: nothing can be read.
_NO_TOKEN = {
    "invalidtoken": "the token is not valid (any more)",
    "invalidtimedtoken": "the token's time is over",
    "forbiddenwsuser": "the token's owner may not use web services",
    "usernotallowed": "the token's owner may not use this service",
    "wsaccessuserdeleted": "the token's owner is deleted",
    "wsaccessuserunconfirmed": "the token's owner is not confirmed",
    "wsaccessusersuspended": "the token's owner is suspended",
    "wsaccessuserexpired": "the password of the token's owner has expired",
    "wsaccessusernologin": "the token's owner may not log in",
    "enablewsdescription": "web services are switched off",
    "restoredaccountresetpassword": "the token's owner has to set a password first",
    "sitepolicynotagreed": "the token's owner has not agreed to the site's policy",
    "forcepasswordchangenotice": "the token's owner has to change the password first",
}
_AWAY = {"sitemaintenance", "servicenotavailable", "upgraderunning", "cannotconnecttodb", "dbconnectionfailed"}
_REASONS = {
    "accessexception": "no access to the function",
    "invalidrecord": "unknown function or thing",
    "nopermissions": "no permission",
    "required_capability_exception": "no permission",
    "requireloginerror": "no permission",
    "errorcoursecontextnotvalid": "no permission",
    "nocriteriaset": "no criteria set",
}


#: Functions that leave out what the token's owner may not see and say so among their "warnings" → the record that then lacks rows.
_LEAVES_OUT = {
    "mod_assign_get_assignments": "submissions",
    "mod_assign_get_submissions": "submissions",
    "mod_assign_get_grades": "grades",
    "mod_assign_get_user_flags": "deadlines",
    "mod_quiz_get_quizzes_by_courses": "submissions",
}
#: Codes of such warnings in these functions: no access in the context, not in the course. 3 says that nothing is there.
_NO_ACCESS = frozenset(("1", "2"))
_LEFT_OUT = frozenset(("assignment", "module", "course"))


class Refused(Exception):
    """Moodle refuses one function here; others may work. Never leaves this package."""

    def __init__(self, function: str, reason: str, code: str) -> None:
        super().__init__(f"{function}: {reason}")
        self.function, self.reason, self.code = function, reason, code


class Services:
    """The functions of one Moodle. Use as a context manager.

    Raises BadSource without address or token, SourceAway and BadSource as :class:`HttpClient` does.
    """

    def __init__(self, source: Source, context: Context, sleep: Callable[[float], None]) -> None:
        variable = f"MAYAK_SOURCES__{source.name.upper()}__"
        if not context.url:
            raise BadSource(f"source {source.name}: the site's address is missing: {variable}URL")
        if not context.token:
            raise BadSource(f"source {source.name}: the web services' token is missing: {variable}TOKEN")
        self._token = context.token
        self._client = HttpClient(source.name, context.url, pace=source.requests_per_second, certificates=source.certificates, sleep=sleep)
        self.name, base = source.name, self._client.base
        self._server = base.copy_with(
            path=base.path.rstrip("/").removesuffix("/webservice/rest/server.php") + "/webservice/rest/server.php"
        )
        #: The server's clock at its last answer.
        self.at: datetime | None = None
        self.functions: frozenset[str] = frozenset()
        #: What answers left out for want of permission: (record, place).
        self.left_out: list[tuple[str, str]] = []

    def __enter__(self) -> Services:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.__exit__()

    def call(self, function: str, **arguments: Any) -> Any:
        """Answer of one function. Raises Refused where Moodle refuses just this."""
        # Raw: texts and names as the database has them, not through the filters of the token's owner.
        form = {"wstoken": self._token, "wsfunction": function, "moodlewsrestformat": "json", "moodlewssettingraw": "1"}
        answer = self._client.post(self._server, form | dict(_flat(arguments)))
        self.at = answer.at or self.at
        value = answer.value
        if isinstance(value, dict) and ("exception" in value or "errorcode" in value):
            self._refuse(function, value)
        if isinstance(value, dict) and function in _LEAVES_OUT:
            for warning in objects(value.get("warnings")):
                item, native = warning.get("item"), warning.get("itemid")
                if str(warning.get("warningcode")) in _NO_ACCESS and item in _LEFT_OUT and re.fullmatch(r"\d{1,18}", str(native)):
                    self.left_out.append((_LEAVES_OUT[function], f"{function} {item} id {native}"))
        return storable_value(value)

    def hello(self) -> dict[str, Any]:
        """What the site says of itself and of the token; notes which functions there are. Raises BadSource where needed ones are not."""
        try:
            info = self.call("core_webservice_get_site_info")
        except Refused as refused:
            raise BadSource(f"{self.name}: core_webservice_get_site_info: {refused.reason}: is the token one of a web service?") from None
        listed = info.get("functions") if isinstance(info, dict) else None
        if not isinstance(listed, list):
            raise BadSource(f"{self.name}: expected a Moodle's site info; found JSON of something else")
        self.functions = frozenset(str(part.get("name")) for part in listed if isinstance(part, dict))
        missing = [function for function in REQUIRED if function not in self.functions]
        if missing:
            raise BadSource(
                f"{self.name}: the token's service lacks functions: {', '.join(missing)} (docs/sources/moodle_ws.md lists them)"
            )
        return info

    def pages(self, function: str, ask: Callable[[int], Mapping[str, Any]], rows_in: Callable[[Any], Any]) -> Iterator[dict[str, Any]]:
        """Rows of a function with pages, until one is empty: a page may be short because people in it are hidden.

        ``ask``: arguments of page N, from 0; ``rows_in``: where the rows stand in an answer.
        """
        before: list[dict[str, Any]] = []
        for page in range(_PAGES_MAX):
            rows = objects(rows_in(self.call(function, **ask(page))))
            # Older Moodles know no pages of some functions and give everything every time.
            if not rows or rows == before:
                return
            yield from rows
            before = rows
        raise BadSource(f"{self.name}: {function}: its pages have no end")

    def _refuse(self, function: str, answer: Mapping[str, Any]) -> None:
        code = str(answer.get("errorcode") or "")
        code = code if _CODE.fullmatch(code) else "unknown"
        if code in _NO_TOKEN:
            raise BadSource(f"{self.name}: {self._client.base.host}: {_NO_TOKEN[code]} ({code})")
        if code in _AWAY:
            raise SourceAway(f"{self.name}: {self._client.base.host}: {code}")
        raise Refused(function, _REASONS.get(code, f"refused ({code})"), code)


def _flat(arguments: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Form fields of nested arguments: ``courseids[0]``, ``options[0][name]``."""
    for key, value in arguments.items():
        name = f"{prefix}[{key}]" if prefix else key
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from _flat({str(place): part for place, part in enumerate(value)}, name)
        else:
            yield name, str(int(value)) if isinstance(value, bool) else str(value)


def objects(given: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing for what is none."""
    return [part for part in given if isinstance(part, dict)] if isinstance(given, list) else []
