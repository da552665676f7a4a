"""Accounts, enrolments with roles, groups and stays in them.

Primary rows: ``user`` → accounts; ``user_enrolments`` → enrolments; ``groups`` → course_groups; ``groups_members`` → memberships.
Derived rows (not counted): a second role of one enrolment, roles without an enrolment, enrolments and stays that have ended and are
known from the log or the history of grades only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.lms.moodle_db.changes import Window, seen_part, seen_whole
from pipelines.sources.lms.moodle_db.columns import Site, existing, flags, flat, is_moment, joined, moments, whole_number, yielded
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.lms.moodle_db.traces import (
    ENROLMENT_DELETED,
    GROUP_DELETED,
    MEMBER_ADDED,
    MEMBER_REMOVED,
    ROLE_ASSIGNED,
    ROLE_UNASSIGNED,
    of_events,
)
from pipelines.sources.lms.moodle_texts import other_of
from pipelines.sources.reading import Batch, Event, Seen
from pipelines.warehouse import engine_beside

#: Moodle's archetypes of roles (:data:`.tables.VIEWS`); the others (guest, user, frontpage) say nothing about a course. Names of roles can be changed.
ROLES = {"student": "learner", "teacher": "curator", "editingteacher": "curator", "manager": "staff", "coursecreator": "staff"}
#: ``user.timezone`` that means "the server's".
_SERVERS_ZONE = "99"


def accounts(database: Database, site: Site, window: Window) -> Iterator[Event]:
    """One row per row of ``user``. Of deleted accounts the address (a hash) and the user name (the old address) are left out."""
    yield from seen_whole(database, window, "accounts", "user")
    for rows in database.batches("accounts", window.parameters()):
        yield from seen_part(window, "accounts", rows)
        ids = rows["id"]
        is_deleted, is_suspended = flags(rows["deleted"]), flags(rows["suspended"])
        changed = moments(rows["timemodified"])
        service = pa.array([*(site.administrators or ()), *([site.guest] if site.guest else [])], pa.int64())
        first, last = _blank_is_null(rows["firstname"]), _blank_is_null(rows["lastname"])
        zone = _blank_is_null(rows["timezone"])
        zone = pc.if_else(pc.equal(zone, _SERVERS_ZONE), pa.scalar(site.time_zone, pa.string()), zone)
        nothing = pa.scalar(None, pa.string())
        table = pa.table(
            {
                "account_id": site.accounts(ids),
                "realm": pa.array([site.realm] * len(ids), pa.string()),
                "channel": pa.array(["lms"] * len(ids), pa.string()),
                "is_deleted": is_deleted,
                "is_suspended": is_suspended,
                # The row's last change is the nearest to the closing that the table keeps.
                "closed_at": pc.if_else(pc.or_(is_deleted, is_suspended), changed, pa.scalar(None, changed.type)),
                "is_bot": pa.array([False] * len(ids)),
                "is_service": pc.is_in(flat(ids), service),
                "lang": _blank_is_null(rows["lang"]),
                # Old accounts hold an offset ("5.5") in the place of a name; it is no zone.
                "timezone": pc.if_else(pc.match_substring(pc.fill_null(zone, ""), "/"), zone, pc.if_else(pc.equal(zone, "UTC"), zone, nothing)),
                "created_at": moments(rows["timecreated"]),
                "first_seen_at": moments(rows["firstaccess"]),
                "last_seen_at": moments(rows["lastaccess"]),
                "native_id": pc.cast(flat(ids), pa.string()),
                "username": pc.if_else(is_deleted, nothing, _blank_is_null(rows["username"])),
                "email": pc.if_else(is_deleted, nothing, pc.utf8_lower(_blank_is_null(rows["email"]))),
                "display_name": _shown(rows["firstname"], rows["lastname"]),
                "first_name": first,
                "last_name": last,
                "phone": _phone(rows["phone1"], rows["phone2"]),
                "institution": _blank_is_null(rows["institution"]),
                "city": _blank_is_null(rows["city"]),
            }
        )  # fmt: skip
        yield Batch("accounts", table)


def enrolments(database: Database, site: Site, traces: pa.Table) -> Iterator[Event]:
    """One row per enrolment and role; the first role of an enrolment (learner before curator before staff) is the counted one."""
    yield Seen("enrolments", database.count("user_enrolments"))
    for rows in database.batches("enrolments"):
        held = {role: flags(rows[role]) for role in ("learner", "curator", "staff")}
        first = pc.case_when(pc.make_struct(*held.values()), *(pa.scalar(role) for role in held), pa.scalar("other"))
        table = _enrolments(rows, site)
        refused = [
            (pc.is_null(site.accounts(rows["userid"])), "enrolment of nobody"),
            (pc.is_null(rows["courseid"]), "its enrolment method is gone"),
            (pc.is_null(site.courses(rows["courseid"])), "enrolment in the front page"),
        ]
        yield from yielded("enrolments", "user_enrolments", _with_role(table, rows["id"], first, site), rows["id"], refused)
        is_refused = pc.or_(pc.or_(refused[0][0], refused[1][0]), refused[2][0])
        for role, has in held.items():
            more = pc.and_(pc.and_(has, pc.not_equal(first, role)), pc.invert(is_refused))
            if pc.any(more).as_py():
                rest = rows.filter(more)
                yield Batch(
                    "enrolments", _with_role(_enrolments(rest, site), rest["id"], pa.array([role] * rest.num_rows), site), counted=False
                )
    yield from _roles_without_enrolment(database, site)
    yield from _removed(database, site, traces)


def _enrolments(rows: pa.Table, site: Site) -> pa.Table:
    is_suspended = flags(rows["status"])
    is_over = pc.or_(
        flags(pc.fill_null(flat(rows["methodstatus"]), 0)),
        pc.and_(pc.greater(flat(rows["timeend"]), 0), pc.less(flat(rows["timeend"]), site.now or 0)),
    )
    return pa.table(
        {
            "account_id": site.accounts(rows["userid"]),
            "course_id": site.courses(rows["courseid"]),
            "method": rows["enrol"],
            "state": pc.if_else(is_suspended, "suspended", pc.if_else(is_over, "ended", "active")),
            "created_at": moments(rows["timecreated"]),
            "starts_at": moments(rows["timestart"]),
            "ends_at": moments(rows["timeend"]),
            # The row's last change is the nearest to the suspension that the table keeps.
            "removed_at": pc.if_else(is_suspended, moments(rows["timemodified"]), pa.scalar(None, moments(rows["timemodified"]).type)),
            "enrolled_by": site.accounts(rows["modifierid"]),
        }
    )  # fmt: skip


def _with_role(table: pa.Table, ids: pa.ChunkedArray, role: pa.Array, site: Site) -> pa.Table:
    prefix = joined(f"{site.realm}:enrolment:", flat(ids), ":")
    return table.append_column("role", role).append_column("enrolment_id", pc.binary_join_element_wise(prefix, role, ""))


def _roles_without_enrolment(database: Database, site: Site) -> Iterator[Event]:
    for rows in database.batches("roles_without_enrolment"):
        rows = rows.filter(pc.and_(pc.is_valid(site.courses(rows["courseid"])), pc.greater(rows["userid"], 0)))
        if not rows.num_rows:
            continue
        role = pa.array([ROLES[archetype] for archetype in rows["archetype"].to_pylist()], pa.string())
        course = pc.cast(flat(rows["courseid"]), pa.string())
        native = pc.binary_join_element_wise(joined(f"{site.realm}:enrolment:role-", flat(rows["id"]), "-"), course, "")
        table = pa.table(
            {
                "enrolment_id": pc.binary_join_element_wise(native, role, ":"),
                "account_id": site.accounts(rows["userid"]),
                "course_id": site.courses(rows["courseid"]),
                "role": role,
                "method": pa.array(["role"] * rows.num_rows),
                "state": pa.array(["active"] * rows.num_rows),
                "created_at": moments(rows["timemodified"]),
                "enrolled_by": site.accounts(rows["modifierid"]),
            }
        )
        yield Batch("enrolments", table, counted=False)


def _removed(database: Database, site: Site, traces: pa.Table) -> Iterator[Event]:
    """Enrolments that are gone: from the event of their deletion, else from the history of grades."""
    role_of = {row["id"]: ROLES.get(row["archetype"] or "", "other") for row in database.table("roles").to_pylist()}
    default_of = {row["id"]: ROLES.get(row["archetype"] or "", "learner") for row in database.table("methods").to_pylist()}
    graded_once = database.table("enrolments_graded_once")
    deleted = of_events(traces, ENROLMENT_DELETED)
    # Of the roles only those of people who left are of interest.
    left = pa.concat_arrays([existing(deleted["relateduserid"]), existing(graded_once["userid"])])
    steps = of_events(traces, ENROLMENT_DELETED, ROLE_ASSIGNED, ROLE_UNASSIGNED)
    steps = steps.filter(pc.and_(pc.is_in(steps["relateduserid"], left.drop_null()), pc.greater(steps["courseid"], 0)))
    known_role: dict[tuple[int, int], str] = {}
    known_gone: set[tuple[int, int]] = set()
    gone: dict[str, list[object]] = defaultdict(list)
    names = ("eventname", "objectid", "courseid", "relateduserid", "other", "timecreated")
    for event, role_id, course, user, other, at in zip(*(steps[name].to_pylist() for name in names), strict=True):
        if event != ENROLMENT_DELETED:
            # Unassigning comes in the same request before the enrolment's deletion: the last role spoken of is the one held.
            known_role[course, user] = role_of.get(role_id, "other")
            continue
        data = other_of(other).get("userenrolment")
        data = data if isinstance(data, dict) else {}
        method = whole_number(data.get("enrolid"))
        gone["native"].append(whole_number(data.get("id")) or role_id)
        gone["user"].append(user)
        gone["course"].append(course)
        gone["role"].append(known_role.get((course, user)) or default_of.get(method, "learner"))
        gone["method"].append(data.get("enrol") or other_of(other).get("enrol"))
        for name in ("timecreated", "timestart", "timeend", "modifierid"):
            gone[name].append(whole_number(data.get(name)) or 0)
        gone["removed"].append(at)
        known_gone.add((course, user))
    if gone:
        user, course, native = (pa.array(gone[name], pa.int64()) for name in ("user", "course", "native"))
        table = pa.table(
            {
                "account_id": site.accounts(user),
                "course_id": site.courses(course),
                "method": pa.array(gone["method"], pa.string()),
                "state": pa.array(["removed"] * len(user)),
                "created_at": moments(pa.array(gone["timecreated"], pa.int64())),
                "starts_at": moments(pa.array(gone["timestart"], pa.int64())),
                "ends_at": moments(pa.array(gone["timeend"], pa.int64())),
                "removed_at": moments(pa.array(gone["removed"], pa.int64())),
                "enrolled_by": site.accounts(pa.array(gone["modifierid"], pa.int64())),
            }
        )
        table = _with_role(table, pa.chunked_array([native]), pa.array(gone["role"], pa.string()), site)
        yield Batch("enrolments", table.filter(pc.is_valid(table["course_id"])), counted=False)
    pairs = zip(graded_once["courseid"].to_pylist(), graded_once["userid"].to_pylist(), strict=True)
    unseen = [pair not in known_gone and known_role.get(pair, "learner") == "learner" for pair in pairs]
    rows = graded_once.filter(pa.array(unseen, pa.bool_()))
    rows = rows.filter(pc.and_(pc.is_valid(site.courses(rows["courseid"])), pc.greater(rows["userid"], 0)))
    yield Batch(
        "enrolments",
        pa.table(
            {
                "enrolment_id": joined(f"{site.realm}:enrolment:grade-", flat(rows["id"]), ":learner"),
                "account_id": site.accounts(rows["userid"]),
                "course_id": site.courses(rows["courseid"]),
                "role": pa.array(["learner"] * rows.num_rows, pa.string()),
                "state": pa.array(["removed"] * rows.num_rows, pa.string()),
                "created_at": moments(rows["timefirst"]),
                "removed_at": moments(rows["timeremoved"]),
            }
        ),
        counted=False,
    )


def groups(database: Database, site: Site) -> Iterator[Event]:
    """One row per group, with the groupings it belongs to."""
    yield Seen("course_groups", database.count("groups"))
    found: dict[int, dict[str, object]] = {}
    groupings: dict[int, set[str]] = defaultdict(set)
    for row in database.table("groups").to_pylist():
        found[row["id"]] = row
        if row["groupingname"]:
            groupings[row["id"]].add(row["groupingname"].strip())
    ids = sorted(found)
    table = pa.table(
        {
            "group_id": site.ids("group", pa.array(ids, pa.int64())),
            "course_id": site.ids("course", pa.array([found[native]["courseid"] for native in ids], pa.int64())),
            "code": _blank_is_null(pa.array([found[native]["idnumber"] for native in ids], pa.string())),
            "name": _blank_is_null(pa.array([found[native]["name"] for native in ids], pa.string())),
            "groupings": pa.array([",".join(sorted(groupings[native])) or None for native in ids], pa.string()),
        }
    )
    yield from yielded(
        "course_groups",
        "groups",
        table,
        pa.chunked_array([pa.array(ids, pa.int64())]),
        [(pc.is_null(table["course_id"]), "group of no course")],
    )


def memberships(database: Database, site: Site, traces: pa.Table) -> Iterator[Event]:
    """One row per stay in a group. Present ones stand in the table, ended ones are pairs of events of the log.

    A present stay begins with the event of joining where the log still has it, so that it keeps its id when it ends.
    """
    yield Seen("memberships", database.count("groups_members"))
    events = of_events(traces, MEMBER_ADDED, MEMBER_REMOVED, GROUP_DELETED)
    members = database.table("memberships")
    # Sets, not loops: a site keeps a membership for every learner it ever had.
    with engine_beside() as engine:
        engine.register("events", events)
        engine.register("members", members)
        engine.execute(
            """
            create temp table steps as
            with told as (
                select id, timecreated, objectid as groupid, relateduserid as userid, eventname = $added as is_added
                from events where eventname <> $group_deleted and relateduserid > 0
                union all
                -- a group deleted as a whole ends every stay that began before
                select distinct gone.id, gone.timecreated, gone.objectid, came.relateduserid, false
                from events as gone join events as came on came.objectid = gone.objectid and came.eventname = $added and came.id < gone.id
                where gone.eventname = $group_deleted)
            select *, lag(is_added) over stay as was_added, lag(timecreated) over stay as came_at, lead(id) over stay is null as is_last
            from told window stay as (partition by groupid, userid order by timecreated, id)
            """,
            {"added": MEMBER_ADDED, "group_deleted": GROUP_DELETED},
        )
        present = engine.execute(
            """
            select members.id, members.groupid, members.userid, coalesce(steps.timecreated, members.timeadded) as joined, null::bigint as gone
            from members left join steps
                on steps.groupid = members.groupid and steps.userid = members.userid and steps.is_last and steps.is_added
            order by members.id
            """
        ).to_arrow_table()
        ended = engine.execute(
            """
            select id, groupid, userid, case when was_added then came_at else 0 end as joined, timecreated as gone
            from steps
            -- the second of two removals in a row ends nothing
            where not is_added and coalesce(was_added, true)
            order by id
            """
        ).to_arrow_table()
    yield from yielded(
        "memberships",
        "groups_members",
        _stays(present, site),
        present["id"],
        [
            (pc.is_null(site.accounts(present["userid"])), "membership of nobody"),
            (pc.is_null(existing(present["groupid"])), "membership in no group"),
        ],
    )
    yield Batch("memberships", _stays(ended, site), counted=False)


def _stays(rows: pa.Table, site: Site) -> pa.Table:
    account = site.accounts(rows["userid"])
    group = pc.cast(flat(rows["groupid"]), pa.string())
    joined_at = pc.cast(pc.if_else(is_moment(rows["joined"]), flat(rows["joined"]), 0), pa.string())
    return pa.table(
        {
            "membership_id": pc.binary_join_element_wise(pa.scalar(f"{site.realm}:membership"), group, account, joined_at, ":"),
            "group_id": site.ids("group", rows["groupid"]),
            "account_id": account,
            "joined_at": moments(rows["joined"]),
            "left_at": moments(rows["gone"]),
        }
    )


def _shown(first: pa.ChunkedArray, last: pa.ChunkedArray) -> pa.Array:
    """The name as Moodle shows it, blanks and capitals as they are; null where there is nothing but blanks."""
    name = pc.binary_join_element_wise(pc.fill_null(flat(first), ""), pc.fill_null(flat(last), ""), " ")
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(name), ""), pa.scalar(None, pa.string()), name)


def _blank_is_null(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(flat(column))
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _phone(*columns: pa.ChunkedArray) -> pa.Array:
    """The first that has digits: digits, with + where the country's code is written or is Russia's (8 or 7 and ten digits)."""
    return pc.coalesce(*(_digits(column) for column in columns))


def _digits(column: pa.ChunkedArray) -> pa.Array:
    text = pc.fill_null(flat(column), "")
    digits = pc.replace_substring_regex(text, r"\D", "")
    plus = pc.starts_with(pc.utf8_trim_whitespace(text), "+")
    # Russia's trunk prefix: 8 (912) 345-67-89 is +7 912 345 67 89.
    national = pc.match_substring_regex(digits, r"^[78]\d{10}$")
    number = pc.if_else(
        plus, pc.binary_join_element_wise("+", digits, ""), pc.if_else(national, pc.replace_substring_regex(digits, r"^[78]", "+7"), digits)
    )
    return pc.if_else(pc.equal(digits, ""), pa.scalar(None, pa.string()), number)
