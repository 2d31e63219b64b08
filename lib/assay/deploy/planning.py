"""`assay deploy plan`: what every stack would become, without changing anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.deploy import changes, offline, order, states
from assay.deploy.changes import ChangeSet
from assay.deploy.order import Stack, Target


def plan(target: Target, stacks: Sequence[Stack]) -> Iterator[ChangeSet]:
    """The change set of every stack; what was made in AWS to find it out is removed again.

    Args:
        target: What the user wants.
        stacks: Every stack of the installation, in order.

    Raises:
        AssayError: AWS refused or did not answer; a stack is in a state in which it cannot be changed.
    """
    planned = {each.stack.short: each for each in offline.read(stacks).planned}
    known = states.exports()
    for each in order.chosen(target, stacks):
        deployed = states.look(each.name)
        stack = changes.keeping(each, deployed)
        if deployed is not None:
            states.refuse_stuck(stack.short, deployed)
        new = deployed is None or deployed.unborn
        if deployed is not None and not new and changes.is_same(stack, deployed):
            yield ChangeSet(stack, "", creates=False, changes=())
            continue
        waits_for = tuple(sorted(planned[stack.short].template.imports - known.keys()))
        if waits_for or (deployed is not None and deployed.unborn):
            kinds = {r.logical_id: r.kind for r in planned[stack.short].resources}
            yield changes.foreseen(stack, kinds, waits_for)
            continue
        found = changes.make(stack, creates=new)
        if found.name:
            changes.discard(stack, found.name, creates=new)
        yield found
