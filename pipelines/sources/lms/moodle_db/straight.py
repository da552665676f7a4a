"""Rows of a query straight to Arrow, in batches bounded in bytes: by PostgreSQL's COPY, by ConnectorX in ranges of ids, or row by row.

Which way is taken where, and what each costs: ``docs/decisions/0009-straight-to-arrow.md``. All ways give the same batches.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from pyarrow import csv
from sqlalchemy.engine import URL, Connection

from pipelines.errors import BadSource, SourceAway

#: Rows of one batch at most, and bytes after which one is given: a submission may be a page or a book.
BATCH_ROWS = 50_000
BATCH_BYTES = 8 << 20
#: Rows fetched at once where a driver hands them over one by one.
FETCH_ROWS = 1_000
#: Rows of one range of ids: a quarter of what the loader hands to the engine at once. With twice as many, MariaDB's driver holds 50 MB more.
RANGE_ROWS = 31_250

#: Columns of query results that hold text and real numbers; all others hold whole numbers.
TEXT = frozenset(
    {
        "activity", "archetype", "availability", "city", "commenttext", "component", "contenthash", "email", "enrol", "eventname", "extra", "feedback", "feedbackname",
        "filename", "firstname", "format", "forumtype", "fullmessage", "fullmessagehtml", "fullname", "groupingname", "idnumber", "institution", "intro",
        "itemname", "itemmodule", "itemtype", "lang", "lastname", "message", "meta", "mimetype", "modname", "name", "objecttable", "onlinetext", "origin",
        "other", "phone1", "phone2", "presentation", "scale", "scormbest", "scormraw", "scormstarted", "sectionavailability", "shortname", "smallmessage", "state", "status_word", "subject", "timezone", "topic", "typ", "type_word",
        "user_email", "username", "value", "workflowstate", "attachment",
    }
)  # fmt: skip
REAL = frozenset({"grade", "maxgrade", "passgrade", "sumgrades", "quizsumgrades", "quizgrade", "finalgrade", "grademax", "assigngrade"})


def type_of(name: str) -> pa.DataType:
    """Arrow type of a column of a query's result."""
    return pa.string() if name in TEXT else pa.float64() if name in REAL else pa.int64()


# -- COPY ---------------------------------------------------------------------------------------------------------------------


def can_copy(connection: Connection) -> bool:
    """Is this a PostgreSQL spoken to by psycopg?"""
    return connection.dialect.name == "postgresql" and connection.dialect.driver == "psycopg"


