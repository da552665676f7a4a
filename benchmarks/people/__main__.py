"""Linking people on simulated programmes whose truth is known.

``python -m benchmarks.people --people 20000 --seeds 101,102 --names ../shared/data/ru_names``

Writes a programme of invented people per seed straight into the raw tables of a warehouse in memory, links it, and prints a line per figure
(``--markdown`` for docs/evaluation/people.md), beside the peers' on the accounts that have a name and no exact key.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from datetime import date
from hashlib import md5
from pathlib import Path
from random import Random

import pandas as pd

from benchmarks.evaluation import Figure, render, share
from benchmarks.people.peers import PEERS, Task, link_by
from benchmarks.people.programme import WITH_LAST, Written, read_names, write_programme
from pipelines.links.people import names
from pipelines.links.people.people import link_people_and_places
from pipelines.programme import Programme
from pipelines.warehouse import Warehouse

PROGRAMME = Programme(id="bench", name="Bench")
DAY = date(2026, 9, 30)


class Tally:
    """Counts of verdicts over programmes."""

    def __init__(self) -> None:
        self.by_kind: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.peers: dict[str, Counter[str]] = defaultdict(Counter)

    def of(self, **wanted: object) -> Counter[str]:
        return sum(
            (
                counts
                for (channel, kind), counts in self.by_kind.items()
                if channel in wanted.get("channels", (channel,)) and kind in wanted.get("kinds", (kind,))
            ),
            Counter(),
        )


def verdict(person: str | None, owners: tuple[str, ...]) -> str:
    """right, wrong or open. An account of several people, or of nobody, is rightly left open."""
    if person is None:
        return "open"
    return "right" if len(owners) == 1 and person == "p" + owners[0][1:] else "wrong"


def judge(warehouse: Warehouse, written: Written, tally: Tally) -> None:
    """Count the verdicts on every account that is no LMS account."""
    for account, person, state in warehouse.rows("select account_id, person_id, state from links.people order by account_id"):
        truth = written.truth.get(account)
        if truth is None:
            continue
        counts = tally.by_kind[truth.channel, truth.kind]
        counts[verdict(person, truth.people)] += 1
        counts["known"] += len(truth.people) == 1
        counts[state] += 1
        counts["accounts"] += 1


def task_for_peers(warehouse: Warehouse) -> Task:
    """Names shown by accounts of chats and webinars, and the people of their courses."""
    people = warehouse.frame(
        "select account.account_id, enrolment.course_id as course, first_name as first, last_name as last from personal.accounts as account "
        "inner join raw.enrolments as enrolment using (account_id) where enrolment.role = 'learner' order by 1"
    )
    return Task(people, _shown(warehouse))


def _shown(warehouse: Warehouse) -> pd.DataFrame:
    return warehouse.frame(
        "with seen as (select message.account_id, chat.course_id from raw.messages as message inner join raw.chats as chat on chat.chat_id = message.chat_id "
        "union select stay.account_id, webinar.course_id from raw.attendance as stay inner join raw.webinars as webinar on webinar.webinar_id = stay.webinar_id) "
        "select seen.account_id, min(seen.course_id) as course, min(account.display_name) as name from seen "
        "inner join personal.accounts as account on account.account_id = seen.account_id where account.display_name is not null group by 1 order by 1"
    )


def judge_peers(warehouse: Warehouse, written: Written, tally: Tally) -> None:
    """The same names given to each peer, and the linker's own answers on them."""
    task = task_for_peers(warehouse)
    own = {
        account: "a" + person[1:]
        for account, person in warehouse.rows("select account_id, person_id from links.people where person_id is not null")
    }
    answers: dict[str, dict[str, str] | None] = {"Mayak": own}
    answers |= {peer: link_by(peer, task) for peer in PEERS}
    for peer, found in answers.items():
        if found is None:
            tally.peers[peer]["missing"] += 1
            continue
        for account in task.shown["account_id"]:
            owners = written.truth[account].people
            tally.peers[peer]["known"] += len(owners) == 1
            if account in found:
                tally.peers[peer]["right" if len(owners) == 1 and found[account] == owners[0] else "wrong"] += 1


