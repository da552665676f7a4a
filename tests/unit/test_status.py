"""The doctor: each thing that can be wrong with an installation is found and comes with what to do."""

from __future__ import annotations

import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.ownership import claim
from pipelines.programme import Programme
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources import READERS
from pipelines.sources.reading import Item
from pipelines.status import Diagnosis, examine, source_states
from pipelines.warehouse import Warehouse

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
HEAD = '[programme]\nid = "p"\nname = "P"\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("MAYAK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MAYAK_PSEUDONYM_KEY", "a-key-for-invented-people")
    monkeypatch.setenv("MAYAK_PROGRAMME", str(tmp_path / "programme.toml"))
    monkeypatch.setenv("MAYAK_HOME", str(tmp_path))
    return tmp_path


def wrong(home: Path, sources: str) -> dict[str, Diagnosis]:
    """What is wrong, by what was looked at."""
    (home / "programme.toml").write_text(HEAD + sources, encoding="utf-8")
    found = [diagnosis for diagnosis in examine(NOW) if diagnosis.mend]
    return {diagnosis.what: diagnosis for diagnosis in found}


def test_a_kind_nobody_reads(home: Path) -> None:
    found = wrong(home, '[[sources]]\nname = "fax"\nkind = "fax"\npath = "fax"\n')["source fax"]
    assert "'fax' is not known" in found.found
    assert "telegram" in found.mend
    found = wrong(home, '[[sources]]\nname = "lms"\nkind = "moodle_bd"\npath = "x"\n')["source lms"]
    assert "did you mean 'moodle_db'?" in found.found


def test_a_path_that_is_not_there(home: Path) -> None:
    found = wrong(home, '[[sources]]\nname = "chat"\nkind = "telegram"\npath = "exports/chat"\n')["source chat"]
    assert "exports/chat" in found.found


def test_folders_of_a_mailbox_that_are_left_out_and_files_that_are_passed_over(home: Path) -> None:
    mail = "From a@example.org Mon Oct  5 07:00:00 2026\nFrom: a@example.org\nMessage-ID: <1@example.org>\n\n"
    for name in (
        "Мухина/Inbox",
        "Мухина/Спам.mbox",
        "Гусев/Спам.mbox",
        "Гусев/Trash.sbd/Лида",
        "Гусев/Письма Лиды.docx",
        "Гусев/Акты.Лида",
        "Гусев/a.b.msf",
    ):
        (home / "mail" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "mail" / name).write_text(mail if name.rpartition(".")[2] not in ("docx", "Лида", "msf") else "", encoding="utf-8")
    (home / "programme.toml").write_text(HEAD + '[[sources]]\nname = "mail"\nkind = "mailbox"\npath = "mail"\n', encoding="utf-8")
    (found,) = (diagnosis for diagnosis in examine(NOW) if diagnosis.what == "source mail")
    assert found.mend is None
    assert found.found == (
        "1 item can be read; left out: …/Trash/… (thrown away), …/Спам (spam) ×2; files passed over: .docx, .msf, no ending"
    )


def test_what_an_archive_of_reports_holds_beside_them_is_told(home: Path) -> None:
    (home / "zoom").mkdir()
    for name, members in (("отчёты.zip", ("participants_1.csv", "Иванова.mp4", "старое.zip")), ("записи.zip", ("Иванова.mp4",))):
        with zipfile.ZipFile(home / "zoom" / name, "w") as archive:
            for member in members:
                archive.writestr(member, "")
    (home / "programme.toml").write_text(HEAD + '[[sources]]\nname = "zoom"\nkind = "zoom"\npath = "zoom"\n', encoding="utf-8")
    (found,) = (diagnosis for diagnosis in examine(NOW) if diagnosis.what == "source zoom")
    assert found.mend is None
    assert found.found == (
        "1 item can be read; left out: .mp4 (in an archive, and no table), .zip (in an archive, and no table); files passed over: .zip"
    )


