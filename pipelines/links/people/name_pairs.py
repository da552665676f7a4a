"""Which people an account's name fits, and in what: compared once and kept from night to night (``personal.compared_…``).

What a shown name and a person's name have in common depends on the two names alone, not on how common either is. So it is kept, and a night
compares again only the accounts and the people of which something changed: the fingerprint of an account holds the names it shows, how they are
read and where it appears; that of a person the parts of the name, courses, groups and what they teach. A pair whose two fingerprints stand is as
it was. Anything that moves with everybody who joins (frequencies of names, sizes of courses) is left to :func:`pipelines.links.people.name_evidence.make_evidence`,
so that links made night by night are those made at once.

Names are compared inside the courses in whose chats, webinars or mails an account appears, never with everybody, so namesakes elsewhere do
not matter and the work stays linear. Works in the temporary tables of :mod:`pipelines.links.people.people` and :mod:`pipelines.links.people.name_evidence`.
"""

from __future__ import annotations

from pipelines.links.people.name_evidence import CUT_HANDLE, make_shown
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Raised whenever two names would be compared otherwise: then all are compared anew.
_COMPARISON_VERSION = 2

_MEMBERS = """
    create or replace temp table members as
    select distinct enrolment.course_id, exact.person_id
    from raw.enrolments as enrolment inner join exact_links as exact on exact.account_id = enrolment.account_id
    where enrolment.course_id in (select course_id from scopes) and exact.person_id is not null
    union
    select null, person_id from bearers where exists (select 1 from scopes where course_id is null)
"""

_TEACHERS = """
    create or replace temp table teachers as
    select distinct exact.person_id, enrolment.course_id
    from raw.enrolments as enrolment inner join exact_links as exact on exact.account_id = enrolment.account_id
    where enrolment.role in ('curator', 'staff') and exact.person_id is not null
"""

_IN_GROUP = """
    create or replace temp table in_group as
    select distinct member.group_id, exact.person_id
    from raw.memberships as member inner join exact_links as exact on exact.account_id = member.account_id
    where exact.person_id is not null
"""

# Lists are put in order before they are hashed: an engine with several threads has none of its own.
_ACCOUNT_PRINTS = """
    create or replace temp table account_prints as
    with appears as (
        select account_id, array_to_string(list_sort(list(coalesce(course_id, '') || chr(30) || coalesce(group_id, ''))), chr(31)) as text
        from scopes group by account_id
    ), first_here as (
        select words.account_id, array_to_string(list_sort(list(distinct words.key)), chr(31)) as text
        from personal.shown_words as words inner join givens on givens.key = words.key
        where not words.is_given group by words.account_id
    ), cut as (
        select account_id, array_to_string(list_sort(list(piece || chr(30) || rest)), chr(31)) as text from cuts_here group by account_id
    )
    select wanted.account_id, md5(concat_ws(chr(29), $rules, wanted.fingerprint, account.channel, appears.text, coalesce(first_here.text, ''),
        coalesce(cut.text, ''))) as fingerprint
    from wanted_readings as wanted
    inner join appears on appears.account_id = wanted.account_id
    inner join raw.accounts as account on account.account_id = wanted.account_id
    left join first_here on first_here.account_id = wanted.account_id
    left join cut on cut.account_id = wanted.account_id
"""

_PERSON_PRINTS = """
    create or replace temp table person_prints as
    with studies as (
        select exact.person_id,
            array_to_string(list_sort(list(distinct enrolment.course_id || chr(30) || (enrolment.role in ('curator', 'staff'))::varchar)), chr(31)) as text
        from raw.enrolments as enrolment inner join exact_links as exact on exact.account_id = enrolment.account_id group by exact.person_id
    ), grouped as (
        select person_id, array_to_string(list_sort(list(group_id)), chr(31)) as text from in_group group by person_id
    )
    select called.person_id, md5(concat_ws(chr(29), called.fingerprint, coalesce(studies.text, ''), coalesce(grouped.text, ''))) as fingerprint
    from bearer_prints as called left join studies on studies.person_id = called.person_id left join grouped on grouped.person_id = called.person_id
"""

_CHANGED = """
    create or replace temp table changed_{what} as
    select now.* from {what}_prints as now left join personal.compared_{kept} as kept using ({what}_id)
    where kept.fingerprint is distinct from now.fingerprint
"""

# Pairs to compare: of an account that changed with everybody of its courses, of a person that changed with all accounts that did not.
_REACH = """
    create or replace temp table changed_scopes as
    select distinct scopes.account_id, scopes.course_id from scopes inner join changed_account on changed_account.account_id = scopes.account_id;
    create or replace temp table changed_members as
    select members.course_id, members.person_id from members inner join changed_person on changed_person.person_id = members.person_id;
    create or replace temp table other_scopes as
    select distinct scopes.account_id, scopes.course_id from scopes
    where account_id not in (select account_id from changed_account)
        and exists (select 1 from changed_members where changed_members.course_id is not distinct from scopes.course_id);
    create or replace temp table needed_accounts as
    select account_id from changed_account union select account_id from other_scopes
"""

