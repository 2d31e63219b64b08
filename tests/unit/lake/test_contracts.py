"""Contract files: every shipped one is read whole, and what cannot be kept is refused with a remedy."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from assay.errors import InputError
from assay.lake.contracts import Contract, Field, Rule, names
from assay.lake.odcs import parse
from assay.lake.terms import DistributionDrift, Reference, RowCountDrift

GOOD = """
apiVersion: v3.2.0
kind: DataContract
id: silver.pets
version: 1.0.0
status: active
description: {purpose: Pets and what they weigh.}
team: {name: zoo}
slaProperties:
  - {property: latency, value: 36, unit: h}
schema:
  - name: pets
    physicalName: silver.pets
    quality:
      - {type: custom, engine: sparkExpression, implementation: born <= weighed}
    properties:
      - {name: kind, physicalType: string, description: Kind., enum: [{value: cat}, {value: "d'or"}]}
      - {name: name, physicalType: string, required: true, primaryKey: true, primaryKeyPosition: 2,
         description: Name.}
      - {name: owner, physicalType: bigint, required: true, primaryKey: true, primaryKeyPosition: 1,
         description: Owner.}
      - name: weight
        physicalType: decimal(6,2)
        description: Weight, in kilograms; a cat's too.
        logicalTypeOptions: {exclusiveMinimum: 0, maximum: 99.5}
      - {name: chip, physicalType: string, description: Chip., logicalTypeOptions: {pattern: '^\\d+$'}}
      - {name: born, physicalType: date, description: Born., partitioned: true, partitionKeyPosition: 1}
      - {name: weighed, physicalType: date, description: Weighed.}
