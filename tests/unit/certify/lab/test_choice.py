"""The rule that certificates imply, and the defaults that it is held against."""

from __future__ import annotations

from dataclasses import replace

from assay.certify.certificate import HOLDS, LIBERAL, Certificate
from assay.certify.lab.choice import best, default_of, rivals, unfit_defaults

CELL = "gamma-1:200:50/50"


def a(method: str, *, power: float, verdict: str = HOLDS, scenario: str = CELL) -> Certificate:
    return Certificate(
        certificate_id=method, kind="simulated", method=method, method_version="1", scenario=scenario,
        n_control=200, n_treatment=200, replicates=20_000, alpha=0.05, type_i_error=0.05, lower=0.047,
        upper=0.053, tolerance=0.005, verdict=verdict, seed=1, power=power, power_lower=power - 0.01,
        power_upper=power + 0.01,
    )  # fmt: skip


def test_the_most_powerful_fit_method_is_the_best() -> None:
    found = [a("welch", power=0.7), a("skew_t", power=0.8), a("z_means", power=0.9, verdict=LIBERAL)]
    chosen = best(found, CELL)
    assert chosen is not None
    assert chosen.method == "skew_t"


def test_one_measured_within_the_tolerance_goes_before_one_not_proved_outside() -> None:
    rough = replace(a("skew_t", power=0.9), type_i_error=0.06, replicates=2_000)
    chosen = best([a("welch", power=0.7), rough], CELL)
    assert chosen is not None
    assert chosen.method == "welch"
    assert best([rough], CELL) == rough, "where there is no other"


def test_the_default_stays_where_no_other_is_better_beyond_error() -> None:
    found = [a("welch", power=0.79), a("student", power=0.8)]
    chosen = best(found, CELL)
    assert chosen is not None
    assert chosen.method == "welch"


def test_other_questions_and_poorly_measured_methods_are_no_rivals() -> None:
    other = [a("mann_whitney", power=0.99), a("trimmed", power=0.99), a("normal_normal", power=0.99)]
    assert rivals(other, CELL) == []
    rough = replace(a("permutation", power=0.99), replicates=500)
    assert best([rough], CELL) is None
    assert best([a("welch", power=0.8, verdict=LIBERAL)], CELL) is None


def test_defaults_by_kind_of_data() -> None:
    wanted = {
        "gamma-1": "welch",
        "poisson-3": "welch",
        "bernoulli-0.1": "proportions_score",
        "ratio": "ratio_delta",
        "clusters": None,
        "pairs": None,
        "covariate-0.7": None,
        "waiting": None,
    }
    assert {name: default_of(f"{name}:200:50/50") for name in wanted} == wanted


def test_a_liberal_default_is_named() -> None:
    liberal = a("welch", power=0.8, verdict=LIBERAL)
    assert unfit_defaults([liberal, a("student", power=0.8, verdict=LIBERAL)]) == [liberal]
    small = replace(liberal, scenario="gamma-1:50:50/50")
    uneven = replace(liberal, scenario="gamma-1:200:90/10")
    peeking = replace(liberal, scenario="gamma-1:1000:50/50:20 looks")
    assert unfit_defaults([small, uneven, peeking]) == []