_HITS = """
    create or replace temp table hits as
    select shown.account_id, shown.reading, parts.person_id, shown.word, parts.part, shown.key, shown.is_given, shown.is_middle
    from shown
    inner join changed_scopes as scope on scope.account_id = shown.account_id
    inner join (select members.course_id, parts.* from members inner join parts on parts.person_id = members.person_id) as parts
        on parts.key = shown.key and parts.course_id is not distinct from scope.course_id
    union all
    select shown.account_id, shown.reading, parts.person_id, shown.word, parts.part, shown.key, shown.is_given, shown.is_middle
    from shown
    inner join other_scopes as scope on scope.account_id = shown.account_id
    inner join (select members.course_id, parts.* from changed_members as members inner join parts on parts.person_id = members.person_id) as parts
        on parts.key = shown.key and parts.course_id is not distinct from scope.course_id
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
    ), long_names as (
        select person_id, key as own, left(key, 3) as beginning from parts where part in ('last', 'past') and length(key) >= $letters
    ), by_first as (
        select open_words.*, long_names.person_id, long_names.own
        from pairs inner join open_words on open_words.account_id = pairs.account_id and open_words.reading = pairs.reading
        inner join long_names on long_names.person_id = pairs.person_id
    ), initials as (
        select open_words.*, left(open_words.key, 3) as beginning, readings.initial_1
        from open_words
        inner join readings on readings.account_id = open_words.account_id and readings.reading = open_words.reading and readings.initial_1 <> ''
    ), reached as (
        select initials.*, known.person_id, known.own
        from initials inner join changed_scopes as scope on scope.account_id = initials.account_id
        inner join (select members.course_id, long_names.* from members inner join long_names on long_names.person_id = members.person_id) as known
            on known.course_id = scope.course_id and known.beginning = initials.beginning
        union all
        select initials.*, known.person_id, known.own
        from initials inner join other_scopes as scope on scope.account_id = initials.account_id
        inner join (select members.course_id, long_names.* from changed_members as members inner join long_names on long_names.person_id = members.person_id) as known
            on known.course_id = scope.course_id and known.beginning = initials.beginning
    ), by_initial as (
        select reached.account_id, reached.reading, reached.word, reached.key, reached.person_id, reached.own
        from reached inner join bearers on bearers.person_id = reached.person_id and list_contains(bearers.first_initials, reached.initial_1)
    ), compared as (
        select * from by_first
        where abs(length(own) - length(key)) <= 1 and key <> own and key <> own || 'a' and own <> key || 'a' and damerau_levenshtein(key, own) = 1
        union
        select * from by_initial
        where abs(length(own) - length(key)) <= 1 and key <> own and key <> own || 'a' and own <> key || 'a' and damerau_levenshtein(key, own) = 1
    )
    select account_id, reading, person_id, min(word) as word, min(own) as key
    from compared
    where not exists (
            select 1 from hits where hits.account_id = compared.account_id and hits.reading = compared.reading
                and hits.person_id = compared.person_id and hits.part in ('last', 'part', 'past')
        )
    group by account_id, reading, person_id
"""

