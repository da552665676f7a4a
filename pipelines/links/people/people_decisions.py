"""What people decided about who is who, and the history of every link.

A decision wins over every score for ever: it is kept by account and person, which stay the same when exports are loaded again. It is never
deleted: undoing marks it, and since the links are made anew from accounts and standing decisions, they are then exactly what they would have
been without it. Names and notes of whoever decided are personal (``personal.people_decisions``).

Kinds:

- ``confirm``: the account is this person's. On an LMS account: its person and that one are the same (``merge``, the same thing said of people).
- ``refuse``: the account is not this person's; whose it is remains open.
- ``split``: the account is nobody else's: an LMS account is its own person again, any other is nobody's of the programme.
- ``share``: several people write under the account, so it is nobody's and not asked about again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from pipelines.decisions import Ledger
from pipelines.errors import PermanentError
from pipelines.warehouse import Warehouse

_LEDGER = Ledger("links.people_decisions", "decision_id", "d")
KINDS = ("confirm", "merge", "refuse", "split", "share")
#: Kinds that say whose an account is: of these the last one counts.
_SETTLING = ("confirm", "merge", "split", "share")


@dataclass(frozen=True)
class Decision:
    """A decision to be written down. ``decided_at`` and ``decided_by`` are the caller's; ``note`` is kept with the personal data."""

    kind: str
    account_id: str
    person_id: str | None
    decided_at: datetime
    decided_by: str | None = None
    note: str | None = None


def decide(warehouse: Warehouse, decision: Decision) -> str:
    """Write a decision down and return its id; one that stands already is not written twice.

    Raises PermanentError for an unknown kind, account or person, or where a person is missing or too many.
    """
    if decision.kind not in KINDS:
        raise PermanentError(f"there is no decision {decision.kind!r}: {', '.join(KINDS)}")
    needs_person = decision.kind in ("confirm", "merge", "refuse")
    if needs_person != (decision.person_id is not None):
        raise PermanentError(f"{decision.kind} {'needs' if needs_person else 'takes no'} person")
    channel = warehouse.value("select channel from raw.accounts where account_id = ?", [decision.account_id])
    if channel is None:
        raise PermanentError(f"there is no account {decision.account_id}")
    if decision.kind == "merge" and channel != "lms":
        raise PermanentError("merge joins two people of the LMS; another account is confirmed")
    if needs_person:
        own = "a" + str(decision.person_id)[1:]
        if not warehouse.value("select count(*) from raw.accounts where account_id = ? and channel = 'lms'", [own]):
            raise PermanentError(f"there is no person {decision.person_id}")
        if own == decision.account_id and decision.kind != "refuse":
            raise PermanentError("an account is its own person without a decision; split undoes what joined it to another")
        if decision.kind != "refuse" and decision.account_id in _joined_to(warehouse, own):
            raise PermanentError("the two are one person already, the other way round: undo that first")
    # Of the decisions that settle whose an account is the last counts, so only that one says the same; a refusal stands until a confirmation.
    same = warehouse.value(
        f"""
        select max(decision_id) from links.people_decisions as decision
        where account_id = $account and kind = $kind and person_id is not distinct from $person and undone_at is null
            and not exists (
                select 1 from links.people_decisions as later
                where later.account_id = $account and later.undone_at is null and later.sequence > decision.sequence and later.kind in {_SETTLING}
                    and ($kind <> 'refuse' or later.person_id = $person)
            )
        """,
        {"account": decision.account_id, "kind": decision.kind, "person": decision.person_id},
    )
    if same:
        return str(same)
    about = {"kind": decision.kind, "account_id": decision.account_id, "person_id": decision.person_id}
    return _LEDGER.enter(warehouse, about, at=decision.decided_at, by=decision.decided_by, note=decision.note)


def _joined_to(warehouse: Warehouse, account_id: str) -> set[str]:
    """The LMS accounts that standing decisions join an LMS account to, step by step."""
    standing = dict(
        warehouse.rows(
            "select account_id, arg_max({'person': person_id}, sequence).person from links.people_decisions "
            f"where undone_at is null and kind in {_SETTLING} group by account_id"
        )
    )
    found: set[str] = set()
    while (person := standing.get(account_id)) and (account_id := "a" + person[1:]) not in found:
        found.add(account_id)
    return found


def undo(warehouse: Warehouse, decision_id: str, at: datetime) -> None:
    """Take a decision back. Raises PermanentError for one that does not stand."""
    _LEDGER.undo(warehouse, decision_id, at)


