"""Which methods are asked, and which one is chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assay.certify.certificate import CONSERVATIVE, HOLDS, LIBERAL
from assay.certify.diagnosis.candidates import alternatives, better, by_usefulness, falls_short
from assay.certify.diagnosis.rates import Rates
from assay.certify.rerandomise import Units
from assay.stats import named

AMOUNTS = np.array([0.0, 1.5, 2.5, 0.0])
COUNTS = np.array([0.0, 1.0, 2.0, 3.0])
CHOSEN = Rates(
    method="chosen", method_version="1", replicates=2000, alpha=0.05, type_i_error=0.05, lower=0.04,
    upper=0.06, tolerance=0.005, verdict=HOLDS, lift=0.1, power=0.8, power_lower=0.78, power_upper=0.82,
    coverage=0.95, coverage_lower=0.94, coverage_upper=0.96,
)  # fmt: skip
STRONG = replace(CHOSEN, method="strong", power=0.9, power_lower=0.88, power_upper=0.92)


def names(method: str, kind: str, units: Units) -> set[str]:
    return {other.name for other in alternatives(named(method), kind, units)}  # type: ignore[arg-type]


# Relations.
def test_alternatives_answer_the_same_question_from_the_same_moments() -> None:
    found = names("welch", "mean", Units(-AMOUNTS))
    assert {"student", "z_means", "lift_log"} <= found
    assert not {"welch", "cuped", "mixture_sprt", "gamma_poisson", "bootstrap_t", "rate_score"} & found
    assert "cuped" in names("welch", "mean", Units(AMOUNTS, None, AMOUNTS))
    shares = names("proportions_score", "proportion", Units(np.ones(4)))
    assert "newcombe" in shares
    assert not {"barnard", "boschloo", "fisher", "beta_binomial"} & shares


def test_methods_for_counts_are_asked_about_counts_and_those_for_amounts_about_amounts() -> None:
    assert {"rate_score", "quasi_poisson", "negative_binomial"} <= names("welch", "mean", Units(COUNTS))
    amounts = names("welch", "mean", Units(AMOUNTS))
    assert "compound_poisson_gamma" in amounts
    assert "quasi_poisson" not in amounts
    assert "compound_poisson_gamma" not in names("welch", "mean", Units(AMOUNTS + 1))


def test_clearly_more_power_is_better_and_a_little_more_is_not() -> None:
    little = replace(CHOSEN, method="little", power=0.81, power_lower=0.79, power_upper=0.83)
    assert better(CHOSEN, [little, STRONG]) is STRONG
    assert better(CHOSEN, [little]) is None
    assert better(CHOSEN, []) is None


def test_what_falls_short_is_replaced_by_what_keeps_its_level() -> None:
    liberal = replace(CHOSEN, verdict=LIBERAL, type_i_error=0.08)
    missing = replace(CHOSEN, coverage=0.9, coverage_lower=0.89, coverage_upper=0.91)
    safe = replace(CHOSEN, method="safe", verdict=CONSERVATIVE, type_i_error=0.03, power=0.7)
    assert falls_short(liberal)
    assert falls_short(missing)
    assert not falls_short(safe)
    for short in (liberal, missing):
        assert better(short, [safe]) is safe
        assert better(short, [safe, CHOSEN]) is CHOSEN
        assert better(short, [replace(short, method="other")]) is None
    assert by_usefulness([liberal, safe, CHOSEN, STRONG]) == [STRONG, CHOSEN, safe, liberal]


# Edges.
def test_a_rate_that_is_only_not_proved_too_high_is_not_recommended() -> None:
    doubtful = replace(STRONG, type_i_error=0.058, lower=0.053)
    assert better(CHOSEN, [doubtful]) is None


def test_without_a_planted_lift_nothing_has_more_power() -> None:
    none = replace(CHOSEN, power=None, power_lower=None, power_upper=None)
    assert better(none, [replace(STRONG, power=None, power_lower=None, power_upper=None)]) is None
