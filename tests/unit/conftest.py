"""Unit tests spare the making of schemas and the engine's second thread (``spared`` in tests/conftest.py)."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def _spared(spared: None) -> None:
    """For every unit test."""
