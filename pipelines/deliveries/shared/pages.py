"""Jinja set up once for every page: everything is escaped, an unknown name is an error, nothing is fetched from anywhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.deliveries.shared.language import Language

TEMPLATES_FOLDER = Path(__file__).parents[1] / "templates"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def page(template: str, language: Language, **values: Any) -> bytes:
    """A page out of a template of ``templates/``; in it ``say`` and ``count`` speak ``language``."""
    text = _environment().get_template(template).render(say=language.say, count=language.count, lang=language.code, **values)
    return text.encode()
