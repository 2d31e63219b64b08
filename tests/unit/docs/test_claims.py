"""Pages that repeat figures of other pages, or of the code's configuration, repeat what stands there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from assay import configs

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
FIGURE = re.compile(r"\$[\d.,]*\d|\d[\d.,]* (?:%|×)|\b\d+ checks\b|\b0\.\d+ s\b")


def _sections(page: str, level: str) -> dict[str, str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.split(rf"^{level} (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def _figures(text: str) -> set[str]:
    return {" ".join(each.split()) for each in FIGURE.findall(text)}


def _sources(text: str) -> str:
    """The pages that a text links to, as one text."""
    targets = {each.partition("#")[0] for each in re.findall(r"\]\(([^):]+)\)", text)}
    return "\n".join(
        (DOCS / each).read_text(encoding="utf-8") for each in sorted(targets) if each.endswith(".md")
    )


QUESTIONS = _sections("faq.md", "###")


def test_there_are_twelve_questions() -> None:
    assert len(QUESTIONS) == 12


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_short_and_its_figures_stand_where_it_points(question: str) -> None:
    answer = QUESTIONS[question]
    assert "Proof: " in answer
    assert 2 <= len(re.findall(r"[.?](?:\s|$)", answer.partition("Proof: ")[0])) <= 6
    promised = {"5 %", "95 %"}
    missing = {each for each in _figures(answer) - promised if each not in _sources(answer)}
    assert missing == set()


def test_times_of_peers_are_those_of_the_speed_page() -> None:
    part = _sections("peers.md", "##")["How long a test takes"]
    missing = {each for each in _figures(part) if each not in _sources(part)}
    assert missing == set()
    speed = (DOCS / "methods/speed.md").read_text(encoding="utf-8")
    for name, row in re.findall(r"^\| .*?\(`([\w.]+)`\) (\|.+)$", part, re.MULTILINE):
        (line,) = re.findall(rf"^\| `{re.escape(name)}` .+$", speed, re.MULTILINE)
        assert _figures(row) <= _figures(line), name


def test_error_rates_of_peers_were_measured() -> None:
    table = (
        (DOCS / "peers.md")
        .read_text(encoding="utf-8")
        .split("<!-- errors: begin -->")[1]
        .split("<!-- errors: end -->")[0]
    )
    rows = re.findall(r"^\| .+ \| [\d,]+ \+ [\d,]+ \|(.+)\|$", table, re.MULTILINE)
    assert len(rows) == 8
    for row in rows:
        shares = [float(cell.strip(" %")) for cell in row.split("|")]
        assert len(shares) == 5
        assert all(0 <= share <= 100 for share in shares)


def test_the_layers_are_those_that_lint_holds() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    wanted = [sorted(name.strip().removeprefix("assay.") for name in line.split("|")) for line in layers]
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ", page, re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    start = names.index("cli")
    shown = names[start:]
    for line in wanted:
        assert sorted(shown[: len(line)]) == line
        shown = shown[len(line) :]
    assert shown == []


def test_every_job_is_in_the_way_of_the_data() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    for script in configs.path("jobs").glob("*.py"):
        assert f"| `{script.stem}` |" in page


def test_contributing_stays_short() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    for path in re.findall(r"`((?:lib|jobs|tests|glue_configs|docs)/[a-z0-9_./-]+)`", text):
        assert (ROOT / path).exists(), path
