"""Are the signs that a notice arrived found? Truth: ``moodle_channels/truth.json.gz`` (notices), addressees that are known people."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

from benchmarks.evaluation import Figure, f1, read_truth, share
from benchmarks.evaluation.questions import mail_id
from pipelines.pseudonyms import Pseudonyms
from pipelines.warehouse import Warehouse

#: The truth's names of signs → ours. Signs of having received come first; the rest is told by systems.
_KINDS = {"mdn": "read_receipt", "mdn_deleted": "deleted_unread", "reply": "reply", "mail_without_thread": "mail", "chat": "chat"}
_BY_SYSTEMS = ("bounce", "delayed", "auto_reply")
#: Signs of which this truth says nothing: opening or handing in the task that a notice names.
_NOT_IN_TRUTH = ("none", "unknown", "acted")


def evaluate(warehouse: Warehouse, pseudonyms: Pseudonyms, truth_folder: Path) -> list[Figure]:
    """F1 of each kind of sign over notice × addressee, and the share of addressees whose first sign (or silence) is right.

    An addressee without a row in links.acknowledgements counts as one of whom nothing was found. A confirmation in a chat can be seen only of
    people whose chat account is linked: it is measured of all, and of those. The truth knows no acts in the LMS; those signs are left out.
    """
    truth = read_truth(truth_folder / "moodle_channels" / "truth.json.gz")
    people = dict(warehouse.rows("select account_id, person_id from links.people where state = 'linked'"))
    found: dict[tuple[str, str], dict[str, datetime | None]] = defaultdict(dict)
    for notice, person, kind, at in warehouse.rows("select notice_id, person_id, kind, acknowledged_at from links.acknowledgements"):
        found[notice, person][kind] = at
    in_chat = {
        person
        for (person,) in warehouse.rows(
            "select person.person_id from links.people as person join raw.accounts as account on account.account_id = person.account_id "
            "where person.state = 'linked' and account.channel = 'chat'"
        )
    }
    right, extra, missing = Counter[str](), Counter[str](), Counter[str]()
    linked_right, linked_extra, linked_missing = 0, 0, 0
    first_right = total = absent = 0
    for notice in truth["notices"]:
        for addressee in notice["addressees"]:
            person = people.get(pseudonyms.of("moodle", str(addressee["userid"])))
            key = (mail_id(pseudonyms, notice["message_id"]), person or "")
            absent += key not in found
            signs = {kind: at for kind, at in found.get(key, {}).items() if kind not in _NOT_IN_TRUTH}
            true = {_KINDS[sign["kind"]] for sign in addressee["all_acks"]}
            true |= {"bounce"} if addressee["delivery"] != "ok" else set()
            true |= {"delayed"} if addressee["delivery"] == "delayed_then_failed" else set()
            true |= {"auto_reply"} if addressee["auto_reply"] else set()
            right.update(true & set(signs))
            extra.update(set(signs) - true)
            missing.update(true - set(signs))
            if person in in_chat:
                linked_right += "chat" in true and "chat" in signs
                linked_extra += "chat" in signs and "chat" not in true
                linked_missing += "chat" in true and "chat" not in signs
            own = {kind: at for kind, at in signs.items() if kind not in _BY_SYSTEMS and at is not None}
            first = min(own, key=lambda kind: own[kind]) if own else None
            first_right += first == (_KINDS[addressee["first_ack"]["kind"]] if addressee["first_ack"] else None)
            total += 1
    figures = [
        share("notices", "addressees whose first sign or silence is right", first_right, total, f"{absent} addressees without a row")
    ]
    for kind in (*_KINDS.values(), *_BY_SYSTEMS):
        figures.append(f1("notices", f"{kind}: F1", right[kind], extra[kind], missing[kind]))
    figures.append(f1("notices", "chat, of people whose chat account is linked: F1", linked_right, linked_extra, linked_missing))
    return figures
