"""Errors of the API as `application/problem+json`.

References:
    RFC 9457, Problem Details for HTTP APIs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.runtime import logs

MEDIA_TYPE = "application/problem+json"
_LONGEST = 1_000  # characters of a sentence: it may name what the caller sent
_log = logs.get(__name__)


class Problem(BaseModel):
    """What is wrong, in one sentence."""

    type: str
    title: str
    status: int
    detail: str


DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
    for status in (400, 401, 404, 405, 408, 409, 410, 413, 422, 429, 500, 503)
}
"""Every status of a problem, as the API's own description lists it."""


def problem(status: int, detail: str) -> JSONResponse:
    """An answer that says what is wrong.

    Args:
        status: The HTTP status.
        detail: One sentence for the caller; of a long one the beginning.
    """
    # JSON may hold half of a surrogate pair, which UTF-8 cannot.
    text = " ".join(detail[:_LONGEST].split()).encode("utf-8", "replace").decode("utf-8")
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": text}
    return JSONResponse(body, status, media_type=MEDIA_TYPE)


@contextlib.contextmanager
def behind() -> Iterator[None]:
    """What is not acceptable to a service behind the API is the API's fault, not its caller's.

    Raises:
        TerminalError: In place of an `InputError`.
    """
    try:
        yield
    except InputError as error:
        raise TerminalError(error.message) from error


def install(app: FastAPI) -> None:
    """Make every error of an app a problem document."""

    @app.exception_handler(InputError)
    async def _input(_: Request, error: InputError) -> JSONResponse:
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, error.message)

    @app.exception_handler(AssayError)
    async def _ours(_: Request, error: AssayError) -> JSONResponse:
        # What went wrong behind the API is for its operator, not for its caller.
        _log.error("request failed", extra={"error": error.message})
        if isinstance(error, TransientError):
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "the store did not answer; try again")
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the request could not be served")

    @app.exception_handler(RequestValidationError)
    async def _request(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{where}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer
