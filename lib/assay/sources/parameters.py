"""Registers a blueprint with the parameters API, which keeps its versions in the landing bucket.

In AWS the API answers only who signs as a role that may invoke it; on one machine it ignores the signature.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from assay.errors import InputError, TerminalError, TransientError
from assay.runtime import signing

ATTEMPTS = 5
_FIRST_PAUSE = 0.2  # seconds; doubles from attempt to attempt
_TIMEOUT = 10.0
_AGAIN = frozenset({429, 500, 502, 503, 504})
_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the API answered.

    Attributes:
        number: Number of the version.
        new: Whether this call made it.
    """

    number: int
    new: bool


def register(
    url: str,
    document: str,
    *,
    transport: httpx.BaseTransport | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Receipt:
    """Post a blueprint's document; posting the newest version again changes nothing.

    Args:
        url: Base URL of the API.
        document: The blueprint as JSON.
        transport: How requests travel; over the network when None.
        pause: Waits so many seconds between attempts.

    Raises:
        InputError: The API refused the document, or the URL is none.
        TransientError: The API did not answer, or could not, in five attempts.
        TerminalError: It refused the caller, or answered what is no answer of this API.
    """
    address, body = f"{url.rstrip('/')}/v1/parameters", document.encode()
    with httpx.Client(transport=transport, timeout=_TIMEOUT) as client:
        for attempt in range(ATTEMPTS):
            if attempt:
                pause(_FIRST_PAUSE * 2 ** (attempt - 1))
            try:
                # Safe to repeat: a document that was stored by a lost answer is found as the newest version.
                signed = signing.headers("POST", address, body, {"Content-Type": "application/json"})
                answer = client.post(address, content=body, headers=signed)
            except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
                raise InputError(
                    f"parameters URL is {url!r}; it must begin with http:// or https://"
                ) from error
            except httpx.TransportError as error:
                problem = f"{type(error).__name__}: {error}"
                continue
            if answer.status_code not in _AGAIN:
                return _receipt(answer, url)
            problem = _detail(answer)
    raise TransientError(f"parameters API {url}: {problem} ({ATTEMPTS} attempts); is it running?")


def _receipt(answer: httpx.Response, url: str) -> Receipt:
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        raise InputError(f"parameters API {url} refused the blueprint: {_detail(answer)}")
    if answer.status_code in _REFUSED:
        said = _field(answer, "message") or _field(answer, "Message") or f"status {answer.status_code}"
        raise TerminalError(
            f"parameters API {url} refused the caller: {said}; "
            "run with credentials whose role may execute-api:Invoke on it"
        )
    number = _field(answer, "number")
    if not answer.is_success or not isinstance(number, int):
        raise TerminalError(f"parameters API {url}: {_detail(answer)}; check the URL")
    return Receipt(number, new=answer.status_code == httpx.codes.CREATED)


def _detail(answer: httpx.Response) -> str:
    return str(_field(answer, "detail") or f"status {answer.status_code}")


def _field(answer: httpx.Response, name: str) -> object:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body.get(name) if isinstance(body, dict) else None
