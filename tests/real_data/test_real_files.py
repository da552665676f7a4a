"""Every real file that has a reader: kept and rejected are all that is present, and what is rejected has a reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.real_files import load_samples, table

pytestmark = pytest.mark.real_data


def test_no_row_of_a_real_file_is_lost(real_data: Path) -> None:
    loads = list(load_samples(real_data))
    assert Counter(sample.what for sample, _ in loads)["Moodle logs of a university"] == 8
    for _, load in loads:
        assert load.state == "loaded", load.problem
        assert load.seen == {record: load.kept.get(record, 0) + load.rejected.get(record, 0) for record in load.seen}, load.item
        assert sum(load.seen.values()) > 0
        assert sum(load.reasons.values()) == sum(load.rejected.values())
    printed = table(loads)
    assert "| Telegram export of a public supergroup |" in printed
    # Mailboxes are called by their owners: their names stay out of the page.
    assert "curator_" not in printed
