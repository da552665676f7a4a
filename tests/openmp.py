"""What tests need that a machine may lack: the system's OpenMP library, which LightGBM's wheel does not bring."""

from __future__ import annotations

import pytest

from pipelines.errors import BadConfiguration
from pipelines.risk import forecast


def _lacks_openmp() -> bool:
    try:
        forecast.load_lightgbm()
    except BadConfiguration:
        return True
    return False


needs_lightgbm = pytest.mark.skipif(
    _lacks_openmp(), reason="LightGBM cannot be loaded here: the system has no libgomp (Debian: apt install libgomp1)"
)
