"""Which accounts belong to one person: LMS accounts are the anchors, accounts of other channels are linked to them or left alone.

0. *Decisions* that people made (:mod:`pipelines.links.people.people_decisions`) stand above everything that follows.
1. *Anchors.* Every LMS account is a person. A second LMS account is linked to the older one on strong evidence only.
2. *Exact keys.* Address, phone, user name, those of earlier exports too. An exact key whose account shows another person's full name is a
   shared account and goes to review.
3. *Names.* What an account shows, now and in earlier exports, is compared with the people of the courses in whose chats, webinars or mails it
   appears (:mod:`pipelines.links.people.name_evidence`); probabilities over those people and "nobody" say whether it is linked, shown for review or left
   unlinked (:mod:`pipelines.links.people.name_weights`). A first name alone is never linked: it goes to review at most.

Each link keeps its rule and score, and every change of a link is noted (``links.people_history``). People who are in no LMS stay unlinked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from pipelines.links import places
from pipelines.links.people import people_inputs
from pipelines.links.people.kept_names import keep_called, keep_contradicted, keep_keys
from pipelines.links.people.name_evidence import make_evidence, make_parts, make_readings
from pipelines.links.people.name_pairs import compare_names
from pipelines.links.people.name_weights import judge
from pipelines.links.people.people_decisions import drop_standing, make_standing, note_history
from pipelines.programme import Programme
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: What a second account or an exact key is worth; an exact key is certain as long as nothing speaks against it.
_SECOND_ACCOUNT = 0.95
#: Candidates less likely than this are not worth a reviewer's look.
_LEAST_SHOWN = 0.01
#: Digits of a probability that are kept.
_DIGITS = 6
#: Shorter user names are everybody's.
_HANDLE_LETTERS = 6
#: Accounts of one person that may point to one another in a row.
_LONGEST_CHAIN = 8
#: Temporary tables of one run.
_MADE = (
    "anchors",
    "exact_links",
    "parts",
    "bearers",
    "bearer_prints",
    "scopes",
    "excluded",
    "wanted_readings",
    "givens",
    "cuts_here",
    "shared",
    "members",
    "in_group",
    "teachers",
    "judged",
    "several",
    "candidate_rows",
)


@dataclass(frozen=True)
class Summary:
    """Accounts by what became of them."""

    accounts: int
    persons: int
    linked: int
    review: int
    unlinked: int
    address: int
    phone: int
    username: int
    name: int
    second_account: int
    decision: int


def link_people_and_places(warehouse: Warehouse, programme: Programme, as_of: date | None = None) -> tuple[Summary, places.Summary]:
    """Fill ``links.people`` and ``links.places``, which depend on each other: places by what is stated, people, places by members, people.

    Where nothing has changed of what they are made from, they stand (:mod:`pipelines.links.people.people_inputs`).

    ``as_of``: the day the run speaks of; what changed since the last day noted is appended to ``links.people_history`` (None: not noted).
    """
    now = people_inputs.inputs(warehouse, programme, Path(__file__))
    if people_inputs.stand(warehouse, now):
        people, placed = _summary(warehouse), places.summary(warehouse)
    else:
        people, placed = _link_anew(warehouse, programme)
        people_inputs.remember(warehouse, now)
    if as_of is not None:
        note_history(warehouse, as_of)
    return people, placed


def _link_anew(warehouse: Warehouse, programme: Programme) -> tuple[Summary, places.Summary]:
    warehouse.connection.execute("delete from links.people")
    first = places.link_places(warehouse, programme)
    people = link_people(warehouse)
    placed = places.link_places(warehouse, programme)
    if placed != first:
        people = link_people(warehouse)
    return people, placed


def link_people(warehouse: Warehouse) -> Summary:
    """Fill ``links.people``: one row per account, from accounts, enrolments, standing decisions and where accounts appear (``links.places``).

    States: linked (``person_id``), review (``candidate_person_id``), unlinked. Bots and deleted messenger accounts that never showed a
    name stay unlinked; LMS service accounts are their own person.
    """
    connection = warehouse.connection
    make_standing(warehouse)
    _make_anchors(warehouse)
    _link_exact(warehouse)
    make_parts(warehouse)
    _make_contradicted(warehouse)
    _make_scopes(warehouse)
    make_readings(warehouse)
    compare_names(warehouse)
    _make_judged(warehouse)
    result = warehouse.arrow(
        """
        with named as (
            select account_id, person_id from judged where state = 'linked'
            union all
            select account_id, person_id from exact_links where person_id is not null and rule <> 'shared'
        ), by_address as (
            -- An address that no LMS account has, but a mail account that was linked by name: the same address elsewhere is the same person.
            select lower(private.email) as email, min(named.person_id) as person_id
            from named inner join personal.accounts as private on private.account_id = named.account_id
            where private.email is not null
            group by lower(private.email) having count(distinct named.person_id) = 1
        ), known_address as (
            select private.account_id, by_address.person_id
            from personal.accounts as private inner join by_address on by_address.email = lower(private.email)
            inner join raw.accounts as account on account.account_id = private.account_id and account.channel <> 'lms'
            left join refused on refused.account_id = private.account_id and refused.person_id = by_address.person_id
            where private.account_id not in (select account_id from named)
                and private.account_id not in (select account_id from exact_links)
                and private.account_id not in (select account_id from shared)
                and private.account_id not in (select account_id from settled)
                and refused.account_id is null
        ), exact as (
            select account_id, person_id, 'address' as rule, $address_score as score, cast(null as varchar) as candidate_person_id, null as decision_id
            from known_address
            union all
            select account_id, person_id, rule, score, candidate_person_id, decision_id from exact_links
        ), settled_for_good as (
            select account_id, kind, decision_id from settled where kind in ('split', 'share')
        )
        select account.account_id,
            case when exact.account_id is not null then exact.person_id when judged.state = 'linked' then judged.person_id end as person_id,
            case when exact.person_id is not null then 'linked' when exact.account_id is not null then 'review'
                when judged.state is not null then judged.state else 'unlinked' end as state,
            case when exact.account_id is not null then exact.rule
                when closed.kind = 'share' then 'shared' when closed.kind = 'split' then 'decision'
                when judged.rule is not null then judged.rule else 'none' end as rule,
            case when exact.account_id is not null then exact.score when judged.state <> 'unlinked' then judged.score end as score,
            case when exact.account_id is not null then exact.candidate_person_id
                when judged.state = 'review' then judged.person_id end as candidate_person_id,
            coalesce(exact.decision_id, closed.decision_id) as decision_id
        from raw.accounts as account
        left join exact on exact.account_id = account.account_id
        left join judged on judged.account_id = account.account_id
        left join settled_for_good as closed on closed.account_id = account.account_id
        order by account.account_id
        """,
        {"address_score": threshold("people_address_by_name")},
    )
    warehouse.replace("links.people", result)
    warehouse.replace(
        "links.people_candidates",
        warehouse.arrow(
            """
            select candidate_rows.* from candidate_rows inner join links.people as people
                on people.account_id = candidate_rows.account_id and people.state = 'review'
            where candidate_rows.account_id not in (select account_id from exact_links) and candidate_rows.score >= $least
            union all
            -- Of an exact key that points to several, all of them.
            select account_id, row_number() over (partition by account_id order by person_id)::integer, person_id, 1.0 / count(*) over (partition by account_id)
            from several
            union all
            select account_id, 1, candidate_person_id, score from exact_links
            where candidate_person_id is not null and account_id not in (select account_id from several)
            order by all
            """,
            {"least": _LEAST_SHOWN},
        ),
    )
    for table in _MADE:
        connection.execute(f"drop table if exists temp.{table}")
    drop_standing(warehouse)
    return _summary(warehouse)


def _summary(warehouse: Warehouse) -> Summary:
    row = warehouse.rows(
        "select count(*), count(distinct person_id), count(*) filter (where state = 'linked'), count(*) filter (where state = 'review'), "
        "count(*) filter (where state = 'unlinked'), "
        + ", ".join(
            f"count(*) filter (where state = 'linked' and rule = '{rule}')"
            for rule in ("address", "phone", "username", "name", "second_account", "decision")
        )
        + " from links.people"
    )[0]
    return Summary(*row)


def _make_table(warehouse: Warehouse, name: str, table: pa.Table) -> None:
    warehouse.connection.register("incoming", table)
    try:
        warehouse.connection.execute(f"create or replace temp table {name} as select * from incoming")
    finally:
        warehouse.connection.unregister("incoming")


def _make_anchors(warehouse: Warehouse) -> None:
    """LMS accounts with the parts of their names, and the second accounts among them."""
    keep_called(warehouse)
    warehouse.connection.execute(
        """
        create or replace temp table anchors as
        select account.account_id, 'p' || substr(account.account_id, 2) as person_id, account.created_at, private.native_id, account.is_service,
            called.* exclude (account_id)
        from raw.accounts as account
        inner join personal.called_accounts as called on called.account_id = account.account_id
        left join personal.accounts as private on private.account_id = account.account_id
        where account.channel = 'lms'
        """
    )
    # The whole name is shared by namesakes too; what makes two accounts one person is a second sign that people leave on purpose.
    warehouse.connection.execute(
        """
        create or replace temp table doubles as
        with enrolled as (
            select account_id, list(distinct course_id) as courses from raw.enrolments where role = 'learner' group by account_id
        ), pairs as (
            select young.account_id, old.account_id as older_id, old.person_id,
                coalesce(young.phone = old.phone, false) as same_phone,
                coalesce(young.email = old.email, false) as same_address,
                coalesce(young.workplace = old.workplace, false) as same_workplace,
                coalesce(length(old.handle) >= 6 and contains(young.handle, old.handle)
                    and not regexp_full_match(replace(young.handle, old.handle, ''), '[0-9]*'), false)
                or coalesce(length(old.local) >= 6 and contains(young.local, old.local) and young.local <> old.local
                    and not regexp_full_match(replace(young.local, old.local, ''), '[0-9]*'), false) as same_handle,
                coalesce(list_has_any(mine.courses, theirs.courses), false) as same_course
            from anchors as young
            inner join anchors as old
                on old.last = young.last and old.first = young.first and old.account_id <> young.account_id and length(old.first) > 1
                -- Many systems know no patronymics: then the sign has to be the person's own.
                and (length(old.middle) > 1 and old.middle = young.middle
                    or (old.middle is null or young.middle is null) and (old.email = young.email or old.phone = young.phone))
                and (coalesce(old.created_at, '-infinity'::timestamptz), length(coalesce(old.native_id, '')), old.native_id, old.account_id)
                    < (coalesce(young.created_at, '-infinity'::timestamptz), length(coalesce(young.native_id, '')), young.native_id, young.account_id)
            left join enrolled as mine on mine.account_id = young.account_id
            left join enrolled as theirs on theirs.account_id = old.account_id
            where not coalesce(young.is_service, false) and not coalesce(old.is_service, false)
        )
        select account_id,
            arg_min(person_id, (not (same_phone or same_address or same_workplace or same_handle), older_id)) as person_id,
            bool_or(same_phone or same_address or same_handle or same_workplace) as is_sure,
            bool_or(same_course) as is_near
        from pairs group by account_id
        """
    )
    warehouse.connection.execute(
        """
        create or replace temp table exact_links as
        with joined as (
            select anchor.account_id, anchor.person_id as own_id,
                case when settled.kind in ('confirm', 'merge') then settled.person_id when settled.kind is not null then null
                    when double.is_sure and refused.account_id is null then double.person_id end as older_id,
                settled.kind is not null as is_decided, settled.decision_id,
                case when settled.kind is null and refused.account_id is null and double.is_near and not double.is_sure then double.person_id end as candidate
            from anchors as anchor
            left join doubles as double on double.account_id = anchor.account_id
            left join settled on settled.account_id = anchor.account_id
            left join refused on refused.account_id = anchor.account_id and refused.person_id = double.person_id
        )
        select account_id, coalesce(older_id, own_id) as person_id,
            case when is_decided then 'decision' when older_id is not null then 'second_account' else 'anchor' end as rule,
            case when not is_decided and older_id is not null then $second else 1.0 end as score,
            candidate as candidate_person_id, decision_id
        from joined
        """,
        {"second": _SECOND_ACCOUNT},
    )
    # A third account points to the second, the second to the first.
    for _ in range(_LONGEST_CHAIN):
        connection = warehouse.connection
        connection.execute(
            """
            create or replace temp table followed as
            select link.account_id, older.person_id
            from exact_links as link inner join exact_links as older on older.account_id = 'a' || substr(link.person_id, 2)
            where older.person_id <> link.person_id
            """
        )
        if not warehouse.value("select count(*) from followed"):
            break
        connection.execute(
            "update exact_links as link set person_id = followed.person_id from followed where followed.account_id = link.account_id"
        )
    warehouse.connection.execute("drop table if exists temp.followed")
    warehouse.connection.execute("drop table temp.doubles")


def _link_exact(warehouse: Warehouse) -> None:
    """Address, phone and user name, earlier ones too; each must point at one person only. Decisions about an account come first."""
    connection = warehouse.connection
    connection.execute(
        """
        insert into exact_links
        select settled.account_id, coalesce(anchor.person_id, settled.person_id), 'decision', 1.0, null, settled.decision_id
        from settled
        inner join raw.accounts as account on account.account_id = settled.account_id and account.channel <> 'lms'
        inner join exact_links as anchor on anchor.account_id = 'a' || substr(settled.person_id, 2)
        where settled.kind in ('confirm', 'merge')
        """
    )
    keep_keys(warehouse)
    for name, where in (
        ("persons", "account.channel = 'lms'"),
        ("others", "account.channel <> 'lms' and not coalesce(account.is_bot, false)"),
    ):
        connection.execute(
            f"create or replace temp table {name}_keys as select kept.account_id, kept.key_kind as kind, kept.key from personal.account_keys as kept "
            f"inner join raw.accounts as account on account.account_id = kept.account_id where kept.key <> '' and {where}"
        )
    connection.execute(
        """
        create or replace temp table pointed as
        with owners as (
            select distinct persons_keys.kind, persons_keys.key, exact_links.person_id
            from persons_keys inner join exact_links on exact_links.account_id = persons_keys.account_id
        ), found as (
            select other.account_id, owners.person_id,
                case other.kind when 'email' then 1 when 'phone' then 2 else 3 end as strength,
                case other.kind when 'email' then 'address' when 'phone' then 'phone' else 'username' end as rule
            from others_keys as other
            inner join owners on owners.key = other.key
                and (owners.kind = other.kind or (other.kind = 'handle' and owners.kind = 'local'))
            where other.kind in ('email', 'phone') or (other.kind = 'handle' and length(other.key) >= $letters)
        ), by_handle as (
            select * from found where rule = 'username'
        ), handle_courses as (
            select message.account_id, coalesce(place.course_id, message.course_id) as course_id
            from (select distinct account_id, chat_id, course_id from raw.messages where account_id in (select account_id from by_handle)) as message
            left join links.places as place on place.place_id = message.chat_id
            union
            select stay.account_id, place.course_id from raw.attendance as stay inner join links.places as place on place.place_id = stay.webinar_id
            where stay.account_id in (select account_id from by_handle)
        ), handle_owners as (
            select by_handle.account_id, by_handle.person_id
            from by_handle
            inner join exact_links on exact_links.person_id = by_handle.person_id
            inner join raw.enrolments as enrolment on enrolment.account_id = exact_links.account_id
            inner join handle_courses on handle_courses.account_id = by_handle.account_id and handle_courses.course_id = enrolment.course_id
        ), allowed as (
            select found.* from found
            left join refused on refused.account_id = found.account_id and refused.person_id = found.person_id
            where refused.account_id is null and found.account_id not in (select account_id from settled)
                -- User names are made of names: the same one elsewhere may be a namesake's.
                and (found.rule <> 'username'
                    or exists (select 1 from handle_owners where handle_owners.account_id = found.account_id and handle_owners.person_id = found.person_id)
                    or not exists (select 1 from handle_courses where handle_courses.account_id = found.account_id and handle_courses.course_id is not null))
        ), strongest as (
            select account_id, min(strength) as strength from allowed group by account_id
        )
        select distinct allowed.account_id, allowed.person_id, allowed.rule
        from allowed inner join strongest on strongest.account_id = allowed.account_id and strongest.strength = allowed.strength
        """,
        {"letters": _HANDLE_LETTERS},
    )
    connection.execute(
        """
        create or replace temp table several as
        select account_id, person_id from pointed where account_id in (select account_id from pointed group by account_id having count(*) > 1)
        """
    )
    connection.execute(
        """
        insert into exact_links
        select account_id, case when count(*) = 1 then min(person_id) end, case when count(*) = 1 then min(rule) else 'ambiguous' end, 1.0,
            case when count(*) > 1 then min(person_id) end, null
        from pointed group by account_id
        """
    )
    connection.execute("drop table temp.pointed")
    for name in ("persons_keys", "others_keys"):
        connection.execute(f"drop table temp.{name}")


def _make_contradicted(warehouse: Warehouse) -> None:
    """Accounts with an exact key that show somebody else's full name, or several people's: they go to review as shared."""
    keep_contradicted(warehouse)
    warehouse.connection.execute(
        "update exact_links set candidate_person_id = person_id, person_id = null, rule = 'shared' "
        "where account_id in (select account_id from personal.contradicted_accounts where is_contradicted)"
    )


def _make_judged(warehouse: Warehouse) -> None:
    """Table ``judged``: accounts with candidates by name, the likeliest person, and what becomes of it."""
    _make_excluded(warehouse)
    evidence = make_evidence(warehouse)
    stays = """
        select distinct account_id, chat_id as place_id from raw.messages
        where channel = 'chat' and chat_id in (select chat_id from raw.chats where kind not in ('personal', 'saved', 'mailbox'))
        union
        select distinct account_id, webinar_id from raw.attendance
    """
    warehouse.connection.register("candidates_of_names", evidence)
    try:
        stay_rows = warehouse.arrow(
            f"select * from ({stays}) as stay where account_id in (select account_id from candidates_of_names) order by all"
        )
    finally:
        warehouse.connection.unregister("candidates_of_names")
    taken = warehouse.arrow(
        f"select distinct stay.place_id, exact_links.person_id from ({stays}) as stay "
        "inner join exact_links on exact_links.account_id = stay.account_id where exact_links.person_id is not null order by all"
    )
    best, accounts, people = judge(evidence, stay_rows, taken)
    table = pa.table(
        {
            "account_id": pa.array(accounts, pa.string()).take(pa.array(best.account)),
            "person_id": pa.array(people, pa.string()).take(pa.array(best.person)),
            "score": pa.array(best.score.round(_DIGITS)),
            "crowd": pa.array(best.crowd),
            "is_linkable": pa.array(best.is_linkable),
            "is_more_than_first": pa.array(best.is_more_than_first),
        }
    )
    _make_table(warehouse, "judged_rows", table)
    account, person, score, place = best.candidates
    shown = pa.table(
        {
            "account_id": pa.array(accounts, pa.string()).take(pa.array(account)),
            "place": pa.array(place, pa.int32()),
            "person_id": pa.array(people, pa.string()).take(pa.array(person)),
            "score": pa.array(score.round(_DIGITS)),
        }
    )
    _make_table(warehouse, "candidate_rows", shown)
    warehouse.connection.execute(
        """
        create or replace temp table judged as
        with rows as (
            select judged_rows.*, judged_rows.account_id in (select account_id from shared) as is_shared,
                judged_rows.account_id in (select account_id from settled) as is_settled
            from judged_rows
        )
        select account_id, person_id, score,
            case when is_settled then 'unlinked'
                when is_shared then case when score >= $shared then 'review' else 'unlinked' end
                when score >= $link and is_linkable then 'linked'
                when score >= $review or (crowd >= $crowd and is_more_than_first) then 'review'
                else 'unlinked' end as state,
            case when is_settled then 'none'
                when is_shared then case when score >= $shared then 'shared' else 'none' end
                when score >= $review then 'name'
                when crowd >= $crowd and is_more_than_first then 'ambiguous'
                else 'none' end as rule
        from rows
        """,
        {
            "link": threshold("people_link_score"),
            "review": threshold("people_review_score"),
            "crowd": threshold("people_crowd_score"),
            "shared": threshold("people_shared_score"),
        },
    )
    warehouse.connection.execute("drop table temp.judged_rows")


def _make_excluded(warehouse: Warehouse) -> None:
    """Table ``excluded`` (account, person): of the pairs that were compared those that cannot be, and those that somebody refused."""
    # Nobody is addressed twice in one mail: who is among the addressees under an own address is not behind the unknown one. Only of pairs whose names
    # were compared: a notice to three hundred has ninety thousand pairs of addressees, and a programme thousands of notices. Step by step, for the
    # engine takes unknown addresses for many and would begin with those pairs.
    warehouse.connection.execute(
        """
        create or replace temp table excluded as
        with compared as materialized (
            select distinct account_id, person_id from personal.compared_names
        ), mine as materialized (
            select distinct addressee.account_id, addressee.message_id
            from raw.addressees as addressee
            inner join raw.messages as message on message.message_id = addressee.message_id and message.channel = 'mail'
            where addressee.account_id in (select account_id from compared)
        ), known as materialized (
            select distinct other.message_id, exact.person_id
            from raw.addressees as other inner join exact_links as exact on exact.account_id = other.account_id
            where other.message_id in (select message_id from mine)
        )
        select distinct compared.account_id, compared.person_id
        from compared inner join mine on mine.account_id = compared.account_id
        inner join known on known.message_id = mine.message_id and known.person_id = compared.person_id
        union
        select account_id, person_id from refused
        """
    )


def _make_scopes(warehouse: Warehouse) -> None:
    """Courses in which each unlinked account appears, and of these the members: learners and curators, past ones too."""
    warehouse.connection.execute(
        """
        create or replace temp table scopes as
        with written as (
            select distinct account_id, chat_id, course_id, group_id from raw.messages where account_id is not null
            union
            -- Who reacts to a message of a chat is in that chat, though never a word be written.
            select distinct reacted.account_id, message.chat_id, message.course_id, message.group_id
            from raw.addressees as reacted inner join raw.messages as message on message.message_id = reacted.message_id
            where reacted.role = 'reaction'
        ), met as (
            -- Two who exchange a message, whoever wrote: an unknown address is looked for in the courses of those it writes with.
            select distinct message.account_id as account_id, addressee.account_id as other_id
            from raw.messages as message inner join raw.addressees as addressee on addressee.message_id = message.message_id
            where addressee.role <> 'reaction'
            union
            select distinct addressee.account_id, message.account_id
            from raw.messages as message inner join raw.addressees as addressee on addressee.message_id = message.message_id
            where addressee.role <> 'reaction'
            union
            select distinct mine.account_id, theirs.account_id
            from written as mine inner join written as theirs on theirs.chat_id = mine.chat_id and theirs.account_id <> mine.account_id
            inner join raw.chats as chat on chat.chat_id = mine.chat_id and chat.kind = 'personal'
        ), taught as (
            select distinct exact.person_id, exact.account_id, enrolment.course_id
            from raw.enrolments as enrolment inner join exact_links as exact on exact.account_id = enrolment.account_id
            where enrolment.role in ('curator', 'staff')
        ), curators as (
            -- All accounts of the people who teach: their mail and messenger accounts are linked by exact keys.
            select distinct exact.account_id, taught.course_id
            from taught inner join exact_links as exact on exact.person_id = taught.person_id
        ), seen as (
            select written.account_id, coalesce(place.course_id, written.course_id) as course_id, coalesce(place.group_id, written.group_id) as group_id
            from written left join links.places as place on place.place_id = written.chat_id
            union
            select attendance.account_id, place.course_id, place.group_id
            from raw.attendance as attendance left join links.places as place on place.place_id = attendance.webinar_id
            union
            select met.account_id, curators.course_id, null from met inner join curators on curators.account_id = met.other_id
        ), open_accounts as (
            select account.account_id from raw.accounts as account
            left join exact_links as exact on exact.account_id = account.account_id
            where exact.account_id is null and account.channel <> 'lms' and not coalesce(account.is_bot, false)
        ), together as (
            -- A notice goes to a group: the known people it is addressed to with an unknown address tell the group.
            select distinct open_accounts.account_id, mine.message_id, exact.person_id
            from raw.addressees as mine
            inner join open_accounts on open_accounts.account_id = mine.account_id
            inner join raw.addressees as other on other.message_id = mine.message_id and other.account_id <> mine.account_id
            inner join exact_links as exact on exact.account_id = other.account_id
            where mine.role <> 'reaction' and other.role <> 'reaction'
        ), sizes as (
            select account_id, message_id, count(distinct person_id) as people from together group by account_id, message_id
        ), noticed as (
            select together.account_id, streams.course_id, member.group_id
            from together
            inner join sizes on sizes.account_id = together.account_id and sizes.message_id = together.message_id
                and sizes.people >= $addressees
            inner join (select distinct person_id, account_id from exact_links) as exact on exact.person_id = together.person_id
            inner join raw.memberships as member on member.account_id = exact.account_id
            inner join raw.course_groups as streams on streams.group_id = member.group_id
            group by together.account_id, together.message_id, streams.course_id, member.group_id
            having count(distinct together.person_id) >= $share * any_value(sizes.people)
        ), everywhere as (
            select account_id, course_id, group_id from seen union select account_id, course_id, group_id from noticed
        )
        select distinct seen.account_id, seen.course_id, seen.group_id
        from everywhere as seen inner join open_accounts on open_accounts.account_id = seen.account_id
        """,
        {"addressees": threshold("notice_addressees"), "share": threshold("place_members_share")},
    )
    # An account known only from places without a course is looked for among everybody.
    warehouse.connection.execute(
        """
        delete from scopes where course_id is null and account_id in (select account_id from scopes where course_id is not null)
        """
    )
    warehouse.connection.execute(
        """
        insert into scopes
        select account.account_id, null, null from raw.accounts as account
        left join exact_links as exact on exact.account_id = account.account_id
        where exact.account_id is null and account.channel <> 'lms' and not coalesce(account.is_bot, false)
            and account.account_id not in (select account_id from scopes)
        """
    )
