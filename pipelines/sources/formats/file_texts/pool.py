"""Many files of strangers: each is opened in a worker process that can be stopped, and results come in the files' order.

A worker is a Python of its own (no fork of a process with threads, no import of the caller's main module), with an empty environment. A file
that kills, hangs or exhausts its worker costs one refusal and a new worker. Signals that end a worker: SIGPROF, its processor time is up;
anything else, the file broke a library.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.errors import BadSource
from pipelines.sources.formats.file_texts.limits import FILES_PER_WORKER, LIMITS, START_SECONDS, WORKERS, Limits
from pipelines.sources.formats.file_texts.results import FileText, Reason, Refused

Content = Path | bytes

UTC = ZoneInfo("UTC")
_SOURCES = Path(__file__).resolve().parents[2]
_READY = b"ready\n"
_BLOCK = 1 << 16
_HEAD = 8
# The readers beside this package bring Arrow, pandas and database drivers, none of which a worker needs: their package is not run.
_START = """
import sys, types
root, sources, settings = sys.argv[1:]
sys.path.append(root)
package = types.ModuleType("pipelines.sources")
package.__path__ = [sources]
sys.modules["pipelines.sources"] = package
from pipelines.sources.formats.file_texts.worker import main
main(settings)
"""


def read_files(
    files: Iterable[tuple[str, Content]],
    *,
    zone: ZoneInfo = UTC,
    limits: Limits = LIMITS,
    workers: int = WORKERS,
    check_sha1: bool = False,
) -> Iterator[tuple[str, FileText | Refused]]:
    """Texts of files, in their order; lazily, so that a few files are in memory at a time.

    Parameters
    ----------
    files: (content hash, path or bytes).
    zone: zone of times that documents give without one.
    check_sha1: the hash is the SHA-1 of the bytes; others are refused.

    Raises BadSource when workers do not start at all (an installation that is not whole).
    """
    idle: SimpleQueue[_Worker] = SimpleQueue()
    crew = [_Worker(limits, zone) for _ in range(workers)]
    for worker in crew:
        idle.put(worker)

    def one(content_hash: str, content: Content) -> FileText | Refused:
        worker = idle.get()
        try:
            return worker.ask(content, content_hash if check_sha1 else None)
        finally:
            idle.put(worker)

    waiting: deque[tuple[str, Future[FileText | Refused]]] = deque()
    threads = ThreadPoolExecutor(workers, thread_name_prefix="file_texts")
    try:
        for content_hash, content in files:
            waiting.append((content_hash, threads.submit(one, content_hash, content)))
            if len(waiting) > 2 * workers:
                first, result = waiting.popleft()
                yield first, result.result()
        while waiting:
            first, result = waiting.popleft()
            yield first, result.result()
    finally:
        # Also when the caller stops listening: nothing is left running. Pipes are closed only when no thread looks at them any more.
        for worker in crew:
            worker.stop()
        threads.shutdown(wait=True, cancel_futures=True)
        for worker in crew:
            worker.close()


class _Away(Exception):
    """The worker has ended or does not answer in time."""


class _Worker:
    """One process, started when it is first needed and again after it ended."""

    def __init__(self, limits: Limits, zone: ZoneInfo) -> None:
        self._limits = limits
        self._settings = json.dumps({"limits": asdict(limits), "zone": zone.key})
        self._process: subprocess.Popen[bytes] | None = None
        self._files = 0
        self._stopped = False

    def ask(self, content: Content, sha1: str | None) -> FileText | Refused:
        """One file's result, whatever becomes of the process."""
        if isinstance(content, bytes) and len(content) > self._limits.file_bytes:
            return Refused(Reason.TOO_LARGE)
        process = self._running()
        self._files += 1
        request: dict[str, Any] = {"sha1": sha1} if sha1 is not None else {}
        if isinstance(content, bytes):
            request["bytes"] = len(content)
        else:
            # Names of files are bytes; those that are no UTF-8 would not survive JSON.
            request["path"] = os.fsencode(content).hex()
        deadline = time.monotonic() + self._limits.clock_seconds
        try:
            self._send(process, json.dumps(request).encode() + b"\n" + (content if isinstance(content, bytes) else b""), deadline)
            size = int.from_bytes(self._receive(process, _HEAD, deadline), "big")
            # A character takes four bytes at most, escaped ones six; the rest of the answer is small.
            if size > 8 * self._limits.characters + _BLOCK:
                raise _Away
            result = unpacked(self._receive(process, size, deadline))
        except (_Away, OSError, ValueError):
            return self._lost(process, time.monotonic() >= deadline)
        if result == Refused(Reason.MEMORY) or self._files >= FILES_PER_WORKER:
            self._end()
        return result

    def stop(self) -> None:
        """End the process, and start none again. May be called while another thread waits for an answer."""
        self._stopped = True
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """After :meth:`stop`, when nobody asks any more."""
        self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            if self._stopped:
                raise BadSource("the readers of files were stopped")
            # -I: no environment, no user's packages, no current folder.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, str(_SOURCES.parent.parent), str(_SOURCES), self._settings],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, bufsize=0, start_new_session=True,
            )  # fmt: skip
            self._files = 0
            try:
                ready = self._receive(self._process, len(_READY), time.monotonic() + START_SECONDS)
            except (_Away, OSError):
                ready = b""
            if ready != _READY:
                self._end()
                raise BadSource("the readers of files do not start: are lxml, pypdfium2, striprtf and charset-normalizer installed?")
        return self._process

    def _send(self, process: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
        assert process.stdin is not None
        handle = process.stdin.fileno()
        os.set_blocking(handle, False)
        view = memoryview(data)
        while view:
            _wait(handle, select.POLLOUT, deadline)
            view = view[os.write(handle, view[:_BLOCK]) :]

    def _receive(self, process: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
        assert process.stdout is not None
        handle = process.stdout.fileno()
        parts, left = [], size
        while left:
            _wait(handle, select.POLLIN, deadline)
            block = os.read(handle, min(left, _BLOCK))
            if not block:
                raise _Away
            parts.append(block)
            left -= len(block)
        return b"".join(parts)

    def _lost(self, process: subprocess.Popen[bytes], too_late: bool) -> Refused:
        """Why there is no answer. The process is gone after this."""
        code = None
        if not too_late:
            try:
                code = process.wait(1.0)
            except subprocess.TimeoutExpired:
                code = None
        self._end()
        return Refused(Reason.TIME if too_late or code == -signal.SIGPROF else Reason.CRASHED)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _wait(handle: int, for_what: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    poll = select.poll()
    poll.register(handle, for_what)
    if left <= 0 or not poll.poll(left * 1000):
        raise _Away


def unpacked(answer: bytes) -> FileText | Refused:
    """The result a worker wrote. Raises ValueError for anything else."""
    try:
        fields = json.loads(answer)
        if "refused" in fields:
            return Refused(Reason[fields["refused"]])
        for name in ("created_at", "modified_at"):
            fields[name] = fields[name] and datetime.fromisoformat(fields[name])
        fields["revision_ids"] = tuple(fields["revision_ids"])
        return FileText(**fields)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no result") from error
