"""Bets: each is fair against results as planted, and wins where its fault is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from assay.certify.gate import bets
from assay.certify.gate.bets import MARGIN, place
from assay.certify.gate.outcomes import FIGURES, Outcomes

EXPERIMENTS, METRICS = ("canary_null", "canary_rate", "canary_value"), ("a", "b")
NO_TRUTH = np.zeros((3, 2))


def at(
    u: np.ndarray | float, *, df: float = 30.0, alpha: float = 0.05, shape: tuple[int, ...] = ()
) -> Outcomes:
    """Outcomes whose estimates, with truth 0, stand at the probability u of a t law."""
    pivot = np.broadcast_to(stats.t.ppf(np.asarray(u), df), shape or np.shape(u)).astype(float)
    half = stats.t.isf(alpha / 2, df)
    figures = {name: np.ones_like(pivot) for name in FIGURES}
    figures |= {
        "estimate": pivot,
        "df": np.full_like(pivot, df),
        "lower": pivot - half,
        "upper": pivot + half,
    }
    return Outcomes(EXPERIMENTS, METRICS, figures)


def factor(u: float, name: str, stream: int = 0) -> float:
    placed = place(at(u, shape=(1, 3, 2)), NO_TRUTH, alpha=0.05)
    return float(placed.factors[0, stream, placed.names.index(name)]) / (1 - MARGIN)


NAMES = place(at(0.5, shape=(1, 3, 2)), NO_TRUTH, alpha=0.05).names


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_bet_is_fair_against_a_uniform_number(name: str) -> None:
    """Integral 1 over u, by quadrature; intervals change at alpha / 2."""
    ends = [1e-12, 1e-8, 1e-5, 1e-3, 0.025, 0.5, 0.975, 0.999, 1 - 1e-5, 1 - 1e-8, 1 - 1e-12]
    parts = [
        integrate.quad(factor, a, b, args=(name,), epsabs=1e-7, limit=60)[0]
        for a, b in itertools.pairwise(ends)
    ]
    assert sum(parts) == pytest.approx(1.0, abs=2e-3)  # the far bets hold 1e-3 beyond the ends


@pytest.mark.parametrize(
    ("name", "wins_at", "loses_at"),
    [
        ("too low (0.9)", 0.1, 0.9),
        ("far too low (0.25)", 1e-6, 0.5),
        ("too high (0.4)", 0.9, 0.1),
        ("far too high (0.5)", 1 - 1e-6, 0.5),
        ("p-values too small", 0.05, 0.5),
        ("p-values too large", 0.5, 0.05),
        ("p-values far too small", 1e-6, 0.5),
        ("intervals miss too often", 0.01, 0.5),
        ("intervals miss too seldom", 0.5, 0.01),
    ],
)
def test_a_bet_wins_where_its_fault_is(name: str, wins_at: float, loses_at: float) -> None:
    assert factor(wins_at, name) > 1 > factor(loses_at, name)


def test_all_experiments_together_are_the_product() -> None:
    u = np.linspace(0.1, 0.9, 6).reshape(1, 3, 2)
    placed = place(at(u), NO_TRUTH, alpha=0.05)
    assert placed.streams == (*((e, m) for e in EXPERIMENTS for m in METRICS), ("", "a"), ("", "b"))
    single = placed.factors[0, :6].reshape(3, 2, -1) / (1 - MARGIN)
    np.testing.assert_allclose(placed.factors[0, 6:] / (1 - MARGIN), single.prod(axis=0))


def test_the_truth_is_what_is_bet_on() -> None:
    one = place(at(np.full((1, 3, 2), 0.3)), NO_TRUTH, alpha=0.05)
    moved = at(np.full((1, 3, 2), 0.3))
    for name in ("estimate", "lower", "upper"):
        moved[name][...] += 2.0
    np.testing.assert_allclose(place(moved, NO_TRUTH + 2.0, alpha=0.05).factors, one.factors)


def test_a_number_that_is_missing_counts_as_impossible() -> None:
    missing = at(np.full((1, 3, 2), 0.5))
    missing["estimate"][0, 0, 0] = np.nan
    placed = place(missing, NO_TRUTH, alpha=0.05)
    assert placed.factors[0, 0, placed.names.index("far too low (0.25)")] > 1e8


def test_infinite_or_missing_degrees_of_freedom_mean_a_normal_law() -> None:
    normal = at(np.full((1, 3, 2), 0.2))
    for df in (np.inf, np.nan):
        normal["estimate"][...] = stats.norm.ppf(0.2)
        normal["df"][...] = df
        placed = place(normal, NO_TRUTH, alpha=0.05)
        assert placed.factors[0, 0, placed.names.index("too low (0.9)")] == pytest.approx(
            (1 - MARGIN) * (1 + 0.9 * 0.6)
        )
    assert bets.MARGIN < 0.05
