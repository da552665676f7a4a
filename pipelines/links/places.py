"""Which course (and stream group) a chat, webinar or survey belongs to.

In order of strength: stated in ``programme.toml``; said by the export itself; the title names the course's code or name (and its
stream); most of the linked people in it are of one course. The last needs :mod:`pipelines.links.people.people`, which in turn needs places:
``people.link_people_and_places`` runs both until they agree.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase

import pyarrow as pa

from pipelines.links.people.names import key
from pipelines.programme import Programme, Source
from pipelines.text import normalise
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Chats, webinars and surveys with what they are called.
PLACES = """
    select chat.chat_id as place_id, 'chat' as kind, chat.source, chat.course_id, private.title, coalesce(named.name, load.item) as item
    from raw.chats as chat
    left join personal.chats as private on private.chat_id = chat.chat_id
    left join raw.loads as load on load.load_id = chat.load_id
    left join personal.items as named on named.source = load.source and named.item = load.item
    where chat.kind not in ('personal', 'saved', 'mailbox') and chat.channel <> 'mail'
    union all
    select webinar.webinar_id, 'webinar', webinar.source, webinar.course_id, webinar.title, load.item
    from raw.webinars as webinar
    left join raw.loads as load on load.load_id = webinar.load_id
    union all
    select answer.survey_id, 'survey', min(answer.source), max(answer.course_id), answer.survey_id, min(load.item)
    from raw.survey_answers as answer
    left join raw.loads as load on load.load_id = answer.load_id
    group by answer.survey_id
    order by 1
"""
#: Who is in a place: writers of a chat, stays in a webinar.
_MEMBERS = """
    with present as (
        select distinct chat_id as place_id, account_id from raw.messages where account_id is not null and channel in ('chat', 'direct')
        union
        select distinct webinar_id, account_id from raw.attendance
    ), people as (
        select distinct present.place_id, people.person_id
        from present inner join links.people as people on people.account_id = present.account_id and people.state = 'linked'
    ), enrolled as (
        select distinct people.person_id, enrolment.course_id
        from raw.enrolments as enrolment inner join links.people as people on people.account_id = enrolment.account_id
    )
    select people.place_id, enrolled.course_id, count(*) as members,
        (select count(distinct other.person_id) from people as other inner join enrolled as any_course on any_course.person_id = other.person_id
         where other.place_id = people.place_id) as known
    from people inner join enrolled on enrolled.person_id = people.person_id
    group by people.place_id, enrolled.course_id
    order by people.place_id, members desc, enrolled.course_id
