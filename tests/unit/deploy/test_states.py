"""Which states of a stack allow a change, and what the others ask for."""

from __future__ import annotations

import pytest

from assay.deploy.states import Deployed, refuse_busy, refuse_stuck
from assay.errors import TerminalError, TransientError


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("ROLLBACK_FAILED", "`assay deploy destroy --only jobs`, then repeat"),
        ("CREATE_FAILED", "`assay deploy destroy --only jobs`, then repeat"),
        ("DELETE_FAILED", "`assay deploy destroy --only jobs` goes on with it"),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name lab-jobs"),
    ],
)
def test_a_stuck_stack_says_how_it_comes_free(status: str, advice: str) -> None:
    with pytest.raises(TerminalError) as caught:
        refuse_stuck("jobs", Deployed("lab-jobs", status, reason="A bucket is not empty."))
    assert f"stack lab-jobs is in state {status} (A bucket is not empty): " in caught.value.message
    assert advice in caught.value.message


@pytest.mark.parametrize(
    "status", ["UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"]
)
def test_a_busy_stack_is_left_alone(status: str) -> None:
    with pytest.raises(TransientError, match=f"lab-jobs is in state {status}: another deployment is at work"):
        refuse_busy(Deployed("lab-jobs", status))
    with pytest.raises(TransientError):
        refuse_stuck("jobs", Deployed("lab-jobs", status))


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"]
)
def test_a_stack_at_rest_may_change(status: str) -> None:
    refuse_stuck("jobs", Deployed("lab-jobs", status))
    assert not Deployed("lab-jobs", status).unborn


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"])
def test_a_stack_that_never_came_to_be(status: str) -> None:
    found = Deployed("lab-jobs", status)
    refuse_stuck("jobs", found)
    assert found.unborn
    assert not found.busy
