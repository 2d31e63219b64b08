"""Which stacks there are, in which order, with which parameters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay import configs
from assay.deploy import order
from assay.deploy.order import Target
from assay.errors import InputError
from assay.stacks import template_yaml


def test_the_order_is_that_of_exports() -> None:
    assert Target().shorts == order.ORDER
    assert Target(extras=("airflow", "dashboard")).shorts == (*order.ORDER, "dashboard", "airflow")
    shipped = {path.stem for path in configs.path(order.FOLDER).glob("*.yaml")}
    assert shipped == {*order.ORDER, *order.OPTIONAL}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"name": "Assay"}, "--name is 'Assay'; it must match"),
        ({"name": "a" * 26}, "--name is"),
        ({"extras": ("dashbord",)}, "--with is 'dashbord'; did you mean 'dashboard'"),
        ({"only": "job"}, "--only is 'job'; did you mean 'jobs'"),
        ({"only": "airflow"}, "--only is 'airflow'; add --with airflow"),
    ],
)
def test_a_target_that_cannot_be(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Target(**options)  # type: ignore[arg-type]  # the options of the case


def test_stacks_get_what_is_given() -> None:
    given = ("LogRetention=30", "workflow.Start=SCHEDULED", "foundation.AlertsEmail=a=b@c.d")
    stacks = {stack.short: stack for stack in order.read(Target("lab", given=given), release="releases/ab/")}
    assert stacks["jobs"].name == "lab-jobs"
    assert stacks["jobs"].installation == "lab"
    assert stacks["jobs"].parameters["Release"] == "releases/ab/"
    assert stacks["workflow"].parameters["Start"] == "SCHEDULED"
    assert stacks["foundation"].parameters["AlertsEmail"] == "a=b@c.d"
    takers = {short for short, stack in stacks.items() if stack.parameters.get("LogRetention") == "30"}
    assert takers == {s for s, stack in stacks.items() if "LogRetention" in stack.document["Parameters"]}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("AlertsEmail", "it must be Stack.Parameter=Value or Parameter=Value"),
        ("fundation.AlertsEmail=x", "Stack one of foundation, network"),
        ("=x", "it must be"),
        ("AlertsMail=x", "no parameter 'AlertsMail': did you mean 'AlertsEmail'"),
        ("jobs.AlertsEmail=x", "no parameter 'AlertsEmail'"),
    ],
)
def test_a_parameter_that_nobody_takes(given: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        order.read(Target(given=(given,)))


def test_only_names_one_stack() -> None:
    stacks = order.read(Target())
    assert [stack.short for stack in order.chosen(Target(only="jobs"), stacks)] == ["jobs"]
    assert order.chosen(Target(), stacks) == stacks


def test_roles_need_a_word() -> None:
    stacks = {stack.short: stack for stack in order.read(Target())}
    assert stacks["jobs"].capabilities == ("CAPABILITY_NAMED_IAM",)
    assert "CAPABILITY_AUTO_EXPAND" in stacks["database"].capabilities  # the rotation's transform
    assert stacks["network"].capabilities == ("CAPABILITY_NAMED_IAM",)
    assert stacks["catalog"].capabilities == ()


def test_parameters_without_value() -> None:
    stacks = order.read(Target(extras=("dashboard",), given=("dashboard.Domain=lab.example.com",)))
    assert "Domain" not in stacks[-1].missing
    assert "CertificateArn" in stacks[-1].missing


@pytest.mark.parametrize("short", [*order.ORDER, *order.OPTIONAL])
def test_what_is_sent_is_the_template(short: str) -> None:
    stack = next(s for s in order.read(Target(extras=order.OPTIONAL)) if s.short == short)
    assert len(stack.body.encode()) <= 51_200
    if stack.body != stack.path.read_text(encoding="utf-8"):
        assert json.loads(stack.body) == template_yaml.read(stack.path)


def test_a_template_that_is_too_large(shipped: Path) -> None:
    path = shipped / "catalog.yaml"
    path.write_text(path.read_text() + "".join(f"# {i} {'x' * 100}\n" for i in range(600)))
    stack = next(s for s in order.read(Target(folder=shipped)) if s.short == "catalog")
    assert json.loads(stack.body) == stack.document
    path.write_text(path.read_text() + f"Metadata: {{x: {'y' * 60_000}}}\n")
    stack = next(s for s in order.read(Target(folder=shipped)) if s.short == "catalog")
    with pytest.raises(InputError, match=r"catalog.yaml has .* bytes, CloudFormation takes 51,200; split it"):
        _ = stack.body


def test_a_template_that_is_missing(shipped: Path) -> None:
    (shipped / "catalog.yaml").unlink()
    with pytest.raises(InputError, match=r"catalog.yaml: No such file"):
        order.read(Target(folder=shipped))
