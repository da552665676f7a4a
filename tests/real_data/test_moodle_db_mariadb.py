"""The same Moodle 4.5 on MariaDB: every table of the warehouse equals what PostgreSQL gives, also for a user with no rights but those asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from pipelines.loading import load_source
from pipelines.sources.lms.moodle_db import grants
from pipelines.warehouse import Warehouse
from tests.real_data.moodle_to_mariadb import copy
from tests.real_data.test_moodle_db import PROGRAMME, PSEUDONYMS, RUN_AT, SOURCE, url
from tests.servers import SERVERS, server, text_of
from tests.unit.sources.test_moodle_db_servers import tables_of

pytestmark = [pytest.mark.real_data, pytest.mark.postgres, pytest.mark.mariadb, pytest.mark.enable_socket]

__all__ = ["url"]

DATABASE = "mayak_test_moodle45"
READER = "mayak_test_reader"


@pytest.fixture(scope="module")
def mariadb(url: str) -> str:
    """The Moodle of PostgreSQL, copied once."""
    with server("mariadb") as link:
        # Under another name until it is whole: a copy that was cut short is not taken for a database.
        if not link.exec_driver_sql(f"show databases like '{DATABASE}'").first():
            part = f"{DATABASE}_part"
            copy(sa.make_url(url), SERVERS["mariadb"], part)
            link.exec_driver_sql(f"create database {DATABASE} character set utf8mb4 collate utf8mb4_unicode_ci")
            for (table,) in link.exec_driver_sql(f"show tables from {part}").all():
                link.exec_driver_sql(f"rename table {part}.`{table}` to {DATABASE}.`{table}`")
            link.exec_driver_sql(f"drop database {part}")
    return text_of(SERVERS["mariadb"].set(database=DATABASE))


@pytest.fixture(scope="module")
def of_mariadb(mariadb: str) -> Iterator[Warehouse]:
    yield from loaded(mariadb)


@pytest.fixture(scope="module")
def of_postgresql(url: str) -> Iterator[Warehouse]:
    yield from loaded(url)


def loaded(address: str) -> Iterator[Warehouse]:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        (load,) = load_source(warehouse, PROGRAMME, SOURCE, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=address)
        assert load.state == "loaded", load.problem
        yield warehouse


def test_mariadb_and_postgresql_give_identical_tables(of_mariadb: Warehouse, of_postgresql: Warehouse) -> None:
    assert of_mariadb.value("select count(*) from raw.activity") == 73_941
    found, wanted = tables_of(of_mariadb), tables_of(of_postgresql)
    assert found.keys() == wanted.keys()
    for table in wanted:
        assert found[table] == wanted[table], table


@pytest.mark.parametrize("record", ["activity", "messages", "grades", "submissions", "completions"])
def test_the_ledger_counts_the_same(of_mariadb: Warehouse, of_postgresql: Warehouse, record: str) -> None:
    query = "select rows_seen, rows_kept, rows_rejected from raw.load_counts where record = ?"
    assert of_mariadb.rows(query, [record]) == of_postgresql.rows(query, [record])


def test_a_reader_with_the_rights_asked_for_reads_all_of_it(mariadb: str, of_mariadb: Warehouse) -> None:
    address = sa.make_url(mariadb)
    with sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool).connect() as link:
        link.exec_driver_sql(f"create or replace user {READER}@'%%' identified by 'of this test'")
        try:
            script = re.sub(r"(?m)^--.*$", "", grants.mariadb()).replace("`mayak`@", f"`{READER}`@")
            first, second, _ = script.split(";\n", 2)
            link.exec_driver_sql(first)
            for (statement,) in link.exec_driver_sql(second.replace("%", "%%")).all():
                link.exec_driver_sql(statement.rstrip(";").replace("%", "%%"))
            for warehouse in loaded(text_of(address.set(username=READER, password="of this test"))):
                assert tables_of(warehouse) == tables_of(of_mariadb)
        finally:
            link.exec_driver_sql(f"drop user {READER}@'%%'")
            link.exec_driver_sql("drop view if exists mdl_mayak_settings")
