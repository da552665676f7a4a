"""One stream's rows in the simulated Moodle: enrolments, work, marks, forum, messages, completion, and the log behind them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from random import Random

import numpy as np

from pipelines.simulation.behaviour import DAY, HOUR, KINDS, Profile, Question, Traces
from pipelines.simulation.chat import AskedQuestion
from pipelines.simulation.moodle import (
    EDITOR_ROLE,
    MANAGER,
    NOBODY,
    STUDENT_ROLE,
    TEACHER_ROLE,
    CoursePlace,
    LogRows,
    Numbers,
    Site,
    conversation_hash,
    dumps,
    module_context,
    user_context,
)
from pipelines.simulation.names import Person
from pipelines.simulation.telegram import Entry


@dataclass
class Account:
    """One person with the accounts that the channels know."""

    user: int
    person: Person
    username: str
    email: str  # in the LMS
    mail_address: str  # used for writing
    lms_first: str
    lms_last: str
    lang: str = "ru"
    chat_id: int | None = None
    chat_name: str = ""
    chat_style: str = ""
    webinar_name: str = ""
    webinar_style: str = ""
    webinar_email: str = ""


@dataclass
class Curator:
    """A curator of a course."""

    account: Account
    profile: Profile
    leave: tuple[int, int] | None
    is_editor: bool


@dataclass
class StreamRun:
    """One stream while it is being written."""

    number: int
    course: int
    stream: int
    code: str
    place: CoursePlace
    group: int
    learners: list[Account]
    curators: list[Curator]
    traces: Traces
    rng: Random
    noise: np.random.Generator
    users: np.ndarray
    submission_ids: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    #: paragraphs of each submission, empty for files; only where the plan asks for texts
    texts: list[list[str]] = field(default_factory=list)
    copied_share: list[float] = field(default_factory=list)
    source_ids: list[int | None] = field(default_factory=list)
    is_file: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    #: feedback comment of each submission, None where the curator wrote none
    comments: list[str | None] = field(default_factory=list)

    #: questions by number, with their truth
    asked: dict[int, tuple[Question, AskedQuestion]] = field(default_factory=dict)
    #: announcements that answered several questions at once
    announcements: dict[tuple[str, int | None, int], Entry] = field(default_factory=dict)

    @property
    def start(self) -> int:
        return self.traces.start

    @property
    def end(self) -> int:
        """First second after the last day."""
        return self.traces.start + self.traces.weeks * 7 * DAY


def write_users(site: Site, log: LogRows, accounts: list[Account], created: list[int]) -> None:
    """Rows of ``mdl_user`` for people who have none yet."""
    site.add(
        "user",
        "id auth confirmed mnethostid username firstname lastname email institution city country lang timezone timecreated timemodified",
        [
            (
                a.user,
                "manual",
                1,
                1,
                a.username,
                a.lms_first,
                a.lms_last,
                a.email,
                a.person.school,
                a.person.city,
                "RU",
                a.lang,
                a.person.zone,
                at,
                at,
            )
            for a, at in zip(accounts, created, strict=True)
        ],
    )
    users = np.array([a.user for a in accounts], dtype=np.int64)
    contexts = user_context(users)
    site.add(
        "context",
        "id contextlevel instanceid path depth",
        [(int(c), 30, int(u), f"/1/{int(c)}", 2) for c, u in zip(contexts, users, strict=True)],
    )
    log.add("user_created", created, MANAGER, 0, contexts, users, objectid=users, related=users)


def write_curators(site: Site, log: LogRows, place: CoursePlace, curators: list[Curator], opened: int) -> None:
    """Curators enrolled with a teacher's role: the first of a course may edit it."""
    for curator in curators:
        user, role = curator.account.user, EDITOR_ROLE if curator.is_editor else TEACHER_ROLE
        enrolment, assignment = int(site.take("user_enrolments")[0]), int(site.take("role_assignments")[0])
        site.add(
            "user_enrolments",
            "id enrolid userid modifierid timecreated timemodified",
            [(enrolment, place.enrol["manual"], user, MANAGER, opened, opened)],
        )
        site.add(
            "role_assignments",
            "id roleid contextid userid timemodified modifierid",
            [(assignment, role, place.context, user, opened, MANAGER)],
        )
        log.add(
            "enrolled",
            opened,
            MANAGER,
            place.id,
            place.context,
            place.id,
            objectid=enrolment,
            related=user,
            other=dumps({"enrol": "manual"}),
        )
        log.add(
            "role",
            opened,
            MANAGER,
            place.id,
            place.context,
            place.id,
            objectid=role,
            related=user,
            other=dumps({"id": assignment, "component": "", "itemid": 0}),
        )


