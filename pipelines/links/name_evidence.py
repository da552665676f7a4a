"""What shown names have in common with the names of a course's people: the rows that :mod:`pipelines.links.name_weights` weighs.

Names are compared inside the courses in whose chats, webinars or mails an account appears, never with everybody, so namesakes elsewhere do
not matter and the work stays linear. Works in the temporary tables of :mod:`pipelines.links.people`: anchors, exact_links, scopes, excluded.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pipelines.links.names import ShownName, full_name, is_given_name, is_patronymic, read_handle, read_name, run_together
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Readings that rest on what an account shows as its name, now (0) or earlier (1); the others use handles and addresses.
NAME, EARLIER_NAME, NAME_AND_HANDLE, HANDLE, NAME_AND_ADDRESS, ADDRESS, CUT_HANDLE = range(7)
_STRICT = (NAME, EARLIER_NAME)


def make_parts(warehouse: Warehouse) -> None:
    """Tables ``parts`` (person, part of the name, key) and ``bearers`` (one row per person: initials, patronymics, schools).

    Parts: last, part (of a double family name, or one in brackets), past (an earlier family name), first, short, middle.
    """
    found = warehouse.arrow(
        """
        select exact_links.person_id, private.first_name, private.last_name, anchors.school, false as is_past
        from anchors inner join exact_links using (account_id) inner join personal.accounts as private using (account_id)
        where not coalesce(anchors.is_service, false)
        union
        select exact_links.person_id, private.first_name, past.name, null, true
        from anchors inner join exact_links using (account_id) inner join personal.accounts as private using (account_id)
        inner join personal.account_names as past on past.account_id = anchors.account_id and past.kind = 'last_name'
        where not coalesce(anchors.is_service, false) and past.name is distinct from private.last_name
        order by all
        """
    )
    parts: dict[tuple[str, str, str], None] = {}
    bearers: dict[str, list[str | None]] = {name: [] for name in ("person_id", "first", "middle", "last", "school")}
    columns = (found[name].to_pylist() for name in ("person_id", "first_name", "last_name", "school", "is_past"))
    for person, first, last, school, is_past in zip(*columns, strict=True):
        name = full_name(first, last)
        if is_past:
            parts |= {(person, "past", one): None for one in (name.last, *name.lasts) if one}
            continue
        parts |= {(person, "last", name.last): None} if name.last else {}
        parts |= {(person, "part", one): None for one in name.lasts if len(one) > 2}
        parts |= {(person, "first" if number == 0 else "short", one): None for number, one in enumerate(name.firsts) if one}
        parts |= {(person, "middle", name.middle): None} if name.middle else {}
        for column, value in zip(bearers, (person, name.first, name.middle, name.last, school), strict=True):
            bearers[column].append(value or None)
    people, kinds, keys = zip(*parts, strict=True) if parts else ((), (), ())
    _make_table(
        warehouse,
        "parts",
        pa.table({"person_id": pa.array(people, pa.string()), "part": pa.array(kinds, pa.string()), "key": pa.array(keys, pa.string())}),
    )
    _make_table(warehouse, "bearer_rows", pa.table({name: pa.array(values, pa.string()) for name, values in bearers.items()}))
    warehouse.connection.execute(
        """
        create or replace temp table bearers as
        select person_id, coalesce(list(distinct left(first, 1)) filter (where left(first, 1) is not null), []) as first_initials,
            coalesce(list(distinct left(middle, 1)) filter (where left(middle, 1) is not null), []) as middle_initials,
            coalesce(list(distinct left(last, 1)) filter (where left(last, 1) is not null), []) as last_initials,
            coalesce(list(distinct middle) filter (where middle is not null), []) as middles,
            coalesce(list(distinct last) filter (where last is not null), []) as lasts,
            coalesce(list(distinct school) filter (where school is not null), []) as schools
        from bearer_rows group by person_id
        """
    )
    warehouse.connection.execute("drop table temp.bearer_rows")


#: Raised whenever the same words would be read otherwise: what is kept of them is then read anew.
_READING_VERSION = 1
#: Readings of cut user names are numbered from here on, after those that are kept.
_FIRST_CUT = 100
#: What is kept of accounts between runs: relation → its columns that are not text.
_KEPT: dict[str, dict[str, pa.DataType]] = {
    "shown_accounts": {"is_shared": pa.bool_()},
    "shown_readings": {"reading": pa.int32(), "kind": pa.int32(), "words": pa.int32()},
    "shown_words": {"reading": pa.int32(), "word": pa.int32(), "is_given": pa.bool_(), "is_middle": pa.bool_()},
    "shown_cuts": {},
}


def make_readings(warehouse: Warehouse) -> None:
    """Tables ``shown`` (account, reading, word, key) and ``readings`` (account, reading: initials, school and what kinds of words there are).

    ``shared``: accounts that show themselves to be several people's. Names are taken apart once and kept (``personal.shown_…``): a run reads
    those of new accounts and of accounts that show something else than before.
    """
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table wanted_readings as
        with wanted as (
            select distinct account_id from scopes
        ), earlier as (
            select past.account_id, list(past.name order by past.name) as names
            from personal.account_names as past inner join wanted using (account_id) inner join personal.accounts as private using (account_id)
            where past.kind = 'display_name' and past.name is distinct from private.display_name
            group by past.account_id
        )
        select private.account_id, private.display_name, private.username, private.email, earlier.names,
            md5(concat_ws(chr(31), $version, coalesce(private.display_name, ''), coalesce(private.username, ''), coalesce(private.email, ''),
                coalesce(array_to_string(earlier.names, chr(30)), ''))) as fingerprint
        from personal.accounts as private inner join wanted using (account_id) left join earlier using (account_id)
        """,
        {"version": _READING_VERSION},
    )
    _keep_readings(warehouse)
    # Some family names are first names too, and some people fill in the fields the other way round: what is more often a first name is one.
    connection.execute(
        """
        create or replace temp table shown as
        with givens as (
            select key from parts where part in ('first', 'last') group by key
            having count(*) filter (where part = 'first') > count(*) filter (where part = 'last')
        )
        select words.account_id, words.reading, words.word, words.key,
            bool_or(words.is_given or givens.key is not null) over (partition by words.account_id, words.reading, words.word) as is_given, words.is_middle
        from personal.shown_words as words
        inner join wanted_readings using (account_id)
        left join givens on givens.key = words.key
        """
    )
    connection.execute(
        "create or replace temp table readings as select kept.* from personal.shown_readings as kept inner join wanted_readings using (account_id)"
    )
    connection.execute(
        "create or replace temp table shared as select account_id from personal.shown_accounts inner join wanted_readings using (account_id) where is_shared"
    )
    _add_cuts(warehouse)
    connection.execute("drop table temp.wanted_readings")


