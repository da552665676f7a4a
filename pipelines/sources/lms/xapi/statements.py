"""One statement → rows. Nothing here knows where the statement came from."""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

import orjson

from pipelines.sources.formats.event_tables import NEVER, Rows, moment, number
from pipelines.sources.lms.moodle_texts import TASK_KINDS as MODULE_KINDS
from pipelines.sources.lms.moodle_texts import action_of as moodle_action
from pipelines.sources.lms.xapi.actors import Who, members, who
from pipelines.sources.lms.xapi.verbs import (
    CHANGES,
    ENROLS,
    OF_ENROLMENT,
    QUESTION_TYPES,
    STATES,
    TASK_KINDS,
    action_of,
    is_certificate,
    is_course,
    stored_iri,
    type_word_of,
    word_of,
)

VOIDED = "voided"
#: Pages of the LMS whose ids are remembered.
_KNOWN_MAX = 100_000
_ACTIVITY = (
    "activity_id", "account_id", "course_id", "task_id", "occurred_at", "action", "event", "component", "object_id", "related_account_id",
    "origin", "is_impersonated", "is_anonymous", "details", "seen_at",
)  # fmt: skip
_MOODLE_COURSE = re.compile(r"/course/view\.php\?id=(\d+)$")
_MOODLE_TASK = re.compile(r"/mod/\w+/view\.php\?id=(\d+)$")
#: A page of Moodle says of which type its activity is better than a statement does, to which an assignment and a quiz are both an assessment.
_MOODLE_MODULE = re.compile(r"/mod/(\w+)/view\.php\?id=\d+$")
_EDX_COURSE = re.compile(r"/courses?/((?:course|ccx)-v1:[^/?#]+)")
_EDX_BLOCK = re.compile(r"/((?:ccx-)?block-v1:[^/?#]+)")
_DURATION = re.compile(
    r"P(?:(\d+(?:[.,]\d+)?)Y)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)W)?(?:(\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?"
)
#: Seconds of a year, month (as ISO 8601 durations mean them: on average), week, day, hour, minute, second.
_UNITS = (31_556_952, 2_629_746, 604_800, 86_400, 3_600, 60, 1)
#: How H5P calls its own things.
_H5P_LIBRARY, _H5P_CONTENT, _H5P_PART = (
    "http://h5p.org/libraries/",
    "http://h5p.org/x-api/h5p-local-content-id",
    "http://h5p.org/x-api/h5p-subContentId",
)
_IDS = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HASH_BYTES = 12  # 96 bits: ten billion statements collide with a chance below 1e-9


def seconds_of(duration: object) -> float | None:
    """Seconds of an ISO 8601 duration ("PT03M15S", "P1DT2H"); None for anything else."""
    match = _DURATION.fullmatch(duration) if isinstance(duration, str) and len(duration) < 64 else None
    if match is None or not any(match.groups()):
        return None
    return sum(float(part.replace(",", ".")) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part)


