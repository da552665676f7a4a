"""Errors that Mayak raises on purpose.

Two families, because a scheduler treats them differently: a *permanent* error (a bad file, a broken contract, a wrong
setting) is the same tomorrow and is never retried; a *transient* one (a database that is away) is retried, bounded.
A message says what the caller was trying to do and names file, place, what was expected and what was found.
It never quotes the content of a message, a name, an address or a handle.
"""

from __future__ import annotations

from pathlib import Path


class MayakError(Exception):
    """Base of every error that Mayak raises on purpose."""


class PermanentError(MayakError):
    """The same input will fail again: do not retry."""


class TransientError(MayakError):
    """A service was away or busy: a bounded retry may succeed."""


class BadConfiguration(PermanentError):
    """A setting or the programme file is wrong."""


class BadContract(PermanentError):
    """A table or frame differs from the declared one."""


class BadSource(PermanentError):
    """A source as a whole cannot be read: nothing where files are expected, or a database that is no Moodle."""


class BadFile(PermanentError):
    """A file cannot be read as the format it is said to be.

    Parameters
    ----------
    path: the file.
    place: where in it: "line 14", "byte 20312", "message 17", "header".
    expected, found: what the format asks for and what stands there; both without personal data.
    """

    def __init__(self, path: Path | str, *, place: str, expected: str, found: str) -> None:
        self.path, self.place, self.expected, self.found = Path(path), place, expected, found
        super().__init__(f"{self.path.name}: {place}: expected {expected}; found {found}")

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_bad_file, (str(self.path), self.place, self.expected, self.found))


def _rebuild_bad_file(path: str, place: str, expected: str, found: str) -> BadFile:
    return BadFile(path, place=place, expected=expected, found=found)


class SourceAway(TransientError):
    """A source's server did not answer or refused the connection."""
