"""The linters that AWS's users know, run as processes from an environment of their own.

cfn-lint and checkov pin what Assay does not want (a hundred packages); `make lint-tools` installs them into
`.venv-lint/`. Both take seconds, so they start together, and the checks of ours run meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from assay.deploy.checks import Finding, Outcome
from assay.errors import InputError, TerminalError

TOOLS = ".venv-lint/bin"
CHECKOUT = Path(__file__).parents[3]
_SECONDS = 300


@dataclass(slots=True)
class Linter:
    """A linter at work.

    Attributes:
        name: Its command.
        process: The process.
        began: When it was started, on the monotonic clock.
    """

    name: str
    process: subprocess.Popen[str]
    began: float

    @classmethod
    def start(cls, name: str, arguments: Sequence[str]) -> Self:
        """Start a linter.

        Raises:
            InputError: It is installed neither in `.venv-lint/` nor on the PATH.
        """
        command = [str(find(name)), *arguments]
        # A proxy or a token of the user's is nothing that a linter needs.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTHON"))}
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment | {"LOG_LEVEL": "ERROR"},
        )  # fmt: skip
        return cls(name, process, time.perf_counter())

    def answer(self) -> Any:
        """What it printed, as JSON.

        Raises:
            TerminalError: It broke off, or printed no JSON: a check that cannot run has not passed.
        """
        try:
            out, err = self.process.communicate(timeout=_SECONDS)
            return json.loads(out)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            self.process.communicate()
            raise TerminalError(f"{self.name} took more than {_SECONDS} s; try again") from error
        except ValueError as error:
            last = err.strip().splitlines()[-1:] or ["no message"]
            raise TerminalError(f"{self.name} broke off: {last[0]}") from error


def find(name: str) -> Path:
    """Where a linter is.

    Raises:
        InputError: Nowhere.
    """
    own = CHECKOUT / TOOLS / name
    found = str(own) if own.is_file() else shutil.which(name)
    if found is None:
        raise InputError(
            f"{name} is not installed, so the templates cannot be checked; run `make lint-tools`"
        )
    return Path(found)


def start(paths: Sequence[Path]) -> tuple[Linter, Linter]:
    """Start both linters on templates.

    Raises:
        InputError: One of them is not installed.
    """
    files = [str(path) for path in paths]
    for name in ("cfn-lint", "checkov"):
        find(name)
    checkov = Linter.start(
        "checkov",
        ["--skip-download", "--framework", "cloudformation", "--compact", "-o", "json", "-f", *files],
    )
    return Linter.start("cfn-lint", ["--format", "json", *files]), checkov


def outcomes(linters: tuple[Linter, Linter], paths: Sequence[Path]) -> tuple[Outcome, Outcome]:
    """What the linters found, once they have ended.

    Args:
        linters: As started.
        paths: The templates.

    Raises:
        TerminalError: One of them broke off.
    """
    cfn, checkov = linters
    errors = tuple(_of_cfn_lint(each) for each in cfn.answer())
    first = Outcome(
        "cfn-lint", "cfn-lint finds nothing", len(paths), "templates", errors, time.perf_counter() - cfn.began
    )
    answer = checkov.answer()
    failed, looked_at = _of_checkov(answer[0] if isinstance(answer, list) else answer)
    second = Outcome(
        "checkov", "checkov finds nothing that is not excused", looked_at, "resource checks", failed,
        time.perf_counter() - checkov.began,
    )  # fmt: skip
    return first, second


def _of_cfn_lint(match: Mapping[str, Any]) -> Finding:
    path = match["Location"].get("Path") or []
    stack = Path(match["Filename"]).stem
    place = ".".join([stack, *map(str, path[1:2])])
    line = match["Location"]["Start"]["LineNumber"]
    return Finding("cfn-lint", place, f"line {line}: {match['Message']} ({match['Rule']['Id']})")


def _of_checkov(answer: Mapping[str, Any]) -> tuple[tuple[Finding, ...], int]:
    """Failures, and how many checks were made; a template that cannot be read is a failure."""
    if "results" not in answer:  # nothing to check at all
        return (), 0
    results, summary = answer["results"], answer["summary"]
    failed = [
        Finding(
            "checkov",
            f"{Path(each['file_path']).stem}.{each['resource'].rsplit('.', 1)[-1]}",
            f"{each['check_name']} ({each['check_id']})",
        )
        for each in results["failed_checks"]
    ]
    unread = [Finding("checkov", Path(p).stem, "cannot be read") for p in results.get("parsing_errors", [])]
    counted = sum(summary[each] for each in ("passed", "failed", "skipped"))
    return (*failed, *unread), counted
