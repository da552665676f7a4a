"""The registry: every kind leads to a reader that calls itself so."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipelines.sources import READERS


@pytest.mark.parametrize("kind", sorted(READERS))
def test_kind_and_reader_agree(kind: str) -> None:
    reader = READERS[kind]
    assert reader.kind == kind
    assert reader.version >= 1
    assert READERS[kind] is reader


def test_an_unknown_kind_is_none() -> None:
    assert READERS.get("no such kind") is None
    with pytest.raises(KeyError):
        READERS["no such kind"]


def test_looking_at_the_registry_imports_no_format() -> None:
    code = "import sys, pipelines.sources as s; sorted(s.READERS); sys.exit('pipelines.sources.webinars.zoom' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
