"""The state of a stack in AWS, and what may be done in it.

References:
    AWS CloudFormation user guide, "Stack status codes".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from assay.deploy.remedies import asking
from assay.errors import TerminalError, TransientError
from assay.runtime import clients

GONE = "DELETE_COMPLETE"
UNBORN = frozenset({"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"})
"""A stack that never came to be: it holds nothing, and only its name is in the way."""
_STUCK = {
    "ROLLBACK_FAILED": (
        "its creation failed and could not be undone; `assay deploy destroy --only {short}`, then repeat"
    ),
    "CREATE_FAILED": "its creation failed; `assay deploy destroy --only {short}`, then repeat",
    "DELETE_FAILED": "its deletion failed half-way; `assay deploy destroy --only {short}` goes on with it",
    "UPDATE_ROLLBACK_FAILED": (
        "an update failed and could not be undone; correct what its events name, then "
        "`aws cloudformation continue-update-rollback --stack-name {name}`"
    ),
}


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack that is in AWS.

    Attributes:
        name: Its name.
        status: Its status.
        reason: Why it has this status; often empty.
        parameters: Its parameters.
        outputs: Its outputs.
        exports: What it exports.
    """

    name: str
    status: str
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)

    @property
    def unborn(self) -> bool:
        """Whether it never came to be."""
        return self.status in UNBORN

    @property
    def busy(self) -> bool:
        """Whether something is being done to it."""
        return self.status.endswith("_IN_PROGRESS") and not self.unborn


def look(name: str) -> Deployed | None:
    """A stack as it is; None if there is none.

    Raises:
        AssayError: CloudFormation refused or did not answer.
    """
    with asking(f"look at stack {name}"):
        try:
            found = clients.cloudformation().describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise
    return _deployed(found[0]) if found and found[0]["StackStatus"] != GONE else None


def standing(installation: str, shorts: Iterable[str]) -> tuple[str, ...]:
    """Those of some stacks that an installation has.

    Args:
        installation: Its name.
        shorts: Short names of stacks.

    Raises:
        AssayError: CloudFormation refused or did not answer.
    """
    found = {short: look(f"{installation}-{short}") for short in shorts}
    return tuple(short for short, stack in found.items() if stack is not None and not stack.unborn)


def refuse_stuck(short: str, stack: Deployed) -> None:
    """Refuse to change a stack in whose state no change can be made.

    Raises:
        TerminalError: It is stuck; the sentence says how it comes free.
        TransientError: Something is being done to it.
    """
    if stack.status in _STUCK:
        advice = _STUCK[stack.status].format(short=short, name=stack.name)
        reason = f" ({stack.reason.rstrip('.')})" if stack.reason else ""
        raise TerminalError(f"stack {stack.name} is in state {stack.status}{reason}: {advice}")
    refuse_busy(stack)


def refuse_busy(stack: Deployed) -> None:
    """Refuse to touch a stack while something is being done to it.

    Raises:
        TransientError: It is.
    """
    if stack.busy:
        doing = f"stack {stack.name} is in state {stack.status}: another deployment is at work"
        raise TransientError(f"{doing}; repeat when it is done")


def exports() -> dict[str, str]:
    """Name → value of everything that stacks of this account and region export.

    Raises:
        AssayError: CloudFormation refused or did not answer.
    """
    found: dict[str, str] = {}
    with asking("list the exports of the account"):
        for page in clients.cloudformation().get_paginator("list_exports").paginate():
            found |= {each["Name"]: each["Value"] for each in page["Exports"]}
    return found


def of_export(name: str) -> str:
    """The value of an export.

    Raises:
        AssayError: There is none.
    """
    found = exports()
    if name not in found:
        raise TerminalError(f"no stack exports {name}; deploy foundation first")
    return found[name]


def _deployed(found: Any) -> Deployed:
    outputs = found.get("Outputs", [])
    return Deployed(
        name=found["StackName"],
        status=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in found.get("Parameters", [])},
        outputs={o["OutputKey"]: o["OutputValue"] for o in outputs},
        exports={o["ExportName"]: o["OutputValue"] for o in outputs if "ExportName" in o},
    )
