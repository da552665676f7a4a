"""The demonstration: what it leaves for the command line."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from assets import demo
from pipelines.simulation import environment_of


def test_a_shell_can_be_pointed_at_the_demonstration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`set -a; . mayak.env` in a folder whose name has a blank."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    folder = tmp_path / "a demo"
    demo.configure(folder)
    written = (folder / "mayak.env").read_text(encoding="utf-8").splitlines()
    assert dict(shlex.split(line)[0].split("=", 1) for line in written) == environment_of(folder / "exports", folder, demo.DEMO_KEY)
