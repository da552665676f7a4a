"""A curator's page over invented people: two curators, each with learners of their own."""

from __future__ import annotations

import socket
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

with warnings.catch_warnings():
    # Its next release wants a client that is not in the lock yet.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from pipelines.deliveries.lists import lists
from pipelines.deliveries.page import snapshot
from pipelines.deliveries.page.app import application
from pipelines.deliveries.page.snapshot import Snapshot
from pipelines.deliveries.page.store import Store
from pipelines.marks import marks_in
from tests.unit.deliveries import fixture as made

__all__ = ["MINE", "OTHER", "PASSWORD", "THEIRS", "Clock", "TestClient", "at_an_address", "page_over", "served_from"]

OTHER, OTHER_STREAM = "p2000000000000000000b", "ИНКЛ-72/1"
PASSWORD = "correct-horse-battery"
MINE, THEIRS = "p00000000000000000001", "p00000000000000000050"


class Clock:
    """A clock that goes on by a millisecond when it is looked at, and further when it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


def tables(people: int = 0) -> dict[str, made.Rows]:
    """The hard day for the first curator (with so many learners more), and one learner of the other."""
    day = {name: list(rows) for name, rows in made.full_day().items()}
    elsewhere = {"curator_id": OTHER, "stream_id": OTHER_STREAM, "course_name": "ИНКЛ-72", "stream_title": "поток 1"}
    streams = [{name: elsewhere[name] for name in ("stream_id", "course_name", "stream_title")}]
    day["rpt_curators"] = [made.curator(), made.curator(curator_id=OTHER, curator_name="Ершов Павел Николаевич", streams=streams)]
    day["rpt_at_risk_daily"] += [{**made.at_risk(50, "Чужая Дарья Олеговна"), **elsewhere}]
    extra = [made.at_risk(1000 + number, f"Слушатель Номер {number}", score=0.5) for number in range(people)]
    day["rpt_at_risk_daily"] += extra
    day["rpt_week_questions"] = [
        {"week_ends_on": made.DAY, "cluster_id": "c1", "course_name": "ЦОС-36", "asked": 14, "asked_this_week": 5, "people": 11, "first_at": made.back(9),
         "last_at": made.back(1), "text": "Как прикрепить файл?", "faq_answer": "Сохраните в PDF и прикрепите ещё раз."},
        {"week_ends_on": made.DAY, "cluster_id": "c2", "course_name": "ЦОС-36", "asked": 8, "asked_this_week": 3, "people": 7, "first_at": made.back(9),
         "last_at": made.back(1), "text": "Где запись вебинара?", "faq_answer": None},
    ]  # fmt: skip
    everybody: dict[tuple[str, str], dict[str, Any]] = {}
    for table in ("rpt_at_risk_daily", "rpt_open_questions", "rpt_never_started", "rpt_not_reached"):
        for row in day[table]:
            everybody[row["curator_id"], row["person_id"]] = {
                "day": made.DAY, "curator_id": row["curator_id"], "person_id": row["person_id"], "learner_name": row["learner_name"],
                "streams": f"{row['course_name']}, {row['stream_title']}", "course_day": 12, "level": row.get("level"), "phone": "+79000000001",
            }  # fmt: skip
    day["rpt_learners"] = list(everybody.values())
    day["rpt_timeline"] = [
        {"person_id": MINE, "stream_id": "ЦОС-36/2", "occurred_at": made.back(2, 10), "channel": "chat", "what": "asked", "text": "Куда прикрепить файл?"},
        {"person_id": MINE, "stream_id": "ЦОС-36/2", "occurred_at": made.back(2, 11), "channel": "lms", "what": "viewed"},
        {"person_id": MINE, "stream_id": "ЦОС-36/2", "occurred_at": made.back(2, 12), "channel": "lms", "what": "viewed"},
        {"person_id": MINE, "stream_id": None, "occurred_at": made.back(2, 9), "channel": "lms", "what": "logged_in"},
        {"person_id": MINE, "stream_id": "ЦОС-36/2", "occurred_at": made.back(4, 12), "channel": "lms", "what": "handed_in_late", "title": "Задание 1"},
        {"person_id": MINE, "stream_id": OTHER_STREAM, "occurred_at": made.back(3, 12), "channel": "chat", "what": "wrote", "text": "из чужого потока"},
        {"person_id": THEIRS, "stream_id": OTHER_STREAM, "occurred_at": made.back(2, 12), "channel": "chat", "what": "wrote", "text": "чужие слова"},
    ]  # fmt: skip
    return day


def page_over(folder: Path, people: int = 0, length: int = 15) -> tuple[Starlette, Store, Clock]:
    """The application over the fixture's day, with a log-in for each curator ("anna", "pavel"), and its clock."""
    programme = made.programme(length=length)
    with made.warehouse_of(**tables(people)) as warehouse:
        made.add_copies(warehouse, range(13, 20))
        built = lists.build_lists(warehouse, programme, made.DAY)
        snapshot.write(warehouse, built, programme, made.DAY, folder / "day.sqlite")
    served, store, clock = served_from(folder)
    for login, curator in (("anna", made.CURATOR), ("pavel", OTHER)):
        store.set_account(login, curator, clock(), PASSWORD)
    return served, store, clock


def served_from(folder: Path) -> tuple[Starlette, Store, Clock]:
    """The application over what lies in the folder."""
    store, clock, programme = Store(folder / "store.sqlite"), Clock(), made.programme()
    served = application(Snapshot(folder / "day.sqlite"), store, now=clock, read_sheet=lambda path, at: marks_in(path, programme, at))
    return served, store, clock


@contextmanager
def at_an_address(served: Starlette) -> Iterator[str]:
    """The application, to be reached by a browser on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(served, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
