"""What the tests of faults share: the real local stack, and the book of what was survived."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import report


@pytest.fixture
def survived() -> Callable[..., None]:
    """Say what a fault ended in, after the assertions: it becomes a row of docs/reliability.md.

    `survived("files", "a truncated file", tried=3, lost=0, saw="the job's sentence")`.
    """

    def keep(group: str, fault: str, *, tried: int, lost: int, saw: str) -> None:
        report.keep(report.Finding(group, fault, tried, lost, saw))

    return keep