class Statements:
    """What the statements of one item say.

    Parameters
    ----------
    rows: where rows go; ``home_page``: the LMS's own, without a slash at its end; ``language``: of names.
    voided: ids of statements that the item itself takes back.
    """

    def __init__(self, rows: Rows, home_page: str | None, language: str, voided: set[str]) -> None:
        self.rows, self.realm = rows, rows.realm
        self._home, self._language = home_page, language
        self._voided = voided
        self._taken_back: dict[str, datetime] = {}
        self._natives: dict[str, str] = {}
        #: Activity → its type, as far as an earlier statement told it: many say it once and name the id alone from then on.
        self._types: dict[str, str] = {}

    def take(self, statement: Any) -> str:
        """Turn one statement into rows; the reason where it is refused, else empty."""
        if not isinstance(statement, dict):
            return "not an object"
        verb, target = statement.get("verb"), statement.get("object")
        verb_id = verb.get("id") if isinstance(verb, dict) else None
        if not isinstance(verb_id, str) or not verb_id:
            return "no verb"
        if not isinstance(target, dict):
            return "no object"
        if not isinstance(statement.get("actor"), dict):
            return "no actor"
        at = moment(statement.get("timestamp")) or moment(statement.get("stored"))
        if at is None:
            return "no readable time"
        native = _identity(statement)
        if native is None:
            return "nested too deep"
        word = word_of(verb_id)
        if native in self._voided:
            return VOIDED
        if word == VOIDED and isinstance(target.get("id"), str) and target.get("objectType") == "StatementRef":
            voided = target["id"].lower()
            said = moment(statement.get("stored")) or at
            self._taken_back[voided] = max(said, self._taken_back.get(voided, said))
        self._activity(statement, native, verb_id, word, target, at)
        return ""

    def learn(self, statement: Any) -> None:
        """Take nothing of a statement but the types that it tells."""
        context = statement.get("context") if isinstance(statement, dict) else None
        target = statement.get("object") if isinstance(statement, dict) else None
        if isinstance(target, dict):
            context = context if isinstance(context, dict) else {}
            self._learn_all([target, *_context_activities(context)], target, context)

    def tombstones(self) -> None:
        """Whoever and whatever a statement taken back spoke of is taken out of the row that an older item may have brought."""
        for native, at in self._taken_back.items():
            self.rows.add("tombstones", (f"{self.realm}:log:{native}", None, None, None, at, "other", VOIDED, None, None, None, None, False, False,
                                         None, at), _ACTIVITY)  # fmt: skip

    # -- one statement ----------------------------------------------------------------------------------------------------------

    def _activity(self, statement: dict[str, Any], native: str, verb_id: str, word: str, target: dict[str, Any], at: datetime) -> None:
        rows = self.rows
        rows.spans(at)
        context = statement.get("context")
        context = context if isinstance(context, dict) else {}
        result = statement.get("result")
        result = result if isinstance(result, dict) else {}
        doer = who(statement["actor"], self._home)
        people = members(statement["actor"], self._home)
        if doer is None and len(people) == 1:
            doer, people = people[0], []
        account = self._account(doer, at) if doer else None
        instructor = who(context.get("instructor"), self._home)
        teacher = self._account(instructor, at) if instructor and not instructor.is_group else None
        about = who(target, self._home) if target.get("objectType") in ("Agent", "Group") else None
        related = self._account(about, at) if about else teacher

        activities = [target, *_context_activities(context)] if target.get("objectType", "Activity") in ("Activity", "GroupActivity") else [
            *_context_activities(context)
        ]  # fmt: skip
        self._learn_all(activities, target, context)
        type_word = self._type(target)
        course, task, kind = self._places(activities, at)
        is_part = task is not None and type_word in QUESTION_TYPES and task != f"{self.realm}:task:{self._native(str(target.get('id')))}"
        component = (
            None
            if not type_word or not type_word.replace("-", "").replace(".", "").replace("/", "").replace("_", "").isalnum()
            else type_word
        )
        row = (
            f"{self.realm}:log:{native}", account, course, task, at,
            "other" if is_part else _moodle_action(context) or action_of(word, type_word, result.get("completion") is True), stored_iri(verb_id),
            component[:60] if component else None, self._object_id(target), related if related != account else None, _origin(context), False,
            False, _details(result), moment(statement.get("stored")) or at,
        )  # fmt: skip
        rows.add("activity", row, _ACTIVITY)
        for member in people:
            account_id = self._account(member, at)
            rows.add("members", (f"{row[0]}:{account_id}", account_id, *row[2:]), _ACTIVITY)
        for account_id in [self._account(member, at) for member in people] or (
            [account] if account and not (doer and doer.is_group) else []
        ):
            if not is_part:
                self._judgement(account_id, teacher, word, type_word, result, course, task, kind, activities, at)
            if course and is_course(type_word):
                self._change(account_id, teacher, course, word, context, at)

    def _judgement(
        self, account: str, teacher: str | None, word: str, type_word: str, result: dict[str, Any], course: str | None, task: str | None,
        kind: str, activities: list[dict[str, Any]], at: datetime,
    ) -> None:  # fmt: skip
        """Marks of completion, grades and outcomes that a statement's verb and result make."""
        is_of_course = bool(activities) and is_course(self._type(activities[0]))
        # The object itself: of a group that somebody left, the course is the context.
        if course and is_course(type_word) and word in ENROLS:
            self._enrolment(account, teacher, course, ENROLS[word], at)
        state = STATES.get(word)
        if state == "complete" and result.get("success") is False:
            state = "failed"
        if state is None and result.get("completion") is True:
            success = result.get("success")
            state = "passed" if success is True else "failed" if success is False else "complete"
        if state and task and not is_of_course:
            self.rows.state(
                "completions", (task, account), at,
                completion_id=f"{self.realm}:completion:{_tail(task)}:{account}", account_id=account, task_id=task, course_id=course, state=state,
                completed_at=at,
            )  # fmt: skip
        if course and (
            (state in ("complete", "passed") and is_of_course) or (is_certificate(type_word) and word in ("earned", "received", "achieved"))
        ):
            reached = "course_completed" if is_of_course else "certificate"
            self.rows.state(
                "outcomes", (reached, course, account), at,
                outcome_id=f"{self.realm}:{reached}:{_tail(course)}:{account}", account_id=account, course_id=course, kind=reached, reached_at=at,
            )  # fmt: skip
        grade, best = _score(result.get("score"))
        if grade is not None and (task or (is_of_course and course)):
            record, what = ("quiz" if kind == "quiz" else "gradebook", task) if task and not is_of_course else ("gradebook", course)
            self.rows.state(
                "grades", (record, what, account), at,
                grade_id=f"{self.realm}:{record}:{_tail(what or '')}:{account}", record=record, account_id=account,
                task_id=None if is_of_course else task, course_id=course, grader_account_id=teacher if teacher != account else None, grade=grade,
                max_grade=best, is_released=True, is_overridden=False, graded_at=at,
            )  # fmt: skip

    def _change(self, account: str, teacher: str | None, course: str, word: str, context: dict[str, Any], at: datetime) -> None:
        """An enrolment that is suspended or taken up again."""
        extensions = context.get("extensions")
        if word in CHANGES and isinstance(extensions, dict) and any(key.endswith(OF_ENROLMENT) for key in extensions):
            self._enrolment(account, teacher, course, CHANGES[word], at, is_new=False)

    def _enrolment(self, account: str, teacher: str | None, course: str, state: str, at: datetime, *, is_new: bool = True) -> None:
        known = self.rows.held("enrolments", (course, account))
        created, made_by = (known["created_at"], known["enrolled_by"]) if known else (None, None)
        if state == "active" and is_new and (created is None or at < created):
            created, made_by = at, teacher if teacher != account else None
        if known and at < known["seen_at"]:
            known["created_at"], known["enrolled_by"] = created, made_by
            return
        self.rows.state(
            "enrolments", (course, account), at,
            enrolment_id=f"{self.realm}:enrolment:{_tail(course)}:{account}:learner", account_id=account, course_id=course, role="learner",
            state=state, created_at=created, removed_at=None if state == "active" else at, enrolled_by=made_by,
        )  # fmt: skip

    def _account(self, person: Who, at: datetime) -> str:
        return self.rows.met(
            person.native, at, is_service=True if person.is_group else None, display_name=person.name, email=person.email,
            username=person.username,
        )  # fmt: skip

    # -- what kind of thing -----------------------------------------------------------------------------------------------------

    def _type(self, activity: dict[str, Any]) -> str:
        """Type of an activity, as it says or as an earlier statement said of it."""
        return _type_of(activity) or self._types.get(str(activity.get("id")), "")

    def _learn_all(self, activities: list[dict[str, Any]], target: dict[str, Any], context: dict[str, Any]) -> None:
        for activity in activities:
            self._learn(activity, _type_of(activity))
        self._learn_h5p(target, context)

    def _learn(self, activity: dict[str, Any], word: str) -> None:
        iri = activity.get("id")
        if word and isinstance(iri, str) and len(self._types) < _KNOWN_MAX:
            self._types.setdefault(iri, word)

    def _learn_h5p(self, target: dict[str, Any], context: dict[str, Any]) -> None:
        """H5P says of what it is in the context's category, not by a type; a part of it names the whole as its parent, by id alone."""
        definition = target.get("definition")
        extensions = definition.get("extensions") if isinstance(definition, dict) else None
        extensions = extensions if isinstance(extensions, dict) else {}
        if _H5P_CONTENT not in extensions and not any(str(one.get("id")).startswith(_H5P_LIBRARY) for one in _listed(context, "category")):
            return
        is_part = _H5P_PART in extensions
        self._learn(target, "interaction" if is_part else "h5p")
        for whole in _listed(context, "parent") if is_part else ():
            self._learn(whole, "h5p")

    # -- where ------------------------------------------------------------------------------------------------------------------

    def _places(self, activities: list[dict[str, Any]], at: datetime) -> tuple[str | None, str | None, str]:
        """Course, task and the task's kind: the first activity of each kind, the object before its context; a question's task is what it is part of."""
        if activities and self._type(activities[0]) in QUESTION_TYPES:
            others = [one for one in activities[1:] if one.get("id") != activities[0].get("id")]
            if any(isinstance(one.get("id"), str) and _kind_of(one["id"], self._type(one)) for one in others):
                activities = others
        course = task = None
        kind = "other"
        named: dict[str, Any] = {}
        for activity in activities:
            iri, word = activity.get("id"), self._type(activity)
            if not isinstance(iri, str) or not iri or len(iri) > 2000:
                continue
            if course is None and is_course(word):
                course = f"{self.realm}:course:{self._native(iri)}"
                self._named("courses", course, activity, at, course_id=course, code=None)
            elif (found := _kind_of(iri, word)) and (task is None or named.get("id") == iri):
                # The same page once more, in the context, is the place: the object may be a file that is handed in there.
                task, kind, named = f"{self.realm}:task:{self._native(iri)}", found, activity
        if task and course:
            self._named("tasks", task, named, at, task_id=task, course_id=course, kind=kind)
        return course, task, kind

    def _named(self, record: str, key: str, activity: dict[str, Any], at: datetime, **row: Any) -> None:
        definition = activity.get("definition")
        name = _in_language(definition.get("name") if isinstance(definition, dict) else None, self._language)
        if name or self.rows.held(record, key) is None:
            self.rows.state(record, key, at if name else NEVER, **row, name=name)

    def _native(self, iri: str) -> str:
        """The LMS's own id where the IRI is a page of the LMS that the source names, else the IRI."""
        if not self._home or not iri.startswith(self._home + "/"):
            return iri
        known = self._natives.get(iri)
        if known is None:
            known = self._of_page(iri, self._home)
            if len(self._natives) < _KNOWN_MAX:
                self._natives[iri] = known
        return known

    @staticmethod
    def _of_page(iri: str, home: str) -> str:
        path = unquote(iri[len(home) :])
        for pattern in (_MOODLE_COURSE, _MOODLE_TASK, _EDX_BLOCK, _EDX_COURSE):
            if match := pattern.search(path):
                return match.group(1)
        return iri

    def _object_id(self, target: dict[str, Any]) -> str | None:
        """Id of the thing spoken of; of a person none (it is the related account)."""
        given = target.get("id")
        if target.get("objectType") in ("Agent", "Group", "SubStatement") or not isinstance(given, str) or len(given) > 2000:
            return None
        # Profile pages and mail addresses name people.
        return (
            None
            if "@" in unquote(given).replace("+ccx@", "").replace("+type@", "").replace("+block@", "") or "/user/" in given
            else self._native(given)
        )


