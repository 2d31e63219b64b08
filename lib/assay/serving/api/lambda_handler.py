"""The API as a Lambda function behind an HTTP API: the function's handler is `handler`."""

from __future__ import annotations

import typing

from mangum import Mangum

from assay.runtime import logs
from assay.serving.api.app import app

if typing.TYPE_CHECKING:
    from mangum.types import LambdaContext, LambdaEvent

# No start-up or shutdown work: a lifespan would only delay the first answer.
_answer = Mangum(app, lifespan="off")


def handler(event: LambdaEvent, context: LambdaContext) -> dict[str, typing.Any]:
    """Answer one request; what is logged is JSON, which CloudWatch keeps as it is."""
    logs.configure()
    return _answer(event, context)
