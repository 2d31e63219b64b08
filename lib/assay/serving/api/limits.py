"""What one client may ask of the API: how large, how deep, how often, how long; checked before parsing.

Every refusal is a problem document. The limits hold under uvicorn as on Lambda; there the HTTP API in front
also bounds the rate of all clients together and the size of a request, and asks for a signature. On one
machine the API listens on 127.0.0.1 only.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from fastapi.responses import JSONResponse

from assay.runtime import causes, logs
from assay.serving.api.problems import problem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

DEADLINE = "assay.deadline"
"""In a request's scope: the monotonic time at which its caller is told that there was no answer."""
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)  # a text as a whole: it may hold brackets
_STEPS = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is allowed.

    Attributes:
        body_bytes: Of one request's body; the shipped blueprint has 6 kB.
        depth: Of objects and lists in one another.
        per_second: Requests of one client (its address), on average.
        burst: Requests of one client at once, after a pause.
        clients: How many clients are remembered.
        body_seconds: How long a client may take to send its body.
        seconds: How long an answer may take; Lambda ends the function after 20 s.
    """

    body_bytes: int = 262_144
    depth: int = 32
    per_second: float = 50.0
    burst: int = 100
    clients: int = 10_000
    body_seconds: float = 10.0
    seconds: float = 15.0


@dataclass(slots=True)
class Rates:
    """A bucket of tokens per client, which fills with time and from which every request takes one.

    Attributes:
        limits: How fast it fills, and up to what.
        clock: Monotonic seconds.
    """

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False)

    def wait(self, client: str) -> float:
        """Count a request: 0 if it may pass, else the seconds after which the next one may."""
        now, limits = self.clock(), self.limits
        if client not in self._buckets and len(self._buckets) >= limits.clients:
            self._forget(now)
        tokens, at = self._buckets.get(client, (float(limits.burst), now))
        tokens = min(float(limits.burst), tokens + (now - at) * limits.per_second)
        passes = tokens >= 1
        self._buckets[client] = (tokens - passes, now)
        return 0.0 if passes else (1 - tokens) / limits.per_second

    def _forget(self, now: float) -> None:
        """Drop the clients whose bucket is full again, and if need be who asked longest ago."""
        full = self.limits.burst / self.limits.per_second
        for client in [each for each, (_, at) in self._buckets.items() if now - at >= full]:
            del self._buckets[client]
        for client in list(self._buckets)[: len(self._buckets) - self.limits.clients + 1]:
            del self._buckets[client]


class _RefusedError(Exception):
    """A request that breaks a limit; carries the answer."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.answer = problem(status, detail)
        self.answer.headers.update(headers or {})


@dataclass(slots=True)
class Limited:
    """The application behind the limits.

    Attributes:
        app: What answers requests that keep them.
        limits: How much is allowed.
    """

    app: Application
    limits: Limits = field(default_factory=Limits)
    rates: Rates = field(init=False)

    def __post_init__(self) -> None:
        """Begin with no client."""
        self.rates = Rates(self.limits)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False
        answer: JSONResponse | None = None

        async def started(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._answer(scope, receive, started)
        except _RefusedError as refusal:
            answer = refusal.answer
        except TimeoutError:
            answer = problem(503, f"there was no answer within {self.limits.seconds:g} s; try again")
        except Exception as error:  # noqa: BLE001 told to the operator; the caller gets an answer
            _log.exception(causes.told(error))
            answer = problem(500, "the request could not be served")
        if answer is not None and not begun:
            await answer(scope, receive, send)

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        seconds = self.rates.wait(str((scope.get("client") or ("",))[0]))
        if seconds:
            limits = self.limits
            said = (
                f"a client may ask {limits.per_second:g} times a second, {limits.burst} times at once; wait"
            )
            raise _RefusedError(429, said, {"Retry-After": str(int(seconds) + 1)})
        body = await self._body(scope, receive)
        if depth(body) > self.limits.depth:
            said = (
                f"the body nests deeper than {self.limits.depth} objects and lists; no blueprint needs that"
            )
            raise _RefusedError(413, said)
        scope[DEADLINE] = time.monotonic() + self.limits.seconds
        async with asyncio.timeout(self.limits.seconds):
            await self.app(scope, _replay(body, receive), send)

    async def _body(self, scope: MutableMapping[str, Any], receive: Receive) -> bytes:
        most = self.limits.body_bytes
        # What of the body was not read would be taken for the next request.
        large = _RefusedError(
            413, f"the body has more than {most:,} bytes; send a smaller blueprint", {"Connection": "close"}
        )
        if _stated_length(scope) > most:
            raise large
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                while True:
                    message = await receive()
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        raise large
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError:
            said = f"the body did not arrive within {self.limits.body_seconds:g} s; send it at once"
            raise _RefusedError(408, said) from None


def depth(body: bytes) -> int:
    """How deep objects and lists of a JSON text lie in one another, without parsing it.

    Example:
        >>> depth(b'{"a": [1, "[["]}')
        2
    """
    deepest = level = 0
    for token in _TOKENS.findall(body):
        if token in _STEPS:
            level += _STEPS[token]
            deepest = max(deepest, level)
    return deepest


def _stated_length(scope: MutableMapping[str, Any]) -> int:
    for name, value in scope.get("headers", ()):
        if name.lower() == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
