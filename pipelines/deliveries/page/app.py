"""The web application: server-rendered pages, forms that write marks, no script.

:func:`application` makes it out of the day's snapshot and the page's store. Every page but the log-in needs a session; every form carries the
session's token; every request for a learner, a line or works side by side is answered only where they are this curator's, and is written
down. What is refused is answered like what does not exist.
"""

from __future__ import annotations

import hmac
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from pipelines.deliveries.lists import wording
from pipelines.deliveries.page import words
from pipelines.deliveries.page.snapshot import Learner, Snapshot
from pipelines.deliveries.page.store import LoginRefused, Session, Store
from pipelines.deliveries.shared.language import LANGUAGES, Language
from pipelines.deliveries.shared.marks import CHANNELS, STATES, BadMark, Mark, checked
from pipelines.deliveries.shared.pages import TEMPLATES_FOLDER, page
from pipelines.errors import MayakError, PermanentError, TransientError
from pipelines.thresholds import threshold

SESSION_COOKIE, FORM_COOKIE, LANGUAGE_COOKIE = "mayak_session", "mayak_form", "mayak_language"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Which lines /list shows.
KINDS = ("today", "more", "resting")
_SNOOZE_DAYS = (1, 3, 7)

#: Reads the marks typed into a workbook: path, moment → marks. Raises MayakError. Lives outside the deliveries because it reads files.
SheetReader = Callable[[Path, datetime], list[Mark]]


@dataclass
class Page:
    """What the requests share."""

    snapshot: Snapshot
    store: Store
    now: Callable[[], datetime]
    read_sheet: SheetReader
    is_secure: bool
    requests: dict[str, deque[datetime]] = field(default_factory=lambda: defaultdict(deque))

    def language(self, request: Request, about: dict[str, Any]) -> Language:
        """The language of the page: the reader's choice, else the programme's first."""
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        return Language(chosen if chosen in about["languages"] else about["languages"][0], ZoneInfo(about["time_zone"]))

    def too_many(self, key: str) -> bool:
        """Has this session or client asked more in the last minute than a person does?"""
        at, asked = self.now(), self.requests[key]
        while asked and at - asked[0] > timedelta(minutes=1):
            asked.popleft()
        asked.append(at)
        return len(asked) > threshold("page_requests_most")


