"""The weekly report as PDF, set by typst: its own fonts, no system library, the same bytes for the same report."""

from __future__ import annotations

import json
from typing import Any

import typst

from pipelines.deliveries.shared.pages import TEMPLATES_FOLDER
from pipelines.errors import BadContract


def pdf_of(document: dict[str, Any], language: str) -> bytes:
    """The PDF of a document of :mod:`pipelines.deliveries.report.report_words`. Raises BadContract when it cannot be set."""
    source = (TEMPLATES_FOLDER / "report.typ").read_bytes()
    try:
        content = typst.compile(
            source,
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"document": json.dumps(document, ensure_ascii=False, sort_keys=True), "language": language},
            timestamp=0,  # no clock in the file: the week says when it is from
        )
    except typst.TypstError as error:
        raise BadContract(f"report.typ: the PDF could not be set: {error.message}") from error
    return bytes(content)
