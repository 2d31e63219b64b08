"""How requests travel: who asks, again after a busy answer, and what an answer means that is none.

In AWS a request is signed with the process's credentials; elsewhere it shows a token. A token is a secret:
over plain HTTP it is sent to this machine only.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.runtime import signing

ATTEMPTS = 5
_FIRST_PAUSE = 0.2  # seconds; doubles from attempt to attempt
_LONGEST_PAUSE = 60.0
_TIMEOUT = 30.0  # as long as an HTTP API of AWS waits for its function
_BUSY = frozenset({429, 503})
_UNSURE = frozenset({502, 504})
"""What a gateway answers for a server that may have done what was asked."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
Values = Mapping[str, str]


@dataclass(slots=True)
class Web:
    """The API at an address.

    Attributes:
        url: Where its paths begin.
        token: Who asks; None signs with the credentials of AWS that the process has.
        transport: How requests travel; over the network when None.
        pause: Waits so many seconds between attempts.
    """

    url: str
    token: str | None = field(repr=False)
    transport: httpx.BaseTransport | None = None
    pause: Callable[[float], None] = time.sleep
    _client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse an address that is none, and one that would give the token away."""
        place = urlsplit(self.url)
        if place.scheme not in ("http", "https") or not place.hostname:
            raise InputError(f"url is {self.url!r}; it must begin with http:// or https://")
        if self.token is not None and place.scheme == "http" and place.hostname not in _LOOPBACK:
            raise InputError(f"url is {self.url!r}; a token travels by https:// only, except on this machine")
        self.url = self.url.rstrip("/")
        self._client = httpx.Client(transport=self.transport, timeout=_TIMEOUT)

    def get(self, path: str, query: Values | None = None) -> Any:
        """The answer to a question, which may be asked again.

        Args:
            path: From the API's beginning, such as `/v1/experiments`; it may have a query.
            query: Name → value; nothing is added if there is none.

        Raises:
            InputError: The API refuses the question, or there is no such thing.
            TerminalError: It refuses the caller, or answers what is no answer of this API.
            TransientError: It does not answer, or cannot now.
        """
        address = self.url + path
        return self._asked(lambda: self._client.build_request("GET", address, params=query or None))

    def post(self, path: str, body: Values) -> Any:
        """The answer to a request that does something.

        It is sent again only if the API said that it did nothing.

        Args:
            path: From the API's beginning.
            body: What is sent, as JSON.

        Raises:
            As `get`.
        """
        return self._asked(lambda: self._client.build_request("POST", self.url + path, json=body))

    def close(self) -> None:
        """Give up the connections."""
        self._client.close()

    def _asked(self, build: Callable[[], httpx.Request]) -> Any:
        problem: AssayError = TransientError(f"the API at {self.url} was not asked")
        for attempt in range(ATTEMPTS):
            request = build()
            wait = min(_FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1.5), _LONGEST_PAUSE)  # noqa: S311
            try:
                answer = self._client.send(self._signed(request))
            except httpx.TransportError as error:
                said = f"{type(error).__name__}: {error}".rstrip(".")
                problem = TransientError(f"the API at {self.url} does not answer: {said}; is it running?")
                if request.method != "GET" and not isinstance(error, httpx.ConnectError):
                    raise problem from error
            else:
                if answer.is_success:
                    return _body(answer, self.url)
                problem = _failure(answer, self.url)
                again = _BUSY | _UNSURE if request.method == "GET" else _BUSY
                if answer.status_code not in again:
                    raise problem
                wait = _stated(answer, wait)
            if attempt + 1 < ATTEMPTS:
                self.pause(wait)
        raise problem

    def _signed(self, request: httpx.Request) -> httpx.Request:
        request.headers["Accept"] = "application/json"
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token}"
            return request
        given = {"Content-Type": request.headers["Content-Type"]} if request.content else {}
        request.headers.update(signing.headers(request.method, str(request.url), request.content, given))
        return request


def _stated(answer: httpx.Response, wait: float) -> float:
    """How long the API says to wait; at least as long as one would."""
    text = answer.headers.get("Retry-After", "")
    return min(max(float(text), wait), _LONGEST_PAUSE) if text.isdecimal() else wait


def _body(answer: httpx.Response, url: str) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise TerminalError(f"{url} answers what is no JSON; is it the address of the API?") from error


def _failure(answer: httpx.Response, url: str) -> AssayError:
    """The error of ours that an answer stands for."""
    status, said = answer.status_code, _detail(answer)
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return TerminalError(
            f"the API at {url} refuses the caller: {said}; give a token of `assay api token NAME`, in AWS "
            "none, and credentials that may execute-api:Invoke on it"
        )
    if status in (httpx.codes.CONFLICT, httpx.codes.GONE) or status in _BUSY or answer.is_server_error:
        return TransientError(f"the API at {url}: {said}")
    if status in (httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY):
        return InputError(f"the API at {url}: {said}")
    return TerminalError(f"the API at {url}: {said}; check the address")


def _detail(answer: httpx.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        found = None
    told = (found.get("detail") or found.get("message")) if isinstance(found, dict) else None
    return str(told or f"status {answer.status_code}").rstrip(".")
