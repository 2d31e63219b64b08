"""Every command: help with an example of itself, and JSON that parses wherever a result is printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from assay.cli.main import app

TRIAL = "unit,arm,x\n" + "".join(f"{i},{'ab'[i % 2]},{1 + i % 7 + i % 2}\n" for i in range(80))
SUMS = "variation,users,main_sum,main_sum_squares\n0,200,610,2400\n1,200,700,3000\n"
CONTRACT = "glue_configs/contracts/silver.trades.yaml"

ANSWERS: dict[str, list[str]] = {
    "doctor": [],
    "status": [],
    "query": ["--list"],
    "analyze": ["trial.csv", "--arm", "arm", "--control", "a", "--metric", "x", "--no-diagnose"],
    "compare": ["sums.csv", "--control", "0"],
    "fit": ["trial.csv", "--unit", "unit", "--value", "x"],
    "plan": ["--mean", "12", "--sd", "40", "--law", "gamma", "--n", "400", "--replicates", "100"],
    "certify": [
        "--method",
        "welch",
        "--scenario",
        "normal:50:50/50",
        "--replicates",
        "100",
        "--workers",
        "1",
    ],
    "cost": [],
    "contracts check": ["silver.trades"],
    "contracts diff": [CONTRACT, CONTRACT],
    "contracts export": ["silver.trades"],
    "sources list": [],
    "sources check": [],
    "metrics check": [],
    "api tokens": [],
}
"""Commands that answer without a stack → what they are asked."""
ON_STACK = frozenset({
    "up", "run", "report", "checksum", "export", "snapshots", "runs list", "runs show", "runs check",
    "sources preview", "sources run", "metrics explain", "quarantine list", "quarantine show",
    "quarantine replay", "rollback", "backfill", "replay", "branch publish", "branch drop", "diff",
    "maintain", "forget",
})  # fmt: skip
"""Commands that need one: tests/stack/test_project.py asks them on a real one."""
IN_AWS = frozenset({"deploy plan", "deploy apply", "deploy destroy"})
"""tests/stack/test_deploy.py and tests/unit/cli/test_deploy.py ask them."""
WITHOUT = {
    "init": "writes files",
    "down": "says a sentence",
    "reset": "says a sentence",
    "dashboard": "serves until it is ended",
    "schema": "prints JSON as it is",
    "contracts docs": "writes a page",
    "sources drop": "puts a file into a bucket",
    "api token": "prints a token, which a shell puts into a variable",
    "api revoke": "says a sentence",
}
"""Commands that print no result → what they do."""


def commands(group: Any, *path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield " ".join((*path, name)), command


EVERY = dict(commands(typer.main.get_command(app)))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trial.csv").write_text(TRIAL)
    (tmp_path / "sums.csv").write_text(SUMS)
    return tmp_path


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_every_command_is_looked_at() -> None:
    assert EVERY.keys() == ANSWERS.keys() | ON_STACK | IN_AWS | WITHOUT.keys()


@pytest.mark.parametrize("name", EVERY)
def test_help_has_a_sentence_and_an_example_of_the_command_itself(name: str) -> None:
    found = assay(*name.split(), "--help")
    assert found.exit_code == 0
    assert (EVERY[name].help or "").strip()
    words = " ".join(found.output.split())
    assert "Example" in words
    assert f"assay {name}" in words.partition("Example")[2]


@pytest.mark.parametrize("name", [name for name in EVERY if name not in WITHOUT])
def test_a_result_is_to_be_had_as_json(name: str) -> None:
    assert any("--json" in parameter.opts for parameter in EVERY[name].params)


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_printed_as_json_parses(name: str) -> None:
    from assay import configs

    asked = [str(configs.path(each)) if each == CONTRACT else each for each in ANSWERS[name]]
    found = assay(*name.split(), *asked, "--json")
    assert found.exit_code == (1 if name == "status" else 0) or name == "doctor"
    assert json.loads(found.stdout)


def test_options_have_one_spelling() -> None:
    """What is the same is called the same everywhere."""
    letters: dict[str, set[str]] = {}
    for command in EVERY.values():
        for parameter in command.params:
            for short in (opt for opt in parameter.opts if not opt.startswith("--") and opt.startswith("-")):
                letters.setdefault(short, set()).update(o for o in parameter.opts if o.startswith("--"))
    assert letters["-f"] == {"--format"}
    assert letters["-o"] <= {"--out", "--output"}
    assert letters["-y"] <= {"--yes", "--publish"}


def test_the_version_is_said() -> None:
    from assay import __version__

    assert assay("--version").stdout == f"assay {__version__}\n"
