"""The API as a Lambda function behind an HTTP API: the function's handler is `handler`."""

from __future__ import annotations

from mangum import Mangum

from assay.serving.api.app import app

# No start-up or shutdown work: a lifespan would only delay the first answer.
handler = Mangum(app, lifespan="off")
