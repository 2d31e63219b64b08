"""What the command line imports before it answers: nothing of what starts servers, engines or clients.

Seconds are measured by bench/startup.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = frozenset(
    {"altair", "boto3", "botocore", "dlt", "duckdb", "fastapi", "mangum", "ministack", "psycopg", "pyiceberg",
     "pyspark", "sqlglot", "streamlit", "uvicorn"}
)  # fmt: skip
"""None of them has a part in an answer about a file."""
ARRAYS = frozenset({"numpy", "pandas", "pyarrow", "scipy"})
CODE = """
import json, sys
from assay.cli.main import main
sys.argv[0] = "assay"
try:
    main()
except SystemExit as ending:
    assert not ending.code, ending.code
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    file = tmp_path / "trial.csv"
    file.write_text(
        "arm,x,bought\n" + "".join(f"{'ab'[i % 2]},{i % 7 + i % 2},{int(i % 5 == 0)}\n" for i in range(400))
    )
    return file


def imported(*arguments: str) -> set[str]:
    """The modules of a process that answered a command."""
    command = [sys.executable, "-c", CODE, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(ran.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("analyze", "--help"), ("run", "--help"), ("query", "--help")]
)
def test_help_imports_no_library_of_numbers(arguments: tuple[str, ...]) -> None:
    found = imported(*arguments)
    assert "typer" in found
    assert found & (HEAVY | ARRAYS) == set()


def test_an_analysis_imports_what_it_computes_with(trial: Path) -> None:
    columns = ("--arm", "arm", "--control", "a", "--metric", "x", "--metric", "bought")
    found = imported("analyze", str(trial), *columns)
    assert "assay.stats" in found
    # scipy.stats alone takes a fifth of the time; a blueprint's models have no part in it.
    assert found & (HEAVY | {"scipy.stats", "assay.spec"}) == set()
