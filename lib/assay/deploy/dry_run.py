"""`assay deploy plan --dry-run`: everything that can be known without AWS."""

from __future__ import annotations

from collections.abc import Iterator

from assay.deploy import lint, offline, order
from assay.deploy.checks import Finding, Outcome, run_all
from assay.deploy.offline import Deployment
from assay.deploy.order import Target
from assay.deploy.release.builder import expected
from assay.errors import InputError


def check(target: Target) -> Iterator[Outcome]:
    """Every check and both linters, in the order in which they end.

    Args:
        target: What would be deployed.

    Raises:
        InputError: A template cannot be read, or a linter is not installed.
        TerminalError: A linter broke off.
    """
    deployment = read(target)
    paths = [planned.stack.path for planned in deployment.planned]
    linters = lint.start(paths)
    yield from run_all(deployment)
    yield from lint.outcomes(linters, paths)


def read(target: Target) -> Deployment:
    """The installation, with the keys that its release will have.

    Args:
        target: What would be deployed.

    Raises:
        InputError: A template cannot be read.
    """
    files = expected(lint.CHECKOUT)
    return offline.read(order.read(target, release="releases/0000000000000000/"), files)


def refuse(target: Target) -> None:
    """Refuse an installation in which a check of ours finds something wrong: nothing is deployed then.

    Args:
        target: What is to be deployed.

    Raises:
        InputError: A check failed; the first finding, and how many there are.
    """
    found: list[Finding] = [f for outcome in run_all(read(target)) for f in outcome.findings if not f.warning]
    if found:
        more = f" ({len(found)} findings; `assay deploy plan --dry-run` lists them)" if len(found) > 1 else ""
        raise InputError(f"{found[0].place} {found[0].sentence}{more}; nothing was changed")
