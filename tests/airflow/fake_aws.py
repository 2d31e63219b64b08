"""The few answers of Glue, DynamoDB and SNS that the DAG needs, in their real protocols, in this process.

Stands in where a test needs a run to end in a way of its own choosing, at once; `test_platform.py` drives the
real workflow through the real endpoint.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SUCCEEDED = "SUCCEEDED"
JOBS = ("ingest", "bronze", "silver", "gold", "calibrate")
COUNTS = {
    SUCCEEDED: "SucceededActions",
    "FAILED": "FailedActions",
    "TIMEOUT": "TimeoutActions",
    "STOPPED": "StoppedActions",
    "ERROR": "ErroredActions",
}


@dataclass
class Plan:
    """How one run goes.

    Attributes:
        attempts: Job → (state, error) of each of its attempts; a job that is not named does not start.
        looks: How often it is still RUNNING when somebody looks.
        status: Of its end.
        gate: States that the journal has of the gate.
    """

    attempts: dict[str, list[tuple[str, str | None]]] = field(
        default_factory=lambda: {job: [(SUCCEEDED, None)] for job in JOBS}
    )
    looks: int = 1
    status: str = "COMPLETED"
    gate: tuple[str, ...] = ("STARTED", SUCCEEDED)


@dataclass
class Run:
    """A run that was started."""

    id: str
    properties: dict[str, str]
    plan: Plan
    looks: int = 0

    @property
    def ended(self) -> bool:
        return self.looks >= self.plan.looks

    def document(self, *, graph: bool) -> dict[str, Any]:
        states = [attempts[-1][0] for attempts in self.plan.attempts.values()] if self.ended else []
        found = {
            "Name": "assay",
            "WorkflowRunId": self.id,
            "WorkflowRunProperties": self.properties,
            "StartedOn": 1_768_792_500.0,
            "Status": self.plan.status if self.ended else "RUNNING",
            "Statistics": {"TotalActions": len(states), "RunningActions": 0 if self.ended else 1}
            | {name: states.count(state) for state, name in COUNTS.items()},
        }
        if graph:
            found["Graph"] = {"Nodes": [self._node(job) for job in self.plan.attempts] if self.ended else []}
        return found

    def _node(self, job: str) -> dict[str, Any]:
        runs = [
            {
                "Id": f"jr_{job}_{attempt}",
                "JobName": f"assay-{job}",
                "Attempt": attempt,
                "JobRunState": state,
                "StartedOn": 1_768_792_500.0 + 60 * list(self.plan.attempts).index(job) + attempt,
                **({"ErrorMessage": error} if error else {}),
            }
            for attempt, (state, error) in enumerate(self.plan.attempts[job])
        ]
        return {"Type": "JOB", "Name": f"assay-{job}", "UniqueId": job, "JobDetails": {"JobRuns": runs}}


class FakeAws:
    """A server on a free port; `plans` are taken by the runs in turn, the default when none is left."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.runs: list[Run] = []
        self.messages: list[dict[str, str]] = []
        self.busy = 0
        self.page = 100
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                target = self.headers.get("X-Amz-Target")
                status, kind, answer = server.answer(target, body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, target: str | None, body: bytes) -> tuple[int, str, bytes]:
        if target is None:  # SNS speaks forms and XML
            self.messages.append(dict(urllib.parse.parse_qsl(body.decode())))
            answer = (
                "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"
            )
            return 200, "text/xml", answer.encode()
        status, document = getattr(self, "_" + target.split(".")[1])(json.loads(body))
        return status, "application/x-amz-json-1.1", json.dumps(document).encode()

    def _StartWorkflowRun(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:  # noqa: N802
        if self.busy or any(not run.ended for run in self.runs):
            self.busy = max(self.busy - 1, 0)
            return 400, {"__type": "ConcurrentRunsExceededException", "Message": "one is running"}
        plan = self.plans.pop(0) if self.plans else Plan()
        self.runs.append(Run(f"wr_{len(self.runs) + 1}", asked["RunProperties"], plan))
        return 200, {"RunId": self.runs[-1].id}

    def _GetWorkflowRun(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:  # noqa: N802
        (run,) = [run for run in self.runs if run.id == asked["RunId"]]
        answer = run.document(graph=asked.get("IncludeGraph", False))
        run.looks += 1
        return 200, {"Run": answer}

    def _GetWorkflowRuns(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:  # noqa: N802
        begin = int(asked.get("NextToken", 0))
        end = begin + self.page
        more = {"NextToken": str(end)} if end < len(self.runs) else {}
        graph = asked.get("IncludeGraph", False)
        runs = [run.document(graph=graph) for run in self.runs[begin:end]]
        return 200, {**({"Runs": runs} if runs else {}), **more}  # a list that Glue gives has a member

    def _Query(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:  # noqa: N802
        run_id = asked["ExpressionAttributeValues"][":run"]["S"]
        (run,) = [run for run in self.runs if run.id == run_id]
        return 200, {"Items": [entry(n, state) for n, state in enumerate(run.plan.gate)]}


def entry(number: int, state: str, error: str | None = None) -> dict[str, Any]:
    """An item of the journal about the gate, as `assay.runtime.journal` writes it."""
    item = {
        "entry": {"S": f"2026-01-19T03:{30 + number}:00.000000Z#wr_1#assay-calibrate#gate"},
        "state": {"S": state},
        **({"rows_in": {"N": "1234"}} if state == SUCCEEDED else {}),
    }
    return item | ({"error": {"S": error}} if error else {})


if __name__ == "__main__":  # by hand: a server that an Airflow of your own may talk to
    print(FakeAws().url, flush=True)  # noqa: T201
    time.sleep(3600)
