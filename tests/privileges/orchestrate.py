"""What an orchestrator asks for: the calls of the weekly DAG, in its order, and a stop beside them.

Airflow itself is tested in an environment of its own (tests/airflow); its hooks send these requests by boto3.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

from botocore.exceptions import ClientError

from assay.local import names
from privileges.assumed import client
from privileges.stage import Platform

AIRFLOW = "airflow"
WORKFLOW = {"Name": names.INSTALLATION}


def orchestrate(platform: Platform) -> None:
    """Start a run, look at it, stop it, ask for the gate's verdict, tell."""
    client(platform.stack, "sns").create_topic(Name=names.EXPORTS["alerts-topic"].rpartition(":")[2])
    with platform.acting(AIRFLOW):
        glue = _client(platform, "glue")
        run = {"RunId": glue.start_workflow_run(**WORKFLOW, RunProperties={"week": "2026-01-05"})["RunId"]}
        glue.get_workflow_run(**WORKFLOW, **run, IncludeGraph=True)
        glue.get_workflow_runs(**WORKFLOW, IncludeGraph=True)
        with contextlib.suppress(ClientError):  # it may have ended by itself, which is as good
            glue.stop_workflow_run(**WORKFLOW, **run)
        _client(platform, "dynamodb").query(
            TableName=names.JOURNAL,
            IndexName="run",
            KeyConditionExpression="run_id = :run",
            ExpressionAttributeValues={":run": {"S": run["RunId"]}},
        )
        _client(platform, "sns").publish(
            TargetArn=names.EXPORTS["alerts-topic"], Message="ended", Subject="week"
        )


def _client(platform: Platform, service: str) -> Any:
    return client(platform.stack, service, dict(os.environ))
