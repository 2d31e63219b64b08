"""Answers are checked against botocore's model before they leave."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime

import pytest

from assay.local.glue import shapes
from assay.local.glue.faults import GlueError


def test_times_become_seconds() -> None:
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    document = json.loads(shapes.answer("GetJobRun", {"JobRun": {"Id": "jr_1", "StartedOn": moment}}))
    assert document == {"JobRun": {"Id": "jr_1", "StartedOn": 1767571200.0}}


def test_an_empty_list_is_an_answer() -> None:
    assert shapes.answer("GetWorkflowRuns", {"Runs": []}) == b'{"Runs": []}'


@pytest.mark.parametrize(
    ("operation", "document", "problem"),
    [
        ("GetJobRun", {"JobRun": {"JobRunState": "DONE"}}, "'DONE' is not one of STARTING, "),
        ("GetJobRuns", {"JobRuns": [{"ExecutionClass": "slow"}]}, "'slow' is not one of FLEX, STANDARD"),
        ("GetJobRun", {"JobRun": {"Attempt": "1"}}, "Invalid type for parameter JobRun.Attempt"),
        ("GetJobRun", {"Run": {}}, 'Unknown parameter in input: "Run"'),
    ],
)
def test_a_wrong_answer_is_a_defect_of_ours(
    operation: str, document: dict[str, object], problem: str
) -> None:
    with pytest.raises(GlueError) as caught:
        shapes.answer(operation, document)
    assert (caught.value.code, caught.value.status) == ("InternalServiceException", 500)
    assert problem in caught.value.message


def test_a_view_has_the_models_members_and_types() -> None:
    properties = {
        "Name": "j",
        "Timeout": "5",
        "JobRunQueuingEnabled": "true",
        "Tags": {"a": "b"},
        "Connections": {"Connections": ["c"]},
        "DefaultArguments": {"--n": "5"},
    }
    assert shapes.view("Job", properties) == {
        "Name": "j",
        "Timeout": 5,
        "JobRunQueuingEnabled": True,
        "Connections": {"Connections": ["c"]},
        "DefaultArguments": {"--n": "5"},
    }


def test_an_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(GlueError("InvalidInputException", "no")))  # noqa: S301  # our own
    assert (error.code, error.message, error.status) == ("InvalidInputException", "no", 400)
