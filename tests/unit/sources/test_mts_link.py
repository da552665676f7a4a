"""MTS Link's statistics: saved answers, and the service on this machine's loopback. All people are invented."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pipelines.errors import BadFile, BadSource, SourceAway
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.sources.webinars.mts_link import MtsLinkReader
from pipelines.warehouse import Warehouse
from tests.unit.sources.loopback import Asked, Reply, serving
from tests.unit.sources.orders import STAYS, rows_after
from tests.unit.sources.report_reading import CONTEXT, FIXTURES, PSEUDONYMS, Reading

FOLDER = FIXTURES / "mts_link"
RUN_AT = datetime(2026, 11, 22, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_each_connection_is_a_stay_and_each_event_a_webinar():
    report = Reading(MtsLinkReader(), FOLDER / "september.json")
    first, second = report.rows("webinars")
    assert first["webinar_id"] == f"mts_link:webinar:9001:{int(utc(2026, 9, 8, 14).timestamp())}"
    assert (first["title"], first["starts_at"], first["ends_at"], first["minutes"]) == (
        "Цифровая школа, поток 1", utc(2026, 9, 8, 14), utc(2026, 9, 8, 15, 10), 70,
    )  # fmt: skip
    irina = report.account("501", "mts_link")
    stays = [
        (row["webinar_id"], row["joined_at"], row["left_at"], row["minutes"])
        for row in report.rows("attendance")
        if row["account_id"] == irina
    ]
    assert stays == [
        (first["webinar_id"], utc(2026, 9, 8, 13, 58), utc(2026, 9, 8, 14, 28), 30),
        (first["webinar_id"], utc(2026, 9, 8, 14, 31), utc(2026, 9, 8, 15, 10), 39),
        # Never told to have left: until the event's end.
        (second["webinar_id"], utc(2026, 9, 15, 14, 2), utc(2026, 9, 15, 14, 30), 28),
    ]  # fmt: skip
    assert report.rejected == [("person 3, event 9001, connection 1", "neither times nor minutes")]


def test_signs_of_attention_stand_with_the_first_stay_of_the_event():
    report = Reading(MtsLinkReader(), FOLDER / "september.json")
    irina = report.account("501", "mts_link")
    rows = [row for row in report.rows("attendance") if row["account_id"] == irina]
    names = ("chat_messages", "reactions", "poll_answers", "raised_hands", "talk_minutes", "camera_minutes")
    assert [tuple(row[name] for name in names) for row in rows] == [(5, 2, 2, None, 5, None), (None,) * 6, (0, 0, None, None, 0, None)]


def test_people_are_known_by_their_id_and_without_one_by_their_name():
    report = Reading(MtsLinkReader(), FOLDER / "september.json")
    oleg = report.account("степной олег|", "mts_link")
    assert [row["joined_at"] for row in report.rows("attendance") if row["account_id"] == oleg] == [utc(2026, 9, 8, 14, 5)]
    (irina,) = [row for row in report.rows("accounts") if row["native_id"] == "501" and row.get("last_name")]
    assert (irina["display_name"], irina["first_name"], irina["last_name"], irina["email"], irina["phone"], irina["institution"]) == (
        "Полевая Ирина Сергеевна", "Ирина Сергеевна", "Полевая", "irina@school.example.org", "+79000000001", "школа № 5",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "found"),
    [("cut_off.json", "no JSON, or one that is cut off"), ("empty.json", "an empty file"), ("refusal.json", "other JSON")],
)
def test_what_is_no_whole_answer_is_refused(name: str, found: str):
    with pytest.raises(BadFile, match=found):
        Reading(MtsLinkReader(), FOLDER / name)


def test_another_systems_json_is_refused():
    with pytest.raises(BadFile, match="other JSON"):
        Reading(MtsLinkReader(), FIXTURES / "bigbluebutton" / "learning_dashboard.json")


def test_the_order_of_answers_does_not_matter(tmp_path):
    people = json.loads((FOLDER / "september.json").read_text(encoding="utf-8"))
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_text(json.dumps(people[:1]), encoding="utf-8")
    other.write_text(json.dumps(people), encoding="utf-8")
    forth, back = (rows_after(MtsLinkReader(), files, STAYS) for files in ([one, other], [other, one]))
    assert forth == back
    assert len(forth) == 4


class Service:
    """Answers as the documentation says."""

    def __init__(self, people: list[dict[str, Any]]) -> None:
        self.people = people
        self.asked: list[Asked] = []
        self.today = "Sun, 22 Nov 2026 09:00:00 GMT"

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if asked.headers.get("x-auth-token") != "a-key":
            return Reply({"error": {"code": 403}}, status=403)
        begin, end = (datetime.fromisoformat(asked.given[name] + "+03:00") for name in ("from", "to"))
        found = []
        for person in deepcopy(self.people):
            within = [event for event in person["eventSessions"] if begin <= datetime.fromisoformat(event["startsAt"]) <= end]
            found += [person | {"eventSessions": within}] if within else []
        headers = {"Date": self.today}
        if asked.path == "/v3/stats/users":
            return Reply(found, headers=headers) if found else Reply({"error": {"code": 404}}, status=404, headers=headers)
        events = {
            event["id"]: {key: event[key] for key in ("id", "name", "startsAt", "endsAt")}
            for person in found
            for event in person["eventSessions"]
        }
        visits = {key: sum(any(event["id"] == key for event in person["eventSessions"]) for person in found) for key in events}
        answer = [event | {"registeredVisitedCount": visits[key]} for key, event in events.items()]
        return Reply(answer, headers=headers) if answer else Reply({"error": {"code": 404}}, status=404, headers=headers)


@pytest.fixture
def service() -> Service:
    people = json.loads((FOLDER / "september.json").read_text(encoding="utf-8"))
    october = deepcopy(people[0])
    october["eventSessions"] = [october["eventSessions"][1] | {
        "id": 9003, "startsAt": "2026-10-01T00:30:00+0300", "endsAt": "2026-10-01T01:30:00+0300",
        "connections": [{"joined": "2026-10-01T00:31:00+0300", "leaved": "2026-10-01T01:00:00+0300", "duration": 1740}],
    }]  # fmt: skip
    return Service([*people, october])


SOURCE = Source(name="webinars", kind="mts_link", requests_per_second=1000, since=date(2026, 9, 1))


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("since", [date(2026, 9, 1), None], ids=["from a day", "from a year ago"])
def test_the_service_is_asked_month_by_month_and_only_what_changed_is_read_again(service: Service, since: date | None):
    source = SOURCE.model_copy(update={"since": since})
    with serving(service) as address, Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        programme = Programme(id="p", name="p", folder=FOLDER, sources=(source,))

        def load() -> None:
            load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=f"{address}/v3", token="a-key")

        load()
        count = "select count(*) from raw.attendance"
        assert warehouse.value(count) == 5
        # Half past midnight of the first belongs to its own month alone.
        assert sorted(asked.given["from"][:10] for asked in service.asked if asked.path == "/v3/stats/users") == [
            "2026-08-31",
            "2026-09-30",
        ]
        service.asked.clear()
        load()
        assert [asked for asked in service.asked if asked.path == "/v3/stats/users"] == []
        service.people.append(
            service.people[3] | {"id": 504, "email": "galya@school.example.org", "secondName": "Луговая", "name": "Галина"}
        )
        load()
        assert [asked.given["from"][:10] for asked in service.asked if asked.path == "/v3/stats/users"] == ["2026-09-30"]
        assert warehouse.value(count) == 6


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_event_whose_beginning_is_not_understood_is_of_the_month_in_which_somebody_came(service: Service):
    def without_beginnings(asked: Asked) -> Reply:
        reply = service(asked)
        for person in reply.body if asked.path == "/v3/stats/users" and isinstance(reply.body, list) else ():
            for event in person["eventSessions"]:
                event["startsAt"] = None
        return reply

    with serving(without_beginnings) as address, Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        programme = Programme(id="p", name="p", folder=FOLDER, sources=(SOURCE,))
        loads = load_source(warehouse, programme, SOURCE, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=f"{address}/v3", token="a-key")
        assert [(load.item, load.kept["attendance"]) for load in loads] == [("2026-09", 4), ("2026-10", 1)]
        assert warehouse.value("select count(*) from raw.attendance") == 5


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_without_a_key_with_a_wrong_one_and_with_a_silent_service_there_is_one_clear_error(service: Service):
    with pytest.raises(BadSource, match="MAYAK_SOURCES__WEBINARS__TOKEN"):
        list(MtsLinkReader().items(SOURCE, CONTEXT))
    with serving(service) as address:
        with pytest.raises(BadSource, match="answered 403"):
            list(MtsLinkReader().items(SOURCE, replace(CONTEXT, url=f"{address}/v3", token="another")))
        service.today = ""
        unknown = SOURCE.model_copy(update={"since": None})
        with pytest.raises(BadSource, match="since = YYYY-MM-DD"):
            list(MtsLinkReader().items(unknown, replace(CONTEXT, url=f"{address}/v3", token="a-key")))
    with serving(lambda asked: Reply(status=503)) as address, pytest.raises(SourceAway, match="answered 503"):
        list(MtsLinkReader(sleep=lambda seconds: None).items(SOURCE, replace(CONTEXT, url=f"{address}/v3", token="a-key")))
    with serving(lambda asked: Reply({"data": []})) as address, pytest.raises(BadSource, match="expected an array"):
        list(MtsLinkReader().items(SOURCE, replace(CONTEXT, url=f"{address}/v3", token="a-key")))