def _keep_readings(warehouse: Warehouse) -> None:
    """Take apart what new and changed accounts show, and keep it."""
    found = warehouse.arrow(
        "select wanted_readings.* from wanted_readings left join personal.shown_accounts as kept "
        "on kept.account_id = wanted_readings.account_id and kept.fingerprint = wanted_readings.fingerprint where kept.account_id is null order by 1"
    )
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in _KEPT}
    columns = (found[name].to_pylist() for name in ("account_id", "display_name", "username", "email", "names", "fingerprint"))
    for account, display, username, email, earlier, fingerprint in zip(*columns, strict=True):
        names = [read_name(one if one and "@" not in one else None) for one in (display, *(earlier or ()))]
        local = email.split("@")[0] if email and "@" in email else None
        rows["shown_accounts"].append((account, fingerprint, names[0].is_shared))
        for number, (kind, reading) in enumerate(_readings(names, username, local)):
            _add_reading(rows["shown_readings"], rows["shown_words"], account, number, kind, reading)
        rows["shown_cuts"] += [(account, *cut) for cut in dict.fromkeys((*run_together(username), *run_together(local)))]
    _make_table(warehouse, "read_anew", found.select(["account_id"]))
    with warehouse.transaction():
        for name, kept in rows.items():
            warehouse.connection.execute(
                f"delete from personal.{name} where account_id in (select account_id from read_anew) "
                "or account_id not in (select account_id from personal.accounts)"
            )
            if kept:
                _append(warehouse, f"personal.{name}", kept, _KEPT[name])
    warehouse.connection.execute("drop table temp.read_anew")