def _kind_of(iri: str, type_word: str) -> str | None:
    """Kind of the task that an activity is; None for what is no task."""
    module = _MOODLE_MODULE.search(iri)
    return (MODULE_KINDS.get(module[1]) if module else None) or TASK_KINDS.get(type_word)


def _moodle_action(context: dict[str, Any]) -> str | None:
    """Action of the event that logstore_xapi has made a statement of; None where it does not say, or the event is no deed that counts."""
    extensions = context.get("extensions")
    for told in extensions.values() if isinstance(extensions, dict) else ():
        event = told.get("event_name") if isinstance(told, dict) else None
        if isinstance(event, str) and event.startswith("\\"):
            action = moodle_action(event)
            return None if action == "other" else action
    return None


def _identity(statement: dict[str, Any]) -> str | None:
    """The statement's own id, in small letters; of one that was never stored a hash of its content. None for what no statement is."""
    given = statement.get("id")
    if isinstance(given, str) and _IDS.fullmatch(given):
        return given.lower()
    try:
        return blake2b(orjson.dumps(statement, option=orjson.OPT_SORT_KEYS), digest_size=_HASH_BYTES).hexdigest()
    except orjson.JSONEncodeError:
        return None


def _context_activities(context: dict[str, Any]) -> list[dict[str, Any]]:
    """Parents first: the nearest place. One activity may stand without its list (xAPI 0.9 and 1.0.0)."""
    return [part for place in ("parent", "grouping", "category", "other") for part in _listed(context, place)]


