"""`assay contracts` and `assay quarantine` without a stack: files, refusals, exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assay import configs
from assay.cli.main import app
from assay.lake.contracts import FOLDER, names

FILE = "silver.trades.yaml"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of contracts of the test's own, and no stack."""
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(configs.path(FOLDER), tmp_path / "mine")
    return tmp_path


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def edited(home: Path, old: str, new: str, name: str = FILE) -> None:
    path = home / "mine" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_check_without_a_lake_validates_the_files() -> None:
    found = assay("contracts", "check")
    assert found.exit_code == 0
    assert found.stdout.count("ok") == len(names())
    assert "only the files were checked" in found.stderr
    document = json.loads(assay("contracts", "check", "silver.trades", "--folder", "mine", "--json").stdout)
    assert (document["contracts"], document["lake"]) == (1, False)
    assert document["findings"][0]["status"] == "ok"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("required: true", "requird: true", "requird: the standard has no such field"),
        ("silver.customers.customer_id", "silver.customer.customer_id", "did you mean 'silver.customers'"),
        (
            "silver.customers.customer_id",
            "silver.customers.customer",
            "silver.customers has no 'customer'; did you mean 'customer_id'",
        ),
    ],
)
def test_a_file_that_is_wrong_is_one_sentence(home: Path, old: str, new: str, says: str) -> None:
    edited(home, old, new)
    found = assay("contracts", "check", "--folder", "mine")
    assert (found.exit_code, found.stdout) == (2, "")
    assert says in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1


def test_every_wrong_file_is_named(home: Path) -> None:
    for name in (FILE, "silver.quotes.yaml"):
        edited(home, "kind: DataContract", "kind: DataContract\ncolour: red", name)
    said = assay("contracts", "check", "--folder", "mine").stderr
    assert "silver.quotes.yaml" in said
    assert "silver.trades.yaml" in said


def test_docs_writes_the_page(home: Path) -> None:
    found = assay("contracts", "docs", "--out", "page.md")
    assert (found.exit_code, found.stdout) == (0, "written: page.md\n")
    assert (home / "page.md").read_text(encoding="utf-8").startswith("# Contracts")
    assert assay("contracts", "docs", "--out", "no/where.md").exit_code == 2


def test_diff_of_files_and_folders(home: Path) -> None:
    shipped = str(configs.path(FOLDER))
    same = assay("contracts", "diff", shipped, "mine")
    assert (same.exit_code, same.stdout) == (0, "no changes\n")
    edited(home, "minimum: 0", "minimum: 1")
    found = assay("contracts", "diff", shipped, "mine")
    assert found.exit_code == 1
    assert "breaking" in found.stdout
    document = json.loads(assay("contracts", "diff", f"{shipped}/{FILE}", f"mine/{FILE}", "--json").stdout)
    assert document["breaking"] == 2
    assert "rule `quantity >= 1` was `quantity >= 0`: narrower" in {c["what"] for c in document["changes"]}
    edited(home, "minimum: 1", "minimum: -1")
    assert assay("contracts", "diff", shipped, "mine").exit_code == 0


def test_export_is_text_or_json() -> None:
    found = assay("contracts", "export", "silver.trades")
    assert found.stdout.startswith("# silver.trades\n")
    assert 'IsPrimaryKey "trade_id"' in found.stdout
    document = json.loads(assay("contracts", "export", "--json").stdout)
    assert document["format"] == "dqdl"
    assert len(document["rulesets"]) == len(names())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["contracts", "check", "silver.trade"], "did you mean 'silver.trades'"),
        (["contracts", "check", "--folder", "state"], "--folder state has no contract files"),
        (["contracts", "diff", "none.yaml", "mine"], "none.yaml cannot be read"),
        (["quarantine", "list"], "start it with `assay up`"),
        (["quarantine", "show", "abc"], "start it with `assay up`"),
    ],
)
def test_bad_input_gets_one_sentence(arguments: list[str], says: str) -> None:
    found = assay(*arguments)
    assert (found.exit_code, found.stdout) == (2, "")
    assert says in found.stderr


def test_a_file_of_two_tables_cannot_be_compared(home: Path) -> None:
    text = (home / "mine" / FILE).read_text(encoding="utf-8")
    head, _, table = text.partition("schema:\n")
    (home / "two.yaml").write_text(f"{head}schema:\n{table}{table}", encoding="utf-8")
    found = assay("contracts", "diff", "two.yaml", "mine")
    assert found.exit_code == 2
    assert "two.yaml, schema.physicalName: missing" in found.stderr
