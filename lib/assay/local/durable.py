"""The layer around the emulator's web application that makes its memory durable.

Every successful request that changes DynamoDB, the Glue catalog, Secrets Manager or Systems Manager is in
the write-ahead log before its answer leaves. Objects of S3 need none of it: the emulator writes them to
disk itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from assay.errors import StackError
from assay.local import asgi
from assay.local.asgi import Application, Message, Receive, Scope, Send
from assay.local.wal import Entry, Generations

LOGGED_SERVICES = ("DynamoDB_20120810", "AWSGlue", "secretsmanager", "AmazonSSM")
COMPACT_BYTES = 32 * 1024 * 1024
_READS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "Search", "TransactGet")
_ITEMS = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})
_KEPT_HEADERS = frozenset({b"x-amz-target", b"content-type", b"content-encoding", b"authorization", b"host"})
_logger = logging.getLogger("assay.local.durable")


@dataclass(slots=True)
class Durable:
    """An ASGI application around another one.

    Attributes:
        inner: The emulator's application.
        generations: Saved state and log.
        save: Writes the emulator's whole state into a folder.
        compact_bytes: A longer log is replaced by a saved state.
        end: Ends the process at once.
    """

    inner: Application
    generations: Generations
    save: Callable[[Path], None]
    compact_bytes: int = COMPACT_BYTES
    end: Callable[[], object] = lambda: os._exit(os.EX_IOERR)
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope, as ASGI defines it."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        target = asgi.target(scope)
        if target is not None and changes(target):
            await self._change(scope, await asgi.read_body(receive), send)
        else:
            await self.inner(scope, receive, send)

    async def replay(self) -> int:
        """Apply the log to the state that the emulator loaded, then save that as a new generation.

        Returns:
            How many requests were applied.
        """
        count = 0
        for entry in self.generations.entries():
            answer = await asgi.ask(self.inner, _scope(entry), entry.payload)
            if not asgi.succeeded(answer):
                target = entry.headers.get("x-amz-target")
                _logger.error("replay of %s was refused: %s", target, answer[-1].get("body"))
            count += 1
        if count:
            self.generations.checkpoint(self.save)
        return count

    async def _change(self, scope: Scope, body: bytes, send: Send) -> None:
        # One at a time: the log's order must be the order in which the changes took effect.
        async with self._changing:
            answer = await asgi.ask(self.inner, scope, body)
            if asgi.succeeded(answer):
                self._keep(scope, body)
        for message in answer:
            await send(message)

    def _keep(self, scope: Scope, body: bytes) -> None:
        entry = _entry(scope, body)
        try:
            self.generations.append(entry)
        except (OSError, StackError) as error:
            # The memory is ahead of the log: who reads there would take for done what the next kill undoes.
            _logger.critical("this process ends, as it cannot log a change: %s", error)
            self.end()
            raise
        if is_administrative(entry.headers["x-amz-target"]) or self.generations.size > self.compact_bytes:
            # Rare requests draw random names (a secret's ARN) that a replay would draw anew: save at once.
            self.generations.checkpoint(self.save)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_or_save() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                async with self._changing:
                    self.generations.checkpoint(self.save)
            return message

        started = False

        async def replay_or_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "lifespan.startup.complete":
                _logger.info("replayed %d requests", await self.replay())
                started = True
            await send(message)

        try:
            await self.inner(scope, receive_or_save, replay_or_send)
        except Exception as error:
            if started:
                raise
            # The server would take this for an application without a start, and serve; told of a start that
            # failed, it may look before it has heard, and serve as well: without what the log holds.
            _logger.critical("this process ends, as it could not start: %s", error)
            self.end()
            raise


def changes(target: str) -> bool:
    """Whether a request with this `x-amz-target` changes a service whose changes are logged."""
    service, _, operation = target.partition(".")
    return service in LOGGED_SERVICES and not operation.startswith(_READS)


def is_administrative(target: str) -> bool:
    """Whether a change is of the rare kind that is followed by a saved state instead of a log entry.

    Items and the catalog are written all the time and their effect follows from the request alone.
    """
    service, _, operation = target.partition(".")
    return service != "AWSGlue" and operation not in _ITEMS


def _entry(scope: Scope, body: bytes) -> Entry:
    kept = {
        name.lower().decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name.lower() in _KEPT_HEADERS
    }
    query = scope.get("query_string", b"").decode("latin-1")
    return Entry(scope["method"], scope["path"], query, kept, body.decode("utf-8", "surrogateescape"))


def _scope(entry: Entry) -> Scope:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in entry.headers.items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": entry.method,
        "scheme": "http",
        "path": entry.path,
        "raw_path": quote(entry.path).encode(),
        "query_string": entry.query.encode("latin-1"),
        "headers": [*headers, (b"content-length", str(len(entry.payload)).encode())],
        "client": ("127.0.0.1", 0),
        "server": None,
    }
