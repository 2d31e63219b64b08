"""What the shell completes, asked as a shell asks, and in no time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from assay.cli import complete
from assay.lake.contracts import names
from assay.serving.queries import saved
from assay.spec.source import sources
from assay.stats import METHODS


def asked(*words: str) -> list[str]:
    """What a shell is told for a line that ends in the last word."""
    line = " ".join(("assay", *words))
    environment = os.environ | {
        "_ASSAY_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words)),
    }
    code = "import sys; sys.argv = ['assay']; from assay.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    return done.stdout.split()


def test_names_are_completed_where_they_are_wanted() -> None:
    assert asked("query", "deci") == ["decisions"]
    assert asked("contracts", "check", "gold.experiment_r") == ["gold.experiment_results"]
    assert asked("certify", "--method", "welc") == ["welch"]
    assert "report" in asked("rep")


@pytest.mark.parametrize(
    ("function", "known"),
    [
        (complete.questions, list(saved.questions())),
        (complete.sources, list(sources())),
    ],
)
def test_all_that_can_be_asked_for_is_completed(function: object, known: list[str]) -> None:
    assert callable(function)
    assert function("") == sorted(known)
    assert function(known[0]) == [name for name in sorted(known) if name.startswith(known[0])]
    assert function("no such name") == []


def test_tables_are_those_whose_contract_is_a_file() -> None:
    found = complete.tables("")
    assert set(found) < set(names())  # bronze tables of sources follow from those of silver
    assert {"silver.trades", "gold.experiment_results"} <= set(found)


def test_methods_are_those_of_the_library() -> None:
    found = complete.methods("")
    assert set(found) <= set(METHODS)
    assert {"welch", "proportions_score", "cuped"} <= set(found)


def test_a_folder_that_is_not_there_completes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CONFIGS", "/no/such/folder")
    assert complete.tables("") == complete.sources("") == []


def test_completing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from assay.cli import complete; complete.methods('w'); complete.tables(''); "
        "print([m for m in ('numpy', 'pyarrow', 'scipy', 'pydantic', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
