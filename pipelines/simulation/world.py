"""The whole programme: streams one after the other, each written to every channel, the truth beside them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

import numpy as np

from pipelines.simulation import correspondence, names, wording
from pipelines.simulation.behaviour import COMMENTS, DAY, HOUR, KINDS, PERSONAS, PROFILES, epoch, moscow, simulate_stream
from pipelines.simulation.chat import CourseChat
from pipelines.simulation.courses import COURSES
from pipelines.simulation.lms import Account, Curator, StreamRun, add_group, write_curators, write_stream, write_users
from pipelines.simulation.logs_csv import write_logs_csv
from pipelines.simulation.moodle import FIRST_CURATOR, FIRST_LEARNER, CoursePlace, LogRows, Site
from pipelines.simulation.plan import GENERATOR_VERSION, Plan, Summary
from pipelines.simulation.survey import rating, write_survey
from pipelines.simulation.webinar import FORMATS, Stay, write_attendance

_TEMPLATE = Path(__file__).with_name("programme.toml.template")
#: Works of earlier streams that later ones may get hold of, per task.
_KEPT_WORKS = 25
#: Persons who may come back for another course.
_KEPT_ALUMNI = 400
_PROFILE_ORDER = ("quick", "slow", "average", "formal", "on_leave", "average")


class _Truth:
    """Files of truth: one JSON array each, written as it comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, object] = {}
        self.counts: dict[str, int] = {}
        folder.mkdir(parents=True)

    def add(self, kind: str, rows: Iterable[dict[str, object]]) -> None:
        path = self._folder / f"{kind}.json"
        with path.open("a", encoding="utf-8") as file:
            for row in rows:
                first = self.counts.get(kind, 0) == 0
                self.counts[kind] = self.counts.get(kind, 0) + 1
                file.write(("[\n" if first else ",\n") + json.dumps(row, ensure_ascii=False))

    def close(self, kinds: Iterable[str]) -> None:
        for kind in kinds:
            with (self._folder / f"{kind}.json").open("a", encoding="utf-8") as file:
                file.write("\n]\n" if self.counts.get(kind) else "[]\n")


TRUTH_KINDS = ("people", "curators", "streams", "submissions", "leaks", "questions", "notices", "attendance", "surveys")


@dataclass
class _World:
    plan: Plan
    folder: Path
    site: Site
    truth: _Truth
    until: int
    user_names: set[str] = field(default_factory=set)
    next_user: int = FIRST_LEARNER
    alumni: list[tuple[int, Account]] = field(default_factory=list)
    works: dict[tuple[int, int], list[tuple[int, list[str]]]] = field(default_factory=dict)
    conversations: dict[tuple[int, int], int] = field(default_factory=dict)
    chats: dict[int, CourseChat] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    streams_toml: dict[int, list[str]] = field(default_factory=dict)
    mailboxes: dict[int, str] = field(default_factory=dict)

    def rng(self, *key: object) -> Random:
        return Random("|".join(map(str, (self.plan.seed, *key))))

    def seeds(self, *key: int) -> np.random.SeedSequence:
        return np.random.SeedSequence([self.plan.seed, *key])

    def count(self, what: str, number: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + number


def simulate(folder: Path, plan: Plan, *, progress: Callable[[int, int, str], None] | None = None) -> Summary:
    """Write the programme of ``plan`` into ``folder``: export files, ``programme.toml``, ``truth/``, ``plan.json``.

    Written beside it and renamed when complete, so a folder is whole or not there. An existing folder of the same plan and generator
    stays as it is. ``progress`` is told (streams done, streams in all, code of the stream done). Raises FileExistsError where the folder
    exists and was not made by this function.
    """
    folder = folder.resolve()
    record = folder / "plan.json"
    if record.is_file():
        known = json.loads(record.read_text(encoding="utf-8"))
        if known.get("fingerprint") == plan.fingerprint():
            return Summary(str(folder), known["fingerprint"], True, known["counts"], known["files"])
    elif folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder}: there is something in this folder that is no simulated programme; it is left alone")
    making = folder.with_name(folder.name + ".making")
    if making.exists():
        shutil.rmtree(making)
    making.mkdir(parents=True)
    try:
        summary = _write(making, plan, progress)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    if folder.exists():
        shutil.rmtree(folder)
    making.rename(folder)
    return Summary(str(folder), summary.fingerprint, False, summary.counts, summary.files)


