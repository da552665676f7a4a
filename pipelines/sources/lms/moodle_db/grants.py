"""The rights that a user for this reader needs, as SQL that prints the ``grant`` statements: columns of tables, nothing else.

``python -m pipelines.sources.lms.moodle_db.grants`` writes ``sql/extract/moodle/grants_postgresql.sql`` and ``grants_mariadb.sql`` anew from
:data:`TABLES`; a test holds them to it. Of ``config``, which holds passwords of mail servers and keys of services, only a view with the
few settings that are read is given; of ``user`` everything but the password.
"""

from __future__ import annotations

from pipelines.settings import SQL_FOLDER
from pipelines.sources.lms.moodle_db.tables import ACTIVITY_COLUMNS, SETTINGS, SETTINGS_VIEW, STAND_INS, TABLES

POSTGRESQL = SQL_FOLDER / "extract" / "moodle" / "grants_postgresql.sql"
MARIADB = SQL_FOLDER / "extract" / "moodle" / "grants_mariadb.sql"

_HEAD = """-- Prints what a read-only user needs to be granted for Mayak: the columns it reads and no others, of those tables that this site has.
-- Written by `python -m pipelines.sources.lms.moodle_db.grants` from the list of what is read; do not edit, except for the two names below.
"""


def _columns() -> dict[str, tuple[str, ...]]:
    """Table → columns granted. What an older version has in the place of a table is granted too."""
    found = {table: columns for table, columns in TABLES.items() if table != "config"}
    for table, column, _ in STAND_INS.values():
        if table in found and column not in found[table]:
            found[table] = (*found[table], column)
    return found


def postgresql() -> str:
    """For ``psql``: prints the statements and runs them (``\\gexec``)."""
    wanted = ",\n    ".join(f"('{table}', '{','.join(columns)}')" for table, columns in _columns().items())
    names = ", ".join(f"''{name}''" for name in SETTINGS)
    activity = ", ".join(f"'{column}'" for column in ACTIVITY_COLUMNS)
    return f"""{_HEAD}-- First: create role mayak login password '…';   Then, as the owner of Moodle's tables: psql moodle --file grants_postgresql.sql
with names (prefix, reader) as (values ('mdl_', 'mayak')),
wanted (name, cols) as (values
    {wanted}),
-- Activity types of plug-ins, whatever they are called: their names are read and their introductions.
activities as (
    select c.table_name from information_schema.columns c
    where c.table_schema = current_schema() and c.column_name in ({activity})
    group by c.table_name having count(*) = {len(ACTIVITY_COLUMNS)}),
given as (
    select c.table_name, string_agg(format('%I', c.column_name), ', ' order by c.ordinal_position) as cols
    from names
    join information_schema.columns c on c.table_schema = current_schema() and left(c.table_name, length(prefix)) = prefix
    left join wanted w on prefix || w.name = c.table_name
    where c.column_name = any (string_to_array(w.cols, ','))
        or (w.name is null and c.column_name in ({activity}) and c.table_name in (select table_name from activities))
    group by c.table_name)
select format('grant usage on schema %I to %I', current_schema(), reader) as statement from names
union all
select format('create or replace view %I as select id, name, value from %I where name in ({names})', prefix || '{SETTINGS_VIEW}', prefix || 'config') from names
union all
select format('grant select on %I to %I', prefix || '{SETTINGS_VIEW}', reader) from names
union all
select format('grant select (%s) on %I to %I', cols, table_name, reader) from names, given
\\gexec
"""


def mariadb() -> str:
    """For ``mariadb``: prints the statements, to be run by a second ``mariadb``."""
    wanted = "\n    union all ".join(f"select '{table}' as name, '{','.join(columns)}' as cols" for table, columns in _columns().items())
    names = ", ".join(f"''{name}''" for name in SETTINGS)
    activity = ", ".join(f"'{column}'" for column in ACTIVITY_COLUMNS)
    return f"""{_HEAD}-- First: create user mayak@'%' identified by '…';
-- Then, as a user who may grant: mariadb --skip-column-names --raw moodle < grants_mariadb.sql | mariadb moodle
set session group_concat_max_len = 65535;
select concat('create or replace view `', prefix, '{SETTINGS_VIEW}` as select id, name, value from `', prefix, 'config` where name in ({names});') as statement
from (select 'mdl_' as prefix, '`mayak`@`%`' as reader) names
union all
select concat('grant select on `', database(), '`.`', prefix, '{SETTINGS_VIEW}` to ', reader, ';')
from (select 'mdl_' as prefix, '`mayak`@`%`' as reader) names
union all
select concat('grant select (', group_concat('`', c.column_name, '`' order by c.ordinal_position separator ', '), ') on `', database(), '`.`', c.table_name, '` to ', reader, ';')
from (select 'mdl_' as prefix, '`mayak`@`%`' as reader) names
join information_schema.columns c on c.table_schema = database() and left(c.table_name, length(prefix)) = prefix
left join (
    {wanted}) w on concat(prefix, w.name) = c.table_name
-- Activity types of plug-ins, whatever they are called: their names are read and their introductions.
left join (
    select a.table_name from information_schema.columns a
    where a.table_schema = database() and a.column_name in ({activity})
    group by a.table_name having count(*) = {len(ACTIVITY_COLUMNS)}) t on t.table_name = c.table_name
where find_in_set(c.column_name, w.cols) or (w.name is null and t.table_name is not null and c.column_name in ({activity}))
group by reader, c.table_name;
"""


def main() -> None:
    """Write both files anew."""
    POSTGRESQL.write_text(postgresql(), encoding="utf-8")
    MARIADB.write_text(mariadb(), encoding="utf-8")


if __name__ == "__main__":
    main()
