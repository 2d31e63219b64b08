"""Pages are followed as a reader would, and show what is printed; the platform's are in tests/stack."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter
from typer.testing import CliRunner

from assay import configs
from assay.cli.main import app
from assay.spec import Plan

import pages

TUTORIAL = configs.path("docs/tutorial.md").read_text(encoding="utf-8")
OF_A_FILE = [
    each for each in pages.commands(TUTORIAL) if each.line.startswith(("assay analyze", "assay plan"))
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", ["sequential", "read-a-certificate"])
def test_a_recipe_shows_what_is_printed(page: str) -> None:
    pages.follow(configs.path(f"docs/howto/{page}.md"))


def test_the_plans_of_the_recipe_are_plans() -> None:
    text = configs.path("docs/howto/sequential.md").read_text(encoding="utf-8")
    shown = [yaml.safe_load(part)["plan"] for part in text.split("`") if part.startswith("plan: ")]
    assert [TypeAdapter(Plan).validate_python(each).kind for each in shown] == ["sequential", "anytime"]


@pytest.fixture
def thornton(here: Path) -> None:
    (here / ".assay").mkdir()
    runpy.run_path(str(configs.path("examples/thornton/get.py")))["main"](here / ".assay/thornton.csv")


@pytest.mark.usefixtures("thornton")
@pytest.mark.parametrize("command", OF_A_FILE, ids=lambda each: each.line[:40])
def test_the_tutorial_shows_what_is_said_of_a_file(command: pages.Command) -> None:
    assert command.shown
    pages.check(command)


def test_the_tutorial_has_them_all() -> None:
    assert [each.line.split()[1] for each in OF_A_FILE] == ["analyze", "analyze", "plan"]


ON_THE_PLATFORM = [
    re.sub(r"^.*?assay ", "", each.line)
    for page in ("docs/tutorial.md", "docs/howto/recover.md")
    for each in pages.commands(configs.path(page).read_text(encoding="utf-8"))
    if re.match(r"(timeout .* )?assay ", each.line)
]


@pytest.mark.parametrize("line", ON_THE_PLATFORM)
def test_what_needs_the_platform_has_only_options_that_there_are(line: str) -> None:
    """`make test-pages` types these; here `--help` behind them answers if everything before it is known."""
    words = shlex.split(line.partition(" ||")[0])
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0
    assert CliRunner().invoke(app, [*words, "--no-such-option", "--help"]).exit_code == 2


# the helper itself


def test_what_is_shown_must_be_all_that_is_printed() -> None:
    assert pages.agrees("a\nb", "\na  \nb\n")
    assert not pages.agrees("a\nb", "a\nb\nc\n")
    assert not pages.agrees("a", "b")
    assert pages.agrees("a\n...\nd", "a\nb\nc\nd\n")
    assert pages.agrees("week ... of 8", "week 3 of 8")
    assert not pages.agrees("a...\nd", "a\nb\ne\n")
    with pytest.raises(AssertionError):
        pages.agrees("", "anything")


def test_commands_keep_their_order_and_what_they_show() -> None:
    text = (
        "x\n```console\n$ one\n$ two --flag\nsaid\n\nmore\n```\n```sh\n$ not\n```\n```console\n$ three\n```\n"
    )
    assert pages.commands(text) == [
        pages.Command("one", ""),
        pages.Command("two --flag", "said\n\nmore"),
        pages.Command("three", ""),
    ]


@pytest.mark.parametrize(
    "block",
    [
        "```console\n$ assay schema blueprint --out x.json\nsomething else\n```\n",
        "```console\n$ false\n```\n",
        "```python\n>>> 1 + 1\n3\n\n```\n",
        "```python\nraise ValueError\n```\n",
        "```console\n$ assay schema blueprin\n```\n",
    ],
    ids=["another answer", "a failure", "a wrong sum", "an exception", "a usage error"],
)
def test_a_page_that_shows_something_else_fails(block: str, here: Path) -> None:
    (here / "page.md").write_text(block)
    with pytest.raises(Exception):  # noqa: B017, PT011 whatever it is, the page does not pass
        pages.follow(here / "page.md")


def test_names_live_on_through_a_page(here: Path) -> None:
    (here / "page.md").write_text(
        "```python\nx = 2\n```\n```python\n>>> y = x + 1\n>>> y\n3\n\n```\n```python\nassert y == 3\n```\n"
    )
    pages.follow(here / "page.md")


def test_a_session_stops_where_a_command_fails_that_should_not(here: Path) -> None:
    (here / "page.md").write_text("```console\n$ X=1\n$ echo $X\n1\n$ ls nowhere\n```\n")
    with pytest.raises(AssertionError, match="ls nowhere"):
        pages.session(here / "page.md", here, {"PATH": "/usr/bin:/bin"})


def test_a_session_is_one_shell(here: Path) -> None:
    (here / "page.md").write_text(
        "```console\n$ X=1\n$ echo $X\n1\n$ sh -c 'echo assay: no >&2; exit 2'\nassay: no\n```\n"
    )
    typed = pages.session(here / "page.md", here, {"PATH": "/usr/bin:/bin"})
    assert [printed.strip() for _, printed in typed] == ["", "1", "assay: no"]
