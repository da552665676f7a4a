"""Which accounts belong to one person: LMS accounts are the anchors, accounts of other channels are linked to them or left alone.

1. *Anchors.* Every LMS account is a person. A second LMS account is linked to the older one on strong evidence only.
2. *Exact keys.* Address, phone, user name.
3. *Names.* The name shown (and the handle, and the local part of an address) is taken apart into script-free keys and compared with the
   learners and curators of the courses in whose chats, webinars or mails the account appears: never with everybody, so namesakes
   elsewhere do not matter and the work stays linear. Every candidate has a score by what is shown of the name; the best is linked when
   it is good enough and ahead of the second by a gap. A first name alone is never linked: it goes to review at most.

Each link keeps its rule and score. People who are in no LMS stay unlinked.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from pipelines.links import places
from pipelines.links.names import full_name, is_patronymic, read_handle, read_name, school_number
from pipelines.programme import Programme
from pipelines.text import normalise
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: What a shown name is worth when exactly one person of the place fits (before the gap rule): measured on names of teachers' chats.
_WORTH = """
    case
        when has_last and has_first and has_middle and explained >= 3 then 0.99
        when has_last and has_first and explained >= 2 then 0.97
        when has_last and initials_fit and explained = shown then 0.95
        when has_first and has_middle and explained = shown and explained >= 2 then 0.92
        when has_last and same_school and explained = shown then 0.92
        when has_first and same_school and explained = shown then 0.9
        when has_last and explained = shown and initials = 0 and not may_be_first then 0.86
        when (has_first or has_last) and explained = shown and initials = 0 then 0.5
        else 0
    end
