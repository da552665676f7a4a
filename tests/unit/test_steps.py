"""Steps of a run that hang together: what one leaves is there when the next one looks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from pipelines import steps
from pipelines.deliveries.marks import Mark
from pipelines.deliveries.page.store import Store
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
