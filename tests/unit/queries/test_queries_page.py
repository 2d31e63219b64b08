"""docs/queries.md is complete, and what it shows runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from assay.cli.main import app
from assay.serving import queries
from assay.serving.queries import macros, plan, saved, scan
from assay.stats import METHODS, Moments

PAGE = (Path(__file__).parents[3] / "docs/queries.md").read_text()
LINES = re.findall(
    r"^assay (query .+?)(?: {2,}#.*)?$", PAGE.split("```sh\n")[1].split("```")[0], re.MULTILINE
)
QUESTIONS = {**saved.questions(), **{f"gold.{name}": view for name, view in saved.views().items()}}


@pytest.mark.parametrize("line", LINES)
def test_what_it_shows_can_be_asked(line: str) -> None:
    words = shlex.split(line.split(" > ", maxsplit=1)[0])
    if "--list" in words or "--expand" in words:
        assert CliRunner().invoke(app, words).exit_code == 0
    else:
        plan.parsed(saved.text(words[1]))


def test_the_macro_gives_welchs_answer() -> None:
    (sql,) = re.findall(r"```sql\n(.+?)```", PAGE, re.DOTALL)
    (row,) = queries.query(sql).to_pylist()
    control, treatment = Moments(n=1200, mean_y=10.0, m2_y=48e3), Moments(n=1180, mean_y=10.6, m2_y=49e3)
    effect = METHODS["welch"](control, treatment)
    wanted = [float(effect.p_value), float(effect.lower), float(effect.upper)]
    assert [row["p_value"], row["lower"], row["upper"]] == pytest.approx(wanted, rel=1e-11)


def test_every_macro_is_there() -> None:
    found = re.findall(r"^\| `(\w+)` \| (?:`(\w+)`)? ?\|", PAGE, re.MULTILINE)
    listed = {name: method for name, method in found if name in macros.every()}
    assert listed.keys() == macros.every().keys()
    assert {method for method in listed.values() if method} - {"wilson"} <= METHODS.keys()


def test_the_accuracy_is_what_is_claimed() -> None:
    """The worst error is below what the table says, and not by an order of magnitude."""
    table = re.findall(r"^\| (?:df|p-value|quantile[^|]*) \|.+$", PAGE, re.MULTILINE)
    claims = [[cell.strip() for cell in row.strip("|").split("|")[1:]] for row in table]
    degrees = [float(cell.split()[0].replace(",", "")) for cell in claims[0]]
    for df, p_claim, q_claim in zip(degrees, claims[1], claims[2], strict=True):
        p_error, q_error = _errors(df)
        assert p_error <= 1.1 * float(p_claim), df
        assert q_error <= 1.2 * float(q_claim), df
    assert _errors(1e7)[0] <= 1.1 * float(claims[1][-1])


def _errors(df: float) -> tuple[float, float]:
    alphas = (0.2, 0.1, 0.05, 0.01, 0.001, 0.0001)
    rows = [(float(t), 0.05) for t in np.linspace(0, 8, 60)] + [(1.0, alpha) for alpha in alphas]
    values = ", ".join(f"({df!r}e0, {t!r}e0, {alpha!r}e0)".replace("e-05e0", "e-05") for t, alpha in rows)
    if "e+" in repr(df):
        values = values.replace(f"{df!r}e0", repr(df))
    found = queries.query(
        f"WITH g AS (SELECT * FROM (VALUES {values}) AS v(df, statistic, alpha)) "
        "SELECT statistic, alpha, p_value, quantile FROM {{student_t(g)}}"
    ).to_pydict()
    statistic, alpha, p, q = (np.array(found[name]) for name in ("statistic", "alpha", "p_value", "quantile"))
    p_error = np.max(np.abs(p / (2 * stats.t.sf(statistic, df)) - 1))
    return float(p_error), float(np.max(np.abs(q / stats.t.isf(alpha / 2, df) - 1)))


def test_the_suite_has_every_question_view_and_macro() -> None:
    part = PAGE.split("<!-- suite: begin -->")[1].split("<!-- suite: end -->")[0]
    rows = re.findall(
        r"^\| `(.+?)` \| (\w+) \| (.+?) \| [\d,]+ \| [\d.]+ \| [\d.]+ \| (.+?) \|$", part, re.MULTILINE
    )
    assert {name for name, *_ in rows} == QUESTIONS.keys() | macros.every().keys()
    assert {name: text for name, _, text, _ in rows if name in QUESTIONS} == {
        name: each.question for name, each in QUESTIONS.items()
    }
    assert {equal for *_, equal in rows} == {"yes"}


def test_the_limit_is_what_is_said() -> None:
    assert f"({scan.LIMIT // 2**30} GiB if nothing is said)" in PAGE.replace("\n", " ")