def _append(warehouse: Warehouse, table: str, rows: list[tuple[object, ...]], types: dict[str, pa.DataType]) -> None:
    names = list(warehouse.columns(table)) if "." in table else [name for name, *_ in warehouse.rows(f"describe {table}")]
    columns = zip(*rows, strict=True)
    batch = pa.table({name: pa.array(column, types.get(name, pa.string())) for name, column in zip(names, columns, strict=True)})
    warehouse.connection.register("incoming", batch)
    try:
        warehouse.connection.execute(f"insert into {table} ({', '.join(names)}) select {', '.join(names)} from incoming")
    finally:
        warehouse.connection.unregister("incoming")


def _add_reading(
    readings: list[tuple[object, ...]], words: list[tuple[object, ...]], account: str, number: int, kind: int, reading: ShownName
) -> None:
    first, second = (*reading.initials, None, None)[:2]
    readings.append((account, number, kind, len(reading.words), first, second, reading.school))
    for place, keys in enumerate(reading.words):
        is_given, is_middle = any(map(is_given_name, keys)), is_patronymic(keys[0])
        words += [(account, number, place, one, is_given, is_middle) for one in keys]


def _add_cuts(warehouse: Warehouse) -> None:
    """Add the readings of user names of which a piece is a family name of the programme."""
    found = warehouse.rows(
        """
        select cuts.account_id, wanted_readings.display_name, cuts.piece, cuts.rest
        from personal.shown_cuts as cuts inner join wanted_readings using (account_id)
        where cuts.piece in (select key from parts where part in ('last', 'part', 'past'))
        order by all
        """
    )
    readings: list[tuple[object, ...]] = []
    words: list[tuple[object, ...]] = []
    for number, (account, display, piece, rest) in enumerate(found):
        letters = tuple("" if one in "yj" else one for one in rest) if len(rest) <= 2 else ()
        cut = ShownName(((piece,), (rest,)) if rest and not letters else ((piece,),), letters, None, 0)
        name = read_name(display if display and "@" not in display else None)
        _add_reading(readings, words, account, _FIRST_CUT + number, CUT_HANDLE, _together(name, cut))
    if readings:
        _append(warehouse, "readings", readings, _KEPT["shown_readings"])
        _append(warehouse, "shown", words, _KEPT["shown_words"])


def _readings(names: list[ShownName], username: str | None, local: str | None) -> Iterator[tuple[int, ShownName]]:
    """The ways to understand an account: its name, earlier names, name and handle together, the handle alone."""
    name = names[0]
    if name.words:
        yield NAME, name
    for earlier in names[1:]:
        if earlier.words and not earlier.is_shared:
            yield EARLIER_NAME, earlier
    says_a_name = any(is_given_name(key) or is_patronymic(key) for word in name.words for key in word)
    for text, with_name, alone in ((username, NAME_AND_HANDLE, HANDLE), (local, NAME_AND_ADDRESS, ADDRESS)):
        handle = read_handle(text)
        if handle.words and name.words:
            yield with_name, _together(name, handle)
        if handle.words and not says_a_name:
            yield alone, handle


def _together(name: ShownName, handle: ShownName) -> ShownName:
    words = list(name.words)
    said = {key for word in words for key in word}
    words += [word for word in handle.words if not said.intersection(word)]
    return ShownName(tuple(words), name.initials or handle.initials, name.school or handle.school, 0)