@dataclass(frozen=True)
class Seat:
    """One request of somebody logged in."""

    page: Page
    request: Request
    session: Session
    about: dict[str, Any]
    language: Language

    @property
    def curator(self) -> str:
        """Person id of the curator."""
        return self.session.curator_id

    def shown(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page inside the frame."""
        names = self.page.snapshot.curators()
        frame = {
            "programme": self.about["programme"], "languages": [code for code in LANGUAGES if code in self.about["languages"]], "form_token": self.session.form_token,
            "curator": names.get(self.curator) or self.session.login, "here": self.request.url.path, "states": STATES, "must_change": self.session.must_change,
        }  # fmt: skip
        return HTMLResponse(page(template, self.language, **frame, **values), status)


Endpoint = Callable[[Seat], Response]
Asked = Callable[[Request], Awaitable[Response]]


def application(
    snapshot: Snapshot, store: Store, *, now: Callable[[], datetime], read_sheet: SheetReader, is_secure: bool = False
) -> Starlette:
    """The application.

    ``now`` gives the moment, in a time zone; ``is_secure``: it is reached over TLS only, so the cookies may say so.
    """
    shared = Page(snapshot, store, now, read_sheet, is_secure)
    routes = [
        Route("/", lambda request: RedirectResponse("/list", 303)),
        Route("/style.css", _style),
        Route("/health", lambda request: PlainTextResponse("ok")),
        Route("/login", _on(shared, _login), methods=["GET", "POST"]),
        Route("/language/{code}", _on(shared, _language)),
        Route("/logout", _seated(shared, _logout), methods=["POST"]),
        Route("/password", _seated(shared, _password_form)),
        Route("/password", _seated(shared, _password), methods=["POST"]),
        Route("/list", _seated(shared, _list)),
        Route("/learners", _seated(shared, _learners)),
        Route("/learner/{person_id}", _seated(shared, _learner)),
        Route("/questions", _seated(shared, _questions)),
        Route("/repeated", _seated(shared, _repeated)),
        Route("/copies", _seated(shared, _copies)),
        Route("/mark", _seated(shared, _mark), methods=["POST"]),
        Route("/sheet.xlsx", _seated(shared, _workbook)),
        Route("/sheet", _seated(shared, _sheet), methods=["POST"]),
    ]
    handlers = {HTTPException: _on(shared, _refused), MayakError: _on(shared, _away)}
    return Starlette(routes=routes, middleware=[Middleware(_Guard)], exception_handlers=handlers)


class _Guard(BaseHTTPMiddleware):
    """Headers that every answer has."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response


async def _style(request: Request) -> Response:
    text = "\n".join((TEMPLATES_FOLDER / name).read_text(encoding="utf-8") for name in ("style.css", "page/page.css"))
    return Response(text, media_type="text/css", headers={"Cache-Control": "max-age=300"})


async def _refused(shared: Page, request: Request, error: Exception) -> Response:
    return await _no(shared, request, error.status_code if isinstance(error, HTTPException) else 500)


async def _away(shared: Page, request: Request, error: Exception) -> Response:
    return await _no(shared, request, 503 if isinstance(error, TransientError) else 500)


async def _no(shared: Page, request: Request, status: int, *, has_ended: bool = False) -> Response:
    """Why something is not shown or not taken, and what to do, to a curator who knows nothing of status codes.

    What does not exist and what is another curator's are answered alike. Where the day's data cannot be read, not even the language is known.
    """
    try:
        about = await run_in_threadpool(shared.snapshot.about)
    except MayakError as error:
        return PlainTextResponse(str(error) if isinstance(error, TransientError) else "something is wrong; see the log of the page", status)
    language = shared.language(request, about)
    message = words.refusal(status, language, has_ended=has_ended)
    return HTMLResponse(page("page/refused.html", language, programme=about["programme"], message=message), status)


def _on(shared: Page, endpoint: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    async def asked(request: Request, *more: Exception) -> Response:
        return await endpoint(shared, request, *more)

    return asked


def _seated(shared: Page, endpoint: Endpoint) -> Asked:
    """An endpoint for somebody logged in. A form that does not carry the session's token is refused."""

    async def asked(request: Request) -> Response:
        token = request.cookies.get(SESSION_COOKIE)
        session = await run_in_threadpool(shared.store.session, token, shared.now())
        if session is None:
            if request.method == "GET":
                return RedirectResponse(f"/login?next={quote(request.url.path)}", 303)
            return await _no(shared, request, 403, has_ended=True)
        if shared.too_many(f"session:{session.login}"):
            return await _no(shared, request, 429)
        about = await run_in_threadpool(shared.snapshot.about)
        if request.method == "POST":
            length = int(request.headers.get("content-length") or 0)
            if length > threshold("page_sheet_bytes"):
                return await _no(shared, request, 413)
            request.state.form = await request.form(max_files=1, max_fields=20)
            given = request.state.form.get("form_token")
            if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.form_token.encode()):
                return await _no(shared, request, 403)
            if isinstance(upload := request.state.form.get("sheet"), UploadFile):
                request.state.sheet = await upload.read()
        if session.must_change and request.url.path not in ("/password", "/logout"):
            return RedirectResponse("/password", 303)
        return await run_in_threadpool(endpoint, Seat(shared, request, session, about, shared.language(request, about)))

    return asked


# -- coming and going ------------------------------------------------------------------------------------------------------------


async def _login(shared: Page, request: Request) -> Response:
    about = await run_in_threadpool(shared.snapshot.about)
    language = shared.language(request, about)
    client = request.client.host if request.client else "unknown"
    if shared.too_many(f"client:{client}"):
        return await _no(shared, request, 429)
    message, status = None, 200
    if request.method == "POST":
        form = await request.form(max_files=0, max_fields=5)
        known = request.cookies.get(FORM_COOKIE, "")
        if not known or not hmac.compare_digest(str(form.get("form_token")).encode(), known.encode()):
            return await _no(shared, request, 403)
        try:
            name, password = str(form.get("login", "")), str(form.get("password", ""))
            token = await run_in_threadpool(shared.store.log_in, name, password, client, shared.now())
        except LoginRefused as refused:
            message = (
                language.say("Too many wrong passwords. Wait a quarter of an hour.")
                if refused.must_wait
                else language.say("Name and password do not fit.")
            )
            status = 429 if refused.must_wait else 401
        else:
            response = RedirectResponse(_inside(str(form.get("next", ""))), 303)
            response.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="strict", secure=shared.is_secure, path="/")
            response.delete_cookie(FORM_COOKIE, path="/login")
            return response
    form_token = token_urlsafe(24)
    shown = page(
        "page/login.html", language, programme=about["programme"], languages=about["languages"], form_token=form_token, message=message,
        next=_inside(request.query_params.get("next", "")),
    )  # fmt: skip
    answer = HTMLResponse(shown, status)
    answer.set_cookie(FORM_COOKIE, form_token, httponly=True, samesite="strict", secure=shared.is_secure, path="/login")
    return answer


