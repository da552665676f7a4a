"""What Moodle's readers share about its texts: names in several languages, the log's ``other`` column, event names (HTML: ``formats.marked_text``).

Belongs here: how Moodle writes things down, whatever the way they came out of it (database, report download, web service).
Does not belong here: what a text means (pipelines/links).
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import orjson

from pipelines.sources.formats.marked_text import text_of

# -- names in several languages -----------------------------------------------------------------------------------------------

# filter_multilang: two or more spans side by side, attributes in either order, are one text in several languages.
_SPAN = r"<span(?:\s+lang=[\"']?[a-zA-Z0-9_-]+[\"']?|\s+class=[\"']?multilang[\"']?){2}\s*>.*?</span>"
_SPANS = re.compile(rf"{_SPAN}(?:\s*{_SPAN})+", re.IGNORECASE | re.DOTALL)
_ONE_SPAN = re.compile(r"<span[^>]*?\blang=[\"']?([a-zA-Z0-9_-]+)[\"']?[^>]*>(.*?)</span>", re.IGNORECASE | re.DOTALL)
# filter_multilang2, the wide-spread plug-in: {mlang ru}…{mlang}{mlang en}…{mlang}; "other" stands for every other language.
_MLANG = re.compile(r"\{\s*mlang\s([a-zA-Z0-9_,\s-]{1,100})\}(.*?)\{\s*mlang\s*\}", re.IGNORECASE | re.DOTALL)
#: Characters. Moodle's columns hold names of 1,333 at most; what is longer is no name, and is not searched for languages.
_LONGEST_NAME = 4_000


def name_in(name: str | None, language: str) -> str | None:
    """A course's or activity's name in one language, plain; the first language given where that one is missing.

    None for an empty name.
    """
    if not name:
        return None
    if len(name) > _LONGEST_NAME:
        plain = text_of(name)
        return plain.replace("\n", " ") if plain else None
    resolved = _SPANS.sub(lambda match: _choose(_ONE_SPAN.findall(match.group(0)), language), name)
    if _MLANG.search(resolved):
        resolved = _choose_mlang(resolved, language)
    plain = text_of(resolved)
    return plain.replace("\n", " ") if plain else None


def name_in_english(name: str | None) -> str | None:
    """The English name where the name is given in several languages and English is one of them; else None."""
    if not name or len(name) > _LONGEST_NAME:
        return None
    given = {language.lower().split("_")[0] for block in _SPANS.findall(name) for language, _ in _ONE_SPAN.findall(block)}
    given |= {part.strip().lower().split("_")[0] for languages, _ in _MLANG.findall(name) for part in languages.split(",")}
    return name_in(name, "en") if "en" in given else None


def _choose(texts: list[tuple[str, str]], language: str) -> str:
    by_language = {given.lower().replace("-", "_"): text for given, text in reversed(texts)}
    for wanted in (language, language.split("_")[0]):
        if wanted in by_language:
            return by_language[wanted]
    relatives = [text for given, text in by_language.items() if given.split("_")[0] == language]
    return relatives[0] if relatives else texts[0][1]


def _choose_mlang(name: str, language: str) -> str:
    blocks = [({part.strip().lower() for part in given.split(",")}, text) for given, text in _MLANG.findall(name)]
    fitting = [text for given, text in blocks if language in given] or [text for given, text in blocks if "other" in given]
    chosen = iter(fitting or [blocks[0][1]])
    # What stands outside the blocks is common to all languages; the chosen text takes the place of the first block.
    return _MLANG.sub(lambda match: next(chosen, ""), name)


# -- the log's `other` --------------------------------------------------------------------------------------------------------

#: What the log writes where an event has no data of its own.
ABSENT = frozenset({"", "null", "N;", "[]", "{}", "a:0:{}"})


def other_of(stored: str | None) -> dict[str, Any]:
    """The event's own data out of the log's ``other``: JSON or serialized PHP, whichever the site wrote at that time.

    Empty for an absent one (SQL null, ``null``, ``N;``, ``[]``) and for one cut short in storage.
    """
    if stored is None or stored in ABSENT:
        return {}
    try:
        data = _json(stored) if stored[0] in '{["' else unserialize(stored)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _json(stored: str) -> Any:
    try:
        return orjson.loads(stored)
    except orjson.JSONDecodeError:
        # PHP writes what the standard does not know, halves of surrogate pairs for one.
        return json.loads(stored)


def unserialize(stored: str) -> Any:
    """Value of a text made by PHP's ``serialize()``: scalars, arrays (as dict with text keys) and objects (as dict).

    Lengths of strings count bytes of UTF-8. References come out as None. Raises ValueError naming the byte where it breaks.
    """
    content = stored.encode("utf-8", "surrogatepass")
    value, end = _unserialize(content, 0, 0)
    if content[end:].strip():
        raise ValueError(f"byte {end}: more after the end")
    return value


_DEPTH_MAX = 64  # deeper than any event nests; keeps a crafted value from exhausting the stack


def _unserialize(content: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > _DEPTH_MAX:
        raise ValueError(f"byte {at}: nested too deep")
    kind = content[at : at + 2]
    if kind == b"N;":
        return None, at + 2
    if kind in (b"i:", b"d:", b"b:", b"r:", b"R:"):
        end = _find(content, b";", at)
        word = content[at + 2 : end].decode("ascii")
        match kind:
            case b"i:":
                return int(word), end + 1
            case b"d:":
                return float(word), end + 1
            case b"b:":
                return word == "1", end + 1
            case _:
                return None, end + 1
    if kind == b"s:":
        text, end = _string(content, at + 2)
        if content[end : end + 1] != b";":
            raise ValueError(f"byte {end}: string not closed")
        return text, end + 1
    if kind == b"a:":
        return _members(content, at + 2, depth)
    if kind == b"O:":
        _, end = _string(content, at + 2)
        return _members(content, end + 1, depth)
    raise ValueError(f"byte {at}: no serialized value")


def _string(content: bytes, at: int) -> tuple[str, int]:
    colon = _find(content, b":", at)
    start, length = colon + 2, int(content[at:colon])
    end = start + length
    if length < 0 or content[colon + 1 : start] != b'"' or content[end : end + 1] != b'"':
        raise ValueError(f"byte {at}: string of another length than stated")
    return content[start:end].decode("utf-8", "replace"), end + 1


def _members(content: bytes, at: int, depth: int) -> tuple[dict[str, Any], int]:
    colon = _find(content, b":", at)
    count, at = int(content[at:colon]), colon + 2
    if count < 0 or content[colon + 1 : at] != b"{":
        raise ValueError(f"byte {colon}: array not opened")
    members = {}
    for _ in range(count):
        key, at = _unserialize(content, at, depth + 1)
        members[str(key)], at = _unserialize(content, at, depth + 1)
    if content[at : at + 1] != b"}":
        raise ValueError(f"byte {at}: array not closed")
    return members, at + 1


def _find(content: bytes, sign: bytes, at: int) -> int:
    end = content.find(sign, at)
    if end < 0:
        raise ValueError(f"byte {at}: cut short")
    return end


# Which numbers of an event may leave the personal schema: counts, states and ids of things. Ids of people, names and whatever looks
# like them do not, even where they are written as numbers (a log-in name can be a phone number).
_THING = re.compile(
    r"^(?:.*(?:id|grade|count|number|num|attempt|state|status|page|slot|reason|rating|overridden|online|editable|deleted|date|timestart|timeend))$",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"user|name|mail|phone|idnumber|submitter|teacher|marker|grader|student(?!isonline)|author|session|token|^ip$|by$", re.IGNORECASE
)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,10})?")


def details_of(stored: str | None) -> str | None:
    """The numbers of an event's own data as JSON with sorted keys, never text or anything of a person; None where there are none."""
    numbers: dict[str, int | float | bool] = {}
    for key, value in other_of(stored).items():
        if not _is_thing(key):
            continue
        if isinstance(value, bool | int | float):
            numbers[key] = value
        elif isinstance(value, str) and _NUMBER.fullmatch(value):
            numbers[key] = float(value) if "." in value else int(value)
    return json.dumps(numbers, sort_keys=True) if numbers else None


