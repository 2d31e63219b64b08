"""Calls the app without a server, as one caller: asynchronously by hand, or through a client's transport."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import httpx

from assay.serving.api.app import app

_clients = itertools.count()


class InProcess(httpx.BaseTransport):
    """Lets a synchronous client ask the app; each transport is a client of another address."""

    def __init__(self) -> None:
        number = next(_clients)
        self.address = f"127.3.{number // 250 % 250}.{number % 250 + 1}"

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(self.address, 1))
        body = request.read()
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        answer = await transport.handle_async_request(asked)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


def asking(token: str | None = None, **headers: str) -> httpx.Client:
    """A client of the app.

    Args:
        token: It shows this one.
        headers: Of every request.
    """
    shown = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.Client(transport=InProcess(), base_url="http://api", headers={**headers, **shown})


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and sentence of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status_code
    return answer.status_code, found["detail"]
