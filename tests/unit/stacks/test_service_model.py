"""Inputs of AWS calls against the service's model: what botocore checks, and what it leaves to AWS."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest

from assay.errors import InputError
from assay.stacks import service_model
from assay.stacks.service_model import problems

JOB: dict[str, Any] = {
    "Name": "n",
    "Role": "r",
    "GlueVersion": "5.1",
    "Command": {"Name": "glueetl", "ScriptLocation": "s3://b/k.py", "PythonVersion": "3"},
    "WorkerType": "G.1X",
    "NumberOfWorkers": 2,
    "Timeout": 10,
    "DefaultArguments": {"--a": "b"},
}


def test_an_input_that_aws_takes_has_no_problem() -> None:
    assert problems("glue", "CreateJob", JOB) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"WorkerType": "G.99X"}, "WorkerType is 'G.99X'; did you mean 'G.8X'"),
        ({"ExecutionClass": "flex"}, "ExecutionClass is 'flex'; "),
        ({"Name": "a\nb"}, r"Name is 'a\\nb'; it must match "),
        ({"Name": "n" * 256}, "Name is 256 long; the most is 255"),
        ({"GlueVersion": "5.1; 6"}, "GlueVersion is '5.1; 6'; it must match "),
        ({"Command": {"Name": "glueetl", "PythonVersion": "three"}}, "Command.PythonVersion is 'three'"),
        ({"Connections": {"Connections": ["c" * 256]}}, r"Connections.Connections\[0\] is 256 long"),
        ({"Tags": {"": "x"}}, "Tags"),
        ({"Tags": {"k" * 129: "x"}}, "key of Tags is 129 long; the most is 128"),
        ({"DefaultArguments": {"--a": True}}, "DefaultArguments.--a"),
        ({"Timeout": 0}, "Timeout"),
        ({"Workers": 2}, "Workers"),
        ({"Role": 1}, "Role"),
    ],
)
def test_what_aws_refuses_is_named(change: dict[str, Any], sentence: str) -> None:
    (found,) = problems("glue", "CreateJob", JOB | change)
    assert re.search(sentence, found)


def test_every_problem_is_told() -> None:
    found = problems("glue", "CreateJob", JOB | {"WorkerType": "G.99X", "ExecutionClass": "SLOW"})
    assert len(found) == 2


def test_characters_beyond_the_basic_plane_are_allowed_where_the_service_allows_them() -> None:
    assert problems("glue", "CreateJob", JOB | {"Name": "job \U0001f600"}) == []


def test_a_number_above_its_limit_is_named() -> None:
    assert problems("glue", "GetJobs", {"MaxResults": 1001}) == ["MaxResults is 1001; the most is 1000"]
    assert problems("glue", "GetJobs", {"MaxResults": 1000}) == []


@pytest.mark.parametrize(
    ("service", "operation", "sentence"),
    [
        ("gleu", "CreateJob", "botocore knows no service 'gleu'; did you mean 'glue'"),
        ("glue", "CreateJbo", "glue has no operation 'CreateJbo'; did you mean 'CreateJob'"),
    ],
)
def test_an_unknown_call_is_refused(service: str, operation: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        problems(service, operation, {})


@pytest.mark.parametrize("service", ["glue", "lambda", "iam", "dms", "apigatewayv2", "ecs", "events", "ec2"])
def test_every_pattern_of_a_service_can_be_checked(service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    patterns = {
        model.shape_for(name).metadata["pattern"]
        for name in model.shape_names
        if "pattern" in model.shape_for(name).metadata
    }
    for pattern in patterns:
        service_model._python(pattern)