_FREQUENCIES = """
    create or replace temp table frequencies as
    with counted as (
        select case when part in ('last', 'part', 'past') then 'last' when part = 'middle' then 'middle' else 'first' end as part, key,
            count(distinct person_id) as bearers
        from parts group by 1, 2
    ), everybody as (
        select greatest(count(distinct person_id), 1) as people from bearers
    )
    -- Of the others, so without the person who is compared; held by what is usual where few people are known.
    select part, key,
        (bearers - 1 + $held * case part when 'last' then $last when 'first' then $first else $middle end) / (people - 1 + $held) as frequency
    from counted cross join everybody
"""

_MEMBERS = """
    create or replace temp table members as
    select distinct enrolment.course_id, exact.person_id
    from raw.enrolments as enrolment inner join exact_links as exact on exact.account_id = enrolment.account_id
    where enrolment.course_id in (select course_id from scopes) and exact.person_id is not null
    union
    select null, person_id from bearers where exists (select 1 from scopes where course_id is null)
"""

_HITS = """
    create or replace temp table hits as
    with scope_courses as (
        select distinct account_id, course_id from scopes
    ), known as (
        select members.course_id, parts.person_id, parts.part, parts.key
        from members inner join parts on parts.person_id = members.person_id
    )
    select shown.account_id, shown.reading, known.person_id, shown.word, known.part, shown.key, shown.is_given, shown.is_middle,
        scope.course_id
    from shown
    inner join scope_courses as scope on scope.account_id = shown.account_id
    inner join known on known.key = shown.key and known.course_id is not distinct from scope.course_id
"""

# A family name with a typing error: one letter more, less, other or two exchanged; only of long names, and only of people whose first name or
# initial is shown too. An ending that makes a man's name a woman's is no error. Initials say less, so there the beginning has to be right.
_TYPOS = """
    create or replace temp table typos as
    with open_words as (
        select shown.account_id, shown.reading, shown.word, shown.key from shown
        where length(shown.key) >= $letters and not shown.is_given and not shown.is_middle
    ), pairs as (
        select distinct hits.account_id, hits.reading, hits.person_id from hits where hits.part in ('first', 'short')
    ), by_first as (
        select open_words.*, pairs.person_id, parts.key as own
        from pairs inner join open_words on open_words.account_id = pairs.account_id and open_words.reading = pairs.reading
        inner join parts on parts.person_id = pairs.person_id and parts.part in ('last', 'past')
    ), by_initial as (
        select open_words.*, parts.person_id, parts.key as own
        from open_words
        inner join readings on readings.account_id = open_words.account_id and readings.reading = open_words.reading
            and readings.initial_1 <> ''
        inner join (select distinct account_id, course_id from scopes) as scope on scope.account_id = open_words.account_id
        inner join members on members.course_id = scope.course_id
        inner join parts on parts.person_id = members.person_id and parts.part in ('last', 'past') and left(parts.key, 3) = left(open_words.key, 3)
        inner join bearers on bearers.person_id = parts.person_id and list_contains(bearers.first_initials, readings.initial_1)
    ), compared as (
        select * from by_first union select * from by_initial
    )
    select account_id, reading, person_id, min(word) as word, min(own) as key
    from compared
    where length(own) >= $letters and abs(length(own) - length(key)) <= 1 and key <> own and key <> own || 'a' and own <> key || 'a'
        and damerau_levenshtein(key, own) = 1
        and not exists (
            select 1 from hits where hits.account_id = compared.account_id and hits.reading = compared.reading
                and hits.person_id = compared.person_id and hits.part in ('last', 'part', 'past')
        )
    group by account_id, reading, person_id
"""

