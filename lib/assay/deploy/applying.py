"""`assay deploy apply`: stacks in order, each by a change set; a failure names its cause and what stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from assay.deploy import changes, order, states
from assay.deploy.changes import ChangeSet
from assay.deploy.events import Event, Watch
from assay.deploy.order import Stack, Target
from assay.deploy.release import Release
from assay.deploy.remedies import asking, remedy
from assay.deploy.states import Deployed
from assay.deploy.upload import upload
from assay.errors import AssayError, TerminalError
from assay.runtime import clients

WELL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


class Listener(Protocol):
    """What is told of the way of a deployment, and asked."""

    def note(self, sentence: str) -> None:
        """Something that the user should know."""

    def confirm(self, change: ChangeSet) -> bool:
        """Show a change set, and ask whether it may be done."""

    def event(self, stack: str, event: Event) -> None:
        """Something happened to a resource."""

    def file(self, key: str, sent: bool) -> None:  # a fact, not a switch
        """A file of the release was sent, or was there."""


@dataclass(slots=True)
class Applied:
    """What a deployment did.

    Attributes:
        changed: Stacks that were created or updated.
        unchanged: Stacks that were as they should be.
        uploaded: How many files of the release were sent; None when no stack needed it.
        outputs: Stack → its outputs.
    """

    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    uploaded: int | None = None
    outputs: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def done(self) -> list[str]:
        """Stacks that are as they should be."""
        return self.changed + self.unchanged


def apply(
    target: Target, stacks: Sequence[Stack], release: Release, listener: Listener, *, adopt: bool
) -> Applied:
    """Bring stacks to what their templates say.

    Args:
        target: What the user wants.
        stacks: Every stack of the installation, in order.
        release: What their code needs; it is uploaded once the artifacts bucket is there.
        listener: Told of the way, and asked before each stack is changed.
        adopt: Whether resources that exist under our names may be taken into their stacks.

    Raises:
        AssayError: Something failed; the sentence says what, what to do, and which stacks stand.
    """
    applied = Applied()
    wanted = order.chosen(target, stacks)
    try:
        for stack in wanted:
            if release.prefix in stack.parameters.values() and applied.uploaded is None:
                bucket = states.of_export(f"{target.name}-artifacts-bucket")
                applied.uploaded = upload(release, bucket, on_file=listener.file)
            _one(stack, listener, applied, adopt=adopt)
    except AssayError as error:
        raise type(error)(f"{error.message}. {_stands(wanted, applied)}") from error
    return applied


def _one(stack: Stack, listener: Listener, applied: Applied, *, adopt: bool) -> None:
    deployed = _ready(stack, listener)
    stack = changes.keeping(stack, deployed)
    if deployed is not None and changes.is_same(stack, deployed):
        _unchanged(stack, deployed, applied)
        return
    change = changes.make(stack, creates=deployed is None, adopt=adopt)
    if not change.name:
        _unchanged(stack, deployed, applied)
        return
    if not listener.confirm(change):
        changes.discard(stack, change.name, creates=change.creates)
        raise TerminalError(f"stack {stack.name} was not changed: you said no")
    ended = execute(change, listener.event)
    applied.changed.append(stack.name)
    applied.outputs[stack.name] = ended.outputs


def _unchanged(stack: Stack, deployed: Deployed | None, applied: Applied) -> None:
    applied.unchanged.append(stack.name)
    applied.outputs[stack.name] = {} if deployed is None else deployed.outputs


def _ready(stack: Stack, listener: Listener) -> Deployed | None:
    """The stack, or None when it is to be created; one that never came to be is removed first."""
    deployed = states.look(stack.name)
    if deployed is None:
        return None
    states.refuse_stuck(stack.short, deployed)
    if not deployed.unborn:
        return deployed
    left = f"stack {stack.name} is in state {deployed.status}, left by an earlier try"
    listener.note(f"{left}; it holds nothing and is made anew")
    remove(stack.name, listener.event)
    return None


def execute(change: ChangeSet, on_event: Callable[[str, Event], None]) -> Deployed:
    """Do what a change set says, and wait for its end.

    Args:
        change: The change set.
        on_event: Told of every event of the stack.

    Returns:
        The stack as it is then.

    Raises:
        TerminalError: It failed; CloudFormation has rolled this stack back.
    """
    stack = change.stack
    watch = Watch(stack.name)
    with asking(f"change stack {stack.name}"):
        clients.cloudformation().execute_change_set(
            StackName=stack.name,
            ChangeSetName=change.name,
            # Empty buckets of a creation that failed go with it, or their names would be taken the next time.
            RetainExceptOnCreate=all(each.action != "import" for each in change.changes),
        )
    ended = _wait(stack.name, watch, on_event)
    if ended is None or ended.status not in WELL:
        raise TerminalError(failure("change", stack.name, watch, ended))
    return ended


def remove(name: str, on_event: Callable[[str, Event], None]) -> None:
    """Delete a stack and wait until it is gone.

    Args:
        name: The stack's name.
        on_event: Told of every event of the stack.

    Raises:
        TerminalError: It could not be deleted.
    """
    watch = Watch(name)
    with asking(f"delete stack {name}"):
        clients.cloudformation().delete_stack(StackName=name)
    ended = _wait(name, watch, on_event)
    if ended is not None:
        raise TerminalError(failure("delete", name, watch, ended))


def failure(what: str, name: str, watch: Watch, ended: Deployed | None) -> str:
    """Why a stack failed, in one sentence: the first event that did, its reason, what to do.

    Args:
        what: What was tried: `change` or `delete`.
        name: The stack's name.
        watch: Its events.
        ended: The stack as it is now; None when it is gone.
    """
    begins = f"cannot {what} stack {name} (now {'gone' if ended is None else ended.status})"
    event = watch.first_failure()
    if event is None:
        reason = ended.reason if ended is not None and ended.reason else "CloudFormation gives no reason"
        return f"{begins}: {reason.rstrip('.')}; {remedy(reason)}"
    reason = event.reason.rstrip(".") or event.status
    return f"{begins}: {event.logical_id} ({event.kind}): {reason}; {remedy(reason)}"


def _wait(name: str, watch: Watch, on_event: Callable[[str, Event], None]) -> Deployed | None:
    """The stack once nothing is being done to it; None when it is gone.

    Its state alone may still be the one from before, so the event that brought the state must have come too.
    """
    while True:
        found = states.look(name)
        for event in watch.news() if found is not None else ():
            on_event(name, event)
        if found is None or (not found.busy and watch.ended_as(found.status)):
            return found
        time.sleep(changes.POLL_SECONDS)


def _stands(stacks: Sequence[Stack], applied: Applied) -> str:
    """Which stacks are as they should be, and which are not."""
    missing = [stack.name for stack in stacks if stack.name not in applied.done]
    return f"deployed: {', '.join(applied.done) or 'none'}; not deployed: {', '.join(missing)}"
