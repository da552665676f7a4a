"""Declared relations as assets: description, columns and owner from the contract in ``sql/schema``, said once and shown everywhere."""

from collections.abc import Iterable
from functools import cache

import dagster as dg

from pipelines.warehouse import Warehouse

#: Who is asked when an asset fails.
OWNERS = ["team:data-engineers"]


@cache
def declared_columns() -> dict[str, dg.TableSchema]:
    """``schema.table`` → its columns with types and meanings, of every table that ``sql/schema`` declares."""
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        columns: dict[str, list[dg.TableColumn]] = {}
        for schema, table, name, kind, comment in warehouse.rows(
            "select schema_name, table_name, column_name, lower(data_type), comment from duckdb_columns() where not internal order by 1, 2, column_index"
        ):
            columns.setdefault(f"{schema}.{table}", []).append(dg.TableColumn(name, kind, comment))
    return {table: dg.TableSchema(found) for table, found in columns.items()}


@cache
def declared_comments() -> dict[str, str]:
    """``schema.table`` → its comment, which opens with the grain ("One row per …")."""
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        rows = warehouse.rows("select schema_name, table_name, comment from duckdb_tables() where not internal order by 1, 2")
    return {f"{schema}.{table}": comment for schema, table, comment in rows}


def relation(
    table: str,
    *,
    group: str | None = None,
    deps: Iterable[dg.AssetKey] = (),
    kinds: set[str] | None = None,
    partitions: dg.PartitionsDefinition | None = None,
) -> dg.AssetSpec:
    """The asset of a declared table ``schema.table``. Raises KeyError for a table that ``sql/schema`` does not declare.

    ``group``: default the schema, which is the stage.
    """
    schema, _, name = table.partition(".")
    return dg.AssetSpec(
        [schema, name],
        group_name=group or schema,
        deps=deps,
        description=declared_comments()[table],
        kinds={"duckdb"} | (kinds or set()),
        owners=OWNERS,
        partitions_def=partitions,
        metadata={"dagster/table_name": table, "dagster/column_schema": declared_columns()[table]},
    )
