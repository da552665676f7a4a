"""The owner of a warehouse: one programme's, under one key.

Pseudonyms of two keys look alike. With another key everybody would be somebody new from that night on, twice as many learners of whom half fall silent, and
nothing afterwards could tell the two apart. So what writes to a warehouse first asks whether it is its own.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import BadConfiguration
from pipelines.pseudonyms import Pseudonyms
from pipelines.warehouse import Warehouse

#: What the key is known by; a realm that no source can have.
_REALM, _WORD = "mayak:installation", "key"


def claim(warehouse: Warehouse, path: Path, programme_id: str, pseudonyms: Pseudonyms) -> None:
    """Write down whose the warehouse is, or find that it is so. The schemas must be there. Raises BadConfiguration where it is another's."""
    if problem := ownership_problem(warehouse, path, programme_id, pseudonyms):
        raise BadConfiguration(problem)
    if not warehouse.value("select count(*) from raw.installation"):
        warehouse.connection.execute("insert into raw.installation values (?, ?)", [programme_id, pseudonyms.of(_REALM, _WORD)])


def ownership_problem(warehouse: Warehouse, path: Path, programme_id: str, pseudonyms: Pseudonyms) -> str | None:
    """Why the warehouse is not this installation's; None where it is, or where nothing is written down yet."""
    known = warehouse.rows("select programme_id, key_mark from raw.installation") if warehouse.has_table("raw.installation") else []
    if not known:
        return None
    ((programme, mark),) = known
    if programme != programme_id:
        return (
            f"the warehouse {path} is of programme {programme!r}, the programme file of {programme_id!r}: "
            "give each programme a MAYAK_HOME of its own, and leave programme.id as it was"
        )
    if mark != pseudonyms.of(_REALM, _WORD):
        return f"MAYAK_PSEUDONYM_KEY: not the key under which the warehouse {path} was made"
    return None
