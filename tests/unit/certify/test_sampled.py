"""Certificates of methods that need units: known rates on known data, whatever the order of the units."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.stats import binom

from assay.certify.certificate import Certificate
from assay.certify.diagnosis.sampled import REPLICATES, UNITS, certify_sampled
from assay.certify.rerandomise import Units
from assay.seeds import stream
from assay.stats import named

DRAWN = stream(3, "test.sampled").exponential(10.0, 3 * UNITS)


def certified(method: str, units: Units, **options: float) -> Certificate:
    return certify_sampled(
        named(method), units, metric="value", as_of=date(2026, 1, 12), seed=7, week=1, alpha=0.05,
        total=len(units.y), options=options,
    )  # fmt: skip


def band() -> tuple[float, float]:
    """Where the rate of an exact test at 5 % lies but for one case in a million."""
    low, high = binom.interval(1 - 1e-6, REPLICATES, 0.05)
    return low / REPLICATES, high / REPLICATES


@pytest.mark.parametrize("order", ["as drawn", "sorted"])
def test_a_rank_test_holds_its_level_whatever_the_order(order: str) -> None:
    """Halves that were not drawn anew would differ wholly in sorted units."""
    drawn = DRAWN[:UNITS]
    found = certified("mann_whitney", Units(np.sort(drawn) if order == "sorted" else drawn))
    assert band()[0] <= found.type_i_error <= band()[1]
    assert (found.n_control, found.n_treatment) == (UNITS // 2, UNITS // 2)
    assert found.coverage is not None
    assert found.coverage == pytest.approx(1 - found.type_i_error, abs=0.01)
    assert found.power is None


def test_times_are_split_with_their_events() -> None:
    watched = np.minimum(DRAWN, 14.0)
    found = certified("restricted_mean", Units(watched, (DRAWN <= 14.0) * 1.0), tau=10.0)
    assert band()[0] <= found.type_i_error <= band()[1]
    assert (
        found.scenario == f"A/A: random halves of {UNITS:,} control units, chosen by hash from {3 * UNITS:,}"
    )


def test_a_method_that_always_rejects_is_called_liberal() -> None:
    honest = named("mann_whitney")

    def rash(*arms: object, **options: object) -> object:
        answer = honest.function(*arms, **options)
        return replace(answer, p_value=np.zeros_like(answer.p_value))

    found = certify_sampled(
        replace(honest, function=rash), Units(DRAWN), metric="value", as_of=date(2026, 1, 12), seed=7,
        week=1, alpha=0.05, total=len(DRAWN),
    )  # fmt: skip
    assert (found.type_i_error, found.verdict) == (1.0, "liberal")
    assert "it sees effects that are not there" in str(found.recommendation)


def test_equal_arguments_give_equal_certificates() -> None:
    assert certified("quantile_melded", Units(DRAWN), q=0.5) == certified(
        "quantile_melded", Units(DRAWN), q=0.5
    )
