"""`assay plan`: the table, the warning, and one sentence for every mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from assay import seeds
from assay.cli.main import app
from assay.distributions import Gamma


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = seeds.stream(1, "test.cli.plan")
    unit = np.repeat(np.arange(400), 2)
    frame = pd.DataFrame({"u": unit, "y": Gamma(1.0, 9.0).draw(rng, 800), "d": 1 + rng.poisson(2, 800)})
    frame.assign(x=frame["y"] + rng.normal(0, 4, 800), arm=np.where(unit % 2, "a", "b")).to_csv(
        "rows.csv", index=False
    )
    return tmp_path


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["plan", "--replicates", "200", *arguments])


def test_a_proportion_with_its_duration() -> None:
    found = assay("--metric", "proportion", "--mean", "0.4", "--lift", "0.2", "--units-per-week", "500")
    assert found.exit_code == 0, found.output
    assert "worked out: sample size" in found.stdout
    assert all(
        words in found.stdout for words in ("formula", "200 experiments", "proportions_score", "weeks")
    )
    assert (
        found.stdout
        == assay("--metric", "proportion", "--mean", "0.4", "--lift", "0.2", "--units-per-week", "500").stdout
    )


def test_heavy_tails_are_warned_of() -> None:
    law = "{distribution: zero_inflated, zeros: 0.95, of: {distribution: lognormal, mu: 3, sigma: 1.5}}"
    found = assay("--law", law, "--lift", "2", "--n", "400", "--replicates", "2000")
    assert "warning: the formula promises a power of" in found.stdout
    assert "worked out: power" in found.stdout


def test_the_covariate_is_named() -> None:
    found = assay("--mean", "12", "--sd", "40", "--n", "400", "--covariate-correlation", "0.6")
    assert "covariate correlation 0.6; worked out: minimum effect" in found.stdout
    assert "cuped" in found.stdout


def test_units_of_a_file_are_summed_over_their_rows(home: Path) -> None:
    frame = pd.read_csv(home / "rows.csv")
    found = assay("--from", "rows.csv", "--unit", "u", "--value", "y", "--lift", "0.3")
    totals = frame.groupby("u")["y"].sum()
    assert f"mean {totals.mean():.4g}, standard deviation {totals.std(ddof=0):.4g} per unit" in found.stdout
    control = assay("--from", "rows.csv", "--value", "y", "--lift", "0.3", "--arm", "arm", "--control", "a")
    assert f"mean {frame[frame['arm'] == 'a']['y'].mean():.4g}" in control.stdout
    ratio = assay(
        "--from", "rows.csv", "--value", "y", "--denominator", "d", "--covariate", "x", "--lift", "0.3"
    )
    assert f"ratio {frame['y'].sum() / frame['d'].sum():.4g}" in ratio.stdout
    assert "cuped_ratio" in ratio.stdout


def test_units_without_a_row_count(home: Path) -> None:
    frame = pd.read_csv(home / "rows.csv")
    found = assay("--from", "rows.csv", "--unit", "u", "--value", "y", "--lift", "0.3", "--units", "800")
    assert f"mean {frame['y'].sum() / 800:.4g}" in found.stdout


def test_too_many_units_are_told() -> None:
    found = assay("--mean", "12", "--sd", "40", "--lift", "0.0001")
    assert found.exit_code == 0
    assert "are too many to simulate" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--lift", "0.1"], "nothing says what a unit is like"),
        (["--mean", "3", "--sd", "1"], "neither lift nor n is given"),
        (
            ["--mean", "3", "--sd", "1", "--lift", "0.1", "--value", "y"],
            "--value names a column; give the file",
        ),
        (["--from", "rows.csv", "--lift", "0.1"], "--from needs --value"),
        (["--from", "rows.csv", "--value", "y", "--units", "9"], "units is 9, but 800 units have a row"),
        (
            ["--from", "rows.csv", "--value", "y", "--units", "900", "--covariate", "x"],
            "--units and --covariate exclude each other",
        ),
        (["--from", "rows.csv", "--value", "y", "--mean", "3"], "--mean describes a law; leave it out"),
        (["--from", "rows.csv", "--value", "z", "--lift", "0.1"], "there is no value column 'z'"),
        (
            ["--metric", "mean", "--law", "{distribution: bernoulli, probability: 0.1}"],
            "describes a proportion",
        ),
        (["--from", "rows.csv", "--value", "y", "--metric", "ratio"], "describes a mean; leave it out"),
    ],
)
def test_refusals(arguments: list[str], sentence: str) -> None:
    found = assay(*arguments)
    assert found.exit_code == 2
    assert sentence in found.stderr
    assert found.stderr.count("\n") == 1
