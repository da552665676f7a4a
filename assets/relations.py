"""Declared relations as assets: description, columns and owner from the contract in ``sql/schema``, said once and shown everywhere."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import dagster as dg

from pipelines.warehouse import Warehouse

#: Who is asked when an asset fails.
OWNERS = ["team:data-engineers"]


@dataclass(frozen=True)
class Declared:
    """A table as ``sql/schema`` declares it. ``comment`` opens with the grain ("One row per …")."""

    comment: str
    columns: dg.TableSchema


@cache
def declared() -> dict[str, Declared]:
    """``schema.table`` → what ``sql/schema`` says of it: columns with types and meanings."""
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        comments = warehouse.rows("select schema_name || '.' || table_name, comment from duckdb_tables() where not internal order by 1")
        rows = warehouse.rows(
            "select schema_name || '.' || table_name, column_name, lower(data_type), comment from duckdb_columns() where not internal order by 1, column_index"
        )
    columns: dict[str, list[dg.TableColumn]] = defaultdict(list)
    for table, name, kind, comment in rows:
        columns[table].append(dg.TableColumn(name, kind, comment))
    return {table: Declared(comment, dg.TableSchema(columns[table])) for table, comment in comments}


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
        description=declared()[table].comment,
        kinds={"duckdb"} | (kinds or set()),
        owners=OWNERS,
        partitions_def=partitions,
        metadata={"dagster/table_name": table, "dagster/column_schema": declared()[table].columns},
    )
