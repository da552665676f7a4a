"""``mayak erase``: one learner out of everything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.terminal import console, only_person
from pipelines.settings import read_settings
from pipelines.warehouse import Warehouse


def erase(
    learner: Annotated[str, typer.Argument(help="Person id, LMS user name or address, or the whole name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget one learner: every row, mark, list and mail; what an export brings of the learner later is dropped. It cannot be undone."""
    from pipelines.erasure import erase as forget
    from pipelines.erasure import is_begun
    from pipelines.explain import Person
    from pipelines.run_lock import run_lock

    settings = read_settings()
    with Warehouse.open(settings.warehouse_path, read_only=True) as warehouse:
        # One that was killed is done again by the person's id: the name is not known any more.
        begun = warehouse.has_table("raw.erasures") and is_begun(warehouse, learner)
        person = Person(learner, "what is left of the learner") if begun else only_person(warehouse, learner, whole=True)
    if not yes:
        typer.confirm(f"Erase {person.name} ({person.person_id}) from everything? It cannot be undone.", abort=True)
    console.print(f"If this is interrupted, `mayak erase {escape(person.person_id)}` does the rest.", highlight=False, soft_wrap=True)
    # A run that has read the learner already would write the learner's name on a list again.
    with run_lock(settings.warehouse_path, "mayak erase"):
        erased = forget(settings, person.person_id, datetime.now(UTC))
    console.print(f"Erased ({erased.erasure_id}): {sum(erased.rows.values())} rows of {len(erased.rows)} tables, {erased.files} files.")
    if erased.sources:
        console.print(f"These sources spoke of the learner; what lies there is not Mayak's to erase: {', '.join(erased.sources)}.")
    console.print("Run the day again: its lists, its figures and the curator's page follow.")