_EVIDENCE = """
    create or replace temp table evidence as
    with touched as (
        select account_id, reading, person_id, word, part, key, is_given, is_middle from hits
        union all
        select account_id, reading, person_id, word, 'typo', key, false, false from typos
    ), fitting as (
        select account_id, reading, person_id,
            max(case part when 'last' then 3 when 'part' then 2 when 'past' then 2 when 'typo' then 1 else 0 end) as last_level,
            arg_max(key, case part when 'last' then 3 when 'part' then 2 when 'past' then 2 when 'typo' then 1 end) as last_key,
            max(case part when 'first' then 2 when 'short' then 1 else 0 end) as first_level,
            arg_max(key, case part when 'first' then 2 when 'short' then 1 end) as first_key,
            max(case part when 'middle' then 1 else 0 end) as has_middle,
            arg_max(key, case part when 'middle' then 1 end) as middle_key,
            count(distinct word) as explained,
            count(distinct case when is_given then word end) as explained_given,
            bool_or(part = 'last' and is_given) as last_may_be_first
        from touched group by account_id, reading, person_id
    ), kinds as (
        select account_id, reading, count(distinct case when is_given then word end) as given,
            count(distinct case when not is_given and not is_middle then word end) as other,
            list(distinct key) filter (where is_middle) as middles
        from shown group by account_id, reading
    ), groups as (
        select distinct scopes.account_id, scopes.course_id, scopes.group_id from scopes where scopes.group_id is not null
    ), in_group as (
        select distinct member.group_id, exact.person_id
        from raw.memberships as member inner join exact_links as exact on exact.account_id = member.account_id
        where member.group_id in (select group_id from groups)
    ), group_sizes as (
        select groups.group_id, groups.course_id,
            least(greatest((select count(*) from in_group where in_group.group_id = groups.group_id)
                / greatest((select count(*) from members where members.course_id = groups.course_id), 1), 0.05), 0.95) as share
        from (select distinct group_id, course_id from groups) as groups
    ), group_weights as (
        select fitting.account_id, fitting.person_id,
            -- Who teaches a course is at home in the places of all its streams.
            sum(case when in_group.person_id is not null or teachers.person_id is not null then ln($in_group / group_sizes.share) else ln((1 - $in_group) / (1 - group_sizes.share)) end) as weight
        from (select distinct account_id, person_id from fitting) as fitting
        inner join groups on groups.account_id = fitting.account_id
        inner join group_sizes on group_sizes.group_id = groups.group_id
        left join in_group on in_group.group_id = groups.group_id and in_group.person_id = fitting.person_id
        left join teachers on teachers.course_id = groups.course_id and teachers.person_id = fitting.person_id
        -- Of people of another course the course speaks, not its groups.
        where exists (select 1 from members where members.course_id = groups.course_id and members.person_id = fitting.person_id)
        group by fitting.account_id, fitting.person_id
    ), sizes as (
        select scope.account_id, min(coalesce(scope.course_id, '')) as home, count(*) as courses, sum(course.people) as people
        from (select distinct account_id, course_id from scopes) as scope
        left join (select course_id, count(*) as people from members group by course_id) as course on course.course_id is not distinct from scope.course_id
        group by scope.account_id
    ), shared_courses as (
        select pair.account_id, pair.person_id, count(*) as courses
        from (select distinct account_id, person_id from fitting) as pair
        inner join (select distinct account_id, course_id from scopes) as scope on scope.account_id = pair.account_id
        inner join members on members.course_id is not distinct from scope.course_id and members.person_id = pair.person_id
        group by pair.account_id, pair.person_id
    ), schools as (
        select school, count(*) as people from (select person_id, unnest(schools) as school from bearers) where school is not null group by school
    ), everything as (
        select fitting.*, readings.kind, readings.words, kinds.given, kinds.other, kinds.middles,
            coalesce(list_contains(bearers.schools, readings.school), false) as same_school, readings.school,
            bearers.middles as own_middles, bearers.lasts as own_lasts,
            case when readings.initial_1 is null then 0
                when last_level > 0 and first_level = 0 then (readings.initial_1 <> '')::int + (coalesce(readings.initial_2, '') <> '')::int
                else (readings.initial_1 <> '')::int end as initials,
            case when readings.initial_1 is null then true
                when last_level > 0 and first_level = 0 then (readings.initial_1 = '' or list_contains(bearers.first_initials, readings.initial_1))
                    and (coalesce(readings.initial_2, '') = '' or len(bearers.middle_initials) = 0 or list_contains(bearers.middle_initials, readings.initial_2))
                when last_level > 0 then readings.initial_1 = '' or len(bearers.middle_initials) = 0 or list_contains(bearers.middle_initials, readings.initial_1)
                else readings.initial_1 = '' or list_contains(bearers.last_initials, readings.initial_1)
                    or list_contains(bearers.middle_initials, readings.initial_1) end as initials_fit,
            readings.initial_1
        from fitting
        inner join readings on readings.account_id = fitting.account_id and readings.reading = fitting.reading
        inner join kinds on kinds.account_id = fitting.account_id and kinds.reading = fitting.reading
        inner join bearers on bearers.person_id = fitting.person_id
    ), judged as (
        select * replace (
                -- Where the LMS knows no patronymic, one that is shown leaves nothing unexplained.
                least(words, explained + case when len(own_middles) = 0 then len(coalesce(middles, [])) else 0 end) as explained
            ), words - least(words, explained + case when len(own_middles) = 0 then len(coalesce(middles, [])) else 0 end) as unexplained,
            given - explained_given as other_given,
            -- A patronymic may be mistyped; another one speaks against the person, whatever else fits.
            len(list_filter(coalesce(middles, []), one -> not list_contains(own_middles, one) and not list_contains(own_lasts, one)
                and not coalesce(list_bool_or(list_transform(own_middles, own -> damerau_levenshtein(own, one) <= 1)), false))) > 0
                and len(own_middles) > 0 and has_middle = 0 as other_middle
        from everything
    )
    select judged.account_id, judged.reading, judged.person_id, sizes.home, greatest(sizes.people, 1) as people,
        last_level, coalesce(of_last.frequency, $last) + case when last_level = 1 then $typos * $last else 0 end as last_frequency,
        (last_level > 0 or (other > 0 and unexplained > 0))::int as shows_last,
        first_level, coalesce(of_first.frequency, $first) as first_frequency, (first_level > 0)::int as shows_first,
        has_middle, coalesce(of_middle.frequency, $middle) as middle_frequency,
        case when initials_fit then initials else 0 end as initials_fitting,
        same_school::int as same_school, (coalesce(schools.people, 1) - 1 + $held * $school) / ((select count(*) from bearers) - 1 + $held) as school_frequency,
        case when last_level > 0 then greatest(unexplained - other_given, 0) else greatest(unexplained - other_given - 1, 0) end as strange,
        (kind in (0, 1))::int as is_strict, kind,
        coalesce(group_weights.weight, 0) as group_weight, greatest(sizes.courses - coalesce(shared_courses.courses, 0), 0) as missing_courses,
        case
            when other_given > 0 then false
            -- A full name is one account in all webinars of a system: where it shows in a course that the person is not in, it is perhaps two people's.
            when account.channel = 'webinar' and sizes.courses > coalesce(shared_courses.courses, 0) then false
            when last_level >= 2 and first_level > 0 then not (last_may_be_first and explained < 2)
            when last_level = 1 and (first_level > 0 or initials > 0) then unexplained = 0
            when last_level >= 2 and initials > 0 and coalesce(initial_1, '') <> '' then unexplained = 0
            when last_level >= 2 then unexplained = 0 and initials = 0 and not last_may_be_first
            when first_level > 0 and has_middle = 1 then unexplained = 0 and explained >= 2
            when first_level > 0 and same_school then unexplained = 0
            else false
        end as is_linkable,
        (last_level > 0 and not (last_may_be_first and words = 1)) or has_middle = 1 or same_school as is_more_than_first
    from judged
    inner join sizes on sizes.account_id = judged.account_id
    inner join raw.accounts as account on account.account_id = judged.account_id
    left join shared_courses on shared_courses.account_id = judged.account_id and shared_courses.person_id = judged.person_id
    left join group_weights on group_weights.account_id = judged.account_id and group_weights.person_id = judged.person_id
    left join frequencies as of_last on of_last.part = 'last' and of_last.key = judged.last_key
    left join frequencies as of_first on of_first.part = 'first' and of_first.key = judged.first_key
    left join frequencies as of_middle on of_middle.part = 'middle' and of_middle.key = judged.middle_key
    left join schools on schools.school = judged.school
    -- Another patronymic, another first name or other initials beside a name that fits: a relative or a namesake.
    where not other_middle and initials_fit and not (other_given > 0 and first_level = 0)
        -- A user name cut in two has to be used up.
        and not (kind = $cut and unexplained > 0)
        and not exists (select 1 from excluded where excluded.account_id = judged.account_id and excluded.person_id = judged.person_id)
    order by judged.account_id, judged.person_id, judged.reading
"""