def copied(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> Iterator[pa.Table]:
    """Rows of a query of PostgreSQL through ``COPY … TO STDOUT``, inside the connection's own transaction and snapshot; at least one batch."""
    psycopg = import_module("psycopg")
    compiled = sa.text(statement).compile(dialect=connection.dialect)
    given = {name: parameters[name] for name in compiled.params}
    # Begins the transaction where none is open yet, with the isolation that SQLAlchemy has set.
    connection.exec_driver_sql("select 1")
    driver = connection.connection.driver_connection
    assert driver is not None
    try:
        with (
            driver.cursor() as cursor,
            cursor.copy(f"copy ({compiled.string}) to stdout (format csv, header, force_quote *)", given),
        ):
            yield from _parsed(_rows(psycopg, driver.pgconn))
    except psycopg.OperationalError as error:
        raise sa.exc.OperationalError("copy", None, error) from None
    except psycopg.Error as error:
        raise sa.exc.ProgrammingError("copy", None, error) from None


def _rows(psycopg: Any, connection: Any) -> Iterator[bytes]:
    """The messages of the COPY that has begun, one row each.

    As psycopg's own iterator gives them, but for what that does between two of them, which takes as long as the rest: it makes ready to wait for each
    row, and most have come with the one before.
    """
    with DefaultSelector() as waiting:
        waiting.register(connection.socket, EVENT_READ)
        while (found := connection.get_copy_data(1))[0] >= 0:
            if found[0]:
                yield found[1]
            else:
                waiting.select()
                connection.consume_input()
    # The connection takes no other command before all that the server has to say of this one is heard.
    failed = [result for result in iter(connection.get_result, None) if result.status != psycopg.pq.ExecStatus.COMMAND_OK]
    if failed:
        raise psycopg.errors.error_from_result(failed[0])


def _parsed(rows: Iterator[bytes]) -> Iterator[pa.Table]:
    # PostgreSQL sends one row a message: a batch never ends within a row.
    names = bytes(next(iter(rows))).decode().strip().replace('"', "").split(",")
    held, size, count, is_first = io.BytesIO(), 0, 0, True
    for row in rows:
        size += held.write(row)
        count += 1
        if size >= BATCH_BYTES or count >= RANGE_ROWS:
            yield _csv(names, held, size)
            held, size, count, is_first = io.BytesIO(), 0, 0, False
    if size or is_first:
        yield _csv(names, held, size)


def _csv(names: list[str], content: io.BytesIO, size: int) -> pa.Table:
    schema = pa.schema([(name, type_of(name)) for name in names])
    if not size:
        return schema.empty_table()
    content.seek(0)
    try:
        return csv.read_csv(
            content,
            # One block: a text may be longer than Arrow's own.
            read_options=csv.ReadOptions(column_names=names, block_size=size + 1),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            # Everything that is there is quoted; what is not is null.
            convert_options=csv.ConvertOptions(
                column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        # Its own text would quote the value.
        raise BadSource(f"a query's result is not what it should be: columns {', '.join(names)}") from None


# -- ranges of ids --------------------------------------------------------------------------------------------------------------


def can_range(url: URL) -> bool:
    """Is this a MariaDB or MySQL that ConnectorX can reach: by host, and without options of the driver's own (certificates, sockets)?"""
    return (
        url.get_backend_name() in ("mysql", "mariadb")
        and find_spec("connectorx") is not None
        and bool(url.host)
        and set(url.query) <= {"charset"}
    )


def ranged(url: URL, statement: str, after: int) -> Iterator[pa.Table]:
    """Rows of a query with ``:after``, ordered by ``id``, through ConnectorX: one range of at most :data:`RANGE_ROWS` rows after the other.

    It opens a connection of its own, so what it reads must only grow. Raises SourceAway where the connection breaks off.
    """
    connectorx = import_module("connectorx")
    address = url.set(drivername="mysql", query={}).render_as_string(hide_password=False)
    while True:
        query = statement.replace(":after", str(int(after))).rstrip().rstrip(";") + f"\nlimit {RANGE_ROWS}"
        try:
            found = connectorx.read_sql(address, query, return_type="arrow")
        except Exception as error:  # its own class is not public; its text may hold the password
            raise SourceAway(f"the connection broke off while reading the log ({type(error).__name__})") from None
        part = found.cast(pa.schema([(name, type_of(name)) for name in found.column_names]))
        if part.num_rows or after < 0:
            yield part
        if part.num_rows < RANGE_ROWS:
            return
        after = part["id"][-1].as_py()


# -- row by row -----------------------------------------------------------------------------------------------------------------


def fetched(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> Iterator[pa.Table]:
    """Rows of a query through the driver, streamed from the server; at least one batch."""
    result = connection.execute(sa.text(statement), parameters, execution_options={"stream_results": True, "yield_per": FETCH_ROWS})
    names = list(result.keys())
    held: list[pa.Table] = []
    size = count = 0
    is_first = True
    for rows in result.partitions(min(FETCH_ROWS, BATCH_ROWS)):
        held.append(arrow(names, list(zip(*rows, strict=True))))
        size, count = size + held[-1].nbytes, count + len(rows)
        if size >= BATCH_BYTES or count >= BATCH_ROWS:
            yield pa.concat_tables(held).combine_chunks()
            held, size, count, is_first = [], 0, 0, False
    if held or is_first:
        yield pa.concat_tables(held).combine_chunks() if held else arrow(names, [() for _ in names])


def arrow(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> pa.Table:
    """A table of the columns' values, typed by their names."""
    return pa.table([_column(name, values) for name, values in zip(names, columns, strict=True)], names=list(names))


def _column(name: str, values: Sequence[Any]) -> pa.Array:
    if name in TEXT:
        try:
            return pa.array(values, pa.string())
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return pa.array([value if value is None else _text(value) for value in values], pa.string())
    if name in REAL:
        # Decimal on MariaDB and MySQL, float or int on SQLite
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    try:
        return pa.array(values, pa.int64())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        try:
            return pa.array([None if value in (None, "") else int(value) for value in values], pa.int64())
        except (TypeError, ValueError):
            raise BadSource(f"column {name}: expected whole numbers, found something else") from None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
