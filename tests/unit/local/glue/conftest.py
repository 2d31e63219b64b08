"""The local Glue over a small workflow that really runs, behind HTTP, asked by boto3."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config as ClientConfig
from hypercorn.asyncio import serve
from hypercorn.config import Config
from tests.unit.local.test_workflow import Machine

from assay.local.asgi import Message, Receive, Scope, Send, answer, read_body, target
from assay.local.glue.endpoint import Endpoint
from assay.local.glue.setup import Setup
from assay.local.history import History

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_ENDED = {"COMPLETED", "STOPPED", "ERROR", "SUCCEEDED", "FAILED", "TIMEOUT"}
_PATIENCE_SECONDS = 60.0


class Upstream:
    """Stands where the emulator stands: keeps what it is asked, and has a job, a trigger and a workflow."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes, dict[str, str]]] = []
        self.answers: dict[str, dict[str, Any]] = {
            "GetJobs": {"Jobs": [{"Name": "theirs"}]},
            "ListJobs": {"JobNames": ["theirs"]},
            "GetTriggers": {"Triggers": [{"Name": "theirs"}]},
            "ListTriggers": {"TriggerNames": ["theirs"]},
            "ListWorkflows": {"Workflows": ["theirs"]},
            "GetDatabases": {"DatabaseList": []},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        body = await read_body(receive)
        operation = (target(scope) or "").removeprefix("AWSGlue.")
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        self.asked.append((operation, body, headers))
        known = self.answers.get(operation)
        missing = {"__type": "EntityNotFoundException", "Message": "the emulator knows it not"}
        await answer(send, 400 if known is None else 200, json.dumps(known or missing).encode(), {})


async def _lifespan(receive: Receive, send: Send) -> None:
    for kind in ("startup", "shutdown"):
        await receive()
        message: Message = {"type": f"lifespan.{kind}.complete"}
        await send(message)


class Server:
    """An ASGI application behind a port, in a thread of its own."""

    def __init__(self, application: Endpoint, port: int) -> None:
        self._application, self._port = application, port
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        until(self._answers, "the server listens")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        config = Config()
        config.bind = [f"127.0.0.1:{self._port}"]
        config.graceful_timeout = 1.0
        config.loglevel = "ERROR"
        await serve(self._application, config, shutdown_trigger=self._stop.wait)  # type: ignore[arg-type]

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
            return True
        return False


class Glue(Machine):
    """A machine whose workflow is started by Glue's clients."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.upstream = Upstream()
        self._server: Server | None = None
        self.home.create()
        self.home.update(ports={"emulator": self.port, "postgres": 1, "api": 1})

    @property
    def setup(self) -> Setup:
        return Setup(self.home, (self.folder / "stack.yaml",), self.folder)

    def up(self, setup: Setup | None = None) -> GlueClient:
        """Serve what is defined now; again after `down`, as after a restart."""
        self.write()
        self._server = Server(Endpoint(self.upstream, setup or self.setup), self.port)
        return self.client

    def down(self) -> None:
        if self._server is not None:
            self._server.stop()
        self._server = None

    @property
    def client(self) -> GlueClient:
        return boto3.client(
            "glue",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=ClientConfig(retries={"max_attempts": 0}),
        )

    def history(self) -> History:
        return History(self.home.workflow)

    def ended(self, run_id: str) -> dict[str, Any]:
        """A run of the workflow, once it has ended."""
        return dict(self._wait(lambda: self.client.get_workflow_run(Name="w", RunId=run_id)["Run"], "Status"))

    def job_ended(self, job: str, run_id: str) -> dict[str, Any]:
        """A run of a job, once it has ended."""
        return dict(
            self._wait(lambda: self.client.get_job_run(JobName=job, RunId=run_id)["JobRun"], "JobRunState")
        )

    def job_is(self, state: str, job: str, run_id: str) -> None:
        """Wait until a run of a job is in a state."""

        def there() -> bool:
            found = self.client.get_job_run(JobName=job, RunId=run_id)["JobRun"]["JobRunState"]
            return found == state

        until(there, f"{job} is {state}")

    def job_of(self, job: str, count: int = 1) -> str:
        """The id of a job's latest run, once there are so many that have begun."""
        until(lambda: self.book.exists() and self.order.count(job) >= count, f"{job} begins")
        return self.client.get_job_runs(JobName=job)["JobRuns"][0]["Id"]

    def _wait(self, ask: Callable[[], Any], key: str) -> Any:
        until(lambda: ask()[key] in _ENDED, f"{key} of the run is final")
        return ask()

    def kill_runners(self) -> None:
        with self.history() as history:
            runners = history.runners()
        for runner in runners:
            with suppress(ProcessLookupError):
                os.killpg(runner.pid, signal.SIGKILL)


def until(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not ready():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


@pytest.fixture
def glue(tmp_path: Path) -> Iterator[Glue]:
    one = Glue(tmp_path)
    yield one
    one.kill_runners()
    one.down()
