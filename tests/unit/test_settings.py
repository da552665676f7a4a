"""Settings and the programme file: a typing error never passes for a default, a secret is never printed."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from pipelines.errors import BadConfiguration
from pipelines.programme import KINDS_OF_KEYS, KINDS_WITHOUT_FILES, Source, read_programme
from pipelines.settings import PROJECT, read_settings
from pipelines.sources import READERS, SERVED_KINDS, SERVED_OR_FILES

KEY = "a-key-that-is-long-enough"
SOURCES = PROJECT / "pipelines" / "sources"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("MAYAK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MAYAK_PSEUDONYM_KEY", KEY)


def test_the_environment_is_read_and_the_key_stays_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAYAK_HOME", "/srv/mayak")
    monkeypatch.setenv("MAYAK_SOURCES__LMS__URL", "postgresql+psycopg://reader:hunter2@db/moodle")
    settings = read_settings()
    assert settings.warehouse_path == Path("/srv/mayak/warehouse.duckdb")
    assert settings.url_of("lms") == "postgresql+psycopg://reader:hunter2@db/moodle"
    assert settings.url_of("chat") is None
    assert "hunter2" not in repr(settings)
    assert KEY not in repr(settings)


@pytest.mark.parametrize("name", ["MAYAK_HOEM", "MAYAK_PSEUDONYM_KEYS"])
def test_an_unknown_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "value-not-to-be-shown")
    with pytest.raises(BadConfiguration, match=name) as caught:
        read_settings()
    assert "value-not-to-be-shown" not in str(caught.value)


def test_a_missing_key_and_a_short_key_are_named_without_their_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAYAK_PSEUDONYM_KEY", "short")
    with pytest.raises(BadConfiguration, match=r"MAYAK_PSEUDONYM_KEY.*at least 16 bytes") as caught:
        read_settings()
    assert "short" not in str(caught.value).replace("shorter", "")
    monkeypatch.delenv("MAYAK_PSEUDONYM_KEY")
    with pytest.raises(BadConfiguration, match="MAYAK_PSEUDONYM_KEY: is not set"):
        read_settings()


def write(folder: Path, text: str) -> Path:
    path = folder / "programme.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_small_programme_has_sensible_defaults(tmp_path: Path) -> None:
    programme = read_programme(
        write(tmp_path, '[programme]\nid = "cos"\nname = "ЦОС"\n[[sources]]\nname = "chat"\nkind = "telegram"\npath = "chats"\n')
    )
    assert programme.time_zone == "Europe/Moscow"
    assert programme.lists.length == 15
    assert programme.path_of(programme.source("chat")) == tmp_path / "chats"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            '[programme]\nid="a"\nname="b"\ntimezone="UTC"\n', "timezone: no such key, did you mean 'time_zone'", id="unknown key"
        ),
        pytest.param('[programme]\nid="a"\nname="b"\ntime_zone="Mars/Base"\n', "no such time zone", id="no such zone"),
        pytest.param('[programme]\nid="a"\n', "name: is missing", id="missing name"),
        pytest.param('[programme]\nid="a"\nname="b"\nqqq=1\n', r"qqq: no such key \(there are: id, name, ", id="a key like no other"),
        pytest.param('id="a"\n', r"section \[programme\] is missing", id="no section"),
        pytest.param("[programme\n", "not valid TOML", id="not toml"),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n' + '[[sources]]\nname="x"\nkind="zoom"\npath="p"\n' * 2, "source named twice: x", id="twice"
        ),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n[[sources]]\nname="x"\nkind="zoom"\npaht="p"\n',
            r"sources\.x\.paht: no such key, did you mean 'path'",
            id="typing error in a source",
        ),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n[[sources]]\nname="x"\nkind="telegram"\npath="p"\nfolders=["INBOX"]\nscale={ "вполне" = 4 }\n',
            r"sources\.x: expected keys that the kind 'telegram' has a use for; found folders \(a key of imap, mailbox\); scale \(a key of survey_csv, moodle_db\)",
            id="keys of other kinds",
        ),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n[[sources]]\nname="x"\nkind="moodle_db"\npath="dump.sql"\n',
            r"sources\.x: expected keys .*'moodle_db'.*; found path \(its address stands in MAYAK_SOURCES__X__URL\)",
            id="a path for a server",
        ),
        pytest.param('[programme]\nid="a"\nname="b"\ntime_zone="Europe"\n', "time_zone: .*no such time zone: 'Europe'", id="half a zone"),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n[[sources]]\nname="x"\nkind="zoom"\npath="p"\ntime_zone="Nowhere"\n',
            r"sources\.x\.time_zone: no such time zone: 'Nowhere'",
            id="no such zone of a source",
        ),
        pytest.param('[programme]\nid="a"\nname="b"\nlanguages=[]\n', "languages: .*at least 1", id="no language"),
        pytest.param(
            '[programme]\nid="a"\nname="b"\nstream_pattern="(stream"\n', "stream_pattern: .*no regular expression", id="no pattern"
        ),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n[calendar]\nworking_days=[0, 1]\n',
            r"calendar\.working_days no\. 1: expected 1 or more; found 0",
            id="no weekday",
        ),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n[calendar]\nwork_from=18:00:00\nwork_until=09:00:00\n',
            "work_from 18:00:00 is not before",
            id="work backwards",
        ),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n[calendar]\nwork_from=9\nwork_until=18\n',
            r'calendar\.work_from: expected a time of day such as "09:00"; found 9; calendar\.work_until: expected .*; found 18',
            id="an hour as a number, which would be seconds past midnight",
        ),
        pytest.param('[programme]\nid="a"\nname="b"\n[calendar]\nwork_from="9 h"\n', r"such as .*; found '9 h'", id="no time of day"),
        pytest.param(
            '[programme]\nid="a"\nname="b"\nlanguages=["de"]\n', r"languages no\. 1: expected 'ru' or 'en'; found 'de'$", id="a language"
        ),
        pytest.param(
            '[programme]\nid="a"\nname="b"\nlanguages="ru"\n', "languages: expected a list in square brackets; found 'ru'", id="a list"
        ),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n[calendar]\ndays_off=["23.11.2026"]\n',
            r"calendar\.days_off no\. 1: expected a day such as 2026-09-01; found '23\.11\.2026'",
            id="a day",
        ),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n[[sources]]\nname="Chat"\nkind="zoom"\npath="p"\n',
            r"sources\.Chat\.name: expected small Latin letters, digits and underscores, a letter first; found 'Chat'",
            id="name of a source",
        ),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n[[courses]]\ncode="A"\n[[courses.streams]]\ncode="1"\nstarts=2026-11-02\nends=2026-10-02\n',
            r"courses\.A\.streams\.1: .*ends 2026-10-02, before it starts 2026-11-02",
            id="stream backwards",
        ),
        pytest.param(
            '[programme]\nid="a"\nname="b"\n[[courses]]\ncode="A"\n' + '[[courses.streams]]\ncode="1"\n' * 2,
            r"courses\.A: .*stream named twice: 1",
            id="stream twice",
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadConfiguration, match=says) as caught:
        read_programme(write(tmp_path, text))
    assert "programme.toml" in str(caught.value)


def test_the_kinds_that_have_a_use_for_a_key_are_kinds_whose_readers_ask_for_it() -> None:
    """The table of keys says what the readers do: every key of a source but those of all kinds, and no kind that there is no reader of."""
    for_all = {"name", "kind", "path", "realm", "course", "stream", "feeds", "time_zone", "required"}
    assert set(KINDS_OF_KEYS) == set(Source.model_fields) - for_all
    assert {kind for kinds in KINDS_OF_KEYS.values() for kind in kinds} <= set(READERS)
    assert set(KINDS_WITHOUT_FILES) == set(SERVED_KINDS) - SERVED_OR_FILES
    asking = {
        key: {path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.py") if f"source.{key}" in path.read_text(encoding="utf-8")}
        for key in KINDS_OF_KEYS
    }
    shared = {"surveys/likert.py": {"survey_csv", "moodle_db"}}
    homes = {kind: place.split(":")[0].replace(".", "/") for kind, place in READERS.places.items()}
    for key, files in asking.items():
        kinds = {kind for kind, home in homes.items() if any(file == f"{home}.py" or file.startswith(f"{home}/") for file in files)}
        kinds |= {kind for file in files for kind in shared.get(file, ())}
        assert kinds == set(KINDS_OF_KEYS[key]), key


def test_hours_of_work_are_written_as_a_clock_shows_them(tmp_path: Path) -> None:
    for said in ('"9:00"', '"09:00"', "09:00:00"):
        calendar = read_programme(write(tmp_path, f'[programme]\nid="a"\nname="b"\n[calendar]\nwork_from={said}\n')).calendar
        assert calendar.work_from == time(9)


@pytest.mark.parametrize(
    "text",
    [
        '[[courses]]\ncode="A"\ncurators="s.ivanova"\n',
        '[lists]\ntelegram = { "s.ivanova" = "ivanova" }\n',
        "[lists]\ntelegram = 'ivanova'\n",
    ],
)
def test_an_error_calls_nobody_by_log_in(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadConfiguration, match=r"(curators|lists\.telegram): expected") as caught:
        read_programme(write(tmp_path, f'[programme]\nid="a"\nname="b"\n{text}'))
    assert "ivanova" not in str(caught.value)


def test_a_missing_file_says_where_to_find_an_example(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"docs/configuration\.md"):
        read_programme(tmp_path / "programme.toml")


def test_a_programme_file_that_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"expected a programme file that can be read; found: Is a directory"):
        read_programme(tmp_path)
    path = tmp_path / "programme.toml"
    path.write_bytes('[programme]\nid = "a"\nname = "Цель"\n'.encode("cp1251"))
    with pytest.raises(BadConfiguration, match=r"programme\.toml: line 3: expected text in UTF-8"):
        read_programme(path)


def test_a_programme_file_of_a_windows_editor_is_read(tmp_path: Path) -> None:
    path = tmp_path / "programme.toml"
    path.write_text('[programme]\nid = "a"\nname = "b"\n', encoding="utf-8-sig")
    assert read_programme(path).id == "a"