"""
_SCHOOL_BONUS = 0.06
#: An address whose owner was found by name elsewhere: as sure as that link.
_ADDRESS_BY_NAME = 0.95
#: A word in a shown name that no part of the person explains: a nickname, a maiden name, or another person.
_STRANGE_WORD = 0.04
_GROUP_BONUS = 0.06
#: Less than the gap: being in one more of the account's courses alone does not decide between namesakes.
_COURSE_BONUS = 0.04


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


def link_people_and_places(warehouse: Warehouse, programme: Programme) -> tuple[Summary, places.Summary]:
    """Fill ``links.people`` and ``links.places``, which depend on each other: places by what is stated, people, places by members, people."""
    warehouse.connection.execute("delete from links.people")
    first = places.link_places(warehouse, programme)
    people = link_people(warehouse, programme)
    placed = places.link_places(warehouse, programme)
    if placed != first:
        people = link_people(warehouse, programme)
    return people, placed


def link_people(warehouse: Warehouse, programme: Programme) -> Summary:
    """Fill ``links.people``: one row per account, from accounts, enrolments and where accounts appear (``links.places``).

    States: linked (``person_id``), review (``candidate_person_id``), unlinked. Bots and deleted messenger accounts without a name stay
    unlinked; LMS service accounts are their own person.
    """
    connection = warehouse.connection
    _make_anchors(warehouse)
    _link_exact(warehouse)
    _make_parts(warehouse)
    _make_scopes(warehouse)
    _make_shown(warehouse)
    connection.execute("create or replace temp table candidates as " + _candidates_query())
    result = warehouse.arrow(
        """
        with ranked as (
            select account_id, person_id, score,
                row_number() over (partition by account_id order by score desc, person_id) as place,
                max(score) over (partition by account_id) as best
            from candidates
        ), first_two as (
            select account_id, max(case when place = 1 then person_id end) as person_id, max(best) as best,
                coalesce(max(case when place = 2 then score end), 0) as second
            from ranked group by account_id
        ), judged as (
            select account_id, person_id, least(best, 1) as score,
                best >= $link and best - second >= $gap as is_linked,
                best >= $review and best - second >= $gap as is_clear, best >= $review as is_near
            from first_two
        ), named as (
            select account_id, person_id from judged where is_linked
            union all
            select account_id, person_id from exact_links where person_id is not null
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
            where private.account_id not in (select account_id from named)
                and private.account_id not in (select account_id from exact_links)
        ), linked as (
            select account_id, person_id, 'address' as rule, $address_score as score, cast(null as varchar) as candidate_person_id from known_address
            union all
            select account_id, person_id, rule, score, candidate_person_id from exact_links
        )
        select account.account_id,
            case when exact.person_id is not null then exact.person_id when judged.is_linked then judged.person_id end as person_id,
            case when exact.person_id is not null or judged.is_linked then 'linked'
                 when exact.account_id is not null or judged.is_near then 'review' else 'unlinked' end as state,
            case when exact.account_id is not null then exact.rule when judged.is_linked or judged.is_clear then 'name'
                 when judged.is_near then 'ambiguous' else 'none' end as rule,
            case when exact.account_id is not null then exact.score when judged.is_near then judged.score end as score,
            case when exact.account_id is not null then exact.candidate_person_id
                 when judged.is_near and not judged.is_linked then judged.person_id end as candidate_person_id
        from raw.accounts as account
        left join linked as exact on exact.account_id = account.account_id
        left join judged on judged.account_id = account.account_id
        order by account.account_id
        """,
        {
            "link": threshold("people_link_score"),
            "review": threshold("people_review_score"),
            "gap": threshold("people_gap"),
            "address_score": _ADDRESS_BY_NAME,
        },
    )
    warehouse.replace("links.people", result)
    for table in ("anchors", "exact_links", "parts", "scopes", "excluded", "shown", "candidates"):
        connection.execute(f"drop table if exists temp.{table}")
    return _summary(warehouse)


def _summary(warehouse: Warehouse) -> Summary:
    row = warehouse.rows(
        "select count(*), count(distinct person_id), count(*) filter (where state = 'linked'), count(*) filter (where state = 'review'), "
        "count(*) filter (where state = 'unlinked'), "
        + ", ".join(
            f"count(*) filter (where state = 'linked' and rule = '{rule}')"
            for rule in ("address", "phone", "username", "name", "second_account")
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
    found = warehouse.arrow(
        "select account.account_id, account.created_at, account.is_service, account.is_deleted, private.* exclude (account_id) "
        "from raw.accounts as account left join personal.accounts as private on private.account_id = account.account_id "
        "where account.channel = 'lms' order by account.account_id"
    )
    names = [full_name(first, last) for first, last in zip(found["first_name"].to_pylist(), found["last_name"].to_pylist(), strict=True)]
    addresses = found["email"].to_pylist()
    parts = pa.table(
        {
            "account_id": found["account_id"],
            "person_id": pa.array(["p" + account[1:] for account in found["account_id"].to_pylist()], pa.string()),
            "created_at": found["created_at"],
            "native_id": found["native_id"],
            "is_service": found["is_service"],
            "last": pa.array([name.last or None for name in names], pa.string()),
            "first": pa.array([name.first or None for name in names], pa.string()),
            "middle": pa.array([name.middle or None for name in names], pa.string()),
            "handle": pa.array([_handle(one) for one in found["username"].to_pylist()], pa.string()),
            "email": pa.array([one.strip().lower() if one and "@" in one else None for one in addresses], pa.string()),
            "local": pa.array([_handle(one.split("@")[0]) if one and "@" in one else None for one in addresses], pa.string()),
            "phone": pa.array([_digits(one) for one in found["phone"].to_pylist()], pa.string()),
            "school": pa.array([school_number(one) for one in found["institution"].to_pylist()], pa.string()),
            "workplace": pa.array(
                [
                    key_of_place(school, city)
                    for school, city in zip(found["institution"].to_pylist(), found["city"].to_pylist(), strict=True)
                ],
                pa.string(),
            ),
        }
    )
    _make_table(warehouse, "anchors", parts)
    # The whole name is shared by namesakes too; what makes two accounts one person is a second sign that people leave on purpose.
    warehouse.connection.execute(
        """
        create or replace temp table doubles as
        with enrolled as (
            select account_id, list(distinct course_id) as courses from raw.enrolments where role = 'learner' group by account_id
        ), pairs as (
            select young.account_id, old.account_id as older_id, old.person_id,
                coalesce(young.phone = old.phone, false) as same_phone,
                coalesce(young.workplace = old.workplace, false) as same_workplace,
                coalesce(length(old.handle) >= 6 and contains(young.handle, old.handle)
                    and not regexp_full_match(replace(young.handle, old.handle, ''), '[0-9]*'), false)
                or coalesce(length(old.local) >= 6 and contains(young.local, old.local) and young.local <> old.local
                    and not regexp_full_match(replace(young.local, old.local, ''), '[0-9]*'), false) as same_handle,
                coalesce(list_has_any(mine.courses, theirs.courses), false) as same_course
            from anchors as young
            inner join anchors as old
                on old.last = young.last and old.first = young.first and old.middle = young.middle and old.account_id <> young.account_id
                and (coalesce(old.created_at, '-infinity'::timestamptz), length(coalesce(old.native_id, '')), old.native_id, old.account_id)
                    < (coalesce(young.created_at, '-infinity'::timestamptz), length(coalesce(young.native_id, '')), young.native_id, young.account_id)
            left join enrolled as mine on mine.account_id = young.account_id
            left join enrolled as theirs on theirs.account_id = old.account_id
            where not coalesce(young.is_service, false) and not coalesce(old.is_service, false)
        )
        select account_id,
            arg_min(person_id, (not (same_phone or same_workplace or same_handle), older_id)) as person_id,
            bool_or(same_phone or same_handle or same_workplace) as is_sure,
            bool_or(same_course) as is_near
        from pairs group by account_id
        """
    )
    warehouse.connection.execute(
        """
        create or replace temp table exact_links as
        select anchor.account_id,
            coalesce(case when double.is_sure then coalesce(chain.person_id, double.person_id) end, anchor.person_id) as person_id,
            case when double.is_sure then 'second_account' else 'anchor' end as rule,
            case when double.is_sure then 0.95 else 1.0 end as score,
            case when not double.is_sure and double.is_near then double.person_id end as candidate_person_id
        from anchors as anchor
        left join doubles as double on double.account_id = anchor.account_id
        left join anchors as older on older.person_id = double.person_id
        left join doubles as chain on chain.account_id = older.account_id and chain.is_sure
        """
    )
    warehouse.connection.execute("drop table temp.doubles")


def _handle(text: str | None) -> str | None:
    return "".join(letter for letter in normalise(text or "").lstrip("@") if letter.isalnum()) or None


def _digits(phone: str | None) -> str | None:
    """Last ten digits of a phone number (Russian numbers begin with +7 or 8); None for shorter ones."""
    digits = "".join(letter for letter in phone or "" if letter.isdigit())
    return digits[-10:] if len(digits) >= 10 else None


def key_of_place(institution: str | None, city: str | None) -> str | None:
    """Key of a workplace; None unless both the institution and the town are known."""
    if not institution or not city or not institution.strip() or not city.strip():
        return None
    return f"{normalise(institution)}|{normalise(city)}"


def _link_exact(warehouse: Warehouse) -> None:
    """Address, phone and user name; each must point at one person only."""
    others = warehouse.arrow(
        "select account.account_id, private.username, private.email, private.phone from raw.accounts as account "
        "inner join personal.accounts as private on private.account_id = account.account_id "
        "where account.channel <> 'lms' and not coalesce(account.is_bot, false) order by account.account_id"
    )
    keys = pa.table(
        {
            "account_id": others["account_id"],
            "email": pa.array([one.strip().lower() if one and "@" in one else None for one in others["email"].to_pylist()], pa.string()),
            "phone": pa.array([_digits(one) for one in others["phone"].to_pylist()], pa.string()),
            "handle": pa.array([_handle(one) for one in others["username"].to_pylist()], pa.string()),
        }
    )
    _make_table(warehouse, "other_keys", keys)
    warehouse.connection.execute(
        """
        insert into exact_links
        with persons as (
            select anchors.* exclude (person_id), exact_links.person_id from anchors inner join exact_links using (account_id)
        ), found as (
            select other.account_id, persons.person_id, 1 as strength, 'address' as rule
            from other_keys as other inner join persons on persons.email = other.email
            union all
            select other.account_id, persons.person_id, 2, 'phone' from other_keys as other inner join persons on persons.phone = other.phone
            union all
            select other.account_id, persons.person_id, 3, 'username'
            from other_keys as other inner join persons on other.handle in (persons.handle, persons.local) and length(other.handle) >= 6
        ), strongest as (
            select account_id, min(strength) as strength from found group by account_id
        )
        select found.account_id,
            case when count(distinct found.person_id) = 1 then min(found.person_id) end,
            case when count(distinct found.person_id) = 1 then min(found.rule) else 'ambiguous' end,
            1.0,
            case when count(distinct found.person_id) > 1 then min(found.person_id) end
        from found inner join strongest using (account_id, strength)
        group by found.account_id
        """
    )
    warehouse.connection.execute("drop table temp.other_keys")


def _make_parts(warehouse: Warehouse) -> None:
    """Name keys of every person: family name, first name with its short forms, patronymic."""
    found = warehouse.arrow(
        "select exact_links.person_id, private.first_name, private.last_name, anchors.school from anchors "
        "inner join exact_links using (account_id) inner join personal.accounts as private using (account_id) "
        "where not coalesce(anchors.is_service, false) order by 1, 2, 3"
    )
    rows: dict[str, list[object]] = {
        name: [] for name in ("person_id", "part", "key", "school", "first_initial", "middle_initial", "last_initial", "middle", "last")
    }
    for person, first, last, school in zip(
        *(found[name].to_pylist() for name in ("person_id", "first_name", "last_name", "school")), strict=True
    ):
        name = full_name(first, last)
        for part, keys in (("last", (name.last,)), ("first", name.firsts), ("middle", (name.middle,))):
            for one in keys:
                if one:
                    values = (
                        person,
                        part,
                        one,
                        school,
                        name.first[:1],
                        name.middle[:1],
                        name.last[:1],
                        name.middle or None,
                        name.last or None,
                    )
                    for column, value in zip(rows, values, strict=True):
                        rows[column].append(value)
    table = pa.table({column: pa.array(values, pa.string()) for column, values in rows.items()})
    _make_table(warehouse, "parts", table)


def _make_scopes(warehouse: Warehouse) -> None:
    """Courses in which each unlinked account appears, and of these the members: learners and curators, past ones too."""
    warehouse.connection.execute(
        """
        create or replace temp table scopes as
        with written as (
            select distinct account_id, chat_id, course_id, group_id from raw.messages where account_id is not null
        ), met as (
            -- Two who exchange a message, whoever wrote: an unknown address is looked for in the courses of those it writes with.
            select distinct message.account_id as account_id, addressee.account_id as other_id
            from raw.messages as message inner join raw.addressees as addressee on addressee.message_id = message.message_id
            union
            select distinct addressee.account_id, message.account_id
            from raw.messages as message inner join raw.addressees as addressee on addressee.message_id = message.message_id
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
    # Nobody is addressed twice in one mail: who is among the addressees under an own address is not behind the unknown one.
    warehouse.connection.execute(
        """
        create or replace temp table excluded as
        select distinct mine.account_id, exact.person_id
        from raw.addressees as mine
        inner join (select distinct account_id from scopes) as unknown on unknown.account_id = mine.account_id
        inner join raw.messages as message on message.message_id = mine.message_id and message.channel = 'mail'
        inner join raw.addressees as other on other.message_id = mine.message_id and other.account_id <> mine.account_id
        inner join exact_links as exact on exact.account_id = other.account_id
        """
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


def _make_shown(warehouse: Warehouse) -> None:
    """What each unlinked account shows, in up to four readings: the name, name and handle, the address, name and address."""
    found = warehouse.arrow(
        "select private.account_id, private.display_name, private.username, private.email "
        "from personal.accounts as private inner join (select distinct account_id from scopes) using (account_id) order by 1"
    )
    columns = ("account_id", "reading", "key", "is_strict", "shown", "initials", "initial_1", "initial_2", "school", "middle")
    rows: dict[str, list[object]] = {name: [] for name in columns}
    for account, display, username, email in zip(*(found[name].to_pylist() for name in found.column_names), strict=True):
        name, handle = read_name(display), read_handle(username)
        local = read_handle(email.split("@")[0]) if email and "@" in email else read_handle(None)
        if display and "@" in display:
            name = read_name(None)
        readings = (
            (1, name.keys, name.initials, name.school, True),
            (2, tuple(dict.fromkeys((*name.keys, *handle.keys))) if handle.keys and name.keys else (), name.initials, name.school, False),
            (3, local.keys, local.initials, local.school, False),
            (
                4,
                tuple(dict.fromkeys((*name.keys, *local.keys))) if local.keys and name.keys else (),
                name.initials,
                name.school or local.school,
                False,
            ),
        )
        for number, keys, initials, school, is_strict in readings:
            middle = next((one for one in keys if is_patronymic(one)), None)
            for one in keys:
                values = (
                    account, number, one, is_strict, len(keys), len(initials),
                    initials[0] if initials else None, initials[1] if len(initials) > 1 else None, school, middle,
                )  # fmt: skip
                for column, value in zip(columns, values, strict=True):
                    rows[column].append(value)
    types = {"reading": pa.int32(), "is_strict": pa.bool_(), "shown": pa.int32(), "initials": pa.int32()}
    _make_table(warehouse, "shown", pa.table({name: pa.array(values, types.get(name, pa.string())) for name, values in rows.items()}))


def _candidates_query() -> str:
    """One row per account and person that a shown name may mean, with the best score over readings and courses."""
    fits = "({shown} is null or {shown} = '' or {own} = '' or {shown} = {own})"
    first_fits = fits.format(shown="initial_1", own="first_initial")
    middle_fits = fits.format(shown="initial_2", own="middle_initial")
    return f"""
        with given as (
            -- Some family names are first names too: alone they say nothing.
            select distinct key from parts where part = 'first'
        ), members as (
            select distinct enrolment.course_id, exact.person_id
            from raw.enrolments as enrolment inner join exact_links as exact on exact.account_id = enrolment.account_id
        ), in_group as (
            select distinct member.group_id, exact.person_id
            from raw.memberships as member inner join exact_links as exact on exact.account_id = member.account_id
        ), scope_courses as (
            select distinct account_id, course_id from scopes
        ), hits as (
            select shown.account_id, shown.reading, scope.course_id, parts.person_id, parts.part, shown.key, parts.school = shown.school as same_school,
                shown.is_strict, shown.shown, shown.initials, shown.initial_1, shown.initial_2,
                parts.first_initial, parts.middle_initial, parts.last_initial, shown.middle as shown_middle, parts.middle, parts.last,
                given.key is not null as may_be_first
            from shown
            inner join scope_courses as scope on scope.account_id = shown.account_id
            inner join members on members.course_id = scope.course_id
            inner join parts on parts.person_id = members.person_id and parts.key = shown.key
            left join given on given.key = shown.key
            union all
            select shown.account_id, shown.reading, scope.course_id, parts.person_id, parts.part, shown.key, parts.school = shown.school,
                shown.is_strict, shown.shown, shown.initials, shown.initial_1, shown.initial_2,
                parts.first_initial, parts.middle_initial, parts.last_initial, shown.middle, parts.middle, parts.last,
                given.key is not null as may_be_first
            from shown
            inner join scope_courses as scope on scope.account_id = shown.account_id and scope.course_id is null
            inner join parts on parts.key = shown.key
            left join given on given.key = shown.key
        ), evidence as (
            select account_id, reading, course_id, person_id,
                bool_or(part = 'last') as has_last, bool_or(part = 'first') as has_first, bool_or(part = 'middle') as has_middle,
                count(distinct key) as explained, coalesce(bool_or(same_school), false) as same_school,
                any_value(is_strict) as is_strict, any_value(shown) as shown, any_value(initials) as initials,
                any_value(initial_1) as initial_1, any_value(initial_2) as initial_2,
                any_value(first_initial) as first_initial, any_value(middle_initial) as middle_initial, any_value(last_initial) as last_initial,
                any_value(shown_middle) as shown_middle, any_value(middle) as middle, any_value(last) as last,
                bool_or(may_be_first) as may_be_first
            from hits group by account_id, reading, course_id, person_id
        ), judged as (
            select account_id, reading, course_id, person_id, has_first, same_school, is_strict, shown, explained, initials, has_middle, has_last, may_be_first,
                case when initials = 0 then false
                    when has_last and not has_first then {first_fits} and {middle_fits}
                    when has_last then {fits.format(shown="initial_1", own="middle_initial")}
                    else {fits.format(shown="initial_1", own="last_initial")} or {fits.format(shown="initial_1", own="middle_initial")} end as initials_fit
            from evidence
            -- A patronymic that is shown and is another one speaks against the person, whatever else fits.
            where shown_middle is null or middle is null or shown_middle in (middle, last) or has_middle
        ), scored as (
            select judged.account_id, judged.course_id, judged.person_id,
                max(case when initials > 0 and not initials_fit then 0 else {_WORTH} end
                    - case when is_strict and has_last and explained < shown then {_STRANGE_WORD} else 0 end
                    + case when same_school then {_SCHOOL_BONUS} else 0 end) as worth,
                bool_or((has_last and not (may_be_first and shown = 1)) or has_middle or same_school) as is_more_than_first
            from judged group by judged.account_id, judged.course_id, judged.person_id
        ), placed as (
            select scored.account_id, scored.person_id, scored.worth, scored.is_more_than_first,
                exists (
                    select 1 from scopes inner join in_group on in_group.group_id = scopes.group_id
                    where scopes.account_id = scored.account_id and in_group.person_id = scored.person_id
                ) as is_in_group
            from scored where worth > 0
        )
        select account_id, person_id,
            case when bool_or(is_more_than_first)
                then max(worth) + case when bool_or(is_in_group) then {_GROUP_BONUS} else 0 end + {_COURSE_BONUS} * (count(*) - 1)
                else max(worth) end as score
        from placed
        where not exists (select 1 from excluded where excluded.account_id = placed.account_id and excluded.person_id = placed.person_id)
        group by account_id, person_id
    """
