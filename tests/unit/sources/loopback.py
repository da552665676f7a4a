"""A web server on this machine's loopback that answers as a test tells it; tests that use it are marked ``allow_hosts(["127.0.0.1"])``."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    #: Of the query and of a form.
    given: dict[str, str]
    headers: dict[str, str]


@dataclass
class Reply:
    """What to answer. ``body``: bytes as they are, or anything that becomes JSON. ``drop``: hang up in the middle."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


@contextmanager
def serving(answer: Callable[[Asked], Reply]) -> Iterator[str]:
    """Address of a server that answers so."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One packet an answer: two of them wait for each other's acknowledgement.
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def _do(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            form = self.rfile.read(length).decode() if length else ""
            given = dict(parse_qsl(parts.query, keep_blank_values=True)) | dict(parse_qsl(form, keep_blank_values=True))
            reply = answer(Asked(self.command, parts.path, given, {key.lower(): value for key, value in self.headers.items()}))
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response_only(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) + (1000 if reply.drop else 0)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            if reply.drop:
                self.close_connection = True

        do_GET = do_POST = _do

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
