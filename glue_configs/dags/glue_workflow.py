"""Run an AWS Glue workflow from Airflow: the Amazon provider has operators for jobs, none for workflows.

`GlueWorkflowRunOperator` starts a run, or joins the one that this Airflow run started before, waits for its
end without holding a worker, and fails with one sentence that names every job that did not succeed. Glue says
COMPLETED of a run in which jobs failed: what counts are the run's `Statistics` and the states of its jobs.

The trigger runs in Airflow's triggerer, which loads no DAG folder: this folder must be on its PYTHONPATH.

References:
    AWS Glue web API, "WorkflowRun", "WorkflowRunStatistics", "JobRun". Apache Airflow 3 documentation,
    "Deferrable Operators & Triggers".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException
from airflow.triggers.base import BaseTrigger, TriggerEvent
from botocore.exceptions import ClientError

OWNER = "airflow_run_id"
"""The run property that says which Airflow run a workflow run belongs to."""
OUTCOME = "outcome"
"""The XCom under which the operator leaves its sentence, also when it fails."""
LIVE = ("RUNNING", "STOPPING")
BAD_COUNTS = ("FailedActions", "TimeoutActions", "StoppedActions", "ErroredActions")
BAD_STATES = ("FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED")


class GlueWorkflowHook(AwsBaseHook):
    """What an orchestrator asks of a Glue workflow.

    Args:
        aws_conn_id: Airflow connection; None or empty leaves credentials and region to boto3.
        region_name: None leaves it to the connection, or to boto3.
    """

    def __init__(self, aws_conn_id: str | None = None, region_name: str | None = None) -> None:
        super().__init__(aws_conn_id=aws_conn_id, region_name=region_name, client_type="glue")

    def start(self, name: str, properties: Mapping[str, str]) -> str | None:
        """Start a run.

        Returns:
            Its id; None while as many runs as `MaxConcurrentRuns` allows are under way.
        """
        try:
            return str(self.conn.start_workflow_run(Name=name, RunProperties=dict(properties))["RunId"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConcurrentRunsExceededException":
                return None
            raise

    def find(self, name: str, owner: str) -> str | None:
        """The run of an owner that is under way or ended well; None if there is none."""
        for run in self._runs(name):
            mine = run.get("WorkflowRunProperties", {}).get(OWNER) == owner
            if mine and (run["Status"] in LIVE or failure(run) is None):
                return str(run["WorkflowRunId"])
        return None

    def live(self, name: str, run_id: str) -> bool:
        """Whether a run is under way."""
        return self.conn.get_workflow_run(Name=name, RunId=run_id)["Run"]["Status"] in LIVE

    def outcome(self, name: str, run_id: str) -> dict[str, Any]:
        """How a run ended.

        Returns:
            `run_id`, `status`, `jobs` (job → state of its last attempt), and `error`: what went wrong, in one
            sentence, None if nothing did.
        """
        run = self.conn.get_workflow_run(Name=name, RunId=run_id, IncludeGraph=True)["Run"]
        jobs = {job: attempt["JobRunState"] for job, attempt in last_attempts(run).items()}
        return {"run_id": run_id, "status": run["Status"], "jobs": jobs, "error": failure(run)}

    def _runs(self, name: str) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self.conn.get_workflow_runs(Name=name, IncludeGraph=True, **token)
            yield from page.get("Runs", [])  # left out where there are none
            if "NextToken" not in page:
                return
            token = {"NextToken": page["NextToken"]}


class GlueWorkflowTrigger(BaseTrigger):
    """Fires when a workflow run has ended.

    Args:
        name: The workflow.
        run_id: The run.
        poll: Seconds between two looks.
        aws_conn_id: As the operator's.
        region_name: As the operator's.
    """

    def __init__(
        self, name: str, run_id: str, poll: float, aws_conn_id: str | None, region_name: str | None
    ) -> None:
        super().__init__()
        self.name, self.run_id, self.poll = name, run_id, poll
        self.aws_conn_id, self.region_name = aws_conn_id, region_name

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer needs to make this trigger again."""
        names = ("name", "run_id", "poll", "aws_conn_id", "region_name")
        return f"{type(self).__module__}.{type(self).__qualname__}", {n: getattr(self, n) for n in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the run has ended; boto3 blocks, so each look has a thread of its own."""
        hook = GlueWorkflowHook(self.aws_conn_id, self.region_name)
        while await asyncio.to_thread(hook.live, self.name, self.run_id):  # noqa: ASYNC110 Glue sends no event
            await asyncio.sleep(self.poll)
        yield TriggerEvent(self.run_id)


class GlueWorkflowRunOperator(BaseOperator):
    """Run a Glue workflow once for an Airflow run, and wait for its end.

    However often the task is tried, an Airflow run has one workflow run that is live or good: a later try
    joins it. After a run that failed, the next try (somebody cleared the task) starts a new one. The task
    never retries a failed run by itself, because Glue has already retried its jobs.

    Args:
        workflow_name: The workflow.
        run_properties: What its jobs are told; empty values are left out, so that the workflow's own hold.
        poll: Seconds between two looks.
        aws_conn_id: Airflow connection; None or empty leaves credentials and region to boto3.
        region_name: None leaves it to the connection, or to boto3.
        **kwargs: As every operator's.
    """

    template_fields: Sequence[str] = ("workflow_name", "run_properties", "aws_conn_id", "region_name")

    def __init__(
        self,
        *,
        workflow_name: str,
        run_properties: dict[str, str] | None = None,
        poll: float = 30.0,
        aws_conn_id: str | None = None,
        region_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.workflow_name, self.run_properties, self.poll = workflow_name, run_properties or {}, poll
        self.aws_conn_id, self.region_name = aws_conn_id, region_name

    def execute(self, context: Any, event: Any = None) -> None:
        """Join or start a run, then wait; `event` is there when its turn had not come before."""
        del event
        hook = GlueWorkflowHook(self.aws_conn_id, self.region_name)
        owner = f"{self.dag_id}/{context['run_id']}/{self.task_id}"
        run_id = hook.find(self.workflow_name, owner) or hook.start(
            self.workflow_name, {**{k: v for k, v in self.run_properties.items() if v}, OWNER: owner}
        )
        if run_id is None:
            self.log.info("workflow %s is busy with another run; waiting for its end", self.workflow_name)
            self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=self.poll)), method_name="execute")
        self.log.info("workflow %s: run %s, with %s", self.workflow_name, run_id, self.run_properties)
        trigger = GlueWorkflowTrigger(
            self.workflow_name, run_id, self.poll, self.aws_conn_id, self.region_name
        )
        self.defer(trigger=trigger, method_name="ended")

    def ended(self, context: Any, event: str) -> dict[str, Any]:
        """Say how the run ended.

        Args:
            context: Of the task.
            event: The run's id.

        Raises:
            AirflowFailException: Something in the run did not succeed.
        """
        hook = GlueWorkflowHook(self.aws_conn_id, self.region_name)
        found = hook.outcome(self.workflow_name, event)
        sentence = found["error"] or f"workflow {self.workflow_name}, run {event}: every job succeeded"
        context["ti"].xcom_push(key=OUTCOME, value=sentence)
        if found["error"]:
            raise AirflowFailException(sentence)
        self.log.info(sentence)
        return found


def failure(run: Mapping[str, Any]) -> str | None:
    """What went wrong in a run that has ended, in one sentence; None if nothing did.

    Args:
        run: A workflow run with its graph.
    """
    last = last_attempts(run)
    bad = [_words(attempt) for attempt in last.values() if attempt["JobRunState"] in BAD_STATES]
    # An attempt that a later one made good may be counted as well: only what remains is unexplained.
    made_good = sum(a["JobRunState"] in BAD_STATES for a in _attempts(run)) - len(bad)
    counts = {k: v for k, v in run.get("Statistics", {}).items() if k in BAD_COUNTS and v}
    if run["Status"] == "COMPLETED" and not bad and sum(counts.values()) <= made_good:
        return None
    told = bad or [run.get("ErrorMessage") or f"{run['Status']} with {counts}, and no job says why"]
    return f"workflow {run['Name']}, run {run['WorkflowRunId']}: {'; '.join(told)}"


def last_attempts(run: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Job → its last attempt in a run, in order of start.

    Args:
        run: A workflow run with its graph.
    """
    return {attempt["JobName"]: attempt for attempt in _attempts(run)}


def _attempts(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    nodes = run.get("Graph", {}).get("Nodes", [])
    attempts = [attempt for node in nodes for attempt in node.get("JobDetails", {}).get("JobRuns", [])]
    return sorted(attempts, key=lambda attempt: (attempt["StartedOn"], attempt.get("Attempt", 0)))


def _words(attempt: Mapping[str, Any]) -> str:
    said = " ".join(str(attempt.get("ErrorMessage") or "no reason given").split())
    place = f" (log group {attempt['LogGroupName']})" if attempt.get("LogGroupName") else ""
    return f"job {attempt['JobName']} {attempt['JobRunState']}: {said}{place}"
