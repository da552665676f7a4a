"""Texts of the files that learners hand in: DOCX, ODT, PDF, RTF and TXT, told by their bytes. Used by readers; no source kind of its own.

- :func:`read_file`: one file, in this process.
- :func:`read_files`: many files of strangers, each in a process that is stopped when it takes too long or too much.
- :mod:`pipelines.sources.formats.file_texts.records`: the same as events of the record ``file_texts``.

What is kept of a format, and what is not, is told in the format's own module; what a file may cost in ``limits``; docs/file_texts.md.
"""

from __future__ import annotations

from pipelines.sources.formats.file_texts.limits import LIMITS, Limits
from pipelines.sources.formats.file_texts.opening import read_file
from pipelines.sources.formats.file_texts.pool import Content, read_files
from pipelines.sources.formats.file_texts.results import FileText, Reason, Refused

__all__ = ["LIMITS", "Content", "FileText", "Limits", "Reason", "Refused", "read_file", "read_files"]
