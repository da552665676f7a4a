"""The weekly report as one page: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from pipelines.deliveries.shared.language import Language
from pipelines.deliveries.shared.pages import page


def page_of(document: dict[str, Any], language: Language) -> bytes:
    """The page of a document of :mod:`pipelines.deliveries.report.report_words`."""
    pictures = {name: f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}" for name, svg in document["pictures"].items()}
    return page("report.html", language, document=document, pictures=pictures)
