"""Pages as tests: a page's fenced blocks, run in order, and what they print held against what is shown.

A `console` block holds commands, each on a line that begins with `$ `; what stands below a command is what it
prints, with `...` for whatever else comes there. A command with nothing below it must only succeed; one that
is refused shows the sentence, `assay: ...`. A `python` block is a doctest, or plain code where it has no
prompt; names live on through the page.
"""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from assay.cli.main import app

REFUSED = "assay: "
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "\x1e"
"""Between the answers of a session: no command prints it."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a page.

    Attributes:
        line: What is typed.
        shown: What the page shows below it.
    """

    line: str
    shown: str


def blocks(text: str, *languages: str) -> list[tuple[str, str]]:
    """Language and body of each fenced block in one of the languages, in order."""
    return [
        found.group("language", "body") for found in _FENCE.finditer(text) if found["language"] in languages
    ]


def commands(text: str) -> list[Command]:
    """The commands of a page's console blocks."""
    found = []
    for _, body in blocks(text, "console"):
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            found.append(Command(line, shown.rstrip()))
    return found


def agrees(shown: str, printed: str) -> bool:
    """Whether a command printed what is shown; `...` stands for anything, also for nothing.

    Raises:
        AssertionError: Nothing is shown, so that nothing can be compared.
    """
    assert shown
    said = [line.rstrip() for line in printed.strip("\n").splitlines()]
    pattern = ".*".join(map(re.escape, shown.strip("\n").split("...")))
    return re.fullmatch(pattern, "\n".join(said), re.DOTALL) is not None


def assay(line: str) -> str:
    """What `assay ...` prints, called in this process.

    Raises:
        AssertionError: It failed; or was refused, and not by a sentence.
    """
    done = CliRunner().invoke(app, shlex.split(line)[1:])
    assert done.exit_code in {0, 2}, done.output
    assert (done.exit_code == 2) == done.stderr.startswith(REFUSED), done.output
    return done.stdout + (done.stderr if done.exit_code else "")


def check(command: Command) -> None:
    """Run one command in the working directory: `assay ...` in this process, others by `bash`.

    Raises:
        AssertionError: It printed something else than is shown, or was refused where nothing is shown.
    """
    printed = assay(command.line) if command.line.startswith("assay ") else _bash(command.line)
    fits = agrees(command.shown, printed) if command.shown else not printed.startswith(REFUSED)
    assert fits, f"$ {command.line}\n{printed}"


def follow(page: Path) -> None:
    """Run a page's console and python blocks in order, in the working directory.

    Args:
        page: The page.

    Raises:
        AssertionError: Something else was printed than is shown.
    """
    names: dict[str, Any] = {}
    for language, body in blocks(page.read_text(encoding="utf-8"), "console", "python"):
        if language == "python":
            _python(body, names, page)
            continue
        for command in commands(f"```console\n{body}```"):
            check(command)


def session(page: Path, folder: Path, environment: dict[str, str]) -> list[tuple[Command, str]]:
    """Type all commands of a page into one shell, as a reader would, and say what each printed.

    Args:
        page: The page.
        folder: Where the shell begins.
        environment: Its environment.

    Returns:
        Each command with what it printed; of one that was refused, the sentence.

    Raises:
        AssertionError: A command failed that the page shows to succeed.
    """
    typed = commands(page.read_text(encoding="utf-8"))
    script = ["set -eo pipefail"]
    for command in typed:
        refused = command.shown.startswith(REFUSED)
        script += [f"printf '{_MARK}'", f"! {command.line} 2>&1" if refused else command.line]
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout.split(_MARK)[1:]
    assert done.returncode == 0, f"$ {typed[len(printed) - 1].line}\n{printed[-1:]}\n{done.stderr[-4000:]}"
    return list(zip(typed, printed, strict=True))


def _bash(line: str) -> str:
    here = str(Path(sys.executable).parent)
    return subprocess.run(
        ["bash", "-c", f'PATH="{here}:$PATH"; {line}'], capture_output=True, text=True, check=True
    ).stdout


def _python(body: str, names: dict[str, Any], page: Path) -> None:
    if ">>>" not in body:
        exec(compile(body, str(page), "exec"), names)  # noqa: S102 the page is ours
        return
    test = doctest.DocTestParser().get_doctest(body, names, page.stem, str(page), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    told: list[str] = []
    assert runner.run(test, out=told.append, clear_globs=False).failed == 0, "".join(told)
    names.update(test.globs)