def _inside(path: str) -> str:
    """A path of this page to go on to; anything else is the list."""
    return (
        path if path.startswith("/") and not path.startswith(("//", "/\\", "/login")) and "\\" not in path and ":" not in path else "/list"
    )


async def _language(shared: Page, request: Request) -> Response:
    response = RedirectResponse(_inside(request.query_params.get("next", "")), 303)
    if request.path_params["code"] in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, request.path_params["code"], samesite="lax", secure=shared.is_secure, max_age=365 * 86400)
    return response


def _logout(seat: Seat) -> Response:
    seat.page.store.log_out(seat.request.cookies[SESSION_COOKIE], seat.page.now())
    response = RedirectResponse("/login", 303)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def _password_form(seat: Seat) -> Response:
    return seat.shown("page/password.html", message=None)


def _password(seat: Seat) -> Response:
    form: FormData = seat.request.state.form
    new = str(form.get("new", ""))
    try:
        if new != form.get("again"):
            raise PermanentError(seat.language.say("The two new passwords differ."))
        seat.page.store.change_password(seat.session.login, str(form.get("old", "")), new)
    except LoginRefused:
        return seat.shown("page/password.html", 400, message=seat.language.say("The password so far is wrong."))
    except PermanentError as error:
        short = seat.language.count("At least {n} character, please.", "At least {n} characters, please.", threshold("page_password_least"))
        return seat.shown("page/password.html", 400, message=str(error) if new != form.get("again") else short)
    seat.page.store.note(seat.page.now(), seat.curator, "password_changed")
    return RedirectResponse("/list", 303)


# -- the list --------------------------------------------------------------------------------------------------------------------


def _list(seat: Seat) -> Response:
    kind = seat.request.query_params.get("show", "today")
    if kind not in KINDS:
        raise HTTPException(404)
    code = seat.language.code
    head = seat.page.snapshot.head(seat.curator, code)
    if head is None:
        return seat.shown("page/empty.html", message=seat.language.say("There is no list for you: none of your streams runs now."))
    lines = seat.page.snapshot.lines(seat.curator, code)
    given = _marks_since(seat, [line["item_id"] for line in lines])
    counts = {one: sum(line["kind"] == one for line in lines) for one in KINDS}
    names = seat.page.snapshot.curators()
    shown = [_with_marks(seat, line, given, names) for line in lines if line["kind"] == kind]
    open_lines = [line for line in shown if not line["done"]]
    sections = []
    for section in dict.fromkeys(line["section"] for line in open_lines):
        sections.append(
            {
                "id": section,
                "title": seat.language.say(wording.SECTION_TITLES[section]),
                "lines": [line for line in open_lines if line["section"] == section],
            }
        )
    seat.page.store.note(seat.page.now(), seat.curator, f"list_{kind}", [line["person_id"] for line in shown if line["person_id"]])
    return seat.shown(
        "page/list.html", head=head, sections=sections, done=[line for line in shown if line["done"]], kind=kind, counts=counts,
        buttons=_buttons(seat), channels=_channels(seat), snooze=_snooze(seat), saved=seat.request.query_params.get("saved"),
    )  # fmt: skip


def _marks_since(seat: Seat, items: list[str]) -> dict[str, list[Mark]]:
    """Marks of this and the fellow curators that the list does not know yet, by line, the newest first."""
    since = datetime.combine(seat.about["day"] + timedelta(days=1), datetime.min.time(), seat.language.zone)
    fellows = seat.page.snapshot.shares_streams(seat.curator)
    wanted = set(items)
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in reversed(seat.page.store.marks(since=since)):
        if mark.item_id in wanted and mark.curator_id in fellows:
            found[mark.item_id].append(mark)
    return found


