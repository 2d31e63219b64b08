"""The local Glue in front of the emulator: it answers for what our templates define, all else passes through.

A layer of ASGI. A request that is not about Glue's jobs, triggers and workflows costs a look at one header;
one that is, but about another name than ours, is handed on byte for byte.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType

from assay.errors import AssayError
from assay.local import asgi
from assay.local.asgi import Application, Receive, Scope, Send
from assay.local.glue import clock, job_actions, lists, shapes, trigger_actions, workflow_actions
from assay.local.glue.call import Call, NotOursError
from assay.local.glue.faults import GlueError
from assay.local.glue.setup import Setup
from assay.local.glue.shapes import Document

_SERVICE = "AWSGlue."
_TYPE = "application/x-amz-json-1.1"
_logger = logging.getLogger("assay.local.glue")

ACTIONS: Mapping[str, Callable[[Call], Document]] = MappingProxyType(
    {
        "StartWorkflowRun": workflow_actions.start_workflow_run,
        "GetWorkflow": workflow_actions.get_workflow,
        "GetWorkflowRun": workflow_actions.get_workflow_run,
        "GetWorkflowRuns": workflow_actions.get_workflow_runs,
        "StopWorkflowRun": workflow_actions.stop_workflow_run,
        "ResumeWorkflowRun": workflow_actions.resume_workflow_run,
        "GetWorkflowRunProperties": workflow_actions.get_workflow_run_properties,
        "PutWorkflowRunProperties": workflow_actions.put_workflow_run_properties,
        "StartJobRun": job_actions.start_job_run,
        "GetJobRun": job_actions.get_job_run,
        "GetJobRuns": job_actions.get_job_runs,
        "BatchStopJobRun": job_actions.batch_stop_job_run,
        "GetJob": job_actions.get_job,
        "GetTrigger": trigger_actions.get_trigger,
        "StartTrigger": trigger_actions.start_trigger,
        "StopTrigger": trigger_actions.stop_trigger,
        "GetJobs": lists.get_jobs,
        "ListJobs": lists.list_jobs,
        "GetTriggers": lists.get_triggers,
        "ListTriggers": lists.list_triggers,
        "ListWorkflows": lists.list_workflows,
    }
)
"""Glue's operation → what answers it."""


@dataclass(slots=True)
class Endpoint:
    """An ASGI application around the emulator's.

    Attributes:
        inner: The emulator's application.
        setup: Where the local Glue finds everything.
    """

    inner: Application
    setup: Setup
    _clock: asyncio.Task[None] | None = field(default=None, init=False, repr=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope, as ASGI defines it."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        operation = (asgi.target(scope) or "").removeprefix(_SERVICE)
        if operation not in ACTIONS:
            await self.inner(scope, receive, send)
            return
        body = await asgi.read_body(receive)
        answered = await asyncio.to_thread(self.answer, operation, body)
        if answered is None:
            passed = _for_the_emulator(body)
            await self.inner(asgi.with_length(scope, passed), asgi.replay(passed), send)
            return
        status, document, code = answered
        headers = {"content-type": _TYPE, "x-amzn-requestid": str(uuid.uuid4())}
        await asgi.answer(send, status, document, headers | ({"x-amzn-errortype": code} if code else {}))

    def answer(self, operation: str, body: bytes) -> tuple[int, bytes, str | None] | None:
        """Answer a request.

        Args:
            operation: One of `ACTIONS`.
            body: The request's body.

        Returns:
            HTTP status, body and the error's code; None if the emulator shall answer.
        """
        try:
            request = shapes.request(operation, body)
            with Call(request, self.setup, self.setup.installed()) as call:
                return 200, shapes.answer(operation, ACTIONS[operation](call)), None
        except NotOursError:
            return None
        except GlueError as error:
            return _refusal(error)
        except Exception as error:
            _logger.exception("%s failed", operation)
            sentence = error.message if isinstance(error, AssayError) else f"{type(error).__name__}: {error}"
            return _refusal(GlueError("InternalServiceException", sentence))

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._clock = asyncio.create_task(clock.run(self.setup))
        try:
            await self.inner(scope, receive, send)
        finally:
            self._clock.cancel()
            with suppress(asyncio.CancelledError):
                await self._clock


def _refusal(error: GlueError) -> tuple[int, bytes, str]:
    document = {"__type": error.code, "Message": error.message}
    return error.status, json.dumps(document).encode(), error.code


def _for_the_emulator(body: bytes) -> bytes:
    """A request as it came, except for the token of ours that asks for the emulator's first page."""
    if lists.THEN_THE_EMULATOR.encode() not in body:
        return body
    document = json.loads(body)
    return json.dumps({name: value for name, value in document.items() if name != "NextToken"}).encode()
