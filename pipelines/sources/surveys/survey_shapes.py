"""Where things stand in a download of Google or Microsoft Forms whose header is in a language that is not known: told by what the cells hold.

- *Microsoft Forms*, in every language: a number, two moments of which the second is not the earlier, an address or "anonymous", a name; behind them may
  stand when the response was changed (a moment or nothing) and the language it was given in.
- *Google Forms*, in every language: a moment with its clock; where the form asks for addresses, an address.

Numbers that only count the rows ask nothing, whatever they are called.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.delimited import Header
from pipelines.sources.formats.local_times import OrderEvidence, to_utc
from pipelines.sources.formats.tables import TableFile

#: Rows that are looked at.
_ROWS = 200
#: Numbers one after another that are no chance.
_FEWEST_COUNTED = 3
_LONGEST_NUMBER = 9
_CLOCK = re.compile(r"\d:\d\d")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}", re.IGNORECASE)
_NOBODY = frozenset(("anonymous", "аноним", "анонимно", "anonym", "anonyme", "anónimo", "anônimo", "anonimo", "анонім"))
#: "English (United States)", "русский": a language as Microsoft writes it, with a mark of direction behind it.
_LANGUAGE = re.compile(r"[^\W\d_]+(?: \([^()]+\))?\u200e?")
_ID, _BEGUN, _TIME, _EMAIL, _NAME, _MORE = range(6)


def places_of(file: TableFile, header: Header) -> dict[str, int]:
    """Own name → column of what is about the response; empty where the shape is neither service's."""
    columns = _columns(file, header)
    if not columns:
        return {}
    if found := _microsoft(columns):
        return found
    # A log has moments in its first column, too, and network addresses.
    if len(columns) < 2 or _moments(columns[0]) is None or _moments(columns[1]) is not None or any(_all(column, _IP) for column in columns):
        return {}
    return {"time": 0}


def places_beside(file: TableFile, header: Header, places: dict[str, int]) -> dict[str, int]:
    """More columns about the response, where those that the words tell are known: Microsoft's, addresses behind the time, network addresses, and
    numbers that count the rows."""
    columns = _columns(file, header)
    if not columns:
        return {}
    found = _microsoft(columns)
    found = found if found.get("time") == places["time"] else {}
    beside = places["time"] + 1
    if "email" not in places and "email" not in found and beside < len(columns) and _all(columns[beside], _ADDRESS):
        found["email"] = beside
    taken = {*places.values(), *found.values()}
    if 0 not in taken and _counts(columns[0]):
        found["counting"] = 0
    return found | {f"network {place}": place for place, cells in enumerate(columns) if place not in taken and _all(cells, _IP)}


def _counts(cells: Sequence[str]) -> bool:
    """Do the cells count the rows, up or down?"""
    if len(cells) < _FEWEST_COUNTED or not all(cell.isdecimal() and len(cell) <= _LONGEST_NUMBER for cell in cells):
        return False
    return {int(later) - int(earlier) for earlier, later in pairwise(cells)} in ({1}, {-1})


def _microsoft(columns: Sequence[list[str]]) -> dict[str, int]:
    if len(columns) <= _MORE or not all(cell.isdecimal() for cell in columns[_ID]):
        return {}
    begun, ended = _moments(columns[_BEGUN]), _moments(columns[_TIME])
    if begun is None or ended is None or pc.any(pc.less(ended, begun)).as_py():
        return {}
    if not all(_ADDRESS.fullmatch(cell) or cell.casefold() in _NOBODY for cell in columns[_EMAIL]):
        return {}
    found = {"id": _ID, "begun": _BEGUN, "time": _TIME, "email": _EMAIL, "name": _NAME}
    for place in (_MORE, _MORE + 1):
        if place >= len(columns):
            break
        told = [cell for cell in columns[place] if cell]
        if place == _MORE and told and _moments(told) is not None:
            found["changed"] = place
        elif told and all(cell.endswith("\u200e") and _LANGUAGE.fullmatch(cell) for cell in told):
            found["language"] = place
    return found


def _columns(file: TableFile, header: Header) -> list[list[str]]:
    width = len(header.cells)
    # A workbook leaves out empty cells at the end of a row.
    rows = islice(
        ([*cells, *[""] * (width - len(cells))] for number, cells in file.rows() if number > header.line and len(cells) <= width), _ROWS
    )
    return [[cell.strip() for cell in column] for column in zip(*rows, strict=True)]


def _all(cells: Sequence[str], pattern: re.Pattern[str]) -> bool:
    told = [cell for cell in cells if cell]
    return bool(told) and all(pattern.fullmatch(cell) for cell in told)


def _moments(cells: Sequence[str]) -> pa.Array | None:
    """The cells as moments; None unless each is one, with a clock."""
    if not cells or not all(_CLOCK.search(cell) for cell in cells):
        return None
    texts = pa.array(cells, pa.string())
    evidence = OrderEvidence()
    evidence.add(texts)
    moments, _ = to_utc(texts, evidence.order("day first"), ZoneInfo("UTC"))
    return None if moments.null_count else moments
