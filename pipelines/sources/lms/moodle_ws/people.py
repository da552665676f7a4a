"""Who is in a course: accounts, enrolments with roles, groups and their members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.sources.lms.moodle_ws.client import PAGE, Refused, Services, objects
from pipelines.sources.lms.moodle_ws.values import Names, at, batch, text, whole
from pipelines.sources.reading import Event, Rejected, Seen, Whole

#: Short names of Moodle's own roles; the services tell no archetype.
_ROLES = {"student": "learner", "teacher": "curator", "editingteacher": "curator", "manager": "staff", "coursecreator": "staff"}
_ENROLLED = "core_enrol_get_enrolled_users"
_FIELDS = (
    "id, username, fullname, firstname, lastname, email, phone1, institution, city, lang, timezone, suspended, firstaccess, lastaccess, "
    "lastcourseaccess, groups, roles"
)


def enrolled(services: Services, course: int, *, only_active: bool = False) -> list[dict[str, Any]]:
    """Everybody in the course, page after page."""

    def ask(page: int) -> dict[str, Any]:
        options = {"limitfrom": page * PAGE, "limitnumber": PAGE, "sortby": "id", "userfields": "id" if only_active else _FIELDS}
        if only_active:
            options["onlyactive"] = 1
        return {"courseid": course, "options": [{"name": name, "value": value} for name, value in options.items()]}

    return list(services.pages(_ENROLLED, ask, lambda answer: answer))


def people(services: Services, names: Names, course: int, users: list[dict[str, Any]]) -> Iterator[Event]:
    """Accounts and enrolments. Somebody in the course and not among the active is suspended there, or their time is over."""
    accounts = []
    for user in users:
        first, last = user.get("firstname"), user.get("lastname")
        shown = f"{first or ''} {last or ''}" if first or last else user.get("fullname")
        email, zone = text(user.get("email")), text(user.get("timezone"))
        accounts.append(
            {
                "account_id": names.account(user.get("id")),
                "realm": names.realm,
                "channel": "lms",
                "is_deleted": False,
                "is_suspended": bool(user["suspended"]) if "suspended" in user else None,
                "lang": text(user.get("lang")),
                "timezone": zone if zone and ("/" in zone or zone == "UTC") else None,
                "first_seen_at": at(user.get("firstaccess")),
                "last_seen_at": at(user.get("lastaccess")),
                "native_id": str(whole(user.get("id")) or ""),
                "username": text(user.get("username")),
                "email": email.lower() if email else None,
                "display_name": shown if text(shown) else None,
                "first_name": text(first),
                "last_name": text(last),
                "institution": text(user.get("institution")),
                "city": text(user.get("city")),
            }
        )
    good = [row for row in accounts if row["account_id"]]
    yield from batch("accounts", good)
    for place in range(len(accounts) - len(good)):
        yield Seen("accounts", 1)
        yield Rejected("accounts", f"{_ENROLLED} {place + 1}", "no id")

    active: set[int | None] | None = None
    try:
        active = {whole(user.get("id")) for user in enrolled(services, course, only_active=True)}
    except Refused as refused:
        yield Seen("enrolments", 1)
        yield Rejected("enrolments", f"{refused.function} onlyactive", refused.reason)
    rows = []
    for user in users:
        account = names.account(user.get("id"))
        if account is None:
            continue
        state = "active" if active is None or whole(user.get("id")) in active else "suspended"
        for role in sorted({_ROLES.get(str(role.get("shortname")), "other") for role in objects(user.get("roles"))}) or ["other"]:
            rows.append(
                {
                    "enrolment_id": f"{names.realm}:enrolment:ws-{course}-{account}:{role}",
                    "account_id": account,
                    "course_id": names.id("course", course),
                    "role": role,
                    "state": state,
                }
            )
    yield from batch("enrolments", rows)
    yield Whole("enrolments", within=("course_id", f"{names.realm}:course:{course}"))


def groups(services: Services, names: Names, course: int, users: list[dict[str, Any]]) -> Iterator[Event]:
    """Groups with groupings and members. Where the token may not list a course's groups, those that people are shown in stand for them."""
    members: dict[int, set[int]] = {}
    found: dict[int, dict[str, Any]] = {}
    for user in users:
        for group in objects(user.get("groups")):
            if (group_id := whole(group.get("id"))) and (user_id := whole(user.get("id"))):
                found.setdefault(group_id, group)
                members.setdefault(group_id, set()).add(user_id)
    try:
        for group in objects(services.call("core_group_get_course_groups", courseid=course)):
            if group_id := whole(group.get("id")):
                found[group_id] = group
        if found:
            for listed in objects(services.call("core_group_get_group_members", groupids=sorted(found))):
                if group_id := whole(listed.get("groupid")):
                    given_ids = listed.get("userids")
                    members[group_id] = (
                        {member for given in given_ids if (member := whole(given))} if isinstance(given_ids, list) else set()
                    )
    except Refused as refused:
        yield Seen("course_groups", 1)
        yield Rejected("course_groups", refused.function, refused.reason)
    groupings: dict[int, set[str]] = {}
    if "core_group_get_course_groupings" in services.functions and found:
        try:
            listed_groupings = objects(services.call("core_group_get_course_groupings", courseid=course))
            if listed_groupings:
                ids = [grouping["id"] for grouping in listed_groupings if whole(grouping.get("id"))]
                for grouping in objects(services.call("core_group_get_groupings", groupingids=ids, returngroups=True)):
                    label = text(grouping.get("idnumber")) or text(grouping.get("name"))
                    for group in objects(grouping.get("groups")):
                        if label and (group_id := whole(group.get("id"))):
                            groupings.setdefault(group_id, set()).add(label)
        except Refused as refused:
            yield Seen("course_groups", 1)
            yield Rejected("course_groups", refused.function, refused.reason)
    yield from batch(
        "course_groups",
        [
            {
                "group_id": names.id("group", native),
                "course_id": names.id("course", course),
                "code": text(group.get("idnumber")),
                "name": text(group.get("name")),
                "groupings": ",".join(sorted(groupings.get(native, ()))) or None,
            }
            for native, group in sorted(found.items())
        ],
    )
    stays = [
        {
            "membership_id": f"{names.realm}:membership:{group}:{names.account(user)}:0",
            "group_id": names.id("group", group),
            "account_id": names.account(user),
        }
        for group, listed in sorted(members.items())
        for user in sorted(listed)
        if names.account(user)
    ]
    yield from batch("memberships", stays)
    for native in sorted(found):
        yield Whole("memberships", within=("group_id", f"{names.realm}:group:{native}"))
