"""Keys of courses and blocks in Open edX, as they stand in contexts, payloads, form fields and paths.

Courses: ``course-v1:Org+Course+Run`` (and ``ccx-v1:…``), before 2014 ``Org/Course/Run``. Blocks: ``block-v1:…+type@problem+block@name``,
before 2014 ``i4x://Org/Course/problem/name``, whose form in HTML ids is ``i4x-Org-Course-problem-name`` ("_" for dots): that one stands for both here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

_COURSE_IN_PATH = re.compile(r"/courses/((?:course-v1:|ccx-v1:)[^/?#]+|[^/?#:]+/[^/?#]+/[^/?#]+)(?:[/?#]|$)")
_BLOCK = re.compile(
    r"block-v1:[^/?#\s\"]+?\+type@[\w\-]+\+block@[\w.\-]+|ccx-block-v1:[^/?#\s\"]+?\+type@[\w\-]+\+block@[\w.\-]+|i4x:;_;_[\w;.\-]+"
)
_TYPE = re.compile(r"\+type@([\w\-]+)\+block@")
_OLD_TYPE = re.compile(r"^i4x-.+-(problem|video|videoalpha|html|sequential|vertical|chapter|discussion|poll|openassessment)-")
#: Form fields of a problem: ``input_<block>_<question>_<part>``.
_FIELD = re.compile(r"input_([\w\-.]+?)_\d+_\d+")
_BARE = re.compile(r"[\w.\-]{1,255}")
#: What the platform writes as "_" where an old key becomes an HTML id: "6.002x" → "6_002x".
_NOT_IN_HTML = re.compile(r"[^\w\-]")
#: Payload keys that hold a block's key, the most telling first.
_KEYS = ("problem_id", "block_id", "usage_key", "module_id", "exam_content_id", "component_usage_id", "id", "problem", "item_id")
_URLS = ("target_url",)
_OF_COURSE = ("edx.course.", "edx.grades.course.", "edx.certificate.", "edx.cohort.", "edx.user.")


def course_of(context: Mapping[str, Any], payload: Mapping[str, Any], *urls: Any) -> str | None:
    """Key of the course an event speaks of; None for the site."""
    for stated in (context.get("course_id"), payload.get("course_id")):
        # Some platforms log the line end of a form's field with it.
        given = stated.strip() if isinstance(stated, str) else ""
        if given and "@" not in given.split("+ccx@")[0] and len(given) <= 255:
            return given
    for url in urls:
        if isinstance(url, str) and "/courses/" in url and (match := _COURSE_IN_PATH.search(unquote(url))):
            return match.group(1)
    return None


def block_of(name: str, course: str | None, context: Mapping[str, Any], payload: Mapping[str, Any], bare: Any) -> str | None:
    """Key of the block an event speaks of. ``bare``: a payload that is no object (form fields of a problem). None: none."""
    # What concerns the whole course happens while a block's page is open.
    if name.startswith(_OF_COURSE):
        return None
    for field in _KEYS:
        given = payload.get(field)
        if isinstance(given, str) and given:
            if found := _normal(given):
                return found
            if field == "id" and ("video" in name or "transcript" in name or "code" in payload) and _BARE.fullmatch(given):
                return _block(course, "video", given)
    # The block whose page called is the second best: what happened there may be about another.
    module = context.get("module")
    if isinstance(module, dict) and isinstance(key := module.get("usage_key"), str) and (found := _normal(key)):
        return found
    for field in _URLS:
        given = payload.get(field)
        if isinstance(given, str) and (match := _BLOCK.search(unquote(given))):
            return match.group(0)
    text = bare[0] if isinstance(bare, list) and bare else bare
    if isinstance(text, str) and name.startswith("problem") and (match := _FIELD.search(text)):
        field = match.group(1)
        return field if field.startswith("i4x-") else _block(course, "problem", field)
    path = context.get("path")
    if isinstance(path, str) and "/xblock/" in path and (match := _BLOCK.search(unquote(path))):
        return _normal(match.group(0))
    return None


@lru_cache(4096)
def _normal(key: str) -> str | None:
    if key.startswith(("block-v1:", "ccx-block-v1:")):
        match = _BLOCK.match(key)
        return match.group(0) if match else None
    if key.startswith("i4x:;_;_"):
        return "i4x-" + _NOT_IN_HTML.sub("_", key[8:].replace(";_", "-"))
    if key.startswith("i4x://"):
        return "i4x-" + _NOT_IN_HTML.sub("_", key[6:].replace("/", "-"))
    return key if key.startswith("i4x-") and _BARE.fullmatch(key) else None


def _block(course: str | None, kind: str, name: str) -> str | None:
    if name.startswith("i4x-"):
        return name
    if course and course.startswith("course-v1:"):
        return f"block-v1:{course[10:]}+type@{kind}+block@{name}"
    if course and course.startswith("ccx-v1:"):
        return f"ccx-block-v1:{course[7:]}+type@{kind}+block@{name}"
    return None


def course_in(block: str) -> str | None:
    """Key of the course in a block's key; None where it does not stand there."""
    for prefix, course in (("block-v1:", "course-v1:"), ("ccx-block-v1:", "ccx-v1:")):
        if block.startswith(prefix):
            return course + block[len(prefix) :].partition("+type@")[0]
    return None


@lru_cache(4096)
def type_of(block: str) -> str:
    """Type of a block: "problem", "video" …; empty where its key does not tell."""
    match = _TYPE.search(block) or _OLD_TYPE.match(block)
    return match.group(1) if match else ""
