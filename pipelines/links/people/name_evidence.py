"""What shown names have in common with the names of a course's people: the rows that :mod:`pipelines.links.people.name_weights` weighs.

Names are taken apart and kept; :mod:`pipelines.links.people.name_pairs` compares them; here they also get what they are worth among tonight's people.
Works in the temporary tables of :mod:`pipelines.links.people.people`: anchors, exact_links, scopes, excluded.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pipelines.links.people.names import ShownName, is_given_name, is_patronymic, read_handle, read_name, run_together
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Readings that rest on what an account shows as its name, now (0) or earlier (1); the others use handles and addresses.
NAME, EARLIER_NAME, NAME_AND_HANDLE, HANDLE, NAME_AND_ADDRESS, ADDRESS, CUT_HANDLE = range(7)


def make_parts(warehouse: Warehouse) -> None:
    """Tables ``parts`` (person, part of the name, key), ``bearers`` (one row per person: initials, patronymics, schools) and ``bearer_prints``.

    Parts: last, part (of a double family name, or one in brackets), past (an earlier family name), first, short, middle.
    """
    run = warehouse.connection.execute
    run(
        """
        create or replace temp table bearer_rows as
        select exact_links.person_id, called.* from anchors as called inner join exact_links using (account_id)
        where not coalesce(called.is_service, false) and called.account_id in (select account_id from personal.accounts)
        """
    )
    run(
        """
        create or replace temp table parts as
        select distinct bearer_rows.person_id, called.part, called.key
        from personal.called_parts as called inner join bearer_rows on bearer_rows.account_id = called.account_id
        """
    )
    run(
        """
        create or replace temp table bearers as
        select person_id, coalesce(list(distinct left(first, 1)) filter (where left(first, 1) is not null), []) as first_initials,
            coalesce(list(distinct left(middle, 1)) filter (where left(middle, 1) is not null), []) as middle_initials,
            coalesce(list(distinct left(last, 1)) filter (where left(last, 1) is not null), []) as last_initials,
            coalesce(list(distinct middle) filter (where length(middle) > 1), []) as middles,
            bool_or(length(first) > 1) is true as knows_first,
            coalesce(list(distinct last) filter (where last is not null), []) as lasts,
            coalesce(list(distinct school) filter (where school is not null), []) as schools
        from bearer_rows group by person_id
        """
    )
    # Fingerprints of one person's accounts, in order: an engine with several threads has none of its own.
    run(
        """
        create or replace temp table bearer_prints as
        select person_id, array_to_string(list_sort(list(fingerprint)), chr(31)) as fingerprint from bearer_rows group by person_id
        """
    )
    run("drop table temp.bearer_rows")


#: Raised whenever the same words would be read otherwise: what is kept of them is then read anew.
_READING_VERSION = 2
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
    """Bring the kept readings up to date (``personal.shown_…``): a run takes apart the names of new accounts and of those that show something else.

    Leaves the tables ``wanted_readings`` (one row per account that has scopes: what it shows, with a fingerprint), ``shared`` (accounts that show
    themselves to be several people's), ``givens`` (keys that are first names here) and ``cuts_here`` (run-together user names of which a piece is a family name here).
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
        create or replace temp table givens as
        select key from parts where part in ('first', 'last') group by key
        having count(*) filter (where part = 'first') > count(*) filter (where part = 'last')
        """
    )
    connection.execute(
        """
        create or replace temp table cuts_here as
        select cuts.account_id, cuts.piece, cuts.rest from personal.shown_cuts as cuts inner join wanted_readings using (account_id)
        where cuts.piece in (select key from parts where part in ('last', 'part', 'past'))
        """
    )
    connection.execute(
        "create or replace temp table shared as select account_id from personal.shown_accounts inner join wanted_readings using (account_id) where is_shared"
    )


def make_shown(warehouse: Warehouse) -> None:
    """Tables ``shown`` (account, reading, word, key) and ``readings`` (account, reading: initials, school) of the accounts in ``needed_accounts``."""
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table shown as
        select words.account_id, words.reading, words.word, words.key,
            bool_or(words.is_given or givens.key is not null) over (partition by words.account_id, words.reading, words.word) as is_given, words.is_middle
        from personal.shown_words as words
        inner join needed_accounts using (account_id)
        left join givens on givens.key = words.key
        """
    )
    connection.execute(
        "create or replace temp table readings as select kept.* from personal.shown_readings as kept inner join needed_accounts using (account_id)"
    )
    _add_cuts(warehouse)


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
        "select account_id, wanted_readings.display_name, piece, rest, row_number() over (partition by account_id order by piece, rest) - 1 "
        "from cuts_here inner join needed_accounts using (account_id) inner join wanted_readings using (account_id) order by account_id, piece, rest"
    )
    readings: list[tuple[object, ...]] = []
    words: list[tuple[object, ...]] = []
    for account, display, piece, rest, number in found:
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
    initials = handle.initials
    if initials and any(initials[0] in ("", one[:1]) and is_given_name(one) for word in name.words for one in word):
        # "ivanova_m" of «Мария»: the letter is the name that is written out beside it.
        initials = initials[1:]
    return ShownName(tuple(words), name.initials or initials, name.school or handle.school, 0)


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