@lru_cache(maxsize=4096)
def _is_thing(key: str) -> bool:
    """Logs have millions of rows and some hundred keys."""
    return bool(_THING.match(key)) and not _PERSON.search(key)


# -- events -------------------------------------------------------------------------------------------------------------------

#: Event (without leading backslash and without ``event\``) → action of ``raw.activity``. One click writes several rows: the row that
#: stands for the deed has the action, its companions are "other", so that counting an action counts deeds.
_ACTIONS = {
    "core\\user_loggedin": "logged_in",
    "core\\user_loggedout": "logged_out",
    "core\\user_login_failed": "login_failed",
    "core\\user_enrolment_created": "enrolled",
    "core\\user_enrolment_deleted": "unenrolled",
    "core\\group_member_added": "joined_group",
    "core\\group_member_removed": "left_group",
    "core\\message_sent": "messaged",
    "core\\group_message_sent": "messaged",
    "core\\course_module_completion_updated": "completed",
    "core\\course_completed": "completed",
    # core\\user_graded follows from these (once for the item, once for the course's total) and from automatic regrading
    "mod_assign\\submission_graded": "graded",
    "mod_quiz\\question_manually_graded": "graded",
    "mod_assign\\assessable_submitted": "submitted",
    "assignsubmission_onlinetext\\assessable_uploaded": "uploaded",
    "assignsubmission_file\\assessable_uploaded": "uploaded",
    "mod_workshop\\assessable_uploaded": "uploaded",
    "mod_workshop\\submission_created": "submitted",
    "mod_forum\\discussion_created": "posted",
    "mod_forum\\post_created": "posted",
    "mod_glossary\\entry_created": "posted",
    "mod_data\\record_created": "posted",
    "mod_wiki\\page_created": "posted",
    "mod_quiz\\attempt_started": "attempted",
    "mod_quiz\\attempt_submitted": "submitted",
    "mod_quiz\\attempt_reviewed": "viewed",
    "mod_lesson\\lesson_started": "attempted",
    "mod_lesson\\lesson_ended": "submitted",
    "mod_scorm\\sco_launched": "attempted",
    "mod_scorm\\scoreraw_submitted": "submitted",
    "mod_h5pactivity\\statement_received": "attempted",
    "mod_bigbluebuttonbn\\meeting_joined": "viewed",
    "mod_bigbluebuttonbn\\bigbluebuttonbn_meeting_joined": "viewed",
    "mod_feedback\\response_submitted": "answered_survey",
    "mod_survey\\response_submitted": "answered_survey",
    "mod_questionnaire\\attempt_submitted": "answered_survey",
    "mod_choice\\answer_submitted": "answered_survey",
    "mod_choice\\answer_created": "answered_survey",
    # Plugins with work to hand in: H5P's own, programming in a browser (an edit stores a version), Turnitin.
    "mod_hvp\\attempt_submitted": "submitted",
    "mod_vpl\\submission_uploaded": "submitted",
    "mod_vpl\\submission_edited": "uploaded",
    "mod_vpl\\submission_graded": "graded",
    "mod_turnitintooltwo\\add_submission": "submitted",
}


def action_of(event: str) -> str:
    r"""Action of ``raw.activity`` for an event's class name (``\mod_quiz\event\attempt_started``).

    Everything ``…_viewed`` is a view, everything ``…comment_created`` a post; what is neither listed nor of such a kind is "other".
    """
    name = event.strip().lstrip("\\").replace("\\event\\", "\\")
    if action := _ACTIONS.get(name):
        return action
    if name.endswith("_viewed"):
        return "viewed"
    if name.endswith("comment_created"):
        return "posted"
    return "other"


#: Activity type (name of the module) → kind of ``raw.tasks``.
TASK_KINDS = {
    "assign": "assignment",
    "quiz": "quiz",
    "page": "page",
    "book": "page",
    "resource": "file",
    "folder": "file",
    "url": "url",
    "forum": "forum",
    "feedback": "feedback",
    "survey": "feedback",
    "questionnaire": "feedback",
    "customcert": "certificate",
}


def task_kind(module: str | None) -> str:
    """Kind of ``raw.tasks`` for an activity type: "assign" → "assignment", a type not known here → "other"."""
    return TASK_KINDS.get((module or "").removeprefix("mod_"), "other")