def _with_marks(seat: Seat, line: dict[str, Any], given: dict[str, list[Mark]], names: dict[str, str | None]) -> dict[str, Any]:
    marks = given.get(line["item_id"], [])
    fresh = [words.mark_view(mark, names, seat.language) for mark in marks]
    return {**line, "fresh": fresh, "done": bool(marks) and marks[0].state != "new", "state": marks[0].state if marks else None}


def _buttons(seat: Seat) -> list[dict[str, str]]:
    name = seat.page.snapshot.curators().get(seat.curator)
    plain = {state: wording.state_name(state, name, seat.language) for state in STATES}
    asked = {state: wording.state_name(state, name, seat.language, section="waiting") for state in STATES}
    return [{"state": state, "name": plain[state], "name_waiting": asked[state]} for state in STATES if state not in ("new", "snoozed")]


def _channels(seat: Seat) -> list[tuple[str, str]]:
    return [(code, str(wording.channel_name(code, seat.language))) for code in CHANNELS]


def _today(seat: Seat) -> date:
    return seat.page.now().astimezone(seat.language.zone).date()


def _snooze(seat: Seat) -> dict[str, str]:
    today = _today(seat)
    return {"least": (today + timedelta(days=_SNOOZE_DAYS[0])).isoformat(), "usual": (today + timedelta(days=_SNOOZE_DAYS[1])).isoformat()}


def _mark(seat: Seat) -> Response:
    form: FormData = seat.request.state.form
    line = seat.page.snapshot.line(seat.curator, seat.language.code, str(form.get("item", "")))
    if line is None:
        seat.page.store.note(seat.page.now(), seat.curator, "refused_mark")
        # The night has made another list since the page was opened, or the line never was this curator's: both are told alike.
        gone = seat.language.say("This line is not on your list of today, and the mark was not saved. Open the list anew.")
        return seat.shown("page/empty.html", 404, message=gone)
    state = str(form.get("state", ""))
    try:
        until = date.fromisoformat(str(form.get("until", ""))) if state == "snoozed" else None
        note = " ".join(str(form.get("note", "")).split()) or None
        channel = str(form.get("channel") or "") or None
        mark = checked(
            Mark(
                seat.page.now(), seat.curator, seat.about["day"], line["item_id"], line["person_id"], line["section"], state, until,
                channel if state in ("contacted", "waiting") else None, "page", note,
            )
        )  # fmt: skip
    except (ValueError, BadMark):
        message = seat.language.say(
            "This mark could not be taken: a line that is snoozed needs a day that lies ahead, and a note may not be too long."
        )
        return seat.shown("page/empty.html", 400, message=message)
    seat.page.store.add_marks([mark])
    seat.page.store.note(seat.page.now(), seat.curator, f"marked_{state}", [line["person_id"]], line["item_id"])
    back = _inside(str(form.get("back", "")))
    return RedirectResponse(f"{back}{'&' if '?' in back else '?'}saved={quote(state)}#l{line['number']}", 303)


# -- one learner -----------------------------------------------------------------------------------------------------------------


def _own_learner(seat: Seat, person_id: str) -> Learner:
    """The learner, if this curator is responsible for them; what is refused is written down and answered like what does not exist."""
    learner = seat.page.snapshot.learner(seat.curator, person_id)
    if learner is None:
        seat.page.store.note(seat.page.now(), seat.curator, "refused_learner")
        raise HTTPException(404)
    return learner


def _learner(seat: Seat) -> Response:
    learner = _own_learner(seat, seat.request.path_params["person_id"])
    line = seat.page.snapshot.line(seat.curator, seat.language.code, learner.person_id)
    entries = seat.page.snapshot.timeline(seat.curator, learner.person_id)
    fellows = seat.page.snapshot.shares_streams(seat.curator)
    names = seat.page.snapshot.curators()
    trail = [mark for mark in seat.page.store.marks(items=[learner.person_id]) if mark.curator_id in fellows]
    seat.page.store.note(seat.page.now(), seat.curator, "learner", [learner.person_id])
    given = _marks_since(seat, [learner.person_id])
    return seat.shown(
        "page/learner.html", learner=learner, line=_with_marks(seat, line, given, names) if line else None,
        level=wording.level_name(learner.level, seat.language) if learner.level else None,
        days=words.timeline_view(entries, seat.language), trail=[words.mark_view(mark, names, seat.language) for mark in reversed(trail)],
        most=int(threshold("page_timeline_entries")) if len(entries) >= threshold("page_timeline_entries") else None,
        buttons=_buttons(seat), channels=_channels(seat), snooze=_snooze(seat), saved=seat.request.query_params.get("saved"),
    )  # fmt: skip