def make_standing(warehouse: Warehouse) -> None:
    """Temporary tables of the decisions that stand: ``settled`` (one row per account) and ``refused`` (account, person)."""
    warehouse.connection.execute(
        f"""
        create or replace temp table settled as
        select account_id, arg_max(kind, sequence) as kind, arg_max({{'person': person_id}}, sequence).person as person_id,
            arg_max(decision_id, sequence) as decision_id
        from links.people_decisions where undone_at is null and kind in {_SETTLING}
        group by account_id
        """
    )
    warehouse.connection.execute(
        """
        create or replace temp table refused as
        select refusal.account_id, refusal.person_id, max(refusal.decision_id) as decision_id
        from links.people_decisions as refusal
        left join settled on settled.account_id = refusal.account_id and settled.person_id = refusal.person_id
        where refusal.kind = 'refuse' and refusal.undone_at is null and settled.account_id is null
        group by refusal.account_id, refusal.person_id
        """
    )


def drop_standing(warehouse: Warehouse) -> None:
    """Drop what :func:`make_standing` made."""
    for table in ("settled", "refused"):
        warehouse.connection.execute(f"drop table if exists temp.{table}")


#: Why a link is as it is, in fixed words (no names), by its rule.
_WHY = """
    case people.state
        when 'linked' then case people.rule
            when 'anchor' then 'an LMS account is its own person'
            when 'second_account' then 'the same name and a second sign as an older LMS account'
            when 'address' then 'the same address' when 'phone' then 'the same telephone number' when 'username' then 'the same user name'
            when 'decision' then 'decided by a person' else 'the name fits nobody else of the course' end
        when 'review' then case people.rule
            when 'ambiguous' then 'fits several people' when 'shared' then 'signs of several people under one account'
            when 'name' then 'fits one person, but too little is shown' else 'to be looked at' end
        else case people.rule
            when 'decision' then 'decided by a person: nobody of the programme' when 'shared' then 'decided by a person: several people''s'
            else 'fits nobody well enough' end
    end
"""


def note_history(warehouse: Warehouse, as_of: date) -> int:
    """Append to ``links.people_history`` what has changed since the last run; returns how many rows were added.

    A change is another state, person, candidate, rule or decision; a score that moves is none. A run for an earlier day than the newest one
    noted (a day done again) changes nothing: what was true then is noted already.
    """
    newest = warehouse.value("select max(greatest(since, coalesce(until, since))) from links.people_history")
    if newest is not None and as_of < newest:
        return 0
    connection = warehouse.connection
    connection.execute(
        f"""
        create or replace temp table changed as
        select people.account_id, people.person_id, people.state, people.rule, people.score, people.candidate_person_id, people.decision_id,
            {_WHY} as why, standing.account_id is not null as is_known,
            coalesce((select max(number) from links.people_history as history where history.account_id = people.account_id), 0) + 1 as number
        from links.people as people
        left join links.people_history as standing on standing.account_id = people.account_id and standing.until is null
        where standing.account_id is null
            or row(people.state, people.person_id, people.rule, people.candidate_person_id, people.decision_id)
                is distinct from row(standing.state, standing.person_id, standing.rule, standing.candidate_person_id, standing.decision_id)
        """
    )
    connection.execute(
        """
        insert into changed
        select account_id, null, 'gone', 'none', null, null, null, 'the account is not known any more', true, number + 1
        from links.people_history
        where until is null and state <> 'gone' and account_id not in (select account_id from links.people)
        """
    )
    count = int(warehouse.value("select count(*) from changed"))
    if count:
        with warehouse.transaction():
            connection.execute(
                "update links.people_history as history set until = ? from changed where changed.account_id = history.account_id and history.until is null",
                [as_of],
            )
            connection.execute(
                "insert into links.people_history (account_id, number, person_id, state, rule, score, candidate_person_id, decision_id, why, since, until) "
                "select account_id, number, person_id, state, rule, score, candidate_person_id, decision_id, why, ?, null from changed order by account_id",
                [as_of],
            )
    connection.execute("drop table changed")
    return count


def decisions(warehouse: Warehouse) -> pa.Table:
    """Every decision with its private half, newest first: for the responsible person's eyes."""
    return warehouse.arrow(
        "select decision.*, private.decided_by, private.note from links.people_decisions as decision "
        "left join personal.people_decisions as private using (decision_id) order by decision.sequence desc"
    )
