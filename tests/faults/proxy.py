"""A server in front of the emulator that carries requests out and then keeps the answer to itself."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


@dataclass(slots=True)
class Proxy:
    """A running proxy.

    Attributes:
        url: Where it listens.
        swallow: (action of the AWS API, how often it has been asked so far) → whether its answer gets lost.
        asked: Action → how often.
        lost: Actions that were carried out without an answer.
    """

    url: str
    swallow: Callable[[str, int], bool] = field(default=lambda _action, _count: False)
    asked: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def loses(self, action: str) -> bool:
        """Count a request, and say whether the answer to it gets lost."""
        with self._lock:
            self.asked[action] = self.asked.get(action, 0) + 1
            lost = self.swallow(action, self.asked[action])
            if lost:
                self.lost.append(action)
            return lost


@contextlib.contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """Listen in front of a server.

    Args:
        target: The server's URL.
    """
    place = urlsplit(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            upstream = http.client.HTTPConnection(place.hostname or "", place.port or 80, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            upstream.request(self.command, self.path, body, {**headers, "Host": place.netloc})
            answer = upstream.getresponse()
            data = answer.read()
            upstream.close()
            if running.loses((self.headers.get("X-Amz-Target") or "").rpartition(".")[2]):
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815 names of http.server

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 as http.server has it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
