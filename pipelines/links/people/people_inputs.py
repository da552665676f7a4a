"""Has anything changed of what who is who is made from? Where nothing has, what the last run left stands.

Links are a function of what is read here, of the programme file, of the thresholds and of the rules: accounts and what they show, enrolments and groups, titles of
places, and of messages only who wrote where, with whom and to whom together, so that another message of somebody in a chat of theirs is nothing new. Each is reduced to a
number of rows and a sum of their hashes and remembered (``links.people_seen``) with those of the results themselves: whatever was taken out of these since is put back by a run.

A relation that linking comes to read must be read here, too: ``tests/unit/links/test_people_nights.py`` fails otherwise.
"""

from __future__ import annotations

from hashlib import md5
from pathlib import Path
from types import ModuleType

from pipelines import text
from pipelines.links import places
from pipelines.links.people import kept_names, name_evidence, name_pairs, name_weights, names, people_decisions
from pipelines.links.people.name_evidence import ANSWERERS
from pipelines.links.places import PLACES
from pipelines.programme import Programme
from pipelines.thresholds import THRESHOLDS_FILE, threshold
from pipelines.warehouse import Warehouse

#: What is read, by name: columns that linking reads and no others, for a load's number changes with every export.
READ = {
    "accounts": "select account_id, channel, created_at, is_bot, is_service from raw.accounts",
    "shown": "select account_id, native_id, first_name, last_name, display_name, username, email, phone, institution, city from personal.accounts",
    "earlier names": "select account_id, kind, name from personal.account_names",
    "enrolments": "select account_id, course_id, role from raw.enrolments",
    "memberships": "select account_id, group_id from raw.memberships",
    "groups": "select group_id, course_id, code, name, groupings from raw.course_groups",
    "courses": "select course_id, code, name, name_en from raw.courses",
    "chats": "select chat_id, kind, channel from raw.chats",
    "places": PLACES,
    "stays": "select distinct account_id, webinar_id from raw.attendance",
    "writers": "select distinct account_id, chat_id, course_id, group_id, channel from raw.messages",
    "reactions": """
        select distinct reacted.account_id, message.chat_id, message.course_id, message.group_id
        from raw.addressees as reacted inner join raw.messages as message on message.message_id = reacted.message_id where reacted.role = 'reaction'
    """,
    "partners": """
        select distinct message.account_id as account_id, addressee.account_id as other_id
        from raw.messages as message inner join raw.addressees as addressee on addressee.message_id = message.message_id where addressee.role <> 'reaction'
    """,
    # Who is addressed together, by whatever number of messages.
    "addressed": """
        select distinct is_mail, together from (
            select coalesce(message.channel = 'mail', false) as is_mail, list_sort(list(distinct addressee.account_id)) as together
            from raw.addressees as addressee left join raw.messages as message on message.message_id = addressee.message_id
            where addressee.role <> 'reaction' or message.channel = 'mail'
            group by addressee.message_id, message.channel having count(distinct addressee.account_id) > 1
        )
    """,
    "those who answer": ANSWERERS,
    "decisions": "select * from links.people_decisions",
}  # fmt: skip
_RESULTS = ("links.people", "links.people_candidates", "links.places")
#: What decides besides: another wording of a rule is another result, and nobody has to say so.
_RULES: tuple[ModuleType, ...] = (kept_names, name_evidence, name_pairs, name_weights, names, people_decisions, places, text)


def inputs(warehouse: Warehouse, programme: Programme, linker: Path) -> dict[str, str]:
    """Fingerprint of everything that links are made from, by name. ``linker``: the file of the module that puts it together."""
    files = [linker, THRESHOLDS_FILE, *(Path(str(module.__file__)) for module in _RULES)]
    given = b"|".join([programme.model_dump_json().encode(), *(file.read_bytes() for file in files)])
    found = {"rules": md5(given, usedforsecurity=False).hexdigest()}
    for name, query in READ.items():
        found[name] = _print(warehouse, query, {"people": threshold("people_answers_people")} if query is ANSWERERS else None)
    return found


def stand(warehouse: Warehouse, now: dict[str, str]) -> bool:
    """Are the links in the warehouse those that a run left which was made from the same?"""
    seen = dict(warehouse.rows("select name, fingerprint from links.people_seen"))
    return seen == now | _results(warehouse)


def remember(warehouse: Warehouse, now: dict[str, str]) -> None:
    """Note what links were made from, once they are written."""
    rows = sorted((now | _results(warehouse)).items())
    with warehouse.transaction():
        warehouse.connection.execute("delete from links.people_seen")
        warehouse.connection.executemany("insert into links.people_seen (name, fingerprint) values (?, ?)", rows)


def _results(warehouse: Warehouse) -> dict[str, str]:
    return {table: _print(warehouse, f"select * from {table}") for table in _RESULTS}


def _print(warehouse: Warehouse, query: str, parameters: dict[str, float] | None = None) -> str:
    # The engine's own hash: three times as quick as md5, and another version of the engine costs one run.
    [(rows, total)] = warehouse.rows(f"select count(*), coalesce(sum(hash(one)), 0) from ({query}) as one", parameters)
    return f"{rows} {total}"
