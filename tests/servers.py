"""Database servers on this machine, for tests that need one: a scratch database each, or a skip that says why."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

#: libpq's and MySQL's own variables may point elsewhere.
SERVERS = {
    "postgresql": URL.create(
        "postgresql+psycopg",
        username=os.environ.get("PGUSER", "postgres"),
        password=os.environ.get("PGPASSWORD"),
        host=os.environ.get("PGHOST", "127.0.0.1"),
        port=int(os.environ.get("PGPORT", "5432")),
        database="postgres",
    ),
    "mariadb": URL.create(
        "mysql+pymysql",
        username=os.environ.get("MYSQL_USER", "root"),
        password=os.environ.get("MYSQL_PWD"),
        host=os.environ.get("MYSQL_HOST", "127.0.0.1"),
        port=int(os.environ.get("MYSQL_TCP_PORT", "3306")),
    ),
}
#: Parameters for tests of both; PyMySQL opens its socket in Python.
BOTH = [
    pytest.param("postgresql", marks=pytest.mark.postgres),
    pytest.param("mariadb", marks=[pytest.mark.mariadb, pytest.mark.enable_socket]),
]


@contextmanager
def server(kind: str) -> Iterator[sa.Connection]:
    """A connection to the server, every statement of its own; skips where there is none."""
    url = SERVERS[kind]
    try:
        connection = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool).connect()
    except OperationalError:
        pytest.skip(f"no {kind} at {url.host}:{url.port}")
    with connection:
        yield connection


@contextmanager
def scratch(kind: str) -> Iterator[URL]:
    """The URL of a new database, dropped afterwards."""
    name = f"mayak_test_{uuid.uuid4().hex[:12]}"
    with server(kind) as link:
        link.exec_driver_sql(f"create database {name}" + (" character set utf8mb4 collate utf8mb4_unicode_ci" if kind == "mariadb" else ""))
        try:
            yield SERVERS[kind].set(database=name)
        finally:
            link.exec_driver_sql(f"drop database {name}" + (" with (force)" if kind == "postgresql" else ""))


def text_of(url: URL) -> str:
    """The URL as it stands in the environment."""
    return url.render_as_string(hide_password=False)
