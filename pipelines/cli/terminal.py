"""What the commands share: the terminal, the day that is meant, the warehouse, and the one person who is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column

from pipelines.settings import read_settings
from pipelines.warehouse import Warehouse

if TYPE_CHECKING:
    from pipelines.explain import Person

console = Console()
problems = Console(stderr=True)

By = Annotated[str | None, typer.Option("--by", help="Who decides; kept with the personal data.")]
Note = Annotated[str | None, typer.Option("--note", help="Why, in one's own words; kept with the personal data.")]


def as_of_day(text: str | None, zone: str) -> date:
    """The day asked for, or yesterday in the programme's time zone: the last day that is over."""
    return day_of(text) or datetime.now(ZoneInfo(zone)).date() - timedelta(days=1)


def day_of(text: str | None, option: str = "--as-of") -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-11-22", param_hint=option) from error


def id_column(heading: str) -> Column:
    """A column of ids that are typed into other commands: whole, however narrow the terminal."""
    return Column(heading, no_wrap=True, overflow="fold")


@contextmanager
def open_warehouse(*, read_only: bool = False) -> Iterator[Warehouse]:
    settings = read_settings()
    with Warehouse.open(settings.warehouse_path, read_only=read_only) as warehouse:
        if not read_only:
            warehouse.create_schemas()
        yield warehouse


def only_person(warehouse: Warehouse, learner: str, *, whole: bool = False) -> Person:
    """The one person who is meant (by the ``whole`` name, or a part of it); ends the command with those who match where it is not one."""
    from pipelines.explain import find_people

    people = find_people(warehouse, learner, whole=whole)
    if len(people) == 1:
        return people[0]
    problems.print(f"{len(people)} people match" + (": say which, by person id:" if people else ""))
    for person in people[:20]:
        problems.print(f"  {person.person_id}  {escape(person.name)}")
    raise typer.Exit(1)