"""
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Summary:
    """Places by the rule that placed them."""

    places: int
    programme: int
    export: int
    title: int
    members: int
    none: int


@dataclass(frozen=True)
class _Course:
    course_id: str
    code: str | None
    code_words: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]


def link_places(warehouse: Warehouse, programme: Programme) -> Summary:
    """Fill ``links.places``: one row per chat, webinar and survey; personal conversations and mailboxes are no places.

    Uses ``links.people`` for the rule ``members`` (an empty one: no place gets that rule).
    """
    courses = _courses(warehouse)
    groups = _groups(warehouse, programme)
    members = defaultdict(list)
    for place, course, count, known in warehouse.rows(_MEMBERS):
        members[place].append((course, count, known))
    rows = []
    for place, kind, source, said, title, item in warehouse.rows(PLACES):
        course, group, rule, score = _place(programme, courses, groups, members[place], place, source, said, title, item)
        rows.append((place, kind, course, group, rule, score))
    names = list(warehouse.columns("links.places"))
    types = [pa.string(), pa.string(), pa.string(), pa.string(), pa.string(), pa.float64()]
    table = pa.table({name: pa.array([row[at] for row in rows], types[at]) for at, name in enumerate(names)})
    warehouse.replace("links.places", table)
    return summary(warehouse)


def summary(warehouse: Warehouse) -> Summary:
    """Places as they stand in ``links.places``."""
    rules = [rule for (rule,) in warehouse.rows("select rule from links.places")]
    return Summary(len(rules), *(rules.count(rule) for rule in ("programme", "export", "title", "members", "none")))


def _place(
    programme: Programme,
    courses: list[_Course],
    groups: dict[str, list[tuple[str, tuple[tuple[str, ...], ...]]]],
    members: list[tuple[str, int, int]],
    place: str,
    source: str,
    said: str | None,
    title: str | None,
    item: str | None,
) -> tuple[str | None, str | None, str, float | None]:
    by_code = {course.code: course.course_id for course in courses if course.code}
    found = next((one for one in programme.sources if one.name == source), None)
    stated = _stated(found, place, title, item) if found else None
    words = _words(title)
    if stated is not None and stated in by_code:
        declared = by_code[stated]
        group = _stated_group(programme, found, stated, declared, groups) or _group(groups.get(declared, []), words)
        return declared, group, "programme", 1.0
    if said:
        return said, _group(groups.get(said, []), words), "export", 1.0
    if course := _by_title(courses, words):
        return course, _group(groups.get(course, []), words), "title", 1.0
    if members:
        likeliest, count, known = members[0]
        share = count / known
        rival = members[1][1] if len(members) > 1 else 0
        if known >= threshold("place_members") and share >= threshold("place_members_share") and rival < count:
            return likeliest, _group(groups.get(likeliest, []), words), "members", share
    return None, None, "none", None


def _stated(source: Source, place: str, title: str | None, item: str | None) -> str | None:
    """Course that the programme file gives this place."""
    native = place.rsplit(":", 1)[-1]
    for pattern, course in source.feeds.items():
        # Square brackets stand in titles («[архив]»), so the exact text counts before the pattern.
        if any(text is not None and (text == pattern or fnmatchcase(text, pattern)) for text in (title, place, native, item)):
            return course
    return source.course


def _stated_group(
    programme: Programme, source: Source | None, code: str, course_id: str, groups: dict[str, list[tuple[str, tuple[tuple[str, ...], ...]]]]
) -> str | None:
    if source is None or source.stream is None or source.course != code:
        return None
    wanted = next(
        (
            stream.group or stream.code
            for course in programme.courses
            if course.code == code
            for stream in course.streams
            if stream.code == source.stream
        ),
        source.stream,
    )
    return next((group for group, names in groups.get(course_id, []) if _words(wanted) in names), None)


def _words(text: str | None) -> tuple[str, ...]:
    """Words of a title as script-free keys; numbers stay numbers."""
    return tuple(
        word if word.isdigit() else key(word) for word in _WORD.findall(re.sub(r"(?<=\D)(?=\d)|(?<=\d)(?=\D)", " ", normalise(text or "")))
    )


def _courses(warehouse: Warehouse) -> list[_Course]:
    return [
        _Course(course, code, _words(code), tuple(_words(one) for one in (name, name_en) if one))
        for course, code, name, name_en in warehouse.rows("select course_id, code, name, name_en from raw.courses order by course_id")
    ]


def _groups(warehouse: Warehouse, programme: Programme) -> dict[str, list[tuple[str, tuple[tuple[str, ...], ...]]]]:
    """Per course its groups that are streams, each with its names in words."""
    stream = re.compile(programme.stream_pattern, re.IGNORECASE)
    declared = {one.group for course in programme.courses for one in course.streams if one.group}
    groups = defaultdict(list)
    for group, course, code, name, groupings in warehouse.rows(
        "select group_id, course_id, code, name, groupings from raw.course_groups order by group_id"
    ):
        if any(part and (stream.search(part) or part in declared) for part in (code, name, groupings)):
            groups[course].append((group, tuple(_words(one) for one in (code, name) if one)))
    return groups


def _contains(words: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return bool(part) and any(words[at : at + len(part)] == part for at in range(len(words) - len(part) + 1))


def _by_title(courses: list[_Course], words: tuple[str, ...]) -> str | None:
    """The one course whose code stands in the title, else whose name shares most words with it (two at least)."""
    named = [course for course in courses if _contains(words, course.code_words)]
    longest = max((len(course.code_words) for course in named), default=0)
    named = [course for course in named if len(course.code_words) == longest]
    if named:
        return named[0].course_id if len(named) == 1 else None
    shared = sorted(
        ((max((_shared(words, name) for name in course.names), default=0), course.course_id) for course in courses), reverse=True
    )
    if shared and shared[0][0] >= threshold("place_title_words") and (len(shared) == 1 or shared[1][0] < shared[0][0]):
        return shared[0][1]
    return None


def _shared(words: tuple[str, ...], name: tuple[str, ...]) -> int:
    return len({word for word in words if len(word) > 3} & {word for word in name if len(word) > 3})


def _group(groups: list[tuple[str, tuple[tuple[str, ...], ...]]], words: tuple[str, ...]) -> str | None:
    """The one stream group that the title names: by its whole name, or by the word and number its name or code ends with."""
    named = [group for group, names in groups if any(_contains(words, name) or _contains(words, _tail(name)) for name in names)]
    return named[0] if len(named) == 1 else None


def _tail(name: tuple[str, ...]) -> tuple[str, ...]:
    return name[-2:] if len(name) >= 2 and name[-1].isdigit() else ()
