"""`assay fit`: what it prints, the blueprint that it writes, and one sentence for every mistake."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from assay import seeds
from assay.cli.main import app
from assay.distributions import Gamma
from assay.errors import InputError
from assay.serving.analysis.observed import observe
from assay.spec import load_blueprint


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = seeds.stream(1, "test.cli.fit")
    counts = rng.poisson(Gamma(1.0, 4.0).draw(rng, 300))
    unit = np.repeat([f"u{i}" for i in range(300)], counts)
    days = pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.uniform(0, 28, len(unit)), unit="D")
    events = pd.DataFrame(
        {"who": unit, "when": days, "amount": np.round(Gamma(2.0, 30.0).draw(rng, len(unit)), 2)}
    )
    events.to_parquet("events.parquet")
    events.to_csv("events.csv", index=False)
    cells = {
        "id": range(6),
        "y": ["0", "1.5", "", "4", "0", "9"],
        "arm": list("aabbab"),
        "x": [1, 2, 3, 4, 5, 6],
    }
    pd.DataFrame(cells).to_csv("units.csv", index=False)
    return tmp_path


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


EVENTS = ("--unit", "who", "--value", "amount", "--time", "when")


@pytest.mark.parametrize("name", ["events.csv", "events.parquet"])
def test_events_become_a_blueprint(name: str, home: Path) -> None:
    found = assay("fit", name, *EVENTS, "--units", "300", "--weeks", "4", "-o", "shop.yaml")
    assert found.exit_code == 0, found.output
    assert "of 300 units in 4 weeks" in found.stdout
    assert all(words in found.stdout for words in ("negative binomial", "gamma", "BIC", "value_per_unit"))
    assert "the two halves of the time correlate" in found.stdout
    blueprint = load_blueprint(home / "shop.yaml")
    assert blueprint.name == "shop"
    assert blueprint.population is not None
    assert blueprint.population.initial == 300
    rate = blueprint.generated("trades").rate
    assert rate.mean == pytest.approx(1.0, rel=0.2)
    assert "Fitted to" in (home / "shop.yaml").read_text()


def test_both_formats_fit_alike(home: Path) -> None:
    for name in ("csv", "parquet"):
        assay("fit", f"events.{name}", *EVENTS, "-o", f"out_{name}.yaml")
    one, other = (load_blueprint(home / f"out_{name}.yaml") for name in ("csv", "parquet"))
    assert one.facts == other.facts


def test_repeated_units_without_a_time_are_events_of_one_week() -> None:
    found = assay("fit", "events.csv", "--unit", "who", "--value", "amount")
    assert "units in 1 week" in found.stdout
    assert "events per unit" in found.stdout
    assert "halves" not in found.stdout


def test_rows_of_the_control_only_and_missing_values_are_counted() -> None:
    found = assay(
        "fit",
        "units.csv",
        "--unit",
        "id",
        "--value",
        "y",
        "--arm",
        "arm",
        "--control",
        "b",
        "--covariate",
        "x",
    )
    assert found.exit_code == 0, found.output
    assert "2 rows of 2 units in 1 week, 1 rows left out" in found.stdout


def test_thorntons_control_arm(home: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package reads an old Stata format
        from causaldata import thornton_hiv

        data = thornton_hiv.load_pandas().data
    data.insert(0, "person", range(len(data)))
    data.to_csv("thornton.csv", index=False)
    options = [
        "--unit",
        "person",
        "--value",
        "got",
        "--arm",
        "any",
        "--control",
        "0",
        "--covariate",
        "distvct",
    ]
    found = assay("fit", "thornton.csv", *options, "-o", "thornton.yaml")
    assert found.exit_code == 0, found.output
    control = data[(data["any"] == 0) & data["got"].notna() & data["distvct"].notna()]
    assert f"{len(control):,} rows" in found.stdout
    assert "values are 0 or 1 (bernoulli)" in found.stdout.lower()
    rate = load_blueprint(home / "thornton.yaml").generated("trades").rate
    assert 1 - float(rate.laplace(1.0)) == pytest.approx(control["got"].mean())


def test_values_that_resemble_each_other_are_noted() -> None:
    rng = seeds.stream(1, "test.cli.alike")
    level = np.exp(rng.normal(3, 1.5, 200))
    unit = np.repeat(np.arange(200), 1 + rng.poisson(4, 200))
    pd.DataFrame({"u": unit, "v": level[unit]}).to_csv("alike.csv", index=False)
    found = assay("fit", "alike.csv", "--unit", "u", "--value", "v")
    assert "draws a unit's values independently" in found.stdout.replace("\n", " ")
    pd.DataFrame({"u": unit, "v": level[unit] / 1e5}).to_csv("small.csv", index=False)
    small = assay("fit", "small.csv", "--unit", "u", "--value", "v")
    assert "fit them in a smaller unit" in small.stdout.replace("\n", " ")


def test_times_in_any_iso_form() -> None:
    pd.DataFrame(
        {"t": ["2026-01-05", "2026-01-12T00:00:00Z", "2026-01-19 01:00:00+01:00", ""], "v": [1, 2, 3, 4]}
    ).to_csv("times.csv", index=False)
    seen = observe(Path("times.csv"), value="v", time="t")
    assert seen.at is not None
    np.testing.assert_allclose(np.diff(seen.at), [1, 1])
    assert (seen.dropped, seen.units, seen.weeks) == (1, 3, 4.0)
    assert observe(Path("times.csv"), value="v").weeks == 1.0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none.csv", "--unit", "id", "--value", "y"], "there is no file none.csv"),
        (["units.csv", "--unit", "idd", "--value", "y"], "there is no unit column 'idd'; did you mean 'id'?"),
        (["units.csv", "--unit", "id", "--value", "arm"], "metric column 'arm' has the text 'a' in row 1"),
        (
            ["units.csv", "--unit", "id", "--value", "y", "--arm", "arm"],
            "--arm and --control belong together",
        ),
        (["units.csv", "--unit", "id", "--value", "y", "--time", "arm"], "time column 'arm' is not readable"),
        (["units.csv", "--unit", "id", "--value", "y", "--units", "3"], "units is 3, but 5 units have a row"),
        (
            ["units.csv", "--unit", "id", "--value", "y", "--units", "9", "--covariate", "x"],
            "--units and --covariate exclude each other",
        ),
        (["units.csv", "--unit", "id", "--value", "y", "--weeks", "0"], "weeks is 0; it must be above 0"),
        (
            ["units.csv", "--unit", "id", "--value", "y", "-o", "no/where.yaml"],
            "no/where.yaml cannot be written",
        ),
        (
            ["events.parquet", "--unit", "who", "--value", "amount", "--time", "amount"],
            "time column 'amount' holds double; write times as",
        ),
    ],
)
def test_refusals(arguments: list[str], sentence: str, home: Path) -> None:
    found = assay("fit", *arguments)
    assert found.exit_code == 2
    assert sentence in found.stderr
    assert found.stderr.count("\n") == 1
    assert not list(home.glob("*.yaml"))


def test_units_of_no_plain_type_are_refused() -> None:
    pd.DataFrame({"u": [[1], [2]], "v": [1.0, 2.0]}).to_parquet("nested.parquet")
    with pytest.raises(InputError, match="units are named by text or numbers"):
        observe(Path("nested.parquet"), value="v", unit="u")
    pd.DataFrame({"u": [1], "v": [None]}, dtype=float).to_parquet("empty.parquet")
    with pytest.raises(InputError, match="has no row with value, unit"):
        observe(Path("empty.parquet"), value="v", unit="u")