"""


def read(document: str = GOOD) -> Contract:
    return parse(document, source="contracts/silver.pets.yaml", name="silver.pets")


def changed(**changes: object) -> str:
    """The good contract with top-level fields replaced."""
    return yaml.safe_dump({**yaml.safe_load(GOOD), **changes})


def column(**changes: object) -> str:
    """The good contract with its first column changed."""
    document = yaml.safe_load(GOOD)
    document["schema"][0]["properties"][0] |= changes
    return yaml.safe_dump(document)


SQL = {"type": "custom", "engine": "sparkExpression", "implementation": "kind <> ''"}
LATENCY = {"property": "latency", "value": 36, "unit": "h"}


def table(*quality: dict[str, object]) -> str:
    """The good contract with other rules of the table."""
    document = yaml.safe_load(GOOD)
    document["schema"][0]["quality"] = list(quality)
    return yaml.safe_dump(document)


def drift(**changes: object) -> dict[str, object]:
    told = {"check": "distributionDrift", "over": "weighed", "weeks": 4, "limit": 0.25, **changes}
    return {"type": "custom", "engine": "assay", "implementation": told}


def grown(**changes: object) -> dict[str, object]:
    told = {"check": "rowCountDrift", "commits": 8, "factor": 3, **changes}
    return {"type": "custom", "engine": "assay", "implementation": told}


def related(severity: str) -> dict[str, object]:
    return {
        "to": "silver.owners.owner_id",
        "customProperties": [{"property": "severity", "value": severity}],
    }


# -- known values --------------------------------------------------------------------------------
def test_a_contract_is_read_whole() -> None:
    contract = read()
    assert contract.columns == ("kind", "name", "owner", "weight", "chip", "born", "weighed")
    assert contract.fields[3] == Field("weight", "decimal(6,2)", False, "Weight, in kilograms; a cat's too.")
    assert contract.keys == ("owner", "name")
    assert contract.partitions == ("born",)
    assert contract.freshness == timedelta(hours=36)
    assert (contract.version, contract.schema_mode) == ("1.0.0", "freeze")
    assert (contract.purpose, contract.owner) == ("Pets and what they weigh.", "zoo")
    assert contract.rules == (
        Rule(
            "kind in ('cat', 'd\\'or')",
            "`kind` in ('cat', 'd\\'or')",
            column="kind",
            kind="enum",
            value=("cat", "d'or"),
        ),
        Rule("name is not null", "`name` is not null", column="name", kind="required"),
        Rule("owner is not null", "`owner` is not null", column="owner", kind="required"),
        Rule("weight > 0", "`weight` > 0", column="weight", kind="exclusiveMinimum", value=0),
        Rule("weight <= 99.5", "`weight` <= 99.5", column="weight", kind="maximum", value=99.5),
        Rule(r"chip matches ^\d+$", r"`chip` rlike r'^\d+$'", column="chip", kind="pattern", value=r"^\d+$"),
        Rule("born <= weighed", "born <= weighed"),
    )


def test_the_ddl_makes_a_table_that_athena_reads() -> None:
    ddl = read().ddl("lake")
    assert ddl.startswith("CREATE TABLE IF NOT EXISTS lake.silver.pets (\n  `kind` string COMMENT 'Kind.'")
    assert "`weight` decimal(6,2) COMMENT 'Weight, in kilograms; a cat\\'s too.'" in ddl
    assert "PARTITIONED BY (`born`)" in ddl
    assert "'format-version'='2'" in ddl
    assert "'assay.owner'='zoo'" in ddl


def test_a_table_without_partitions_has_none_in_its_ddl() -> None:
    assert "PARTITIONED" not in Contract.load("silver.trades").ddl()


# -- every shipped contract ----------------------------------------------------------------------
def test_all_tables_have_a_contract() -> None:
    layers = [name.partition(".")[0] for name in names()]
    assert {layer: layers.count(layer) for layer in layers} == {"bronze": 10, "gold": 9, "silver": 11}


@pytest.mark.parametrize("name", names())
def test_every_shipped_contract_is_acceptable(name: str) -> None:
    contract = Contract.load(name)
    assert contract.name == name
    assert "_run_id" in contract.columns
    assert bool(contract.keys) == (not name.startswith("bronze."))
    assert all(field.description.endswith(".") or "." in field.description for field in contract.fields)
    rare = name.endswith(".splits")  # years may pass without one
    assert contract.freshness == timedelta(days=3650 if rare else 8)


# -- refusals ------------------------------------------------------------------------------------
def test_an_unknown_contract_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"no contract for table 'silver.trade' .* did you mean 'silver.trades'"
    ):
        Contract.load("silver.trade")
    with pytest.raises(InputError, match="none is allowed here"):
        Contract.load("silver.trades", tmp_path)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", r"silver\.pets\.yaml is not YAML"),
        ("- 1", "holds a list; it must be a data contract"),
        (changed(colour="red"), "colour: Extra inputs are not permitted"),
        (changed(schema=[]), r"schema: found none; it must describe one table, 'silver\.pets'"),
        (changed(schema=[{"name": "cats", "physicalName": "silver.cats"}]), r"found 'silver\.cats'"),
        (
            changed(schema=[{"name": "pets", "physicalName": "silver.pets"}]),
            r"schema\.pets\.properties: no columns",
        ),
        (changed(team=None), r"team\.name: missing"),
        (changed(team=[{"username": "x"}]), r"team\.name: missing"),
        (changed(description=None), r"description\.purpose: missing"),
        (changed(slaProperties=None), "slaProperties: give one latency"),
        (changed(slaProperties=[{"property": "latency", "value": -1, "unit": "d"}]), "a number above 0"),
        (changed(slaProperties=[{"property": "latency", "value": True, "unit": "d"}]), "a number above 0"),
        (changed(slaProperties=[{"property": "latency", "value": 1, "unit": "y"}]), "with unit d or h"),
        (
            column(requred=True),
            r"properties\[0\]\.requred: the standard has no such field; did you mean 'required'",
        ),
        (column(name="_file"), "_file: the name is reserved by Iceberg"),
        (column(physicalType=None), r"kind\.physicalType: missing"),
        (column(description=None), r"kind\.description: missing"),
        (column(primaryKey=True, primaryKeyPosition=3), "kind: a key column must be required"),
        (column(primaryKey=True, primaryKeyPosition=2, required=True), "must count 1, 2, ... without gaps"),
        (column(primaryKey=True, required=True), "must count 1, 2, ... without gaps"),
        (
            column(logicalTypeOptions={"minimun": 1}),
            r"logicalTypeOptions\.minimun is not enforced; did you mean",
        ),
        (column(logicalTypeOptions={"minimum": "1"}), r"kind\.minimum is '1'; it must be a number"),
        (column(quality=[{"type": "text"}]), r"kind\.quality: a rule of type 'text' .* is not enforced"),
        (column(quality=[{**SQL, "severity": "stop"}]), r"kind\.quality\.severity is 'stop'"),
        (column(relationships=[{"to": "owners.id"}]), r"to is 'owners\.id'; name layer\.table\.column"),
        (column(relationships=[{"to": ["a.b.c"]}]), r"to is \['a\.b\.c'\]; name layer"),
        (column(relationships=[{"from": "pets.kind", "to": "a.b.c"}]), "only a foreignKey of this column"),
        (
            column(relationships=[{"to": "a.b.c", "customProperties": [{"property": "x", "value": 1}]}]),
            r"kind\.relationships, customProperties: 'x' means nothing",
        ),
        (column(relationships=[related("quarantine")]), "a check of a table has warn or halt"),
        (column(quality=[drift(over="weigth")]), "over is 'weigth'; it must name a date or timestamp"),
        (column(quality=[drift(weeks=0)]), r"weeks is 0; it must be a whole number from 1 on"),
        (column(quality=[drift(limit=0)]), r"limit is 0; it must be a number above 0"),
        (column(quality=[drift(limt=1)]), r"distributionDrift does not know limt; it is told over, weeks"),
        (column(quality=[drift(check="drift")]), r"engine assay checks 'drift'; here it can check distrib"),
        (table(grown(factor=1)), "factor is 1; it must be a number above 1"),
        (table(grown(), grown()), "rowCountDrift stands there 2 times"),
        (table({"type": "custom", "engine": "assay", "implementation": {"check": "rowCountDrift"}}), "lacks"),
        (table({"type": "custom", "engine": "assay", "implementation": "rowCountDrift"}), "checks None"),
        (changed(slaProperties=[{**LATENCY, "element": "pets.kind"}]), r"element is 'pets\.kind'; it must"),
    ],
)
def test_what_cannot_be_kept_is_refused(document: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(document)


def test_what_a_broken_rule_and_an_unknown_column_mean_stands_in_the_contract() -> None:
    document = yaml.safe_load(changed(customProperties=[{"property": "schemaMode", "value": "discard_row"}]))
    document["schema"][0]["quality"][0]["severity"] = "halt"
    contract = read(yaml.safe_dump(document))
    assert contract.schema_mode == "discard_row"
    assert {rule.severity for rule in contract.rules[:-1]} == {"quarantine"}
    assert contract.rules[-1].severity == "halt"
    document["schema"][0]["quality"][0]["severity"] = "halted"
    with pytest.raises(InputError, match=r"quality\.severity is 'halted'; did you mean 'halt'"):
        read(yaml.safe_dump(document))


def test_checks_of_the_table_stand_in_the_contract() -> None:
    document = yaml.safe_load(table(grown(), {**SQL, "severity": "warn"}))
    document["schema"][0]["properties"][0] |= {"relationships": [related("halt")], "quality": [drift(), SQL]}
    document["slaProperties"] = [
        {
            **LATENCY,
            "element": "pets.weighed",
            "customProperties": [{"property": "severity", "value": "halt"}],
        }
    ]
    contract = read(yaml.safe_dump(document))
    assert (contract.newest, contract.stale) == ("weighed", "halt")
    assert contract.references == (Reference("kind", "silver.owners", "owner_id", "halt"),)
    assert contract.references[0].text == "kind in silver.owners.owner_id"
    assert contract.row_count == RowCountDrift(commits=8, factor=3.0, severity="warn")
    assert contract.distributions == (DistributionDrift("kind", "weighed", 4, 0.25, "warn"),)
    assert [(r.text, r.severity, r.column) for r in contract.rules if r.kind == "expression"] == [
        ("kind <> ''", "quarantine", "kind"),
        ("kind <> ''", "warn", None),
    ]
    assert contract.field("kind") == contract.fields[0]
    assert contract.field("kin") is None
    plain = read()
    assert (plain.newest, plain.references, plain.row_count, plain.distributions) == (None, (), None, ())


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"property": "schemaMode", "value": "evolv"}, "schemaMode is 'evolv'; did you mean 'evolve'"),
        (
            {"property": "schemaMod", "value": "evolve"},
            "'schemaMod' means nothing; did you mean 'schemaMode'",
        ),
    ],
)
def test_a_schema_mode_that_is_none_is_refused(stated: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(changed(customProperties=[stated]))


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "sql", "query": "select 1", "mustBe": 1},
        {"type": "custom", "engine": "soda", "implementation": "x"},
    ],
)
def test_a_rule_of_another_engine_is_refused(rule: dict[str, object]) -> None:
    document = yaml.safe_load(GOOD)
    document["schema"][0]["quality"] = [rule]
    with pytest.raises(InputError, match="is not enforced; write type custom, engine sparkExpression"):
        read(yaml.safe_dump(document))


def test_a_column_says_how_it_can_hold_a_unit() -> None:
    marked = column(customProperties=[{"property": "unit", "value": "id"}])
    assert [field.unit for field in read(marked).fields][:2] == ["id", None]


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"property": "unit", "value": "ids"}, "kind, unit is 'ids'; did you mean 'id'"),
        ({"property": "units", "value": "id"}, "kind, customProperties: 'units' means nothing; did you mean"),
    ],
)
def test_a_mark_of_units_that_is_none_is_refused(stated: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(column(customProperties=[stated]))


@pytest.mark.parametrize("name", names())
def test_every_column_that_can_hold_a_customer_is_marked(name: str) -> None:
    """By its name: a column that this test would miss must be marked by whoever writes the contract."""
    for field in Contract.load(name).fields:
        if re.fullmatch(r"(unit|customer|user|account|client|person)(_?id)?", field.name):
            assert field.unit == "id", f"{name}.{field.name}: mark it with the custom property unit: id"
        elif field.name in {"_extra", "row"}:
            assert field.unit == "inside", (
                f"{name}.{field.name}: mark it with the custom property unit: inside"
            )
        elif field.name in {"error", "warnings"}:
            assert field.unit == "mentioned", f"{name}.{field.name}: mark it: unit: mentioned"
