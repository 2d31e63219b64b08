"""A site on a real socket, and a source that reads from it into a landing bucket."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import pyarrow.parquet as pq
import yaml

from assay.sources.fetch import Fetched, Place, fetch
from assay.sources.landing import Landing, Position
from assay.spec.source import named

CONTRACT = Path(__file__).parent / "data" / "silver.closes.yaml"


@dataclass
class Answer:
    """What a site answers once.

    Attributes:
        body: Text, bytes, or an object that becomes JSON.
        status: The status.
        headers: More headers.
        cut: Whether the connection is cut in the middle of the body.
    """

    body: object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


class Site:
    """A site on this machine. `pages` holds a list of answers per path, the last of which stays."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Answer]] = {"/robots.txt": [Answer(status=404)]}
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self._lock = threading.Lock()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            do_POST = do_GET  # noqa: N815 the library's name

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        serve = {"target": self.server.serve_forever, "kwargs": {"poll_interval": 0.01}}
        self._thread = threading.Thread(**serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def put(self, path: str, *answers: Answer) -> None:
        self.pages[path] = list(answers)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self._lock:
            self.asked.append((parts.path, dict(parse_qsl(parts.query)), dict(handler.headers)))
            answers = self.pages.get(parts.path, [Answer(status=404)])
            found = answers.pop(0) if len(answers) > 1 else answers[0]
        body, kind = found.body, "application/json"
        if isinstance(body, str):
            body, kind = body.encode(), "text/html"
        elif not isinstance(body, bytes):
            body = json.dumps(body).encode()
        handler.send_response(found.status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **found.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if found.cut else body)
        if found.cut:
            handler.close_connection = True


class Lab:
    """A source whose file is written anew for each test."""

    def __init__(self, folder: Path, landing: Landing) -> None:
        self.folder, self.landing = folder, landing
        (folder / "contracts").mkdir()
        (folder / "sources").mkdir()
        (folder / "contracts" / CONTRACT.name).write_text(CONTRACT.read_text())

    def declare(self, **fields: object) -> None:
        tree = {"name": "exchange", "table": "closes", **fields}
        (self.folder / "sources" / "exchange.yaml").write_text(yaml.safe_dump(tree))

    def rest(self, site: Site, **fields: object) -> None:
        given: dict[str, object] = {
            "kind": "rest", "url": site.url, "path": "/{asset}", "each": {"asset": ["DAX"]},
            "add": {"asset": "{asset}"}, "limits": {"per_second": 1000, "wait": 0.01, "attempts": 3},
        }  # fmt: skip
        self.declare(**{**given, **fields})

    def fetch(self, **more: Any) -> Fetched:
        return fetch(named("exchange"), Place(self.landing.bucket, "assay/sources/"), **more)

    def rows(self) -> list[dict[str, Any]]:
        """What a reader of complete loads sees, in order."""
        rows: list[dict[str, Any]] = []
        for file in self.landing.brought("exchange", "closes", Position()).files:
            body = self.landing.read(file.uri, 0, file.size)
            rows += pq.read_table(io.BytesIO(body)).to_pylist()
        return rows

    def days(self) -> list[tuple[str, str]]:
        return [(row["asset"], row["day"]) for row in self.rows()]