# Where several keys fit equally well, the last in the alphabet is the one that counts: any would do, as long as it is the same every night.
_PAIRS = """
    create or replace temp table pairs as
    with touched as (
        select account_id, reading, person_id, word, part, key, is_given, is_middle from hits
        union all
        select account_id, reading, person_id, word, 'typo', key, false, false from typos
    ), fitting as (
        select account_id, reading, person_id,
            max(case part when 'last' then 3 when 'part' then 2 when 'past' then 2 when 'typo' then 1 else 0 end) as last_level,
            max(case part when 'last' then '3' || key when 'part' then '2' || key when 'past' then '2' || key when 'typo' then '1' || key end)[2:] as last_key,
            max(case part when 'first' then 2 when 'short' then 1 else 0 end) as first_level,
            max(case part when 'first' then '2' || key when 'short' then '1' || key end)[2:] as first_key,
            max(case part when 'middle' then 1 else 0 end) as has_middle,
            max(case part when 'middle' then key end) as middle_key,
            count(distinct word) as explained,
            count(distinct case when is_given then word end) as explained_given,
            bool_or(part = 'last' and is_given) as last_may_be_first
        from touched group by account_id, reading, person_id
    ), found as (
        select distinct account_id, person_id from fitting
    ), kinds as (
        select account_id, reading, count(distinct case when is_given then word end) as given,
            count(distinct case when not is_given and not is_middle then word end) as other,
            list(distinct key) filter (where is_middle) as middles, list(distinct left(key, 1)) filter (where is_given) as given_letters
        from shown group by account_id, reading
    ), appearing as (
        select distinct account_id, course_id from scopes where account_id in (select account_id from needed_accounts)
    ), grouped as (
        select distinct account_id, course_id, group_id from scopes
        where group_id is not null and account_id in (select account_id from needed_accounts)
    ), streams as (
        -- Who teaches a course is at home in the places of all its streams. Of people of another course the course speaks, not its groups.
        select found.account_id, found.person_id,
            array_to_string(list_sort(list(case when in_group.person_id is not null or teachers.person_id is not null then '+' else '-' end
                || grouped.group_id || chr(30) || coalesce(grouped.course_id, ''))), chr(31)) as streams
        from found
        inner join grouped on grouped.account_id = found.account_id
        inner join members on members.course_id = grouped.course_id and members.person_id = found.person_id
        left join in_group on in_group.group_id = grouped.group_id and in_group.person_id = found.person_id
        left join teachers on teachers.course_id = grouped.course_id and teachers.person_id = found.person_id
        group by found.account_id, found.person_id
    ), extents as (
        select account_id, count(*) as courses from appearing group by account_id
    ), shared_courses as (
        select found.account_id, found.person_id, count(*) as courses
        from found inner join appearing on appearing.account_id = found.account_id
        inner join members on members.course_id is not distinct from appearing.course_id and members.person_id = found.person_id
        group by found.account_id, found.person_id
    ), everything as (
        select fitting.*, readings.kind, readings.words, kinds.given, kinds.other, kinds.middles,
            -- Of whom the LMS knows no first name or its letter only («Ю.В. Соловьёва»), a first name with that letter may be it.
            not bearers.knows_first and (len(bearers.first_initials) = 0 or list_has_any(bearers.first_initials, coalesce(kinds.given_letters, [])))
                as may_be_called_so,
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
    select judged.account_id, judged.reading, judged.person_id,
        last_level::tinyint as last_level, last_key, (last_level > 0 or (other > 0 and unexplained > 0)) as shows_last,
        first_level::tinyint as first_level, first_key, middle_key,
        (case when initials_fit then initials else 0 end)::tinyint as initials_fitting, case when same_school then judged.school end as school,
        (case when last_level > 0 then greatest(unexplained - other_given, 0) else greatest(unexplained - other_given - 1, 0) end)::integer as strange,
        kind in (0, 1) as is_strict, streams.streams, greatest(extents.courses - coalesce(shared_courses.courses, 0), 0)::integer as missing_courses,
        case
            when other_given > 0 then false
            -- A full name is one account in all webinars of a system: where it shows in a course that the person is not in, it is perhaps two people's.
            when account.channel = 'webinar' and extents.courses > coalesce(shared_courses.courses, 0) then false
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
    inner join extents on extents.account_id = judged.account_id
    inner join raw.accounts as account on account.account_id = judged.account_id
    left join shared_courses on shared_courses.account_id = judged.account_id and shared_courses.person_id = judged.person_id
    left join streams on streams.account_id = judged.account_id and streams.person_id = judged.person_id
    -- Another patronymic, another first name or other initials beside a name that fits: a relative or a namesake.
    where not other_middle and initials_fit and not (other_given > 0 and first_level = 0 and not may_be_called_so)
        -- A user name cut in two has to be used up.
        and not (kind = $cut and unexplained > 0)
"""

_KEEP = """
    delete from personal.compared_names
    where account_id in (select account_id from changed_account) or account_id not in (select account_id from account_prints)
        or person_id in (select person_id from changed_person) or person_id not in (select person_id from person_prints);
    insert into personal.compared_names by name select * from pairs order by account_id, person_id, reading;
    delete from personal.compared_accounts
    where account_id in (select account_id from changed_account) or account_id not in (select account_id from account_prints);
    insert into personal.compared_accounts by name select * from changed_account order by account_id;
    delete from personal.compared_people
    where person_id in (select person_id from changed_person) or person_id not in (select person_id from person_prints);
    insert into personal.compared_people by name select * from changed_person order by person_id
"""
_MADE = (
    "account_prints", "person_prints", "changed_account", "changed_person", "changed_scopes", "changed_members", "other_scopes", "needed_accounts",
    "hits", "typos", "pairs", "shown", "readings",
)  # fmt: skip


def compare_names(warehouse: Warehouse) -> tuple[int, int]:
    """Bring ``personal.compared_names`` up to date. Returns the accounts and the people that had to be compared again.

    Leaves the temporary tables ``members`` (course, person), ``in_group`` (group, person) and ``teachers`` (person, course).
    """
    run = warehouse.connection.execute
    letters = threshold("people_typo_letters")
    for statement in (_MEMBERS, _TEACHERS, _IN_GROUP, _PERSON_PRINTS):
        run(statement)
    run(_ACCOUNT_PRINTS, {"rules": f"{_COMPARISON_VERSION} {letters}"})
    for what, kept in (("account", "accounts"), ("person", "people")):
        run(_CHANGED.format(what=what, kept=kept))
    run(_REACH)
    make_shown(warehouse)
    run(_HITS)
    run(_TYPOS, {"letters": letters})
    run(_PAIRS, {"cut": CUT_HANDLE})
    with warehouse.transaction():
        run(_KEEP)
    counts = warehouse.rows("select (select count(*) from changed_account), (select count(*) from changed_person)")[0]
    for name in _MADE:
        run(f"drop table temp.{name}")
    return counts