def add_group(site: Site, place: CoursePlace, code: str, title: str, created: int, shift: int) -> int:
    """The stream's group, in the grouping of streams; later streams have deadlines of their own as group overrides."""
    group = int(site.take("groups")[0])
    site.add(
        "groups",
        "id courseid idnumber name descriptionformat timecreated timemodified",
        [(group, place.id, code, title, 0, created, created)],
    )
    site.add(
        "groupings_groups", "id groupingid groupid timeadded", [(int(site.take("groupings_groups")[0]), place.grouping, group, created)]
    )
    if shift:
        for week, modules in enumerate(place.weeks):
            due = site.db.execute("select duedate from mdl_assign where id = ?", (modules.assign[1],)).fetchone()[0]
            override = int(site.take("assign_overrides")[0])
            site.add(
                "assign_overrides",
                "id assignid groupid sortorder allowsubmissionsfromdate duedate cutoffdate",
                [(override, modules.assign[1], group, week + 1, 0, due + shift, 0)],
            )
    return group


def write_stream(site: Site, log: LogRows, run: StreamRun, new: list[int]) -> None:
    """Everything of one stream that Moodle itself knows, but for forum and messages. ``new``: places of learners without an account yet."""
    _enrol(site, log, run, new)
    _visits(site, log, run)
    _submissions(site, log, run)
    _quizzes(site, log, run)
    _gradebook(site, run)
    _completion(site, log, run)


def _enrol(site: Site, log: LogRows, run: StreamRun, new: list[int]) -> None:
    place, traces, size = run.place, run.traces, len(run.learners)
    at = traces.enrolled_at
    write_users(site, log, [run.learners[i] for i in new], [int(at[i]) for i in new])
    enrolments, roles, members = site.take("user_enrolments", size), site.take("role_assignments", size), site.take("groups_members", size)
    by = np.where(traces.method == 2, run.users, MANAGER)
    method = np.where(traces.method == 2, place.enrol["self"], place.enrol["manual"])
    kept = np.flatnonzero(at <= site.until)
    rows = list(zip(*(column[kept].tolist() for column in (enrolments, method, run.users, by, at, roles, members)), strict=True))
    site.add(
        "user_enrolments", "id enrolid userid modifierid timecreated timemodified", [(e, m, u, b, t, t) for e, m, u, b, t, _, _ in rows]
    )
    site.add(
        "role_assignments",
        "id roleid contextid userid timemodified modifierid",
        [(r, STUDENT_ROLE, place.context, u, t, b) for _, _, u, b, t, r, _ in rows],
    )
    site.add("groups_members", "id groupid userid timeadded", [(g, run.group, u, t) for _, _, u, _, t, _, g in rows])
    names = np.where(traces.method == 2, "self", "manual")
    log.add(
        "enrolled",
        at,
        by,
        place.id,
        place.context,
        place.id,
        objectid=enrolments,
        related=run.users,
        other=[dumps({"enrol": str(n)}) for n in names],
    )
    log.add(
        "role",
        at,
        by,
        place.id,
        place.context,
        place.id,
        objectid=STUDENT_ROLE,
        related=run.users,
        other=[dumps({"id": int(r), "component": "", "itemid": 0}) for r in roles],
    )
    log.add(
        "group_joined",
        at,
        by,
        place.id,
        place.context,
        place.id,
        objectid=run.group,
        related=run.users,
        other=dumps({"component": "", "itemid": 0}),
    )


