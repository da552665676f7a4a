"""Notices in simulated mailboxes, from the mbox file to the links: a seed that nobody tuned on (more of them: python -m benchmarks.notices)."""

from __future__ import annotations

import pytest

from benchmarks.notices import evaluate


@pytest.mark.slow
def test_who_received_a_notice() -> None:
    figures = {figure.name.removeprefix("simulated mailboxes: "): figure for figure in evaluate([424242])}
    assert figures["received, by any sign: F1"].value >= 0.95
    assert figures["all signs: F1"].value >= 0.95
    assert all(figures[f"{kind}: F1"].value == 1 for kind in ("read_receipt", "deleted_unread", "bounce", "delayed", "auto_reply"))
