"""Is the local Glue there, what does it answer for, and what runs?"""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from assay.local.aws import Aws
from assay.local.history import History
from assay.local.running import Stack

_MOST_RUNS = 100


@dataclass(frozen=True, slots=True)
class GlueStatus:
    """What is known of the local Glue.

    Attributes:
        endpoint: Its URL: what AWS's clients take as `--endpoint-url` or `AWS_ENDPOINT_URL`.
        workflow: Name of the workflow that it runs; None when it does not answer.
        running: Ids of the workflow runs that are under way.
    """

    endpoint: str
    workflow: str | None
    running: tuple[str, ...]


def status(stack: Stack) -> GlueStatus:
    """Ask the local Glue, as any client would.

    Args:
        stack: The stack; its emulator may not run.
    """
    try:
        found = Aws(stack.endpoint).glue.list_workflows()["Workflows"]
    except (BotoCoreError, ClientError):
        found = []
    with History(stack.home.workflow) as history:
        running = tuple(run.run_id for run in history.runs(_MOST_RUNS) if run.ended_at is None)
    return GlueStatus(stack.endpoint, found[0] if found else None, running)