def test_neither_path_nor_url(home: Path) -> None:
    found = wrong(home, '[[sources]]\nname = "lms"\nkind = "moodle_db"\n')["source lms"]
    assert "MAYAK_SOURCES__LMS__URL" in found.mend


def test_what_a_source_without_a_path_lacks_is_what_its_kind_asks_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong(home, '[[sources]]\nname = "chat"\nkind = "telegram"\n')["source chat"].mend == "give path in the programme file"
    found = wrong(home, '[[sources]]\nname = "lms"\nkind = "moodle_ws"\n')["source lms"]
    assert found.mend == "set MAYAK_SOURCES__LMS__URL and MAYAK_SOURCES__LMS__TOKEN"
    webinars = '[[sources]]\nname = "webinars"\nkind = "mts_link"\n'
    assert wrong(home, webinars)["source webinars"].mend == "give path in the programme file, or set MAYAK_SOURCES__WEBINARS__TOKEN"
    # A key is all it needs: its address is known. That nobody answers there in this test is another matter.
    monkeypatch.setenv("MAYAK_SOURCES__WEBINARS__TOKEN", "a-key")
    monkeypatch.setenv("MAYAK_SOURCES__WEBINARS__URL", "http://127.0.0.1:9/v3")
    monkeypatch.setattr(READERS["mts_link"].__class__, "items", lambda *_: iter([Item("all", home)]))
    assert "source webinars" not in wrong(home, webinars)


