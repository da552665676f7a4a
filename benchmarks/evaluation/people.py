"""Are accounts of chat, mail and webinars linked to the right LMS account?

Truth: ``moodle_channels/truth.json.gz`` and ``moodle_db/ground_truth.json.gz`` (double accounts). An account counts as
*linked right* when its person is the person of the true LMS account (double accounts are one person); *wrong* when it is another, or
when an outsider is linked at all.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from benchmarks.evaluation import Figure, read_truth, share
from pipelines.links.people.names import full_name, read_name
from pipelines.pseudonyms import Pseudonyms
from pipelines.warehouse import Warehouse

#: Name styles in which the family name stands (or first name and patronymic): what a careful human would link.
_WITH_SURNAME = frozenset(("full", "surname_fio", "surname_first", "latin", "initials", "diminutive", "school2"))


def evaluate(warehouse: Warehouse, pseudonyms: Pseudonyms, truth_folder: Path) -> list[Figure]:
    """Precision of links and recall by channel and by what the name shows.

    Parameters
    ----------
    truth_folder: holds ``moodle_db`` and ``moodle_channels``.
    """
    channels = read_truth(truth_folder / "moodle_channels" / "truth.json.gz")
    moodle = read_truth(truth_folder / "moodle_db" / "ground_truth.json.gz")
    links = {account: (person, state) for account, person, state in warehouse.rows("select account_id, person_id, state from links.people")}
    doubles = {pair["new"]: pair["old"] for pair in moodle["special"]["double_accounts"]}
    judge = _Judge(pseudonyms, links, doubles)
    figures = _doubles(judge, doubles, warehouse)
    figures += _chat(judge, channels["telegram"]["accounts"])
    figures += _mail(judge, channels["mail"]["addresses"])
    figures += _webinar(judge, warehouse, channels["attendance"], truth_folder / "moodle_channels")
    everything = sum(judge.totals.values(), Counter())
    linked = everything["right"] + everything["wrong"]
    return [
        share("people", "linked accounts that are right", everything["right"], linked),
        share("people", "accounts of known people that are linked right", everything["right"], everything["known"]),
        share("people", "accounts that are in the review queue", *_queue(warehouse)),
        *figures,
    ]


def _queue(warehouse: Warehouse) -> tuple[int, int]:
    """Accounts of chats, mail and webinars that wait for a decision, and all of them."""
    row = warehouse.rows(
        "select count(*) filter (where people.state = 'review'), count(*) from links.people as people inner join raw.accounts as account using (account_id) "
        "where account.channel <> 'lms'"
    )[0]
    return int(row[0]), int(row[1])


class _Judge:
    def __init__(self, pseudonyms: Pseudonyms, links: dict[str, tuple[str | None, str]], doubles: dict[int, int]) -> None:
        self.pseudonyms, self.links, self.doubles = pseudonyms, links, doubles
        self.totals: dict[str, Counter[str]] = defaultdict(Counter)

    def person(self, userid: int) -> str:
        return "p" + self.pseudonyms.of("moodle", str(self.doubles.get(userid, userid)))[1:]

    def verdict(self, account: str, userid: int | None, group: str) -> str:
        """right, wrong, open (review or unlinked) or absent (no such account in the warehouse)."""
        if account not in self.links:
            return "absent"
        person, state = self.links[account]
        if state != "linked":
            word = "open"
        elif userid is not None and person in (self.person(userid), "p" + self.pseudonyms.of("moodle", str(userid))[1:]):
            word = "right"
        else:
            word = "wrong"
        self.totals[group][word] += 1
        self.totals[group]["known"] += userid is not None
        return word


def _precision_and_recall(group: str, counts: Counter[str]) -> list[Figure]:
    return [
        share("people", f"{group}: linked that are right", counts["right"], counts["right"] + counts["wrong"]),
        share("people", f"{group}: known people linked right", counts["right"], counts["known"]),
    ]


def _doubles(judge: _Judge, doubles: dict[int, int], warehouse: Warehouse) -> list[Figure]:
    found = {
        (new, old)
        for new, old in doubles.items()
        if judge.links.get(judge.pseudonyms.of("moodle", str(new)), (None, ""))[0] == judge.person(old)
    }
    made = warehouse.value("select count(*) from links.people where rule = 'second_account'")
    return [
        share("people", "second LMS accounts found", len(found), len(doubles)),
        share("people", "second LMS accounts that are right", len(found), made),
    ]


def _chat(judge: _Judge, accounts: dict[str, dict[str, Any]]) -> list[Figure]:
    by_style: dict[str, Counter[str]] = defaultdict(Counter)
    for native, truth in accounts.items():
        word = judge.verdict(judge.pseudonyms.of("telegram", native), truth["moodle_userid"], "chat")
        if truth["moodle_userid"] is not None and word != "absent":
            by_style[truth["name_style"]][word] += 1
    figures = _precision_and_recall("chat", judge.totals["chat"])
    named = sum((counts for style, counts in by_style.items() if style in _WITH_SURNAME), Counter())
    figures.append(share("people", "chat: a family name is shown: linked right", named["right"], named.total(), f"wrong {named['wrong']}"))
    for style, counts in sorted(by_style.items()):
        figures.append(share("people", f"chat: {style}", counts["right"], counts.total(), f"wrong {counts['wrong']}"))
    return figures


def _mail(judge: _Judge, addresses: dict[str, dict[str, Any]]) -> list[Figure]:
    for address, truth in addresses.items():
        group = "mail, address in the LMS" if truth.get("in_moodle") else "mail, private address"
        judge.verdict(judge.pseudonyms.of("mail", address), truth["userid"], group)
    return [
        figure
        for group in ("mail, address in the LMS", "mail, private address")
        for figure in _precision_and_recall(group, judge.totals[group])
    ]


def _webinar(judge: _Judge, warehouse: Warehouse, attendance: list[dict[str, Any]], folder: Path) -> list[Figure]:
    """By row of the attendance files: an account is a name and address, so a row is the honest unit."""
    rows: dict[str, list[str]] = defaultdict(list)
    for item, account in warehouse.rows(
        "select load.item, stay.account_id from raw.attendance as stay inner join raw.loads as load using (load_id) "
        "left join personal.accounts as private using (account_id) order by load.item, stay.joined_at, private.display_name, stay.left_at"
    ):
        rows[Path(item).name].append(account)
    shown = dict(warehouse.rows("select account_id, email is not null from personal.accounts"))
    names = dict(warehouse.rows("select account_id, coalesce(display_name, '') from personal.accounts"))
    family = {
        int(native): full_name(first, last).last
        for native, first, last in warehouse.rows(
            "select native_id, first_name, last_name from personal.accounts inner join raw.accounts using (account_id) where channel = 'lms'"
        )
    }
    named: Counter[str] = Counter()
    unread = 0
    for webinar in attendance:
        stays = rows.get(Path(webinar["file"]).name, [])
        if len(stays) != len(webinar["row_userids"]):
            unread += 1
            continue
        for account, userid in zip(stays, _users_by_name(folder / webinar["file"], webinar["row_userids"]), strict=True):
            word = judge.verdict(account, userid, "webinar rows, with address" if shown.get(account) else "webinar rows, name only")
            if not shown.get(account) and userid is not None and family.get(userid) in read_name(names.get(account)).keys:
                named[word] += 1
    figures = [
        figure
        for group in ("webinar rows, with address", "webinar rows, name only")
        for figure in _precision_and_recall(group, judge.totals[group])
    ]
    figures.append(
        share(
            "people",
            "webinar rows, name only: a family name is shown: linked right",
            named["right"],
            named.total(),
            f"wrong {named['wrong']}",
        )
    )
    if unread:
        figures.append(Figure("people", "webinars whose rows do not match the truth's", unread, None, None, len(attendance)))
    return figures


def _users_by_name(path: Path, users: list[int | None]) -> list[int | None]:
    """The truth's users, one per row of a file, in order of joining and of the name shown."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    header = next(number for number, row in enumerate(rows) if "Время входа" in row)
    joins = [row[rows[header].index("Время входа")] for row in rows[header + 1 :]]
    first = {join: number for number, join in reversed(list(enumerate(joins)))}
    keyed = [(first[join], row[0].strip(), number) for number, (join, row) in enumerate(zip(joins, rows[header + 1 :], strict=True))]
    return [users[number] for *_, number in sorted(keyed)]
