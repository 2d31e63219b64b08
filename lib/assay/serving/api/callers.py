"""Who asks? Whoever AWS says signed the request, or the holder of a token; everybody else is told 401.

In AWS each route asks for a signature, and the HTTP API hands over whose it was: without that a request is
refused here too, should a route once ask for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from assay.serving.api import tokens

_bearer = HTTPBearer(
    auto_error=False,
    description="A token of `assay api token NAME`. In AWS none: requests are signed (Signature Version 4).",
)


def caller(request: Request, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
    """The name or the ARN of who asks.

    Raises:
        HTTPException: 401: it is not known who asks.
    """
    found = _signer(request.scope) or (tokens.holder(shown.credentials) if shown else None)
    if found is None:
        said = "the token is not known" if shown else "nobody is named"
        raise HTTPException(
            401,
            f"{said}; send `Authorization: Bearer TOKEN` with a token of `assay api token NAME`",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return found


def _signer(scope: Mapping[str, Any]) -> str | None:
    """Whose signature AWS verified: an ARN. Only Lambda's events have one, and only AWS makes these."""
    event = scope.get("aws.event") or {}
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    return (authorizer.get("iam") or {}).get("userArn")
