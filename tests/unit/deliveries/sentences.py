"""Every sentence that the deliveries' code and templates mark for translation."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir

import pipelines.deliveries

FOLDER = Path(pipelines.deliveries.__file__).parent
#: The functions that mark a sentence, as Babel wants them: which argument is the message, its plural, its context.
KEYWORDS = {"say": None, "count": (1, 2), "say_as": ((1, "c"), 2), "N_": None}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]


def marked_sentences() -> set[tuple[str, str | None]]:
    """(message, plural or None) of every marked sentence."""
    found = set()
    for _file, _line, message, _comments, _context in extract_from_dir(str(FOLDER), METHODS, keywords=KEYWORDS):
        if isinstance(message, tuple):
            found.add((message[0], message[1]))
        elif message:
            found.add((message, None))
    return found
