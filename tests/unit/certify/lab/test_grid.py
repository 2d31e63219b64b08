"""Every method has a place in the grid, and a wrong wish one sentence."""

from __future__ import annotations

import pytest

from assay.certify.lab.catalogue import OUTCOMES
from assay.certify.lab.grid import REPLICATES, SIZES, chosen, grid, methods_for, uncertified
from assay.errors import InputError


def test_every_method_of_the_registry_has_a_place() -> None:
    assert uncertified() == []


def test_methods_that_read_moments_have_the_whole_grid() -> None:
    cells = [cell.scenario for cell in grid() if "welch" in cell.methods and cell.scenario.looks == 1]
    gamma = {(s.n, s.treated) for s in cells if s.outcome == "gamma-0.1"}
    assert gamma == {(n, treated) for n in SIZES for treated in (0.5, 0.1)}
    plain = [cell for cell in grid() if not cell.scenario.law.paired and cell.scenario.law.group == 1]
    assert {cell.replicates for cell in plain if "welch" in cell.methods} == {REPLICATES}


def test_the_design_decides_which_methods_suit() -> None:
    assert "cluster_robust" in methods_for("clusters")
    assert "rate_score" not in methods_for("gamma-1")
    assert "rate_score" in methods_for("poisson-3")
    assert "fisher" in methods_for("bernoulli-0.1")
    assert "quantile_melded" not in methods_for("poisson-3")
    assert all(methods_for(outcome) for outcome in OUTCOMES)


def test_choosing() -> None:
    cells = chosen(method="welch", scenario="gamma-0.1", replicates=100)
    assert len(cells) == 10
    assert {cell.methods for cell in cells} == {("welch",)}
    assert {cell.replicates for cell in cells} == {100}
    peeking = chosen(scenario="normal:1000:50/50:20 looks", replicates=100)
    assert len(peeking) == 1
    assert "mixture_sprt" in peeking[0].methods
    other = chosen(method="welch", scenario="gamma-1:77:50/50")
    assert other[0].scenario.n == 77, "a size beside those of the grid"
    assert len(chosen(replicates=100)) == len(list(grid(100)))
    rare = chosen(method="hodges_lehmann", scenario="gamma-1:5000:90/10")
    assert rare[0].replicates == 500, "left out of the grid, but asked for by name"


def test_any_member_of_a_family_can_be_asked_for() -> None:
    cells = chosen(method="cuped", scenario="covariate-0.3", replicates=100)
    assert len(cells) == 10
    assert chosen(method="welch", scenario="gamma-0.3:80:50/50")[0].scenario.law.truth == pytest.approx(10)
    assert "fisher" in methods_for("bernoulli-0.02")
    known = chosen(scenario="gamma-0.1")
    assert known == [cell for cell in grid() if cell.scenario.outcome == "gamma-0.1"]


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"replicates": 99}, "replicates is 99; below 100 an error rate cannot be told from another"),
        ({"scenario": "pareto-0.9"}, "Pareto(scale=1.0, index=0.9) has no finite mean"),
        ({"scenario": "gamma-0"}, "gamma.shape is 0.0; it must be above 0"),
        ({"scenario": "gamma-x"}, "there is no scenario 'gamma-x'"),
        ({"scenario": "covariate-1"}, "correlation is 1; it must lie strictly between -1 and 1"),
        ({"method": "wlch"}, "did you mean 'welch'?"),
        ({"scenario": "gama-1"}, "there is no scenario 'gama-1'; did you mean 'gamma-1'?"),
        (
            {"method": "fisher", "scenario": "gamma-1"},
            "fisher is not measured in scenario gamma-1; there is bernoulli-0.01",
        ),
        ({"method": "paired", "scenario": "pairs:50:90/10"}, "is not of equal arms"),
        (
            {"scenario": "gamma-0.1:1000:50/50:20 looks"},
            "there is bernoulli-0.1, gamma-1, normal",
        ),
    ],
)
def test_refusals(wish: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        chosen(**wish)  # type: ignore[arg-type]
    assert sentence in caught.value.message
