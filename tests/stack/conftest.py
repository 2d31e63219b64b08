"""The real local stack, once per test session, in a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.local import stack
from assay.local.running import Stack

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that tests find `faults.harness`


@pytest.fixture(scope="session")
def stack_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A state folder of this test session; whatever runs in it is stopped and deleted at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_HOME", str(tmp_path_factory.mktemp("stack") / ".assay"))
        yield
        stack.reset()


@pytest.fixture
def local_stack(stack_home: None) -> Stack:  # noqa: ARG001  # it must exist first
    """The stack, all of it running."""
    return stack.up()
