"""Steps of a run that hang together: what one leaves is there when the next one looks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from pipelines import steps
from pipelines.deliveries.page.store import Store
from pipelines.deliveries.shared.marks import Mark
from pipelines.errors import BadConfiguration, BadContract
from pipelines.raw_checks import Finding
from pipelines.settings import Settings
from tests.unit.deliveries import fixture as made

AT = datetime(2026, 11, 23, 18, tzinfo=UTC)


def test_what_curators_marked_is_there_before_the_days_models_are_made(tmp_path: Path) -> None:
    (tmp_path / "programme.toml").write_text('[programme]\nid = "p"\nname = "P"\n', encoding="utf-8")
    settings = Settings(programme=tmp_path / "programme.toml", home=tmp_path, pseudonym_key="a-key-for-invented-people")
    run = steps.Run(settings, date(2026, 11, 23), AT)
    assert steps.prepare(run).rows["raw.marks"] == 0
    with run.warehouse() as warehouse:
        row = {"day": made.DAY, "curator_id": made.CURATOR, "item_id": "l1", "reason": "risk:dropout:high"}
        made.insert(warehouse, "deliveries.list_reasons", [row])
    store = Store(settings.page_store)
    store.add_marks([Mark(AT, made.CURATOR, made.DAY, "l1", None, "at_risk", "contacted", None, "phone", "page", None)])
    assert steps.prepare(run).rows["raw.marks"] == 1
    assert steps.prepare(run).rows["raw.marks"] == 1


def _run(folder: Path, *, id: str = "p", key: str = "a-key-for-invented-people", as_of: date = date(2026, 11, 22)) -> steps.Run:
    (folder / "programme.toml").write_text(
        f'[programme]\nid = "{id}"\nname = "P"\ntime_zone = "Asia/Vladivostok"\n[[sources]]\nname = "chat"\nkind = "telegram"\npath = "chat"\n',
        encoding="utf-8",
    )
    return steps.Run(Settings(programme=folder / "programme.toml", home=folder, pseudonym_key=key), as_of, AT)


def test_a_day_that_lies_ahead_is_refused_before_anything_is_made_of_it(tmp_path: Path) -> None:
    """A slip of the pen (2062) would have everybody silent for decades, and every link's history dated by it."""
    assert steps.prepare(_run(tmp_path, as_of=date(2026, 11, 24)))  # there it is tomorrow already
    with pytest.raises(BadConfiguration, match=r"as of 2026-11-25: this day lies ahead .* the last one possible is 2026-11-24"):
        steps.prepare(_run(tmp_path, as_of=date(2026, 11, 25)))
    with _run(tmp_path).warehouse() as warehouse:
        warehouse.connection.execute(
            "insert into raw.loads (load_id, source, kind, item, fingerprint, reader_version, state, rows_seen, rows_kept, rows_rejected, covers_until, loaded_at) "
            "values ('l', 'chat', 'telegram', 'i', 'f', 1, 'loaded', 1, 1, 0, '2027-02-01 12:00:00+00', now())"
        )
    # What was read reaches further than this machine's clock: a simulated programme, or a clock that is wrong.
    assert steps.prepare(_run(tmp_path, as_of=date(2027, 2, 1)))


def test_a_warehouse_takes_nothing_of_another_programme_or_under_another_key(tmp_path: Path) -> None:
    run = _run(tmp_path)
    steps.load(run, run.programme.sources[0])
    steps.prepare(run)
    for stranger, says in (
        ({"id": "q"}, "is of programme 'p', the programme file of 'q'"),
        ({"key": "another-key-of-some-length"}, "MAYAK_PSEUDONYM_KEY: not the key under which"),
    ):
        other = _run(tmp_path, **stranger)
        for step in (partial(steps.load, other, other.programme.sources[0]), partial(steps.prepare, other)):
            with pytest.raises(BadConfiguration, match=says) as caught:
                step()
            assert "another-key" not in str(caught.value)
    steps.prepare(_run(tmp_path))


def test_a_night_that_the_checks_stop_says_why_and_which_source_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three o'clock: "somebody_learns" alone would not tell that the LMS was away."""
    run = _run(tmp_path)
    steps.prepare(run)
    with run.warehouse() as warehouse:
        warehouse.connection.execute(
            "insert into raw.loads (load_id, source, kind, item, fingerprint, reader_version, state, rows_seen, rows_kept, rows_rejected, loaded_at) "
            "values ('l', 'lms', 'moodle_db', 'i', 'f', 1, 'failed', 0, 0, 0, now())"
        )
    found = Finding("enrolments", "somebody_learns", False, True, "0 rows", "Every list is of enrolled learners.")
    monkeypatch.setattr(steps, "check_raw", lambda path, latest: [found])
    says = r"raw\.enrolments: somebody_learns \(0 rows\): Every list .* Loads failed of lms: `mayak doctor` says why"
    with pytest.raises(BadContract, match=says):
        steps.check(run)


def test_a_past_day_that_is_run_again_does_not_take_the_curators_page_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps.lists, "build_lists", lambda *_: [])
    monkeypatch.setattr(steps.lists, "write_lists", lambda *_: [])
    monkeypatch.setattr(steps.lists, "remember", lambda *_: None)
    monkeypatch.setattr(steps.snapshot, "_write_learners", lambda *_: 0)
    for part in ("questions", "repeated", "timelines"):
        monkeypatch.setattr(steps.snapshot, f"_write_{part}", lambda *_: None)
    for day, shown in ((21, 21), (22, 22), (20, 22), (22, 22)):
        run = _run(tmp_path, as_of=date(2026, 11, day))
        steps.deliver_lists(run)
        assert steps.snapshot.day_shown(run.settings.page_day) == date(2026, 11, shown)
    run.settings.page_day.write_bytes(b"")
    steps.deliver_lists(_run(tmp_path, as_of=date(2026, 11, 20)))
    assert steps.snapshot.day_shown(run.settings.page_day) == date(2026, 11, 20)
