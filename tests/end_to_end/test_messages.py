"""The step that tells curators by Telegram: only those whom the programme file names, only on the list's own morning, once."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from pipelines import steps
from pipelines.settings import read_settings
from tests.conftest import configure
from tests.end_to_end.conftest import Installation
from tests.unit.deliveries.lists.test_telegram import TOKEN, Telegram

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def test_the_named_curator_is_told_once_and_only_in_the_morning_of_the_list(
    made: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with made.warehouse() as warehouse:
        username = warehouse.value(
            "select a.username from personal.accounts as a inner join raw.accounts as r using (account_id) inner join links.people as p using (account_id) "
            "where r.channel = 'lms' and p.person_id in (select curator_id from reports.rpt_curators)"
        )
    shutil.copy(made.home / "warehouse.duckdb", tmp_path)
    text = (made.exports / "programme.toml").read_text(encoding="utf-8")
    assert "[lists]\n" in text
    (tmp_path / "programme.toml").write_text(text.replace("[lists]\n", f'[lists]\ntelegram = {{ "{username}" = 77 }}\n'), encoding="utf-8")
    server = Telegram()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    configure(monkeypatch, made.exports, tmp_path)
    monkeypatch.setenv("MAYAK_PROGRAMME", str(tmp_path / "programme.toml"))
    morning = datetime.combine(made.as_of + timedelta(days=1), time(4), UTC)
    try:
        assert steps.message_lists(steps.Run(read_settings(), made.as_of, morning)).rows == {}  # no token: off
        monkeypatch.setenv("MAYAK_TELEGRAM_TOKEN", TOKEN)
        monkeypatch.setenv("MAYAK_TELEGRAM_URL", server.bot.url)
        later = steps.message_lists(steps.Run(read_settings(), made.as_of, morning + timedelta(days=3)))
        assert (later.rows["queued"], len(server.told)) == (0, 0)
        told = [steps.message_lists(steps.Run(read_settings(), made.as_of, morning)).rows["sent"] for _ in range(2)]
    finally:
        server.shutdown()
        server.server_close()
    assert told == [1, 0]
    ((_, body),) = server.told
    assert body["chat_id"] == 77