def _write(folder: Path, plan: Plan, progress: Callable[[int, int, str], None] | None) -> Summary:
    until = epoch(plan.as_of + timedelta(days=1)) - 1
    (folder / "lms").mkdir()
    site = Site(folder / "lms" / "moodle.sqlite", folder / "lms" / "stage.sqlite", until, plan.languages)
    world = _World(plan, folder, site, _Truth(folder / "truth"), until)
    order = sorted(
        (plan.stream_start(course, stream), course, stream) for course in range(len(plan.streams)) for stream in range(plan.streams[course])
    )
    opened = epoch(order[0][0]) - 30 * DAY
    site.set_up("Europe/Moscow", opened)
    log = LogRows()
    places: list[CoursePlace] = []
    staff: list[list[Curator]] = []
    next_curator = FIRST_CURATOR
    for number in range(len(plan.streams)):
        opens = epoch(plan.stream_start(number, 0))
        places.append(site.add_course(number, COURSES[number], weeks=plan.weeks, start=opens, opened=opened))
        team, next_curator = _curators(world, number, next_curator)
        staff.append(team)
        write_users(site, log, [curator.account for curator in team], [opened] * len(team))
        write_curators(site, log, places[number], team, opened + HOUR)
    site.write_log(log)
    for done, (start, course, stream) in enumerate(order):
        run = _stream(world, done, course, stream, start, places[course], staff[course])
        if progress:
            progress(done + 1, len(order), run.code)
    for chat in world.chats.values():
        _finish_chat(world, chat)
    site.finish()
    world.count("log rows", site.log_rows)
    if plan.lms_csv:
        for place in places:
            world.count("logs csv rows", write_logs_csv(site.path, folder / "lms_csv" / f"logs_{place.course.code}.csv", place.id))
    world.truth.close(TRUTH_KINDS)
    (folder / "programme.toml").write_text(_programme_file(world, places, staff), encoding="utf-8")
    world.counts |= {f"truth {kind}": world.truth.counts.get(kind, 0) for kind in TRUTH_KINDS}
    files = {path.relative_to(folder).as_posix(): _sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    record = {
        "fingerprint": plan.fingerprint(),
        "generator": GENERATOR_VERSION,
        "plan": asdict(plan),
        "counts": dict(sorted(world.counts.items())),
        "files": files,
    }
    (folder / "plan.json").write_text(json.dumps(record, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    return Summary(str(folder), plan.fingerprint(), False, record["counts"], files)  # type: ignore[arg-type]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


# --- people ---------------------------------------------------------------------------------------------------------------------


def _account(world: _World, rng: Random, user: int, someone: names.Person, *, chat: bool) -> Account:
    username = names.user_name(someone, world.user_names)
    email = names.work_address(rng, username, someone)
    first, last = names.lms_name(rng, someone)
    account = Account(
        user, someone, username, email, email if rng.random() > 0.12 else names.private_address(rng, someone, user), first, last
    )
    if "en" in world.plan.languages and rng.random() < 0.02:
        account.lang = "en"
    if chat:
        account.chat_id = 200_000_000 + user * 2_971 + rng.randrange(2_971)
        account.chat_name, account.chat_style = names.chat_name(rng, someone)
    account.webinar_name, account.webinar_style = names.webinar_name(rng, someone)
    account.webinar_email = rng.choices(("", email, account.mail_address), (0.62, 0.3, 0.08))[0]
    return account


def _curators(world: _World, course: int, first_user: int) -> tuple[list[Curator], int]:
    plan = world.plan
    team = []
    for place in range(plan.curators_per_stream):
        rng = world.rng("curator", course, place)
        someone = names.person(rng, share_of_men=0.05)
        account = _account(world, rng, first_user + place, someone, chat=True)
        account.lms_first, account.lms_last, account.mail_address = someone.polite, someone.last, account.email
        account.chat_name, account.chat_style = rng.choice(((someone.polite, "polite"), (f"{someone.first} {someone.last}", "full")))
        account.webinar_name, account.webinar_email = f"{someone.first} {someone.last}", account.email
        profile = PROFILES[_PROFILE_ORDER[(course * plan.curators_per_stream + place) % len(_PROFILE_ORDER)]]
        leave = None
        if profile.name == "on_leave":
            leave = (epoch(plan.laid_out_on - timedelta(days=9)), epoch(plan.laid_out_on + timedelta(days=5)))
        team.append(Curator(account, profile, leave, place == 0))
        world.mailboxes[account.user] = (
            f"{'maildir' if course == 0 and place == 0 else 'mbox'}|curator_{account.user}_{names.latin(someone.last).lower()}"
        )
    world.truth.add(
        "curators",
        [
            {
                "moodle_user_id": c.account.user,
                "course": COURSES[course].code,
                "profile": c.profile.name,
                "username": c.account.username,
                "leave_from": c.leave and moscow(c.leave[0]).date().isoformat(),
                "leave_until": c.leave and moscow(c.leave[1]).date().isoformat(),
                "email": c.account.email,
                "chat_user": f"user{c.account.chat_id}",
                "webinar_name": c.account.webinar_name,
                "mailbox": world.mailboxes[c.account.user].split("|")[1],
            }
            for c in team
        ],
    )
    return team, first_user + plan.curators_per_stream


def _learners(world: _World, rng: Random, course: int, size: int) -> tuple[list[Account], list[int]]:
    """Learners of one stream and the places of those who are new to the site."""
    back = [account for other, account in world.alumni if other != course]
    rng.shuffle(back)
    returning = back[: int(size * 0.04)]
    learners, new = [], []
    for place in range(size):
        if place < len(returning):
            learners.append(returning[place])
            continue
        new.append(place)
        learners.append(_account(world, rng, world.next_user, names.person(rng), chat=rng.random() < 0.86))
        world.next_user += 1
    gone = {account.user for account in returning}
    world.alumni = [(other, account) for other, account in world.alumni if account.user not in gone]
    return learners, new


# --- one stream -----------------------------------------------------------------------------------------------------------------


def _stream(world: _World, number: int, course: int, stream: int, start: date, place: CoursePlace, team: list[Curator]) -> StreamRun:
    plan, site = world.plan, world.site
    rng = world.rng("stream", number)
    size = rng.randint(*plan.learners)
    learners, new = _learners(world, rng, course, size)
    code = f"{place.course.code}/{stream + 1}"
    traces = simulate_stream(
        world.seeds(1, number),
        start=start,
        weeks=plan.weeks,
        size=size,
        hours_ahead=np.array([a.person.hours_ahead for a in learners]),
        profiles=[c.profile for c in team],
        leaves=[c.leave for c in team],
        quiz_weeks=place.quiz_weeks,
    )
    shift = epoch(start) - epoch(plan.stream_start(course, 0))
    group = add_group(site, place, f"{place.course.code}-potok-{stream + 1}", f"Поток {stream + 1}", epoch(start) - 20 * DAY, shift)
    run = StreamRun(
        number=number,
        course=course,
        stream=stream,
        code=code,
        place=place,
        group=group,
        learners=learners,
        curators=team,
        traces=traces,
        rng=rng,
        noise=np.random.default_rng(world.seeds(2, number)),
        users=np.array([a.user for a in learners]),
    )
    run.submission_ids = site.take("assign_submission", traces.sub["at"].size)
    for question in traces.questions:
        if question.channel == "chat" and learners[question.asker].chat_id is None:
            question.channel = "forum"
    _write_texts(world, run)
    log = LogRows()
    write_stream(site, log, run, new)
    if plan.texts:
        chat = world.chats.get(course)
        shared = course == 0 and plan.streams[0] <= 4
        if chat is None or not shared:
            suffix = "" if shared else f" поток {stream + 1}"
            folder = f"{place.course.code}{'' if shared else f'_{stream + 1}'}"
            chat = CourseChat(
                chat_id=1_000_000_000 + place.id * 7_919_003 + (0 if shared else number * 104_729),
                name=f"{place.course.chat}{suffix}",
                folder=folder,
                courses=course,
            )
            if shared:
                world.chats[course] = chat
        correspondence.talk(world_until=world.until, site=site, log=log, run=run, chat=chat, conversations=world.conversations)
        if "mail" in plan.channels:
            notices = correspondence.write_mail(world.folder / "mail", world.mailboxes, run, world.until)
            world.truth.add("notices", notices)
        if not shared:
            _finish_chat(world, chat)
        if "webinar" in plan.channels:
            _webinars(world, run)
        if "survey" in plan.channels:
            _survey(world, run)
    site.write_log(log)
    _tell_truth(world, run, start)
    world.alumni = (world.alumni + [(course, account) for account in learners])[-_KEPT_ALUMNI:]
    days = (start.isoformat(), (start + timedelta(weeks=plan.weeks, days=-1)).isoformat())
    world.streams_toml.setdefault(course, []).append(_stream_toml(stream, f"{place.course.code}-potok-{stream + 1}", days))
    return run


def _write_texts(world: _World, run: StreamRun) -> None:
    """Every submission's words and every mark's comment, in order of time so that a copy has something to be copied from."""
    sub = run.traces.sub
    size = sub["at"].size
    run.is_file = (
        (sub["kind"] == 0) & (run.noise.random(size) < 0.07) & ~np.isin(np.arange(size), [leak.submission for leak in run.traces.leaks])
    )
    run.is_file &= ~np.isin(np.arange(size), sub["source"])
    run.texts = [[] for _ in range(size)] if world.plan.texts else []
    run.copied_share = [0.0] * size
    run.source_ids = [None] * size
    if not world.plan.texts:
        return
    styles = [
        wording.style_of(world.rng("style", account.user), account.person, float(run.traces.skill[i]))
        for i, account in enumerate(run.learners)
    ]
    for i in np.argsort(sub["at"], kind="stable").tolist():
        if run.is_file[i]:
            continue
        rng = world.rng("text", run.number, i)
        learner, task, kind = int(sub["learner"][i]), int(sub["task"][i]), KINDS[int(sub["kind"][i])]
        theme = run.place.course.themes[task]
        source = int(sub["source"][i])
        earlier = world.works.get((run.course, task), [])
        taken: list[str] | None = None
        if kind != "original" and source >= 0 and run.texts[source]:
            taken, run.source_ids[i] = run.texts[source], int(run.submission_ids[source])
        elif kind != "original" and source == -2 and earlier:
            run.source_ids[i], taken = earlier[rng.randrange(len(earlier))]
        if taken is None:
            sub["kind"][i], sub["source"][i] = 0, -1
            run.texts[i] = wording.answer(rng, styles[learner], theme)
        else:
            own = wording.answer(rng, styles[learner], theme) if kind == "half" else []
            run.texts[i], run.copied_share[i] = wording.copy(rng, taken, kind, own)
    run.comments = []
    for i in range(size):
        rng = world.rng("comment", run.number, i)
        kind = COMMENTS[int(sub["comment"][i])]
        words = " ".join(run.texts[i]).split() if run.texts[i] else ["пример", "класса"]
        start = rng.randrange(max(1, len(words) - 6))
        quote = " ".join(words[start : start + rng.randint(3, 5)]).strip(".,;:«»")
        run.comments.append(
            None if kind == "none" else wording.CHAT.say(f"fb_{kind}", rng, {"quote": quote, "n2": str(rng.randint(12, 22))})
        )
    for task in range(run.traces.weeks):
        rows = [i for i in np.flatnonzero((sub["task"] == task) & (sub["kind"] == 0) & ~run.is_file).tolist()][: _KEPT_WORKS // 3]
        kept = world.works.setdefault((run.course, task), [])
        kept.extend((int(run.submission_ids[i]), run.texts[i]) for i in rows)
        del kept[:-_KEPT_WORKS]


def _finish_chat(world: _World, chat: CourseChat) -> None:
    if "telegram" in world.plan.channels:
        world.count("chat messages", chat.write(world.folder / "telegram" / chat.folder, world.until))
    world.truth.add("questions", chat.questions())
    world.truth.add("leaks", chat.leaks())


def _webinar_starts(run: StreamRun, week: int) -> int:
    day = moscow(run.start).date() + timedelta(days=7 * week + 2)
    if (day.month, day.day) == (11, 4):
        day += timedelta(days=1)
    return epoch(day, 17)


def _webinars(world: _World, run: StreamRun) -> None:
    attends = run.traces.attends
    for week in range(run.traces.weeks):
        starts = _webinar_starts(run, week)
        ends = starts + 90 * 60
        if ends > world.until:
            continue
        rng = world.rng("webinar", run.number, week)
        host = run.curators[week % len(run.curators)].account
        stays = [
            Stay(c.account.webinar_name, c.account.webinar_email, starts - rng.randint(5, 20) * 60, ends + 60, c.account.user, True)
            for c in run.curators
            if c.account is host
        ]
        people: dict[int, dict[str, object]] = {}
        for i in np.flatnonzero(attends["week"] == week).tolist():
            learner = run.learners[int(attends["learner"][i])]
            joined, left = starts + int(attends["joined"][i] * 60), starts + int(attends["left"][i] * 60)
            name, email = learner.webinar_name, learner.webinar_email
            spans = [(joined, left)]
            if attends["trouble"][i]:
                spans, at = [], joined
                while at < left and len(spans) < 5:
                    off = min(left, at + rng.randint(4, 35) * 60)
                    spans.append((at, off))
                    at = off + rng.randint(20, 240)
            stays.extend(Stay(name, email, a, b, learner.user) for a, b in spans if b > a)
            second = rng.random() < 0.05
            if second:
                stays.append(
                    Stay(
                        names.device_name(rng, learner.person),
                        "",
                        joined + 300,
                        left - 120 if left - joined > 900 else left + 1,
                        learner.user,
                    )
                )
            people[learner.user] = {
                "moodle_user_id": learner.user,
                "minutes": round((left - joined) / 60, 1),
                "is_idle": bool(attends["idle"][i]),
                "stays": len(spans),
                "second_device": second,
            }
        for outsider in range(rng.choice((0, 0, 1, 2))):
            stranger = names.person(rng)
            stays.append(Stay(f"{stranger.first} {stranger.last}", "", starts + outsider * 60, ends, None))
        stays = [stay for stay in stays if stay.left > stay.joined]
        file = f"{run.place.course.code}_{run.stream + 1}_w{week + 1}.csv"
        meeting = f"8{rng.randint(10, 99)} {rng.randint(1000, 9999)} {rng.randint(1000, 9999)}"
        write_attendance(
            world.folder / "webinar" / file,
            meeting=meeting,
            topic=f"{run.place.course.code}, поток {run.stream + 1}, неделя {week + 1}",
            starts=starts,
            ends=ends,
            host=host.email,
            form=FORMATS[(run.number + week) % 5 % 3],
            stays=stays,
        )
        ordered = sorted(stays, key=lambda stay: (stay.joined, stay.name))
        world.count("webinar rows", len(stays))
        world.truth.add(
            "attendance",
            [
                {
                    "file": f"webinar/{file}",
                    "stream": run.code,
                    "week": week + 1,
                    "starts_unix": starts,
                    "ends_unix": ends,
                    "row_user_ids": [stay.user for stay in ordered],
                    "people": [people[user] for user in sorted(people)],
                }
            ],
        )


def _survey(world: _World, run: StreamRun) -> None:
    if run.end + 2 * DAY > world.until:
        return
    waits: dict[int, float] = {}
    for question in run.traces.questions:
        hours = (question.answered_at - question.asked_at) / HOUR if question.answered_at else 999
        waits[question.asker] = max(waits.get(question.asker, 0), hours)
    rows = []
    for i in np.flatnonzero(run.traces.completed_at > 0).tolist():
        rng = world.rng("survey", run.number, i)
        at = run.end + rng.randint(2 * HOUR, 8 * DAY)
        if rng.random() < 0.45 or at > world.until:
            continue
        wait = waits.get(i)
        pleased = 0.0 if wait is None else 0.3 if wait < 24 else -0.55
        stream = rng.choice((f"{run.stream + 1} поток", f"{run.stream + 1}", f"поток {run.stream + 1}", "", f"Поток №{run.stream + 1}"))
        words = wording.CHAT.say("survey", rng) if rng.random() < 0.4 else ""
        rows.append((at, [rating(rng, aspect, pleased) for aspect in range(10)], stream, words))
    file = f"survey/anketa_{run.place.course.code}_{run.stream + 1}.csv"
    write_survey(world.folder / file, rows)
    world.count("survey rows", len(rows))
    world.truth.add("surveys", [{"file": file, "stream": run.code, "rows": len(rows)}])


# --- truth and programme file ---------------------------------------------------------------------------------------------------


def _acts(world: _World, run: StreamRun) -> tuple[np.ndarray, np.ndarray]:
    """(learner, moment) of whatever a learner does in the stream, to the end and beyond. Who hands in a work without a visit to the course has not left."""
    traces, channels = run.traces, world.plan.channels
    acts = [
        (traces.visit_learner, traces.visit_at),
        (traces.sub["learner"], traces.sub["at"]),
        (traces.quiz["learner"], traces.quiz["finish"]),
    ]
    if world.plan.texts:
        acts.append((np.array([one.asker for one in traces.questions], int), np.array([one.asked_at for one in traces.questions], int)))
    if "webinar" in channels:
        starts = np.array([_webinar_starts(run, week) for week in range(traces.weeks)], int)
        acts.append((traces.attends["learner"], starts[traces.attends["week"]]))
    whose, at = (np.concatenate(part) for part in zip(*acts, strict=True))
    return whose, at


def _tell_truth(world: _World, run: StreamRun, start: date) -> None:
    """What nobody who runs a course ever knows: who is what, who copied what, when a stream begins and ends."""
    traces, sub, until = run.traces, run.traces.sub, world.until
    world.truth.add("people", _true_people(world, run))
    seen = np.flatnonzero(sub["at"] <= until).tolist()
    world.truth.add("submissions", [_true_submission(run, i, until) for i in seen])
    world.count("learners", int((traces.enrolled_at <= until).sum()))
    world.count("submissions", len(seen))
    world.count("quiz attempts", int((traces.quiz["start"] <= until).sum()))
    world.count("streams", 1)
    world.truth.add(
        "streams",
        [
            {
                "stream": run.code,
                "course": run.place.course.code,
                "starts": start.isoformat(),
                "ends": (start + timedelta(weeks=traces.weeks, days=-1)).isoformat(),
                "learners": len(run.learners),
                "group": f"{run.place.course.code}-potok-{run.stream + 1}",
                "curators": [c.account.user for c in run.curators],
                "is_running": run.end > until,
                "completed": int((traces.completed_at > 0).sum()),
            }
        ],
    )


def _true_people(world: _World, run: StreamRun) -> list[dict[str, object]]:
    """Each learner: persona, outcome, what speaks for a formal completion, and the accounts that are theirs."""
    traces, sub = run.traces, run.traces.sub
    opened: dict[int, set[int]] = {}
    for learner, module in zip(traces.view_learner.tolist(), traces.view_module.tolist(), strict=True):
        opened.setdefault(learner, set()).add(module)
    whose, at = _acts(world, run)
    last = np.zeros(len(run.learners), int)
    last_seen = np.zeros(len(run.learners), int)
    np.maximum.at(last, whose, at)
    inside = at <= world.until
    np.maximum.at(last_seen, whose[inside], at[inside])
    rows: list[dict[str, object]] = []
    for i, account in enumerate(run.learners):
        persona = PERSONAS[int(traces.persona[i])]
        mine = np.flatnonzero((sub["learner"] == i) & (sub["attempt"] == 0))
        copies = int((sub["kind"][mine] > 0).sum())
        idle = int((traces.attends["idle"] & (traces.attends["learner"] == i)).sum())
        went = int((traces.attends["learner"] == i).sum())
        bursts = int((traces.quiz["burst"] & (traces.quiz["learner"] == i)).sum())
        completed = bool(traces.completed_at[i])
        started = bool((traces.visit_learner == i).any()) if persona != "never_started" else False
        outcome = "completed" if completed else "dropped" if started else "never_started"
        share_read = len(opened.get(i, ())) / (3 * traces.weeks)
        evidence = (copies >= mine.size / 2 and mine.size > 0) + (share_read < 0.15) + (went > 0 and idle >= went / 2) + (bursts > 0)
        rows.append(
            {
                "moodle_user_id": account.user,
                "role": "learner",
                "stream": run.code,
                "persona": persona,
                "outcome": outcome,
                "is_formal": bool(completed and evidence >= 3),
                "formal_signs": int(evidence),
                "left_in_week": int(traces.left_week[i]) + 1 if traces.left_week[i] >= 0 else None,
                "came_back": bool(traces.came_back[i]),
                "last_activity_unix": int(last[i]) or None,
                "last_activity_seen_unix": int(last_seen[i]) or None,
                "completed_unix": int(traces.completed_at[i]) or None,
                "enrolled": ("bulk", "manual", "self")[int(traces.method[i])],
                "share_of_material_opened": round(share_read, 3),
                "submissions": int(mine.size),
                "copies": copies,
                "idle_webinars": idle,
                "username": account.username,
                "lms_email": account.email,
                "mail_address": account.mail_address,
                "chat_user": account.chat_id and f"user{account.chat_id}",
                "chat_name": account.chat_name or None,
                "chat_name_style": account.chat_style or None,
                "webinar_name": account.webinar_name,
                "webinar_email": account.webinar_email or None,
                "webinar_name_style": account.webinar_style,
                "curator": run.curators[int(traces.curator[i])].account.user,
            }
        )
    return rows


def _true_submission(run: StreamRun, i: int, until: int) -> dict[str, object]:
    """One work: how it was made and of what, its mark and its comment."""
    sub = run.traces.sub
    return {
        "submission_id": int(run.submission_ids[i]),
        "moodle_user_id": int(run.users[sub["learner"][i]]),
        "stream": run.code,
        "task": int(sub["task"][i]) + 1,
        "cmid": run.place.weeks[int(sub["task"][i])].assign[0],
        "attempt": int(sub["attempt"][i]),
        "at_unix": int(sub["at"][i]),
        "kind": KINDS[int(sub["kind"][i])],
        "source_submission_id": run.source_ids[i],
        "via_leak": int(sub["via_leak"][i]) >= 0 and int(sub["kind"][i]) > 0,
        "copied_share": round(run.copied_share[i], 3),
        "is_file": bool(run.is_file[i]),
        "score": float(sub["score"][i]),
        "graded_unix": int(sub["graded"][i]) if sub["graded"][i] <= until else None,
        "comment": COMMENTS[int(sub["comment"][i])],
    }


def _stream_toml(stream: int, group: str, days: tuple[str, str]) -> str:
    return "\n".join(
        (
            "[[courses.streams]]",
            "# Code of the stream inside its course.",
            f'code = "{stream + 1}"',
            "# Id number or name of the LMS group that is this stream; left out: the whole course.",
            f'group = "{group}"',
            f'title = "Поток {stream + 1}"',
            "# First and last day.",
            f"starts = {days[0]}",
            f"ends = {days[1]}",
            "# LMS user names of the stream's own curators; left out: the course's.",
            "# curators = []",
            "",
        )
    )


def _programme_file(world: _World, places: list[CoursePlace], staff: list[list[Curator]]) -> str:
    plan = world.plan
    sources = [
        '[[sources]]\n# Name of the source: letters, digits and "_"; names the variable of its URL, too.\nname = "lms"\n# Which reader.\nkind = "moodle_db"\n'
        '# Name space of its ids; two sources that speak of the same accounts share it.\nrealm = "moodle"\n'
        '# Prefix of the tables.\ntable_prefix = "mdl_"\n# Log rows before the last one read that are read again: ids are not quite in order of time.\nlog_overlap_rows = 5000\n'
        "# The day's run stops when this source is missing; without it the run goes on and says so.\nrequired = true\n"
    ]
    if plan.lms_csv:
        sources.append(
            '[[sources]]\n# Moodle\'s own "Logs" download, for an LMS whose database is out of reach. The same clicks as above: one of the two.\n# name = "logs"\n# kind = "moodle_logs"\n# path = "lms_csv"\n'.replace(
                "[[sources]]\n", "# [[sources]]\n"
            )
        )
    if plan.texts and "telegram" in plan.channels:
        feeds = ", ".join(f'"{folder}" = "{course}"' for folder, course in _feeds(world, places))
        sources.append(
            '[[sources]]\nname = "telegram"\nkind = "telegram"\n# Folder or file, relative to this file.\npath = "telegram"\n'
            '# Time zone of times that state none; left out: the programme\'s.\ntime_zone = "Europe/Moscow"\n'
            f"# Which part feeds which course: glob of the item, or title or id of the chat = short name of the course.\nfeeds = {{ {feeds} }}\n"
        )
    if plan.texts and "mail" in plan.channels:
        sources.append(
            '[[sources]]\n# Curators\' mailboxes: who wrote to whom and when; bodies are never read.\nname = "mail"\nkind = "mailbox"\npath = "mail"\n'
        )
    if plan.texts and "webinar" in plan.channels:
        feeds = ", ".join(f'"{place.course.code}_*" = "{place.course.code}"' for place in places)
        sources.append(f'[[sources]]\nname = "webinars"\nkind = "zoom"\npath = "webinar"\nfeeds = {{ {feeds} }}\n')
    if plan.texts and "survey" in plan.channels:
        feeds = ", ".join(f'"anketa_{place.course.code}_*" = "{place.course.code}"' for place in places)
        sources.append(f'[[sources]]\nname = "survey"\nkind = "survey_csv"\npath = "survey"\nfeeds = {{ {feeds} }}\n')
    courses = []
    for number, place in enumerate(places):
        curators = ", ".join(f'"{curator.account.username}"' for curator in staff[number])
        courses.append(
            f'[[courses]]\n# Short name in the LMS.\ncode = "{place.course.code}"\ntitle = "{place.course.name}"\n# LMS user names of its curators; left out: the LMS\'s teachers.\ncurators = [{curators}]\n\n'
            + "\n".join(world.streams_toml[number])
        )
    text = _TEMPLATE.read_text(encoding="utf-8")
    fields = {
        "{id}": f"simulated-{plan.seed}",
        "{name}": "Курсы повышения квалификации (смоделировано)",
        "{languages}": ", ".join(f'"{language}"' for language in plan.languages),
        "{sources}": "\n".join(sources),
        "{courses}": "\n".join(courses),
    }
    for slot, value in fields.items():
        text = text.replace(slot, value)
    return text.rstrip() + "\n"


def _feeds(world: _World, places: list[CoursePlace]) -> list[tuple[str, str]]:
    folders = sorted(path.name for path in (world.folder / "telegram").iterdir())
    return [(f"{folder}/*", next(place.course.code for place in places if folder.startswith(place.course.code))) for folder in folders]
