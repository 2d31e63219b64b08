"""The weekly run: one Airflow run is one week through Assay's Glue workflow, judged by its gate, and told.

The week is a function of the logical date alone: the last one, Monday to Sunday UTC, that was over by then.
So a retry, a cleared run and a backfill work on the week that the schedule would have. Weeks are loaded in
order: a week waits until the week before and its gate have succeeded, and none is left out (`catchup`).

Airflow variables, all optional: `assay_name`, the deployment, "assay" by default; `assay_alerts_topic`, ARN
of the SNS topic that is told how a run ended, without which the log is; `assay_connection`, an AWS
connection, without which boto3 finds the machine's credentials and region. In the environment:
`ASSAY_FIRST_RUN`, the Monday after the blueprint's first week, before which Airflow runs nothing;
`ASSAY_POLL_SECONDS`, seconds between two looks.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.hooks.sns import SnsHook
from airflow.sdk import DAG, Param, Variable, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from glue_workflow import OUTCOME, GlueWorkflowRunOperator

FIRST = datetime.fromisoformat(os.environ.get("ASSAY_FIRST_RUN", "2026-01-12")).replace(tzinfo=UTC)
"""The day after the blueprint's first week, here of the shipped one."""
POLL = float(os.environ.get("ASSAY_POLL_SECONDS", "30"))
CALIBRATE, GATE = "calibrate", "gate"
log = logging.getLogger(__name__)


def last_complete_week(moment: datetime) -> str:
    """The Monday of the last week that was over at a moment, as YYYY-MM-DD.

    Args:
        moment: With a time zone.

    Example:
        >>> last_complete_week(datetime(2026, 1, 19, 3, 15, tzinfo=UTC))
        '2026-01-12'
    """
    day = moment.astimezone(UTC).date()
    return (day - timedelta(days=day.weekday() + 7)).isoformat()


def verdict(state: str | None, entries: Sequence[Mapping[str, Any]]) -> tuple[bool, str]:
    """Whether the gate has let a run's results pass, and the sentence that says so.

    The calibrate job runs the gate, so its success would do, were there no ways to end well without it: a
    trigger that is switched off, a job that was changed. So the gate's own entry in the journal is demanded.

    Args:
        state: Of the run's calibrate job; None if it did not start.
        entries: The journal's items of the run's step `gate`, as DynamoDB gives them.
    """
    if state != "SUCCEEDED":
        return False, f"the gate did not pass: the {CALIBRATE} job is {state or 'not started'}"
    last = max(entries, key=lambda entry: str(entry["entry"]["S"]), default=None)
    if last is None:
        return False, "the gate did not run: the journal has no entry of it, so nothing was judged"
    if last["state"]["S"] != "SUCCEEDED":
        reason = last["error"]["S"] if "error" in last else "the step has not ended"
        return False, f"the gate is {last['state']['S']}: {reason}"
    return True, f"the gate judged {int(last['rows_in']['N']):,} results and let them pass"


with DAG(
    dag_id="assay_weekly",
    description="One week, from the source to answers that a gate has judged",
    schedule="15 3 * * 1",
    start_date=FIRST,
    catchup=True,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    params={
        "blueprint": Param("", type="string", description="URI of a blueprint; empty for the deployment's"),
        "judge_from": Param(
            "",
            type="string",
            pattern=r"^(\d{4}-\d{2}-\d{2})?$",
            description="The gate leaves out what ended before this date: an alarm that you have explained",
        ),
    },
    user_defined_macros={"last_complete_week": last_complete_week},
    tags=["assay"],
    doc_md=__doc__,
) as dag:
    week = GlueWorkflowRunOperator(
        task_id="week",
        workflow_name="{{ var.value.get('assay_name', 'assay') }}",
        aws_conn_id="{{ var.value.get('assay_connection', '') }}",
        run_properties={
            # A run that somebody starts by hand may have no logical date.
            "week": "{{ last_complete_week(dag_run.logical_date or dag_run.run_after) }}",
            "blueprint": "{{ params.blueprint }}",
            "judge_from": "{{ params.judge_from }}",
        },
        poll=POLL,
        depends_on_past=True,
        wait_for_downstream=True,
        execution_timeout=timedelta(hours=12),
    )

    @task(task_id=GATE)
    def gate(run: dict[str, Any]) -> str:
        """Demand proof that the gate judged this run."""
        name = Variable.get("assay_name", default="assay")
        job = f"{name}-{CALIBRATE}"
        answer = _hook("dynamodb").conn.query(
            TableName=f"{name}-journal",
            IndexName="run",
            KeyConditionExpression="run_id = :run",
            FilterExpression="job = :job AND step = :step",
            ExpressionAttributeValues={
                ":run": {"S": run["run_id"]},
                ":job": {"S": job},
                ":step": {"S": GATE},
            },
        )
        state = run["jobs"].get(job)
        passed, sentence = verdict(state, answer["Items"])
        get_current_context()["ti"].xcom_push(key=OUTCOME, value=sentence)
        if not passed:
            # An index follows its table in a moment, so an entry may still come; a job's state is final.
            raise (AirflowException if state == "SUCCEEDED" else AirflowFailException)(sentence)
        log.info(sentence)
        return sentence

    @task
    def notify() -> str:
        """Tell how the run ended, whichever way it did."""
        context = get_current_context()
        said = context["ti"].xcom_pull(task_ids=["week", GATE], key=OUTCOME)
        message = "; ".join(filter(None, said)) or "a task ended without a word; its log says why"
        passed = context["ti"].xcom_pull(task_ids=GATE) is not None
        run = context["dag_run"]
        about = last_complete_week(run.logical_date or run.run_after)
        subject = f"{dag.dag_id} {'succeeded' if passed else 'FAILED'}: week {about}"
        topic = Variable.get("assay_alerts_topic", default="")
        if topic:
            hook = SnsHook(aws_conn_id=Variable.get("assay_connection", default="") or None)
            hook.publish_to_target(topic, message, subject)
        log.log(logging.INFO if passed else logging.ERROR, "%s: %s", subject, message)
        return message

    # A teardown runs whatever happened before it, and leaves the run's state to the gate.
    gate(week.output) >> notify().as_teardown()  # type: ignore[arg-type] # what a task returned, once it runs


def _hook(service: str) -> AwsBaseHook[Any]:
    connection = Variable.get("assay_connection", default="") or None
    return AwsBaseHook(aws_conn_id=connection, client_type=service)
