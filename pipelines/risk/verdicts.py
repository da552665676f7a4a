"""What people have said about completions: formal or genuine. The labels of formal completion are corrected by it.

Said outright (``mayak completions judge``), or by a curator who marks a line of the list that speaks of nothing but formal completion as a false alarm:
genuine. Of what stands about a learner of a stream the last counts, and what was said outright counts before a mark. Nothing is deleted: taking
back marks. Who said it, and why, is personal (``personal.completion_verdicts``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from pipelines.decisions import Ledger
from pipelines.errors import PermanentError
from pipelines.warehouse import Warehouse

KINDS = ("formal", "genuine")

_STANDING = """
with said as (
    select person_id, stream_id, verdict = 'formal' as is_formal, 1 as weight, sequence::bigint as place
    from risk.completion_verdicts
    where undone_at is null and decided_at < $until::date
    union all
    select m.person_id, i.stream_id, false as is_formal, 0 as weight, epoch_us(m.marked_at) as place
    from (
        -- A corrected mark stands in for the one before it.
        select * from raw.marks where marked_at < $until::date and person_id is not null
        qualify row_number() over (partition by item_id, list_day, curator_id order by marked_at desc, mark_id) = 1
    ) as m
    inner join deliveries.list_items as i on m.item_id = i.item_id and m.curator_id = i.curator_id and m.list_day = i.day
    where m.state = 'false_alarm' and i.stream_id is not null and exists (
        select 1 from deliveries.list_reasons as r
        where r.day = m.list_day and r.curator_id = m.curator_id and r.item_id = m.item_id
        having bool_and(r.reason like 'risk:formal_completion:%')
    )
)
select person_id, stream_id, arg_max(is_formal, row(weight, place))::integer as verdict from said group by 1, 2 order by 1, 2
"""


_LEDGER = Ledger("risk.completion_verdicts", "verdict_id", "f", "verdict")


@dataclass(frozen=True)
class Verdict:
    """Something said about a completion. ``decided_at`` and ``decided_by`` are the caller's."""

    verdict: str
    person_id: str
    stream_id: str
    decided_at: datetime
    decided_by: str | None = None
    note: str | None = None


def decide(warehouse: Warehouse, said: Verdict) -> str:
    """Write it down and return its id. Raises PermanentError for another word than :data:`KINDS`, or a learner who is not of that stream."""
    if said.verdict not in KINDS:
        raise PermanentError(f"there is no verdict {said.verdict!r}: {', '.join(KINDS)}")
    if not warehouse.value(
        "select count(*) from facts.fct_enrolments where person_id = ? and stream_id = ?", [said.person_id, said.stream_id]
    ):
        raise PermanentError(f"no learner {said.person_id} in stream {said.stream_id}")
    about = {"verdict": said.verdict, "person_id": said.person_id, "stream_id": said.stream_id}
    return _LEDGER.enter(warehouse, about, at=said.decided_at, by=said.decided_by, note=said.note)


def undo(warehouse: Warehouse, verdict_id: str, at: datetime) -> None:
    """Take a verdict back; what was said before it stands again. Raises PermanentError for one that does not stand."""
    _LEDGER.undo(warehouse, verdict_id, at)


def standing(warehouse: Warehouse, until: date) -> pd.DataFrame:
    """``person_id, stream_id, verdict`` (1 formal, 0 genuine): what stands of all that was said before ``until``."""
    return warehouse.frame(_STANDING, {"until": until})