def figures(tally: Tally) -> list[Figure]:
    """Precision, recall and the review queue; recall by kind of name; the peers."""
    everything, chat_and_webinar = tally.of(), tally.of(channels=("chat", "webinar"))
    named = tally.of(kinds=tuple(WITH_LAST))
    made = [
        _precision("linked accounts that are right", everything),
        share("people", "true accounts linked right", everything["right"], everything["known"]),
        share("people", "true accounts showing the family name, linked right", named["right"], named["known"]),
        share("people", "accounts in the review queue", everything["review"], everything["accounts"]),
        _precision("chats and webinars: linked that are right", chat_and_webinar),
        share("people", "chats and webinars: true accounts linked right", chat_and_webinar["right"], chat_and_webinar["known"]),
        share("people", "chats and webinars: in the review queue", chat_and_webinar["review"], chat_and_webinar["accounts"]),
    ]
    for (channel, kind), counts in sorted(tally.by_kind.items()):
        note = f"wrong {counts['wrong']}, to review {counts['review']}"
        if counts["known"]:
            made.append(share("people", f"{channel}: {kind}: linked right", counts["right"], counts["known"], note))
        else:
            made.append(share("people", f"{channel}: {kind}: linked (all wrong)", counts["wrong"], counts["accounts"], note))
    for peer, counts in tally.peers.items():
        if counts["missing"]:
            made.append(Figure("peers", f"{peer}: not installed", float("nan"), None, None, 0))
            continue
        made.append(share("peers", f"{peer}: linked that are right", counts["right"], counts["right"] + counts["wrong"]))
        made.append(share("peers", f"{peer}: true accounts linked right", counts["right"], counts["known"]))
    return made


def _precision(name: str, counts: Counter[str]) -> Figure:
    return share("people", name, counts["right"], counts["right"] + counts["wrong"], f"wrong {counts['wrong']}")


#: Tables whose rows are an account's; what comes on the last night is kept beside until then.
_OF_ACCOUNTS = (
    "raw.accounts", "personal.accounts", "personal.account_names", "raw.enrolments", "raw.memberships", "raw.messages", "raw.addressees", "raw.attendance",
)  # fmt: skip


def hold_back(warehouse: Warehouse, share: float) -> None:
    """Take a share of all accounts, learners and others, out of the warehouse with what they wrote and where they were."""
    run = warehouse.connection.execute
    run(
        "create temp table late as select account_id from raw.accounts where md5_number_lower(account_id) % 100000 < ?",
        [round(share * 100_000)],
    )
    for table in _OF_ACCOUNTS:
        of = (
            "message_id in (select message_id from raw.messages where account_id in (select account_id from late))"
            if table == "raw.addressees"
            else "account_id in (select account_id from late)"
        )
        run(f"create temp table late_{table.replace('.', '_')} as select * from {table} where {of}")
    for table in _OF_ACCOUNTS:
        key = "message_id" if table == "raw.addressees" else "account_id"
        run(f"delete from {table} where {key} in (select {key} from late_{table.replace('.', '_')})")


def let_come(warehouse: Warehouse) -> None:
    """Put back what was held back."""
    for table in _OF_ACCOUNTS:
        warehouse.connection.execute(f"insert into {table} select * from late_{table.replace('.', '_')}")


def rows_hash(warehouse: Warehouse) -> str:
    """Hash of the links and the queue's candidates, whatever the order of rows."""
    rows = [warehouse.rows(f"select * from links.{table} order by all") for table in ("people", "people_candidates")]
    return md5(repr(rows).encode(), usedforsecurity=False).hexdigest()[:8]


def _forget_what_was_read() -> None:
    """A night is a process of its own: nothing is remembered but what the warehouse keeps."""
    for one in vars(names).values():
        if hasattr(one, "cache_clear"):
            one.cache_clear()


def main() -> None:
    """Write, link, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seeds", default="101")
    parser.add_argument("--names", type=Path, default=Path("../shared/data/ru_names"))
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--twice", action="store_true", help="link a second time, as the night after does when nothing is new")
    parser.add_argument(
        "--next-day", type=float, default=0.0, metavar="SHARE", help="hold back this share of all accounts until a last night"
    )
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    tally = Tally()
    for seed in [int(one) for one in given.seeds.split(",")]:
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            written = write_programme(warehouse, read_names(given.names, Random(seed)), given.people, seed)
            nights = ["first"] + ["again"] * given.twice
            if given.next_day:
                hold_back(warehouse, given.next_day)
                nights.append("one more day")
            for night in nights:
                if night == "one more day":
                    let_come(warehouse)
                _forget_what_was_read()
                start, cpu = time.perf_counter(), time.process_time()
                link_people_and_places(warehouse, PROGRAMME, DAY)
                accounts = warehouse.value("select count(*) from raw.accounts")
                sys.stderr.write(
                    f"seed {seed}, {night}: {written.people} people, {accounts} accounts linked in {time.perf_counter() - start:.1f} s, "
                    f"{time.process_time() - cpu:.1f} s of processor time, rows {rows_hash(warehouse)}\n"
                )
            judge(warehouse, written, tally)
            if not given.no_peers:
                judge_peers(warehouse, written, tally)
    found = figures(tally)
    if not given.markdown:
        sys.stdout.write(render(found) + "\n")
        return
    sys.stdout.write("| part | figure | value | 95 % | n | note |\n|---|---|---|---|---|---|\n")
    for one in found:
        spread = f"{one.low:.4f}–{one.high:.4f}" if one.low is not None and one.high is not None else "–"
        sys.stdout.write(f"| {one.part} | {one.name} | {one.value:.4f} | {spread} | {one.n} | {one.note} |\n")


if __name__ == "__main__":
    main()
