"""The warehouse refuses what is not declared and writes the same thing twice without a trace."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from pipelines import warehouse as warehouse_module
from pipelines.errors import BadContract, TransientError
from pipelines.run_lock import run_lock
from pipelines.warehouse import SCHEMAS, Warehouse, engine_beside


def people(*rows: tuple[str, str]) -> pd.DataFrame:
    columns = ["account_id", "person_id", "state", "rule", "score", "candidate_person_id", "decision_id"]
    return pd.DataFrame([(row[0], row[1], "linked", "anchor", 1.0, None, None) for row in rows], columns=columns)


def test_every_declared_table_has_a_key_of_its_own_columns_and_every_column_a_comment(warehouse: Warehouse) -> None:
    tables = warehouse.rows("select schema_name, table_name from duckdb_tables() where schema_name in (select unnest(?))", [list(SCHEMAS)])
    assert len(tables) > 30
    for schema, table in tables:
        assert set(warehouse.key(f"{schema}.{table}")) <= set(warehouse.columns(f"{schema}.{table}"))
    bare = warehouse.rows(
        "select schema_name, table_name, column_name from duckdb_columns() where schema_name in (select unnest(?)) and comment is null "
        "and column_name not in ('source', 'load_id', 'seen_at')",
        [list(SCHEMAS)],
    )
    assert bare == []


def test_personal_tables_share_their_key_with_the_raw_table_of_the_same_name(warehouse: Warehouse) -> None:
    alone = (
        "items", "account_names", "shown_accounts", "shown_readings", "shown_words", "shown_cuts", "called_accounts", "called_parts", "account_keys",
        "contradicted_accounts", "compared_accounts", "compared_people", "compared_names",
    )  # fmt: skip
    for (table,) in warehouse.rows("select table_name from duckdb_tables() where schema_name = 'personal'"):
        if table not in alone:
            half = {"people_decisions": "links", "copy_decisions": "links", "completion_verdicts": "risk"}.get(table, "raw")
            assert warehouse.key(f"personal.{table}") == warehouse.key(f"{half}.{table}")


def test_replacing_twice_gives_what_replacing_once_gives(warehouse: Warehouse) -> None:
    for _ in range(2):
        warehouse.replace("links.people", people(("a2", "p2"), ("a1", "p1")))
    assert warehouse.rows("select account_id from links.people") == [("a1",), ("a2",)]


def test_replacing_a_part_leaves_the_rest(warehouse: Warehouse) -> None:
    warehouse.replace("links.people", people(("a1", "p1"), ("a2", "p2")))
    warehouse.replace("links.people", people(("a2", "p9")), where="account_id = ?", parameters=["a2"])
    assert warehouse.rows("select account_id, person_id from links.people order by 1") == [("a1", "p1"), ("a2", "p9")]


def test_a_frame_unlike_its_contract_is_refused_with_both_sides_named(warehouse: Warehouse) -> None:
    with pytest.raises(BadContract, match=r"links\.people: columns missing: score; columns not declared: points"):
        warehouse.replace("links.people", people(("a1", "p1")).rename(columns={"score": "points"}))


def test_a_key_that_repeats_is_refused_and_nothing_is_written(warehouse: Warehouse) -> None:
    with pytest.raises(BadContract, match="stand more than once"):
        warehouse.replace("links.people", people(("a1", "p1"), ("a1", "p2")))
    assert warehouse.rows("select * from links.people") == []


def test_an_unknown_table_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(BadContract, match=r"raw\.secrets: not declared"):
        warehouse.columns("raw.secrets")


def test_times_come_back_in_utc(warehouse: Warehouse) -> None:
    moment = warehouse.arrow("select timestamptz '2026-11-22 12:00:00+03' as at")
    assert moment.schema.field("at").type == pa.timestamp("us", tz="UTC")
    assert moment["at"][0].as_py().isoformat() == "2026-11-22T09:00:00+00:00"


def test_a_second_process_hears_that_the_file_is_taken(tmp_path: Path) -> None:
    import subprocess
    import sys

    path = tmp_path / "w.duckdb"
    with Warehouse.open(path):
        code = (
            "from pathlib import Path\nfrom pipelines.warehouse import Warehouse\nfrom pipelines.errors import TransientError\n"
            f"try:\n    Warehouse.open(Path({str(path)!r}))\nexcept TransientError as error:\n    print('taken:', 'one at a time' in str(error))"
        )
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "taken: True"
    assert issubclass(TransientError, Exception)


def test_replacements_in_one_transaction_are_all_there_or_none(warehouse: Warehouse) -> None:
    warehouse.replace("links.people", people(("a1", "p1")))
    with pytest.raises(RuntimeError), warehouse.transaction():  # noqa: PT012 – what went before the fault is what is asked about
        warehouse.replace("links.people", people(("a2", "p2")))
        raise RuntimeError("killed")
    assert warehouse.rows("select account_id from links.people") == [("a1",)]
    with warehouse.transaction():
        warehouse.replace("links.people", people(("a3", "p3")))
    assert warehouse.rows("select account_id from links.people") == [("a3",)]


def test_what_the_engine_may_hold_is_narrowed_for_a_block_and_inside_another_block(tmp_path: Path) -> None:
    def held(warehouse: Warehouse) -> str:
        return str(warehouse.value("select current_setting('memory_limit')"))

    def a_list_of_100_mb(warehouse: Warehouse) -> object:
        return warehouse.value("select len(list(number)) from range(12_000_000) as numbers (number)")

    with Warehouse.open(tmp_path / "one.duckdb") as warehouse:
        before = held(warehouse)
        with warehouse.narrowed(memory="128MB"):
            outer = held(warehouse)
            with warehouse.narrowed(memory="64MB", threads=1):
                assert held(warehouse) not in (before, outer)
                with pytest.raises(duckdb.OutOfMemoryException):
                    a_list_of_100_mb(warehouse)
            assert held(warehouse) == outer != before
        after = held(warehouse)
        # What the engine says of its limit and what it holds to are two things (DuckDB's issue 22203).
        assert a_list_of_100_mb(warehouse) == 12_000_000
        with warehouse.at_large(), warehouse.narrowed(memory="64MB"):
            assert held(warehouse) == after
        with warehouse.narrowed(memory="64MB"):
            pass
        assert held(warehouse) == after, "not less each time"
    with Warehouse.open(tmp_path / "one.duckdb", memory_limit="300MB") as warehouse:
        before = held(warehouse)
        with warehouse.narrowed(memory="64MB"):
            assert held(warehouse) == before, "a limit that the operator has set stands"


def test_columns_that_an_older_version_did_not_know_are_added(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with Warehouse.open(path) as warehouse:
        warehouse.create_schemas()
        columns = warehouse.columns("raw.messages")
        for table, column in (
            ("raw.messages", "words"),
            ("links.people_history", "why"),
            ("personal.accounts", "phone"),
            ("risk.scores", "basis"),
        ):
            warehouse.connection.execute(f"alter table {table} drop column {column}")
        warehouse.connection.execute("insert into personal.accounts (account_id, native_id) values ('a1', 'x')")
        warehouse.connection.execute("insert into raw.erasures values ('a2', 'e', now())")
    with Warehouse.open(path) as warehouse:
        warehouse.create_schemas()
        assert dict(sorted(warehouse.columns("raw.messages").items())) == dict(sorted(columns.items()))
        assert warehouse.rows("select account_id, phone from personal.accounts") == [("a1", None)]
        assert "basis" in warehouse.columns("risk.scores")
        warehouse.connection.execute("alter table raw.erasures drop column erased_at")
        with pytest.raises(BadContract, match=r"raw\.erasures: this warehouse is of an older version: its rows lack erased_at"):
            warehouse.create_schemas()


def test_what_the_same_declarations_made_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.duckdb"
    with Warehouse.open(path) as warehouse:
        warehouse.create_schemas()
    declared: list[str] = []
    declare = Warehouse._declare

    def noted(warehouse: Warehouse, schema: str, text: str) -> None:
        declared.append(schema)
        declare(warehouse, schema, text)

    monkeypatch.setattr(Warehouse, "_declare", noted)
    with Warehouse.open(path) as warehouse:
        warehouse.create_schemas()
        assert declared == []
        warehouse.connection.execute("drop table links.people_history; alter table risk.scores drop column basis")
        warehouse.create_schemas()
        assert sorted(set(declared)) == ["links", "risk"]
        assert warehouse.has_table("links.people_history")
        assert "basis" in warehouse.columns("risk.scores")
        declared.clear()
        # A new version's words, if only a comment's, are taken over.
        warehouse.connection.execute("update raw.declared set digest = 'another' where schema_name = 'deliveries'")
        warehouse.create_schemas()
        assert declared == ["deliveries"]


def test_a_schema_is_declared_whole_or_not_at_all(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "raw.sql").write_text("create table raw.half (id varchar); comment on table raw.nowhere is 'Not there.';")
    monkeypatch.setattr("pipelines.warehouse.SQL_FOLDER", tmp_path)
    monkeypatch.setattr("pipelines.warehouse.SCHEMAS", ("raw",))
    monkeypatch.setattr(Warehouse, "_add_columns", lambda *_: None)
    with pytest.raises(duckdb.CatalogException, match="nowhere"):
        warehouse.create_schemas()
    assert not warehouse.has_table("raw.half")
    assert warehouse.has_table("raw.messages")


def test_the_folder_that_is_made_for_a_warehouse_is_its_owners_alone(tmp_path: Path) -> None:
    """Its write-ahead log, which DuckDB makes, and the lists beside it name people too."""
    with Warehouse.open(tmp_path / "opened" / "warehouse.duckdb"), run_lock(tmp_path / "locked" / "warehouse.duckdb", "mayak run daily"):
        for home in ("opened", "locked"):
            assert (tmp_path / home).stat().st_mode & 0o777 == 0o700
    (tmp_path / "own").mkdir(mode=0o750)
    with Warehouse.open(tmp_path / "own" / "warehouse.duckdb"):
        assert (tmp_path / "own").stat().st_mode & 0o777 == 0o750


def test_a_new_warehouse_is_its_owners_alone_and_a_mode_that_was_set_stays(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with Warehouse.open(path):
        assert path.stat().st_mode & 0o077 == 0
    path.chmod(0o640)
    with Warehouse.open(path):
        assert path.stat().st_mode & 0o777 == 0o640


def test_an_engine_beside_lays_nothing_into_the_folder_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with engine_beside("24MB") as engine:
        laid = Path(engine.execute("select current_setting('temp_directory')").fetchall()[0][0])
        engine.execute("create table rows as select md5(range::varchar) as word from range(2_000_000)")
        assert list(laid.iterdir()), "so much does not fit into the memory"
        assert laid.stat().st_mode & 0o777 == 0o700
        assert list(tmp_path.iterdir()) == []
    assert not laid.exists()


def test_what_the_catalogue_says_is_asked_once_until_the_schemas_are_made(tmp_path: Path) -> None:
    with Warehouse.open(tmp_path / "warehouse.duckdb") as warehouse:
        assert not warehouse.has_table("raw.loads")
        warehouse.create_schemas()
        assert warehouse.has_table("raw.loads")
        columns = warehouse.columns("raw.loads")
        columns.clear()
        assert warehouse.columns("raw.loads")
        # Stages come and go: of them nothing is kept.
        assert not warehouse.has_table("facts.streams")
        warehouse.connection.execute("create schema facts; create table facts.streams (stream_id text)")
        assert warehouse.has_table("facts.streams")


def test_no_other_module_opens_an_engine_of_its_own() -> None:
    folder = Path(warehouse_module.__file__).parent
    assert [path.name for path in sorted(folder.rglob("*.py")) if "duckdb.connect(" in path.read_text("utf-8")] == ["warehouse.py"]
