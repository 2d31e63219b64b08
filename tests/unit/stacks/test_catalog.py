"""The catalog's template: databases, the workgroup and its saved queries."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from assay import configs
from assay.local.names import CATALOG_DATABASES
from assay.serving.queries import saved, scan
from assay.stacks import template_yaml
from assay.stacks.template import Resource, Template

PATH = Path(configs.path("glue_configs/stacks/catalog.yaml"))
DOCUMENT = template_yaml.read(PATH)
KEY_ARN = "arn:aws:kms:eu-west-1:000000000000:key/k"
EXPORTS = {"assay-data-key": KEY_ARN, "assay-lake-bucket": "lake"}


@cache
def found(kind: str, **parameters: str) -> tuple[Resource, ...]:
    return Template(PATH, parameters, exports=EXPORTS).resources(kind)


def test_the_saved_queries_of_the_template_are_those_of_the_files() -> None:
    queries = {query.properties["Name"]: query.properties for query in found("AWS::Athena::NamedQuery")}
    expected = {f"assay-{name}": (each, each.sql) for name, each in saved.questions().items()}
    expected |= {f"assay-view-{name}": (each, saved.creating(each)) for name, each in saved.views().items()}
    assert len(saved.questions()) >= 15
    assert {name: query["QueryString"] for name, query in queries.items()} == {
        name: sql for name, (_, sql) in expected.items()
    }, "run .ci/saved_queries.py"
    for name, (each, _) in expected.items():
        query = queries[name]
        assert (query["Description"], query["Database"], query["WorkGroup"]) == (
            each.question, "gold", "assay-queries",
        )  # fmt: skip


def test_the_workgroup_bounds_and_encrypts_every_question() -> None:
    (group,) = found("AWS::Athena::WorkGroup", ScanLimit="20000000")
    settings = group.properties["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == "20000000"
    assert settings["ResultConfiguration"] == {
        "OutputLocation": "s3://lake/temp/athena/",
        "ExpectedBucketOwner": "000000000000",
        "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": KEY_ARN},
    }


def test_the_scan_limit_is_not_below_what_athena_allows() -> None:
    limit = DOCUMENT["Parameters"]["ScanLimit"]
    assert (
        limit["MinValue"] == 10 * 2**20
    )  # user guide, "Configure per-query and per-workgroup data usage controls"
    assert limit["Default"] == scan.LIMIT  # what holds here, too, if nothing is said


def test_databases_have_the_names_and_places_that_jobs_use() -> None:
    databases = {d.properties["DatabaseInput"]["Name"]: d for d in found("AWS::Glue::Database")}
    assert tuple(databases) == CATALOG_DATABASES
    for name, each in databases.items():
        assert each.properties["DatabaseInput"]["LocationUri"] == f"s3://lake/warehouse/{name}.db"
        assert DOCUMENT["Resources"][each.logical_id]["DeletionPolicy"] == "Retain"