# Accounts that answer many different people in chats, by marked replies: that is how curators write, and next to no learner.
_ANSWERERS = """
    create or replace temp table answerers as
    select message.account_id
    from raw.messages as message inner join raw.messages as answered on answered.message_id = message.reply_to_id
    where message.channel = 'chat' and message.kind = 'post' and answered.account_id <> message.account_id
    group by message.account_id having count(distinct answered.account_id) >= $people
"""

_TEACHERS = """
    create or replace temp table teachers as
    select distinct exact.person_id, enrolment.course_id
    from raw.enrolments as enrolment inner join exact_links as exact on exact.account_id = enrolment.account_id
    where enrolment.role in ('curator', 'staff') and exact.person_id is not null
"""


def make_evidence(warehouse: Warehouse) -> pa.Table:
    """One row per account, reading and person of its courses with any part of a name in common.

    Columns: account_id, person_id, home (the course whose parameters hold), people (of the account's courses), levels and frequencies
    of the parts, what the account's manner adds (``manner_weight``, log odds: whoever answers many people in chats is rather one who teaches),
    and whether it is enough to link (``is_linkable``) and more than a first name (``is_more_than_first``).
    """
    held = {"held": threshold("people_prior_people"), "last": threshold("people_usual_last"), "first": threshold("people_usual_first")}
    middle = threshold("people_usual_middle")
    connection = warehouse.connection
    connection.execute(_FREQUENCIES, {**held, "middle": middle})
    connection.execute(_MEMBERS)
    connection.execute(_ANSWERERS, {"people": threshold("people_answers_people")})
    connection.execute(_TEACHERS)
    connection.execute(_HITS)
    connection.execute(_TYPOS, {"letters": threshold("people_typo_letters")})
    connection.execute(
        _EVIDENCE,
        {
            **held,
            "middle": middle,
            "cut": CUT_HANDLE,
            "school": threshold("people_usual_school"),
            "in_group": threshold("people_in_group"),
            "typos": threshold("people_names_near"),
        },
    )
    answering = {
        "teachers": threshold("people_answering_teachers"),
        "learners": threshold("people_answering_learners"),
        "outsiders": threshold("people_answering_outsiders"),
    }
    table = warehouse.arrow(
        """
        select evidence.* exclude (reading, kind),
            case when evidence.account_id not in (select account_id from answerers) then 0.0
                 when evidence.person_id in (select person_id from teachers) then ln($teachers / $outsiders)
                 else ln($learners / $outsiders) end as manner_weight
        from evidence order by account_id, person_id, reading
        """,
        answering,
    )
    for name in ("frequencies", "hits", "typos", "evidence", "answerers", "teachers"):
        connection.execute(f"drop table if exists temp.{name}")
    return table


def _make_table(warehouse: Warehouse, name: str, table: pa.Table) -> None:
    warehouse.connection.register("incoming", table)
    try:
        warehouse.connection.execute(f"create or replace temp table {name} as select * from incoming")
    finally:
        warehouse.connection.unregister("incoming")