# What the kept comparisons are worth tonight: everything that moves with each person who joins.
_EVIDENCE = """
    with home as (
        select scope.account_id, min(coalesce(scope.course_id, '')) as home, greatest(sum(coalesce(course.people, 0)), 1)::bigint as people
        from (select distinct account_id, course_id from scopes) as scope
        left join (select course_id, count(*) as people from members group by course_id) as course on course.course_id is not distinct from scope.course_id
        group by scope.account_id
    ), group_sizes as (
        select groups.group_id, groups.course_id,
            least(greatest(coalesce(filled.people, 0) / greatest(coalesce(course.people, 0), 1), $edge), 1 - $edge) as share
        from (select distinct group_id, course_id from scopes where group_id is not null) as groups
        left join (select group_id, count(*) as people from in_group group by group_id) as filled on filled.group_id = groups.group_id
        left join (select course_id, count(*) as people from members group by course_id) as course on course.course_id = groups.course_id
    ), streams as (
        -- In one order, for a sum of several numbers depends on it in the last digit.
        select streams, sum(case when entry[1] = '+' then ln($in_group / share) else ln((1 - $in_group) / (1 - share)) end order by entry) as weight
        from (
            select streams, unnest(string_split(streams, chr(31))) as entry
            from (select distinct streams from personal.compared_names where streams is not null)
        ) as listed
        inner join group_sizes on entry[2:] = group_sizes.group_id || chr(30) || coalesce(group_sizes.course_id, '')
        group by streams
    ), schools as (
        select school, count(*) as people from (select person_id, unnest(schools) as school from bearers) where school is not null group by school
    )
    select pair.account_id, pair.person_id, home.home, home.people,
        pair.last_level, coalesce(of_last.frequency, $last) + case when pair.last_level = 1 then $typos * $last else 0 end as last_frequency,
        pair.shows_last, pair.first_level, coalesce(of_first.frequency, $first) as first_frequency, pair.first_level > 0 as shows_first,
        pair.middle_key is not null as has_middle, coalesce(of_middle.frequency, $middle) as middle_frequency,
        pair.initials_fitting, pair.school is not null as same_school,
        (coalesce(schools.people, 1) - 1 + $held * $school) / ((select count(*) from bearers) - 1 + $held) as school_frequency,
        pair.strange, pair.is_strict, coalesce(streams.weight, 0) as group_weight, pair.missing_courses, pair.is_linkable, pair.is_more_than_first,
        case when answerers.account_id is null then 0.0
            when pair.person_id in (select person_id from teachers) then ln($teachers / $outsiders) else ln($learners / $outsiders) end as manner_weight
    from personal.compared_names as pair
    inner join home on home.account_id = pair.account_id
    left join frequencies as of_last on of_last.part = 'last' and of_last.key = pair.last_key
    left join frequencies as of_first on of_first.part = 'first' and of_first.key = pair.first_key
    left join frequencies as of_middle on of_middle.part = 'middle' and of_middle.key = pair.middle_key
    left join schools on schools.school = pair.school
    left join streams on streams.streams = pair.streams
    left join answerers on answerers.account_id = pair.account_id
    where not exists (select 1 from excluded where excluded.account_id = pair.account_id and excluded.person_id = pair.person_id)
    order by pair.account_id, pair.person_id, pair.reading
"""

#: Accounts that answer many different people in chats, by marked replies: that is how curators write, and next to no learner.
ANSWERERS = """
    select message.account_id
    from raw.messages as message inner join raw.messages as answered on answered.message_id = message.reply_to_id
    where message.channel = 'chat' and message.kind = 'post' and answered.account_id <> message.account_id
    group by message.account_id having count(distinct answered.account_id) >= $people
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
    connection.execute(f"create or replace temp table answerers as {ANSWERERS}", {"people": threshold("people_answers_people")})
    table = warehouse.arrow(
        _EVIDENCE,
        {
            **held,
            "middle": middle,
            "school": threshold("people_usual_school"),
            "edge": threshold("people_group_edge"),
            "in_group": threshold("people_in_group"),
            "typos": threshold("people_names_near"),
            "teachers": threshold("people_answering_teachers"),
            "learners": threshold("people_answering_learners"),
            "outsiders": threshold("people_answering_outsiders"),
        },
    )
    for name in ("frequencies", "answerers"):
        connection.execute(f"drop table temp.{name}")
    return table


def _make_table(warehouse: Warehouse, name: str, table: pa.Table) -> None:
    warehouse.connection.register("incoming", table)
    try:
        warehouse.connection.execute(f"create or replace temp table {name} as select * from incoming")
    finally:
        warehouse.connection.unregister("incoming")