def _listed(context: dict[str, Any], place: str) -> list[dict[str, Any]]:
    given = context.get("contextActivities")
    listed = given.get(place) if isinstance(given, dict) else None
    return [part for part in (listed if isinstance(listed, list) else [listed]) if isinstance(part, dict)]


def _type_of(activity: dict[str, Any]) -> str:
    definition = activity.get("definition")
    given = definition.get("type") if isinstance(definition, dict) else None
    return type_word_of(given) if isinstance(given, str) else ""


def _in_language(names: Any, language: str) -> str | None:
    """One name of a language map: that of the language, of a relative, of "und", else the first."""
    if isinstance(names, str):
        return names or None
    if not isinstance(names, dict):
        return None
    if isinstance(name := names.get(language), str) and name:
        return name
    given = {str(key).lower(): name for key, name in names.items() if isinstance(name, str) and name}
    for wanted in (language, *(key for key in given if key.split("-")[0] == language), "und"):
        if wanted in given:
            return given[wanted]
    return next(iter(given.values()), None)


def _score(score: Any) -> tuple[float | None, float | None]:
    """Points and the best there are; a scaled score alone is a share of one."""
    if not isinstance(score, dict):
        return None, None
    raw, best, scaled = (number(score.get(key)) for key in ("raw", "max", "scaled"))
    if raw is not None:
        if best is None and scaled and 0 < scaled <= 1 and raw > 0:
            best = round(raw / scaled, 6)
        return raw, best
    return (scaled, 1.0) if scaled is not None else (None, None)


def _details(result: dict[str, Any]) -> str | None:
    found: dict[str, Any] = {}
    score = result.get("score")
    for key in ("raw", "min", "max", "scaled"):
        if isinstance(score, dict) and (value := number(score.get(key))) is not None:
            found[f"score_{key}"] = value
    for key in ("success", "completion"):
        if isinstance(result.get(key), bool):
            found[key] = result[key]
    if (seconds := seconds_of(result.get("duration"))) is not None:
        found["duration_seconds"] = seconds
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode() if found else None


def _origin(context: dict[str, Any]) -> str | None:
    """Statements with a registration were sent by content that was launched; of others nothing is known."""
    return "ws" if isinstance(context.get("registration"), str) else None


def _tail(identifier: str) -> str:
    """The native part of "<realm>:<what>:<native>"."""
    return identifier.split(":", 2)[2] if identifier.count(":") > 1 else identifier
