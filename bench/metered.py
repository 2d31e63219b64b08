"""The local stack with a meter at the emulator: requests, and bytes of answers, by table and kind of file.

As a module, `python -m metered --home FOLDER --port PORT`, it is the emulator with the meter around it;
`install` lets the stack start it in place of its own. Every client is counted, Python's and the JVM's,
because the meter stands at the server.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_PATH = "/_bench/meter"
_TABLE = re.compile(r"/assay-lake/warehouse/(?P<layer>\w+)\.db/(?P<table>\w+)/(?P<kind>data|metadata)/")
Reading = dict[str, int]
"""`requests METHOD PLACE` and `bytes PLACE` → count; what was sent in answer to GET."""


class Meter:
    """An ASGI application around another one, which counts."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._counts: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection's scope, as ASGI defines it."""
        if scope["type"] == "http" and scope["path"] == _PATH:
            body = json.dumps(self._counts).encode()
            length = (b"content-length", str(len(body)).encode())
            await send({"type": "http.response.start", "status": 200, "headers": [length]})
            await send({"type": "http.response.body", "body": body})
            return
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        place, method = _place(scope), scope["method"]
        self._counts[f"requests {method} {place}"] += 1

        async def counted(message: Any) -> None:
            if method == "GET" and message["type"] == "http.response.body":
                self._counts[f"bytes {place}"] += len(message.get("body", b""))
            await send(message)

        await self._inner(scope, receive, counted)


def _place(scope: Mapping[str, Any]) -> str:
    """`silver.trades data`, `landing`, or the service that is asked."""
    found = _TABLE.match(scope["path"])
    if found:
        return f"{found['layer']}.{found['table']} {found['kind']}"
    for name, value in scope["headers"]:
        if name.lower() == b"x-amz-target":
            return str(value.decode("latin-1").split(".")[0].split("_")[0])
    bucket = scope["path"].split("/")[1]
    return bucket.removeprefix("assay-") or "other"


def install() -> None:
    """Let `stack.up` of this process start the emulator with the meter."""
    from assay.local import starters

    start = starters._python  # noqa: SLF001 the one place where a process of the stack gets its command

    def metered(stack: Any, name: str, module: list[str], environment: Mapping[str, str]) -> Any:
        if name != "emulator":
            return start(stack, name, module, environment)
        paths = os.pathsep.join([str(HERE), environment.get("PYTHONPATH", "")])
        return start(stack, name, ["metered", *module[1:]], {**environment, "PYTHONPATH": paths})

    starters._python = metered  # noqa: SLF001 as above


def reading(endpoint: str) -> Reading:
    """What was counted since the emulator started.

    Args:
        endpoint: URL of the emulator.
    """
    with urllib.request.urlopen(endpoint + _PATH, timeout=30) as answer:  # noqa: S310 this machine's
        counts: Reading = json.load(answer)
    return counts


def since(before: Mapping[str, int], after: Mapping[str, int]) -> Reading:
    """The difference of two readings."""
    return {key: more for key, value in after.items() if (more := value - before.get(key, 0))}


def total(counts: Mapping[str, int], words: str) -> int:
    """The sum of the counts whose name begins with these words, for example `bytes silver.`."""
    return sum(value for key, value in counts.items() if key.startswith(words))


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM."""
    import hypercorn.asyncio

    from assay.local import emulator

    serve = hypercorn.asyncio.serve

    async def with_meter(application: Any, *rest: Any, **options: Any) -> None:
        await serve(Meter(application), *rest, **options)

    hypercorn.asyncio.serve = with_meter
    emulator.main(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