def _visits(site: Site, log: LogRows, run: StreamRun) -> None:
    traces, place, noise = run.traces, run.place, run.noise
    user, at = run.users[traces.visit_learner], traces.visit_at
    log.add("loggedin", at, user, 0, 1, 0, objectid=user)
    dash = noise.random(at.size) < 0.45
    log.add("dashboard", at[dash], user[dash], 0, user_context(user[dash]), user[dash], related=user[dash])
    log.add("course", at + 5, user, place.id, place.context, place.id)
    forum = noise.random(at.size) < 0.16
    log.add("forum", at[forum] + 30, user[forum], place.id, module_context(place.forum[0]), place.forum[0], objectid=place.forum[1])
    report = noise.random(at.size) < 0.07
    log.add("grade_report", at[report] + 40, user[report], place.id, place.context, place.id, related=user[report])
    out = noise.random(at.size) < 0.12
    log.add("loggedout", at[out] + 1500, user[out], 0, 1, 0, objectid=user[out], other="null")
    # a visit looks at the week's task now and then
    look = noise.random(at.size) < 0.3
    week = np.clip((at - traces.start) // (7 * DAY), 0, traces.weeks - 1)
    for number, modules in enumerate(place.weeks):
        some = look & (week == number) & (at >= traces.start)
        _assign_looked_at(log, place, modules.assign, at[some] + 90, user[some])
    clumsy = traces.technical[traces.visit_learner] & (noise.random(at.size) < 0.06)
    log.add(
        "login_failed",
        at[clumsy] - 50,
        0,
        0,
        1,
        0,
        other=[dumps({"username": run.learners[i].username, "reason": 3}) for i in traces.visit_learner[clumsy]],
    )
    # materials
    for kind, code in (("page", 0), ("resource", 1), ("url", 2)):
        chosen = traces.view_module % 3 == code
        learner, which, when = traces.view_learner[chosen], traces.view_module[chosen] // 3, traces.view_at[chosen]
        listed = np.array([getattr(week, kind) for week in place.weeks])
        cmid, instance = listed[which, 0], listed[which, 1]
        log.add(kind, when, run.users[learner], place.id, module_context(cmid), cmid, objectid=instance)
        order = np.lexsort((when, which, learner))
        learner, which, when, cmid = learner[order], which[order], when[order], cmid[order]
        if not learner.size:
            continue
        first = np.ones(learner.size, bool)
        first[1:] = (learner[1:] != learner[:-1]) | (which[1:] != which[:-1])
        learner, when, cmid = learner[first], when[first], cmid[first]
        _completed_modules(site, log, run, learner, cmid, when, 1)
        viewed = site.take("course_modules_viewed", learner.size)
        kept = when <= site.until
        site.add(
            "course_modules_viewed",
            "id coursemoduleid userid timecreated",
            zip(viewed[kept].tolist(), cmid[kept].tolist(), run.users[learner][kept].tolist(), when[kept].tolist(), strict=True),
        )


def _assign_looked_at(log: LogRows, place: CoursePlace, assign: tuple[int, int], at: Numbers, user: Numbers) -> None:
    cmid, instance = assign
    log.add("assign", at, user, place.id, module_context(cmid), cmid, objectid=instance)
    log.add("assign_status", at, user, place.id, module_context(cmid), cmid, other=dumps({"assignid": str(instance)}))


def _completed_modules(
    site: Site, log: LogRows, run: StreamRun, learner: np.ndarray, cmid: Numbers, at: np.ndarray, state: Numbers, by: Numbers | None = None
) -> None:
    ids = site.take("course_modules_completion", learner.size)
    users = run.users[learner]
    cmid = np.broadcast_to(cmid, learner.shape)
    kept = at <= site.until
    state = np.broadcast_to(np.asarray(state), learner.shape)
    site.add(
        "course_modules_completion",
        "id coursemoduleid userid completionstate timemodified",
        zip(ids[kept].tolist(), cmid[kept].tolist(), users[kept].tolist(), state[kept].tolist(), at[kept].tolist(), strict=True),
    )
    others = [
        dumps({"relateduserid": str(u), "overrideby": None, "completionstate": int(s)})
        for u, s in zip(users.tolist(), state.tolist(), strict=True)
    ]
    log.add(
        "completion", at, users if by is None else by, run.place.id, module_context(cmid), cmid, objectid=ids, related=users, other=others
    )


@dataclass(frozen=True)
class _Works:
    """The works handed in on a stream: one element of each array is one work."""

    sub: dict[str, np.ndarray]
    #: Ids of the work, of its text and of its file.
    ids: np.ndarray
    text_ids: np.ndarray
    file_ids: np.ndarray
    is_file: np.ndarray
    user: np.ndarray
    at: np.ndarray
    attempt: np.ndarray
    cmid: np.ndarray
    instance: np.ndarray
    context: np.ndarray
    grader: np.ndarray
    #: Handed in, and marked, by the last second that the site knows.
    is_seen: np.ndarray
    is_marked: np.ndarray

    @property
    def size(self) -> int:
        return self.at.size


def _submissions(site: Site, log: LogRows, run: StreamRun) -> None:
    works = _works(site, run)
    _log_submissions(log, run, works)
    _submission_rows(site, run, works)
    _submitted_texts(site, run, works)
    _submitted_files(site, run, works)
    _log_marks(site, log, run, works)
    _extensions(site, log, run, works)


def _works(site: Site, run: StreamRun) -> _Works:
    sub = run.traces.sub
    assigns = _assigns(run)
    cmid, instance = assigns[sub["task"], 0], assigns[sub["task"], 1]
    is_seen = sub["at"] <= site.until
    return _Works(
        sub=sub, ids=run.submission_ids, text_ids=site.take("assignsubmission_onlinetext", sub["at"].size),
        file_ids=site.take("assignsubmission_file", sub["at"].size), is_file=run.is_file, user=run.users[sub["learner"]], at=sub["at"],
        attempt=sub["attempt"], cmid=cmid, instance=instance, context=module_context(cmid),
        grader=np.array([curator.account.user for curator in run.curators])[sub["grader"]],
        is_seen=is_seen, is_marked=is_seen & (sub["graded"] <= site.until),
    )  # fmt: skip


def _assigns(run: StreamRun) -> np.ndarray:
    """Course module and instance of each week's assignment."""
    return np.array([week.assign for week in run.place.weeks])


def _log_submissions(log: LogRows, run: StreamRun, works: _Works) -> None:
    place, user, at, context, cmid, instance = run.place, works.user, works.at, works.context, works.cmid, works.instance
    log.add("loggedin", at - 700, user, 0, 1, 0, objectid=user)
    log.add("course", at - 690, user, place.id, place.context, place.id)
    log.add("assign", at - 600, user, place.id, context, cmid, objectid=instance)
    log.add("assign_status", at - 600, user, place.id, context, cmid, other=[dumps({"assignid": str(i)}) for i in instance.tolist()])
    texts = [" ".join(paragraphs) for paragraphs in run.texts] if run.texts else [""] * works.size
    online = np.flatnonzero(~works.is_file)
    # what Moodle logs of a text is the whole text; the first words are enough to have personal data where readers must expect it
    log.add(
        "uploaded", at[online], user[online], place.id, context[online], cmid[online], objectid=works.ids[online],
        other=[dumps({"pathnamehashes": [], "content": f"<p>{texts[i][:80]}</p>", "format": "1"}) for i in online] if run.texts else "null",
    )  # fmt: skip
    log.add(
        "submission_created", at[online], user[online], place.id, context[online], cmid[online], objectid=works.text_ids[online],
        related=user[online], other=[_of_submission(works, i, "onlinetextwordcount", len(texts[i].split())) for i in online.tolist()],
    )  # fmt: skip
    files = np.flatnonzero(works.is_file)
    log.add("file_uploaded", at[files], user[files], place.id, context[files], cmid[files], objectid=works.ids[files])
    log.add(
        "file_created", at[files], user[files], place.id, context[files], cmid[files], objectid=works.file_ids[files],
        related=user[files], other=[_of_submission(works, i, "filesubmissioncount", 1) for i in files.tolist()],
    )  # fmt: skip
    log.add("submitted", at, user, place.id, context, cmid, objectid=works.ids, other=dumps({"submission_editable": True}))
    _assign_looked_at_many(log, place, cmid, instance, at, user)


def _of_submission(works: _Works, work: int, measure: str, value: int) -> str:
    """What Moodle logs beside a submission that was made."""
    told = {"submissionid": str(works.ids[work]), "submissionattempt": str(works.attempt[work]), "submissionstatus": "submitted"}
    return dumps({**told, measure: value, "groupid": 0, "groupname": None})


def _submission_rows(site: Site, run: StreamRun, works: _Works) -> None:
    ids, instance, user, at, attempt, graded = works.ids, works.instance, works.user, works.at, works.attempt, works.sub["graded"]
    reopens = works.is_marked & (works.sub["score"] < 60) & (attempt == 0)
    rows, extra = [], []
    extra_ids = site.take("assign_submission", works.size)
    for i in np.flatnonzero(works.is_seen).tolist():
        latest = 0 if reopens[i] else 1
        rows.append((int(ids[i]), int(instance[i]), int(user[i]), int(at[i]), int(at[i]), "submitted", 0, int(attempt[i]), latest))
        if reopens[i]:
            extra.append(i)
    again = works.is_seen & (attempt == 1)
    done_again = {(int(a), int(b)) for a, b in zip(user[again], instance[again], strict=True)}
    for i in extra:
        if (int(user[i]), int(instance[i])) not in done_again:
            rows.append((int(extra_ids[i]), int(instance[i]), int(user[i]), int(graded[i]), int(graded[i]), "reopened", 0, 1, 1))
    rows.extend(_drafts(site, run, _assigns(run)))
    site.add("assign_submission", "id assignment userid timecreated timemodified status groupid attemptnumber latest", rows)


def _submitted_texts(site: Site, run: StreamRun, works: _Works) -> None:
    if not run.texts:
        return
    rows = []
    for i in np.flatnonzero(works.is_seen & ~works.is_file).tolist():
        page = _html(int(works.ids[i]), run.texts[i], int(works.sub["learner"][i]), int(works.sub["kind"][i]))
        rows.append((int(works.text_ids[i]), int(works.instance[i]), int(works.ids[i]), page, 1))
    site.add("assignsubmission_onlinetext", "id assignment submission onlinetext onlineformat", rows)


#: What learners call the file of their work.
_FILE_NAMES = (
    "Практическая работа {n}.docx",
    "{last}_{n}.docx",
    "работа {n} {last}.doc",
    "Документ Microsoft Word ({n}).docx",
    "скан{n}.pdf",
)


def _submitted_files(site: Site, run: StreamRun, works: _Works) -> None:
    for i in np.flatnonzero(works.is_file).tolist():
        pair = site.take("files", 2).tolist()
        if not works.is_seen[i]:
            continue
        work, user, at = int(works.ids[i]), int(works.user[i]), int(works.at[i])
        row = (int(works.file_ids[i]), int(works.instance[i]), work, 1)
        site.add("assignsubmission_file", "id assignment submission numfiles", [row])
        last = run.learners[int(works.sub["learner"][i])].person.last
        name = Random(work).choice(_FILE_NAMES).format(n=int(works.sub["task"][i]) + 1, last=last)
        # Moodle keeps a row for the folder as well.
        both = ((name, hashlib.sha1(f"{work}".encode()).hexdigest(), 14_000 + work * 37 % 60_000), (".", hashlib.sha1(b"").hexdigest(), 0))
        rows = [
            (
                file_id, digest, hashlib.sha1(f"{file_id}".encode()).hexdigest(), int(works.context[i]), "assignsubmission_file",
                "submission_files", work, "/", file_name, user, length, None, at, at,
            )
            for file_id, (file_name, digest, length) in zip(pair, both, strict=True)
        ]  # fmt: skip
        site.add(
            "files",
            "id contenthash pathnamehash contextid component filearea itemid filepath filename userid filesize mimetype timecreated timemodified",
            rows,
        )


def _log_marks(site: Site, log: LogRows, run: StreamRun, works: _Works) -> None:
    sub, place, user, cmid, grader = works.sub, run.place, works.user, works.cmid, works.grader
    graded, score = sub["graded"], sub["score"]
    grade_ids = site.take("assign_grades", works.size)
    log.add("loggedin", graded - 900, grader, 0, 1, 0, objectid=grader)
    log.add(
        "grading_form", graded - 200, grader, place.id, works.context, cmid, related=user,
        other=[dumps({"assignid": str(i)}) for i in works.instance.tolist()],
    )  # fmt: skip
    if place.weeks:
        state = np.where(score >= 60, 2, 3)
        final = _final(sub)
        _completed_modules(site, log, run, sub["learner"][final], cmid[final], graded[final], state[final], by=grader[final])
    items = np.array([place.items["assign", week.assign[1]] for week in place.weeks])[sub["task"]]
    log.add(
        "user_graded", graded, grader, place.id, place.context, place.id, objectid=items * 1_000_000 + user, related=user,
        other=[
            dumps({"itemid": str(i), "overridden": False, "finalgrade": int(g)})
            for i, g in zip(items.tolist(), score.tolist(), strict=True)
        ],
    )  # fmt: skip
    log.add(
        "user_graded", graded, -1, place.id, place.context, place.id, objectid=place.items["course", 0] * 1_000_000 + user, related=user,
        other=dumps({"itemid": str(place.items["course", 0]), "overridden": False, "finalgrade": 0}),
    )  # fmt: skip
    log.add("graded", graded, grader, place.id, works.context, cmid, objectid=grade_ids, related=user)
    _mark_rows(site, run, works, grade_ids)


def _mark_rows(site: Site, run: StreamRun, works: _Works, grade_ids: np.ndarray) -> None:
    sub, graded = works.sub, works.sub["graded"]
    comment_ids = site.take("assignfeedback_comments", works.size)
    kept = np.flatnonzero(works.is_marked).tolist()
    site.add(
        "assign_grades",
        "id assignment userid timecreated timemodified grader grade attemptnumber",
        [
            (
                int(grade_ids[i]), int(works.instance[i]), int(works.user[i]), int(graded[i]), int(graded[i]), int(works.grader[i]),
                float(sub["score"][i]), int(works.attempt[i]),
            )
            for i in kept
        ],
    )  # fmt: skip
    site.add(
        "assignfeedback_comments",
        "id assignment grade commenttext commentformat",
        [
            (int(comment_ids[i]), int(works.instance[i]), int(grade_ids[i]), (run.comments[i] or "") if run.comments else "", 1)
            for i in kept
            if sub["comment"][i] != 3 or i % 7 == 0
        ],
    )


def _extensions(site: Site, log: LogRows, run: StreamRun, works: _Works) -> None:
    """Extensions are given to some of those who were late."""
    task = works.sub["task"]
    is_late = (works.attempt == 0) & (works.at > run.start + (task + 1) * 7 * DAY)
    for i in np.flatnonzero(is_late & (run.noise.random(works.size) < 0.12)).tolist():
        due = run.start + (int(task[i]) + 2) * 7 * DAY - 60
        granted = run.start + (int(task[i]) + 1) * 7 * DAY - 20 * HOUR
        flag = int(site.take("assign_user_flags")[0])
        user, instance = int(works.user[i]), int(works.instance[i])
        context, cmid = int(works.context[i]), int(works.cmid[i])
        log.add("extension", granted, int(works.grader[i]), run.place.id, context, cmid, objectid=instance, related=user)
        if granted <= site.until:
            row = (flag, user, instance, due, "")
            site.add("assign_user_flags", "id userid assignment extensionduedate workflowstate", [row])


def _final(sub: dict[str, np.ndarray]) -> np.ndarray:
    """Rows whose mark stays: the second attempt where there is one."""
    return ~sub["reopened"]


def _html(submission: int, paragraphs: list[str], learner: int, kind: int) -> str:
    """A text as Moodle's editor keeps it: paragraphs, Word's spans, line breaks, divisions. Authors keep to their program, copies vary."""
    style = Random(submission).randrange(5) if KINDS[kind] != "original" else (learner * 7919 >> 3) % 5
    safe = [paragraph.replace("&", "&amp;").replace("<", "&lt;") for paragraph in paragraphs]
    if style == 0:
        return "".join(f"<p>{paragraph}</p>" for paragraph in safe)
    if style == 1:
        return "".join(f'<p class="MsoNormal"><span style="font-size:14.0pt">{paragraph}</span></p>' for paragraph in safe)
    if style == 2:
        return "<p>" + "<br><br>".join(safe) + "</p>"
    if style == 3:
        return "".join(f'<p dir="ltr" style="text-align: left;">{paragraph}</p>' for paragraph in safe)
    return "<div>" + "".join(f"<div>{paragraph}</div><div><br></div>" for paragraph in safe).replace(" — ", "&nbsp;— ") + "</div>"


def _assign_looked_at_many(
    log: LogRows, place: CoursePlace, cmid: np.ndarray, instance: np.ndarray, at: np.ndarray, user: np.ndarray
) -> None:
    log.add("assign", at, user, place.id, module_context(cmid), cmid, objectid=instance)
    log.add("assign_status", at, user, place.id, module_context(cmid), cmid, other=[dumps({"assignid": str(i)}) for i in instance.tolist()])


def _drafts(site: Site, run: StreamRun, assigns: np.ndarray) -> list[tuple]:
    """Forms that were opened and left: rows that are no submissions."""
    done = np.zeros((run.users.size, run.traces.weeks), bool)
    done[run.traces.sub["learner"], run.traces.sub["task"]] = True
    vigour = run.traces.vigour[:, : run.traces.weeks]
    opened = ~done & (vigour > 0.25) & (run.noise.random(done.shape) < 0.12)
    learner, task = np.nonzero(opened)
    ids = site.take("assign_submission", learner.size)
    at = run.start + (task + 1) * 7 * DAY - run.noise.integers(HOUR, 3 * DAY, learner.size)
    status = np.where(run.noise.random(learner.size) < 0.6, "new", "draft")
    return [
        (int(i), int(assigns[t, 1]), int(run.users[person]), int(when), int(when), str(state), 0, 0, 1)
        for i, person, t, when, state in zip(ids, learner, task, at, status, strict=True)
        if when <= site.until
    ]


def _quizzes(site: Site, log: LogRows, run: StreamRun) -> None:
    quiz, place = run.traces.quiz, run.place
    size = quiz["learner"].size
    ids, unique = site.take("quiz_attempts", size), site.take("question_usages", size)
    modules = {week: place.weeks[week].quiz for week in place.quiz_weeks}
    cmid = np.array([modules[int(week)][0] for week in quiz["week"]], dtype=np.int64)  # type: ignore[index]
    instance = np.array([modules[int(week)][1] for week in quiz["week"]], dtype=np.int64)  # type: ignore[index]
    user, context = run.users[quiz["learner"]], module_context(cmid)
    begun, ended = quiz["start"], quiz["finish"]
    log.add("loggedin", begun - 60, user, 0, 1, 0, objectid=user)
    log.add("course", begun - 55, user, place.id, place.context, place.id)
    log.add("quiz", begun - 20, user, place.id, context, cmid, objectid=instance)
    log.add("attempt_started", begun, user, place.id, context, cmid, objectid=ids, related=user)
    good = quiz["right"] >= 5
    last = np.ones(size, bool)
    last[(quiz["attempt"] == 1) & ~good] = ~np.isin(
        quiz["learner"][(quiz["attempt"] == 1) & ~good] * 100 + quiz["week"][(quiz["attempt"] == 1) & ~good],
        quiz["learner"][quiz["attempt"] == 2] * 100 + quiz["week"][quiz["attempt"] == 2],
    )
    _completed_modules(site, log, run, quiz["learner"][last], cmid[last], ended[last], np.where(good, 2, 3)[last])
    items = np.array([place.items["quiz", i] for i in instance.tolist()], dtype=np.int64)
    log.add(
        "user_graded",
        ended,
        user,
        place.id,
        place.context,
        place.id,
        objectid=items * 1_000_000 + user,
        related=user,
        other=[
            dumps({"itemid": str(i), "overridden": False, "finalgrade": r / 8 * 10})
            for i, r in zip(items.tolist(), quiz["right"].tolist(), strict=True)
        ],
    )
    log.add(
        "attempt_submitted",
        ended,
        user,
        place.id,
        context,
        cmid,
        objectid=ids,
        related=user,
        other=[
            dumps({"submitterid": str(u), "quizid": str(i), "studentisonline": False})
            for u, i in zip(user.tolist(), instance.tolist(), strict=True)
        ],
    )
    rows = []
    for i in np.flatnonzero(begun <= site.until).tolist():
        finished = ended[i] <= site.until
        rows.append(
            (
                int(ids[i]),
                int(instance[i]),
                int(user[i]),
                int(quiz["attempt"][i]),
                int(unique[i]),
                "1,2,3,4,5,6,7,8,0",
                0,
                "finished" if finished else "inprogress",
                int(begun[i]),
                int(ended[i]) if finished else 0,
                int(ended[i] if finished else begun[i]),
                float(quiz["right"][i]) if finished else None,
            )
        )
    site.add("quiz_attempts", "id quiz userid attempt uniqueid layout preview state timestart timefinish timemodified sumgrades", rows)


def _gradebook(site: Site, run: StreamRun) -> None:
    """Final marks as the gradebook has them on the plan's day: best quiz attempt, last assignment attempt, total; a row for everybody in the total."""
    until, place, users = site.until, run.place, run.users
    curators = [curator.account.user for curator in run.curators]
    rows: dict[tuple[int, int], tuple] = {}
    sub, quiz = run.traces.sub, run.traces.quiz
    total: dict[int, float] = {}
    for i in np.flatnonzero((sub["at"] <= until) & (sub["graded"] <= until)).tolist():
        user = int(users[sub["learner"][i]])
        item = place.items["assign", place.weeks[int(sub["task"][i])].assign[1]]
        rows[item, user] = (
            item,
            user,
            float(sub["score"][i]),
            100.0,
            curators[int(sub["grader"][i])],
            float(sub["score"][i]),
            (run.comments[i] if run.comments else None),
            int(sub["graded"][i]),
        )
    for i in np.flatnonzero(quiz["finish"] <= until).tolist():
        user = int(users[quiz["learner"][i]])
        item = place.items["quiz", place.weeks[int(quiz["week"][i])].quiz[1]]  # type: ignore[index]
        mark = float(quiz["right"][i]) / 8 * 10
        if (item, user) not in rows or rows[item, user][2] < mark:
            rows[item, user] = (item, user, mark, 10.0, user, mark, None, int(quiz["finish"][i]))
    for _, user, _, _, _, mark, _, at in list(rows.values()):
        total[user] = total.get(user, 0.0) + mark
        rows[place.items["course", 0], user] = (place.items["course", 0], user, None, 100.0, None, total[user], None, at)
    for i in np.flatnonzero(run.traces.enrolled_at <= until).tolist():
        rows.setdefault(
            (place.items["course", 0], int(users[i])), (place.items["course", 0], int(users[i]), None, 100.0, None, None, None, None)
        )
    # One row per item and learner, also of who takes the course again in a later stream: a new mark replaces the old one, no mark does not.
    marks = {item * 1_000_000 + user: row for (item, user), row in sorted(rows.items())}
    held = {number for (number,) in site.db.execute("select id from mdl_grade_grades") if number in marks}
    site.db.executemany("delete from mdl_grade_grades where id = ?", [(number,) for number in held if marks[number][5] is not None])
    site.add(
        "grade_grades",
        "id itemid userid rawgrade rawgrademax usermodified finalgrade feedback timemodified",
        [(number, *row) for number, row in marks.items() if number not in held or row[5] is not None],
    )


def _completion(site: Site, log: LogRows, run: StreamRun) -> None:
    place, traces = run.place, run.traces
    completed = traces.completed_at
    never = np.iinfo(np.int64).max
    size = run.users.size
    ids, issues = site.take("course_completions", size), site.take("customcert_issues", size)
    first = np.full(size, never)
    np.minimum.at(first, traces.visit_learner, traces.visit_at)
    rows, certificates = [], []
    for i in range(size):
        if traces.enrolled_at[i] > site.until:
            continue
        done = 0 < completed[i] <= site.until
        rows.append(
            (
                int(ids[i]),
                int(run.users[i]),
                place.id,
                int(traces.enrolled_at[i]),
                int(first[i]) if first[i] <= site.until else 0,
                int(completed[i]) if done else None,
            )
        )
        issued = int(completed[i]) + int(run.noise.integers(2 * HOUR, 6 * DAY))
        if done and issued <= site.until:
            certificates.append(
                (
                    int(issues[i]),
                    int(run.users[i]),
                    place.certificate[1],
                    hashlib.sha1(f"c{issues[i]}".encode()).hexdigest()[:10],
                    0,
                    issued,
                )
            )
    site.add("course_completions", "id userid course timeenrolled timestarted timecompleted", rows)
    site.add("customcert_issues", "id userid customcertid code emailed timecreated", certificates)
    who = np.flatnonzero(completed > 0)
    log.add(
        "course_completed",
        completed[who],
        run.users[who],
        place.id,
        place.context,
        place.id,
        objectid=ids[who],
        related=run.users[who],
        other=[dumps({"relateduserid": str(u)}) for u in run.users[who].tolist()],
    )
    if certificates:
        got = np.array([(row[1], row[5], row[0]) for row in certificates])
        log.add(
            "certificate",
            got[:, 1],
            got[:, 0],
            place.id,
            module_context(place.certificate[0]),
            place.certificate[0],
            objectid=got[:, 2],
            related=got[:, 0],
        )


def write_forum_question(
    site: Site, log: LogRows, run: StreamRun, subject: str, posts: list[tuple[int, int, str]]
) -> tuple[int, list[int]]:
    """One thread in the forum for questions: ``posts`` are (user, moment, text), the question first. Returns (discussion, post ids)."""
    place = run.place
    cmid, forum = place.forum
    discussion = int(site.take("forum_discussions")[0])
    ids = site.take("forum_posts", len(posts)).tolist()
    context = module_context(cmid)
    seen = [(i, post) for i, post in zip(ids, posts, strict=True) if post[1] <= site.until]
    for place_in, (post_id, (user, at, text)) in enumerate(zip(ids, posts, strict=True)):
        log.add("forum", at - 15, user, place.id, context, cmid, objectid=forum)
        if place_in == 0:
            log.add("discussion_created", at, user, place.id, context, cmid, objectid=discussion, other=dumps({"forumid": str(forum)}))
        else:
            log.add("discussion", at - 10, user, place.id, context, cmid, objectid=discussion)
            log.add(
                "post_created",
                at,
                user,
                place.id,
                context,
                cmid,
                objectid=post_id,
                other=dumps({"discussionid": discussion, "forumid": forum, "forumtype": "general"}),
            )
            del text
    if seen:
        last = seen[-1][1]
        site.add(
            "forum_discussions",
            "id course forum name firstpost userid groupid timemodified usermodified",
            [(discussion, place.id, forum, subject, ids[0], posts[0][0], run.group, last[1], last[0])],
        )
        site.add(
            "forum_posts",
            "id discussion parent userid created modified subject message messageformat wordcount charcount",
            [
                (
                    i,
                    discussion,
                    0 if i == ids[0] else ids[0],
                    user,
                    at,
                    at,
                    subject if i == ids[0] else f"Re: {subject}",
                    f"<p>{text}</p>",
                    1,
                    len(text.split()),
                    len(text),
                )
                for i, (user, at, text) in seen
            ],
        )
    return discussion, ids


def write_messages(site: Site, log: LogRows, conversations: dict[tuple[int, int], int], sent: list[tuple[int, int, int, str]]) -> list[int]:
    """Personal messages ``sent`` as (from, to, moment, text). Returns their ids."""
    ids = site.take("messages", len(sent)).tolist()
    for message, (sender, receiver, at, text) in zip(ids, sent, strict=True):
        pair = (min(sender, receiver), max(sender, receiver))
        if at <= site.until and pair not in conversations:
            conversation = conversations[pair] = 1 + pair[0] * 10_000_000 + pair[1]
            site.add(
                "message_conversations",
                "id type convhash enabled timecreated timemodified",
                [(conversation, 1, conversation_hash(*pair), 1, at, at)],
            )
            members = (2 * conversation, 2 * conversation + 1)
            site.add(
                "message_conversation_members",
                "id conversationid userid timecreated",
                [(m, conversation, u, at) for m, u in zip(members, pair, strict=True)],
            )
        if at <= site.until:
            site.add(
                "messages",
                "id useridfrom conversationid fullmessage fullmessageformat fullmessagehtml smallmessage timecreated",
                [(message, sender, conversations[pair], text, 2, "", text, at)],
            )
        log.add("message_sent", at, sender, 0, 1, 0, objectid=message, related=receiver, other=dumps({"courseid": 1}))
    return ids


__all__ = [
    "NOBODY",
    "Account",
    "Curator",
    "StreamRun",
    "add_group",
    "write_curators",
    "write_forum_question",
    "write_messages",
    "write_stream",
    "write_users",
]