def test_a_database_that_refuses_is_not_mended_by_an_export(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAYAK_SOURCES__LMS__URL", "db.example.org/moodle")
    found = wrong(home, '[[sources]]\nname = "lms"\nkind = "moodle_db"\n')["source lms"]
    assert found.found.startswith("MAYAK_SOURCES__LMS__URL is no database URL")
    assert "MAYAK_SOURCES__LMS__" in str(found.mend)
    assert "export" not in str(found.mend)


def test_a_new_installation_is_not_ill_for_having_no_warehouse_yet(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(wrong(home, "")) == {"sources"}
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "expected a folder that can be written to" in wrong(home, "")["warehouse"].found


def test_a_country_without_a_calendar_and_the_url_of_no_source(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAYAK_SOURCES__LMSS__URL", "postgresql://reader:hunter2@db/moodle")
    found = wrong(home, '[calendar]\ncountry = "XX"\n')
    assert "calendar.country: no public holidays are known for 'XX'" in found["calendar"].found
    assert "no source called lmss" in found["settings"].found
    assert "hunter2" not in str(found)


def test_a_file_that_is_no_warehouse_is_not_said_to_be_in_use(home: Path) -> None:
    (home / "warehouse.duckdb").write_text("not a database", encoding="utf-8")
    found = wrong(home, "")["warehouse"]
    assert "not a valid DuckDB database file" in found.found
    assert "backup" in found.mend


def test_a_warehouse_made_under_another_key(home: Path) -> None:
    with Warehouse.open(home / "warehouse.duckdb") as warehouse:
        warehouse.create_schemas()
        claim(warehouse, home, "p", Pseudonyms(b"the key of another installation"))
    found = wrong(home, "")["warehouse"]
    assert "MAYAK_PSEUDONYM_KEY: not the key" in found.found


def test_a_stale_source_a_failed_load_and_nobody_enrolled(home: Path) -> None:
    with Warehouse.open(home / "warehouse.duckdb") as warehouse:
        warehouse.create_schemas()
        warehouse.connection.execute(
            """
            insert into raw.loads (load_id, source, kind, item, fingerprint, reader_version, state, rows_seen, rows_kept, rows_rejected, covers_until, problem, loaded_at)
            values ('l1', 'old', 'telegram', 'a', 'f', 1, 'loaded', 1, 1, 0, '2026-11-19 05:00:00+00', null, '2026-11-22 04:00:00+00'),
                   ('l2', 'new', 'telegram', 'b', 'f', 1, 'loaded', 1, 1, 0, '2026-11-21 20:59:00+00', null, '2026-11-22 04:00:00+00'),
                   ('l3', 'new', 'telegram', 'c', 'f', 1, 'failed', 0, 0, 0, null, 'c: not JSON', '2026-11-22 04:00:00+00'),
                   ('l4', 'lms', 'generic', '', 'f', 1, 'failed', 0, 0, 0, null, 'lms: the server refuses', '2026-11-22 04:00:00+00')
            """
        )
    for name in ("old", "new", "lms"):
        (home / name).mkdir()
        (home / name / "result.json").write_text("{}", encoding="utf-8")
    found = wrong(home, "".join(f'[[sources]]\nname = "{name}"\nkind = "telegram"\npath = "{name}"\n' for name in ("old", "new", "lms")))
    assert (found["loads of lms"].found, found["loads of lms"].mend) == ("the server refuses", "mend the source; the next run tries again")
    assert found["loads of old"].found == "nothing newer than 72 h"
    assert found["loads of new"].found == "c: not JSON"
    assert "learners" in found
    assert set(found) == {"loads of old", "loads of new", "loads of lms", "learners"}


def test_what_a_readers_earlier_rules_counted_is_counted_once() -> None:
    told = Programme(id="p", name="P", sources=[{"name": "chat", "kind": "telegram", "path": "chat"}])
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        warehouse.connection.execute(
            """
            insert into raw.loads (load_id, source, kind, item, fingerprint, reader_version, state, rows_seen, rows_kept, rows_rejected, loaded_at)
            select cast(version as varchar) || item, 'chat', 'telegram', item, 'f', version, 'loaded', 10, 8 + version, 2 - version, now()
            from (values (1, 'a.json'), (2, 'a.json'), (1, 'gone.json')) as told (version, item)
            """
        )
        (state,) = source_states(warehouse, told)
    assert (state.items, state.rows_kept, state.rows_rejected) == (2, 19, 1)


def test_a_course_and_a_curator_whom_the_lms_does_not_know_are_named(home: Path) -> None:
    with Warehouse.open(home / "warehouse.duckdb") as warehouse:
        warehouse.create_schemas()
        said = "'lms', 'l'"
        for statement in (
            f"insert into raw.courses (course_id, code, source, load_id) values ('c', 'ЦОС-36', {said})",
            f"insert into raw.accounts (account_id, realm, channel, source, load_id) values ('a', 'moodle', 'lms', {said})",
            "insert into personal.accounts (account_id, username, email) values ('a', 'anna', 'Anna@Example.org')",
            f"insert into raw.course_groups (group_id, course_id, name, source, load_id) values ('g', 'c', 'Поток 1', {said})",
            "insert into raw.enrolments (enrolment_id, account_id, course_id, role, state, source, load_id) "
            f"values ('e', 'a', 'c', 'learner', 'active', {said})",
        ):
            warehouse.connection.execute(statement)
    sources = '[[sources]]\nname = "lms"\nkind = "generic"\npath = "."\n'
    fed = sources.replace("path", 'feeds = { "*" = "ЦОС-37" }\npath')
    assert wrong(home, fed)["courses"].mend == "write it as the LMS has it: ЦОС-36"
    assert "sources.lms.feeds: ЦОС-37" in wrong(home, fed)["courses"].found
    groups = '[[courses]]\ncode = "ЦОС-36"\n[[courses.streams]]\ncode = "1"\ngroup = "Поток 11"\n'
    assert "ЦОС-36/1: Поток 11" in wrong(home, sources + groups)["streams"].found
    assert "streams" not in wrong(home, sources + groups.replace("Поток 11", "поток 1"))
    known = wrong(home, sources + '[[courses]]\ncode = "ЦОС-36"\ncurators = ["Anna", "anna@example.org"]\n')
    assert not {"courses", "curators"} & set(known)
    found = wrong(home, sources + '[[courses]]\ncode = "ЦОС"\n[[courses.streams]]\ncode = "1"\ngroup = "g"\ncurators = ["boris"]\n')
    assert "short name ЦОС" in found["courses"].found
    assert "stream ЦОС/1: curator 1" in found["curators"].found
    assert "boris" not in found["curators"].found
