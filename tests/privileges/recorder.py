"""Writes down every signed request that a web application answers: a layer of ASGI around it, for tests only.

It sees what each client sends, Python's and the JVM's, because it stands at the server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assay.local.asgi import Application, Message, Receive, Scope, Send
from privileges.actions import asked
from privileges.request import Request, UnknownRequestError, signer

LOG_VARIABLE = "PRIVILEGES_LOG"
"""Where a process that is started by its module alone finds its log."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """An ASGI application around another one.

    Attributes:
        inner: The application.
        log: One JSON document per permission that a request needed is appended here.
    """

    inner: Application
    log: Path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope, as ASGI defines it."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        parts: list[bytes] = []
        status: list[int] = []

        async def receive_and_keep() -> Message:
            message = await receive()
            parts.append(message.get("body", b""))
            return message

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
                self._write(_request(scope, b"".join(parts), status[0]))
            await send(message)

        await self.inner(scope, receive_and_keep, send_and_note)

    def _write(self, request: Request) -> None:
        lines = "".join(json.dumps(line) + "\n" for line in _lines(request))
        with self.log.open("a", encoding="utf-8") as file:
            file.write(lines)


def _lines(request: Request) -> Iterator[dict[str, object]]:
    signed = signer(request.headers)
    if signed is None:
        return
    try:
        for each in asked(request):
            yield {
                "key": signed[0],
                "action": each.action,
                "resource": each.resource,
                "context": {name: list(values) for name, values in each.context.items()},
                "status": request.status,
            }
    except UnknownRequestError as error:
        yield {"key": signed[0], "unknown": str(error), "status": request.status}


def _request(scope: Scope, body: bytes, status: int) -> Request:
    headers = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope.get("query_string", b"").decode("latin-1")
    return Request(scope["method"], scope["path"], query, headers, body, status)
