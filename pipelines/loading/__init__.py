"""LOAD: what readers yield goes into ``raw`` and ``personal``, once, whole or not at all.

``loads`` is one item's way with its ledger; ``staging`` and ``fresh_rows`` bring its rows in; ``vanishing``, ``versions`` and ``account_names`` keep
what repeated items tell; ``uniting`` with ``same_accounts``, ``same_rows`` and ``same_webinars`` makes one thing of what two sources of one site tell.
"""

from __future__ import annotations

from pipelines.loading.loads import Load, context_for, load_item, load_source
from pipelines.sources import READERS

__all__ = ["READERS", "Load", "context_for", "load_item", "load_source"]