def _learners(seat: Seat) -> Response:
    wanted = " ".join(seat.request.query_params.get("q", "").split()).casefold()
    everybody = seat.page.snapshot.learners(seat.curator)
    found = [learner for learner in everybody if wanted in (learner.name or "").casefold()] if wanted else everybody
    levels = {code: wording.level_name(code, seat.language) for code in ("low", "medium", "high")}
    seat.page.store.note(seat.page.now(), seat.curator, "learners")
    # Most curators have one stream: said once, it leaves a telephone's width to the names.
    streams = {learner.streams for learner in everybody}
    only = streams.pop() if len(streams) == 1 else None
    return seat.shown("page/learners.html", learners=found, wanted=wanted, levels=levels, everybody=len(everybody), only_stream=only)


# -- questions, works ------------------------------------------------------------------------------------------------------------


def _questions(seat: Seat) -> Response:
    rows = seat.page.snapshot.questions(seat.curator)
    seat.page.store.note(seat.page.now(), seat.curator, "questions", [row["person_id"] for row in rows if row["person_id"]])
    return seat.shown("page/questions.html", questions=[words.question_view(row, seat.language) for row in rows])


def _repeated(seat: Seat) -> Response:
    rows = seat.page.snapshot.repeated(seat.curator)
    return seat.shown("page/repeated.html", questions=[words.repeated_view(row, seat.language) for row in rows])


def _copies(seat: Seat) -> Response:
    item = seat.request.query_params.get("item", "")
    view = seat.page.snapshot.evidence(seat.curator, seat.language.code, item)
    if view is None:
        seat.page.store.note(seat.page.now(), seat.curator, "refused_copies")
        raise HTTPException(404)
    seat.page.store.note(seat.page.now(), seat.curator, "copies", item_id=item)
    return seat.shown("page/copies.html", **view)


# -- the workbook ----------------------------------------------------------------------------------------------------------------


def _workbook(seat: Seat) -> Response:
    content = seat.page.snapshot.workbook(seat.curator, seat.language.code)
    if content is None:
        raise HTTPException(404)
    seat.page.store.note(seat.page.now(), seat.curator, "workbook")
    name = f"mayak-{seat.about['day'] + timedelta(days=1)}.xlsx"
    return Response(content, media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _sheet(seat: Seat) -> Response:
    """Take in a workbook with marks: all of it or nothing, and only lines of this curator's own."""
    say = seat.language.say
    content = getattr(seat.request.state, "sheet", b"")
    if not content:
        return seat.shown("page/empty.html", 400, message=say("No file was chosen."))
    with NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            marks = seat.page.read_sheet(Path(file.name), seat.page.now())
        except MayakError as error:
            message = words.sheet_refused(error, seat.page.snapshot.curators().get(seat.curator), _today(seat), seat.language)
            return seat.shown("page/empty.html", 400, message=message)
    own = {line["item_id"]: line for line in seat.page.snapshot.lines(seat.curator, seat.language.code)}
    if any(mark.curator_id != seat.curator or mark.item_id not in own for mark in marks):
        seat.page.store.note(seat.page.now(), seat.curator, "refused_sheet")
        why = say("This workbook holds lines that are not on your list of today. Take the workbook of today and carry your marks over.")
        return seat.shown("page/empty.html", 403, message=" ".join((why, say("Nothing was saved."))))
    new = seat.page.store.add_marks(marks)
    seat.page.store.note(seat.page.now(), seat.curator, "sheet", [mark.person_id for mark in marks])
    message = seat.language.count("{n} mark was taken from the sheet.", "{n} marks were taken from the sheet.", new)
    return seat.shown("page/empty.html", message=message)
