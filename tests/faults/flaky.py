"""An AWS that fails now and then: a proxy before the emulator, for every client whatever its language.

Of the calls that pass it fails a share, in one of five ways: throttled, an internal error, the connection
reset before the call, or after it was carried out and before its answer, and an answer cut in the middle.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

THROTTLED, FAILED = "throttled", "internal error"
RESET, LOST, CUT = "connection reset", "answer lost after the act", "answer cut short"
WAYS = (THROTTLED, FAILED, RESET, LOST, CUT)
_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "expect"})
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{}</Code><Message>{}</Message></Error>'


class _Server(ThreadingHTTPServer):
    flaky: Flaky


class Flaky:
    """The proxy.

    Args:
        target: URL of what it stands before.
        share: Of calls that fail, 0 to 1.
        seed: Of the choice which.
    """

    def __init__(self, target: str, *, share: float, seed: int) -> None:
        place = urlsplit(target)
        self.target = (place.hostname or "", place.port or 80)
        self.share = share
        self.calls: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311 no secret
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.flaky = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[Flaky]:
        """Serve while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def draw(self, operation: str) -> str | None:
        """Count a call, and choose how it fails, if it does."""
        with self._lock:
            self.calls[operation] += 1
            way = self._random.choice(WAYS) if self._random.random() < self.share else None
            if way is not None:
                self.faults[way] += 1
            return way


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):  # a client that is killed leaves in the middle
            super().handle_one_request()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        way = self.server.flaky.draw(self.headers.get("X-Amz-Target") or f"S3.{self.command}")
        if way in {THROTTLED, FAILED}:
            self._refuse(throttled=way == THROTTLED)
        elif way == RESET:
            self._reset()
        else:
            self._carry_out(body, way)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815 http.server's names

    def _carry_out(self, body: bytes, way: str | None) -> None:
        inner = http.client.HTTPConnection(*self.server.flaky.target, timeout=120)
        try:
            kept = {name: value for name, value in self.headers.items() if name.lower() not in _BY_HOP}
            inner.request(self.command, self.path, body or None, kept)
            answer = inner.getresponse()
            content = answer.read()
        finally:
            inner.close()
        if way == LOST:
            self._reset()
            return
        headers = [(n, v) for n, v in answer.getheaders() if n.lower() not in {*_BY_HOP, "content-length"}]
        # What a HEAD says of its length is the object's.
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self._answer(answer.status, [*headers, ("Content-Length", length or "0")], content, cut=way == CUT)

    def _refuse(self, *, throttled: bool) -> None:
        target = self.headers.get("X-Amz-Target")
        if target is None:
            code = "SlowDown" if throttled else "InternalError"
            content = _XML.format(code, "Please try again.").encode()
            status, kind = (503 if throttled else 500), "application/xml"
        else:
            code = "ThrottlingException" if throttled else "InternalServerError"
            content = json.dumps({"__type": code, "message": "Rate exceeded"}).encode()
            status, kind = (400 if throttled else 500), "application/x-amz-json-1.1"
        self._answer(status, [("Content-Type", kind), ("Content-Length", str(len(content)))], content)

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes, *, cut: bool = False
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        sent = content if self.command != "HEAD" else b""
        self.wfile.write(sent[: len(sent) // 2] if cut else sent)
        if cut:
            self._reset()

    def _reset(self) -> None:
        """End the connection as a machine does that loses it: with RST, not FIN."""
        self.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()
