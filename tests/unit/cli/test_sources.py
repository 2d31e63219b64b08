"""`assay sources`: what is declared, whether it fits, what it would bring, and bringing it."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
import yaml
from typer.testing import CliRunner, Result

from assay import configs
from assay.cli.main import app
from assay.local import names, stack

CONTRACT = Path(__file__).parents[1] / "sources" / "data" / "silver.closes.yaml"
PRICES = {"name": "prices", "kind": "files", "table": "closes", "at": "dropped/prices/*.csv"}
CSV = b"asset,day,close,note\nDAX,2026-01-05,1628.75,x\nSMI,2026-01-05,1678.10,y\n"


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["sources", *arguments])


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("contracts", "sources"):
        (tmp_path / folder).mkdir()
    (tmp_path / "contracts" / CONTRACT.name).write_text(CONTRACT.read_text())
    declare(tmp_path, **PRICES)
    monkeypatch.setenv(configs.OWN, str(tmp_path))
    return tmp_path


@pytest.fixture
def dropped(own: Path, aws: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in the landing bucket of a stack that runs."""
    assert aws
    monkeypatch.setattr(stack, "environment", dict)
    client = boto3.client("s3")
    if names.LANDING not in [each["Name"] for each in client.list_buckets()["Buckets"]]:
        client.create_bucket(
            Bucket=names.LANDING, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    for each in client.list_objects_v2(Bucket=names.LANDING).get("Contents", []):
        client.delete_object(Bucket=names.LANDING, Key=each["Key"])
    client.put_object(Bucket=names.LANDING, Key="dropped/prices/a.csv", Body=CSV)
    return own


def declare(own: Path, **fields: object) -> None:
    (own / "sources" / f"{fields['name']}.yaml").write_text(yaml.safe_dump(fields))


def test_what_is_declared_is_listed(own: Path) -> None:
    declare(own, name="api", kind="rest", table="closes", url="https://example.com", path="/v1")
    declare(own, name="legacy", kind="sql", table="closes", secret="legacy", relation="sales.closes")
    declare(own, name="page", kind="rest", table="closes", secret="page")
    found = {each["source"]: each for each in json.loads(assay("list", "--json").stdout)["sources"]}
    assert {name: each["asks"] for name, each in found.items()} == {
        "closes_api": "secret market/v1/closes/{asset}",
        "closes_legacy": "kurse",
        "closes_page": "secret market/kurse",
        "fx_rates": "secret market/v1/rates",
        "splits": "secret market/v1/splits",
        "api": "https://example.com/v1",
        "legacy": "sales.closes",
        "page": "secret page",
        "prices": "dropped/prices/*.csv",
    }
    assert found["prices"]["table"] == "silver.closes"
    assert "legacy" in assay("list").stdout


def test_nothing_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.spec.source.sources", dict)
    assert "docs/sources.md says how" in assay("list").stdout
    assert json.loads(assay("check", "--json").stdout) == {"sources": []}


def test_sources_are_held_against_their_tables(own: Path) -> None:
    done = assay("check")
    assert (done.exit_code, "ok" in done.stdout) == (0, True)
    declare(own, **{**PRICES, "name": "other", "columns": {"clos": "Close"}})
    done = assay("check", "--json")
    assert done.exit_code == 2
    rows = {each["source"]: each for each in json.loads(done.stdout)["sources"]}
    assert rows["prices"]["status"] == "ok"
    assert "silver.closes has no column 'clos'; did you mean 'close'?" in rows["other"]["detail"]
    assert assay("check", "prices").exit_code == 0
    assert assay("check", "price").exit_code != 0


def test_a_preview_keeps_nothing(dropped: Path) -> None:
    assert dropped
    rows = json.loads(assay("preview", "prices", "-n", "1", "--json").stdout)["rows"]
    assert rows == [
        {
            "asset": "DAX",
            "day": "2026-01-05",
            "close": "1628.75",
            "_from": "s3://assay-landing/dropped/prices/a.csv",
            "_more": '{"note": "x"}',
        }
    ]
    assert "1678.10" in assay("preview", "prices").stdout
    keys = [each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket=names.LANDING)["Contents"]]
    assert keys == ["dropped/prices/a.csv"]


def test_a_preview_of_nothing(dropped: Path) -> None:
    declare(dropped, **{**PRICES, "at": "dropped/none/*.csv"})
    assert assay("preview", "prices").stdout == "prices has no rows\n"


def test_a_run_lands_what_is_new(dropped: Path) -> None:
    assert dropped
    assert assay("run", "prices").stdout == "prices: 2 rows landed, 1 requests\n"
    assert json.loads(assay("run", "prices", "--json").stdout) == {
        "source": "prices", "rows": 0, "parts": 0, "requests": 0, "again": 0,
    }  # fmt: skip
    assert json.loads(assay("run", "prices", "--full", "--json").stdout)["rows"] == 2


def test_a_file_is_dropped(dropped: Path, tmp_path: Path) -> None:
    assert dropped
    (tmp_path / "b.csv").write_bytes(CSV)
    assert assay("drop", "prices", str(tmp_path / "b.csv")).stdout == "dropped: dropped/prices/b.csv\n"
    assert json.loads(assay("run", "prices", "--json").stdout)["parts"] == 2
    for folder in ("../rds", "Prices", "a/b", ""):
        refused = assay("drop", folder, str(tmp_path / "b.csv"))
        assert refused.exit_code == 2, folder
