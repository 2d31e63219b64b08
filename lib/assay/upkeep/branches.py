"""What was made on a branch: publish it, or drop it."""

from __future__ import annotations

from assay.errors import InputError, TransientError
from assay.lake.contracts import names
from assay.lake.refine import QUARANTINE
from assay.lake.refresh import LAST
from assay.lake.states import advance, branched, drop, is_behind, states
from assay.lake.tables import Lake
from assay.upkeep.action import Context, Options, Report, action
from assay.upkeep.compare import there_are

_LAYERS = ("bronze", "silver", "gold")


class Named(Options):
    """Options.

    Attributes:
        branch: The branch, as `backfill` or `replay` named it.
    """

    branch: str


@action("publish", Named)
def publish_branch(context: Context, named: Named) -> Report:
    """Move main of every table that has the branch to it."""
    return {"branch": named.branch, "published": publish(context.lake, named.branch)}


@action("drop", Named)
def drop_branch(context: Context, named: Named) -> Report:
    """Drop a branch of all tables; what is published stays."""
    dropped = _having(context.lake, named.branch)
    for name in dropped:
        drop(context.lake, name, named.branch)
    return {"branch": named.branch, "dropped": dropped}


def publish(lake: Lake, branch: str) -> list[str]:
    """Move main of every table that has a branch to it, sources before what is made of them.

    So at any moment a table is made of states that its sources have published: killed in between, the next
    run goes on rightly, and the same call again moves what is left.

    Args:
        lake: The lake, on main.
        branch: The branch.

    Returns:
        The tables that were moved, in order; none if all were before.

    Raises:
        InputError: No table has or had the branch.
        TransientError: Another run wrote to a table since the branch was made.
    """
    mine = _having(lake, branch)
    stale = [name for name in mine if not is_behind(lake, name, branch)]
    if stale:
        raise TransientError(
            f"{', '.join(stale)}: another run wrote since {branch} was made; nothing more was published and "
            "nothing is lost: drop the branch and make it anew"
        )
    for count, name in enumerate(mine):
        if not advance(lake, name, branch):
            before = f"; {', '.join(mine[:count])} were published before" if count else ""
            raise TransientError(
                f"{name}: another run wrote while {branch} was being published{before}; nothing is lost and "
                "the next run brings gold up to date: drop the branch and make it anew"
            )
    return mine


def _having(lake: Lake, branch: str) -> list[str]:
    """The tables that have a branch, in order; none if all of it is published.

    Raises:
        InputError: There never was such a branch, or it was dropped.
    """
    mine = [name for name in names() if branched(lake, name, branch)]
    if not mine and not any(state.branch == branch for name in names() for state in states(lake, name)):
        raise InputError(f"no table has a branch {branch!r}; {there_are(lake)}")
    return sorted(mine, key=_order)


def _order(name: str) -> tuple[int, bool, bool, str]:
    """Sources first, the quarantine before the tables; of gold the table that speaks for others last."""
    layer = _LAYERS.index(name.partition(".")[0])
    return (layer, name != QUARANTINE, name == LAST, name)
