"""Templates without AWS: what only a deployment knows has a placeholder of the right form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from assay.deploy import offline, order
from assay.deploy.order import Target
from assay.errors import InputError

Fault = Callable[[dict[str, Any]], object]


def test_every_shipped_resource_is_resolved() -> None:
    deployment = offline.read(order.read(Target("lab", order.OPTIONAL), release="releases/ab/"))
    resources = list(deployment.resources())
    assert len(resources) > 100
    assert not [r.place for r in resources if "Fn::" in str(r.properties)]
    assert {r.installation for r in resources} == {"lab"}
    assert all(r.kind == "AWS::Glue::Job" for r in deployment.resources("AWS::Glue::Job"))


def test_stacks_import_what_those_before_them_export() -> None:
    deployment = offline.read(order.read(Target("lab")))
    jobs = next(planned for planned in deployment.planned if planned.stack.short == "jobs")
    assert "lab-landing-bucket" in jobs.template.imports
    job = next(r for r in jobs.resources if r.kind == "AWS::Glue::Job")
    assert job.properties["DefaultArguments"]["--landing_bucket"].startswith("lab-landing-0000")


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ({"Fn::GetAZs": ""}, r"\['eu-west-1a', 'eu-west-1b', 'eu-west-1c'\]"),
        ({"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/16", 4, 8]}]}, r"10\.0\.1\.0/24"),
        ({"Fn::Base64": {"Fn::Sub": "${Name}"}}, "assay"),
        ({"Fn::GetAtt": ["Database", "Endpoint.Port"]}, "5432"),
        ({"Fn::GetAtt": "Database.Endpoint.Address"}, "assay-database-Database-endpoint-address"),
        (
            {"Fn::GetAtt": ["Database", "DBInstanceArn"]},
            "arn:aws:rds:eu-west-1:000000000000:assay-database-.*",
        ),
        (
            {"Ref": "DatabaseSecret"},
            "arn:aws:secretsmanager:eu-west-1:000000000000:secret:assay-database-0{6}",
        ),
    ],
)
def test_placeholders(value: Any, form: str, with_fault: Callable[[str, Fault], Target]) -> None:
    target = with_fault("database", lambda document: document["Outputs"].update(X={"Value": value}))
    deployment = offline.read(order.read(target))
    database = next(planned for planned in deployment.planned if planned.stack.short == "database")
    assert re.fullmatch(form, str(database.template.outputs()["X"]))


def test_a_parameter_without_value_gets_a_sample_that_it_allows(
    with_fault: Callable[[str, Fault], Target],
) -> None:
    target = with_fault(
        "catalog", lambda d: d["Parameters"].update(X={"Type": "String", "AllowedPattern": ".+@.+"})
    )
    planned = offline.read(order.read(target)).planned
    catalog = next(p for p in planned if p.stack.short == "catalog")
    assert catalog.template.parameters["X"] == "user@example.com"


def test_a_parameter_for_which_there_is_no_sample(with_fault: Callable[[str, Fault], Target]) -> None:
    target = with_fault(
        "catalog", lambda d: d["Parameters"].update(X={"Type": "String", "AllowedPattern": "[!]"})
    )
    with pytest.raises(InputError, match=r"catalog.yaml: give a value: --set catalog.X=..."):
        offline.read(order.read(target))
