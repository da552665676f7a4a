"""The run lock: one run at a time works on a warehouse, from its first step to its last.

DuckDB's own lock holds as long as the file is open, and a run opens and closes it step by step (dbt and Great Expectations open it for themselves). A
second run that began in between would put another day's facts under the first one's lists. So a run holds a lock on a file beside the warehouse; the
system releases it when its holder dies, however that happens. Who only reads takes no lock.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from pipelines.errors import PermanentError, TransientError

#: How often a waiting run looks whether the lock is free (s).
_LOOK_AGAIN = 1.0


class RunLock:
    """The lock of one warehouse, held until :meth:`release` or the end of the process.

    Parameters
    ----------
    who: what those who have to wait are told: a command and its day, without personal data.
    patience: seconds to wait for the holder.
    tell: told once when there is somebody to wait for.

    Raises TransientError when the holder is not done by then, PermanentError where no file can be written beside the warehouse.
    """

    def __init__(self, warehouse: Path, who: str, *, patience: float = 0, tell: Callable[[str], None] | None = None) -> None:
        path = warehouse.with_name(f"{warehouse.name}.lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise PermanentError(f"the warehouse {warehouse}: expected a folder that can be written to; found: {error.strerror}") from error
        until, told = monotonic() + patience, False
        while not self._acquired():
            holder = path.read_text(encoding="utf-8").strip() or "it does not say which"
            if monotonic() >= until:
                self._file.close()
                raise TransientError(f"another run works on the warehouse {warehouse} ({holder}); one at a time")
            if tell and not told:
                tell(f"waits for another run ({holder})")
                told = True
            sleep(_LOOK_AGAIN)
        self._file.truncate(0)
        self._file.write(f"{who}, process {os.getpid()}\n")
        self._file.flush()

    def _acquired(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let the next run work. The file stays: removing it could leave two holders, each of a file of that name."""
        self._file.close()


@contextmanager
def run_lock(warehouse: Path, who: str) -> Iterator[None]:
    """The lock for the length of the block; raises at once where another run holds it (see :class:`RunLock`)."""
    held = RunLock(warehouse, who)
    try:
        yield
    finally:
        held.release()
