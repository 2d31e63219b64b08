"""What if sessions are analysed as if they were randomised, when users were?

A user has 1 + Poisson(4) sessions, whose values have variance 1 and correlate by r within the user. The
variance of the mean per session is D = 1 + r·(E d² / E d - 1) times what independent sessions would have, so
that a test at 5 % which takes them for independent rejects with probability 2·Φ(-1.96 / √D). The delta method
is right whatever r is.

References:
    Deng, Knoblich and Lu (2018), Applying the Delta Method in Metric Analytics: A Practical Guide with Novel
    Ideas, section 3. Kish (1965), Survey Sampling (the design effect D).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.certify.published.figures import Measured, rate, theory
from assay.certify.published.registry import publication
from assay.certify.published.simulation import Simulation
from assay.certify.published.table import Row
from assay.stats import METHODS, Moments

ALPHA = 0.05
CORRELATIONS = (0.0, 0.1, 0.5)
USERS = 400
_EXTRA = 4.0
_BLOCK = 200


@publication(
    name="ratio_variance",
    title="The delta method against naive ratios",
    source=(
        "Deng, Knoblich and Lu (2018), Applying the Delta Method in Metric Analytics: A Practical Guide "
        "with Novel Ideas, KDD: 233-242."
    ),
    compares=(
        f"False alarms at level {ALPHA:g} of a metric per session, {USERS} randomised users per arm with 1 "
        "+ Poisson(4) sessions each, and the variance that a test reports over the true one. Ours: "
        "`welch` on sessions as if they were randomised, `ratio_delta` on users; theory: the design "
        "effect. The paper prints no table of it."
    ),
    replicates=10_000,
)
def rows(simulation: Simulation) -> tuple[Row, ...]:
    """Four rows per correlation of a user's sessions."""
    found = simulation.run(CORRELATIONS, _experiments, block=_BLOCK)
    return tuple(
        row
        for rho, figures in zip(CORRELATIONS, found, strict=True)
        for row in _rows(rho, _design_effect(rho), figures)
    )


def _rows(rho: float, effect: float, figures: NDArray[np.float64]) -> tuple[Row, ...]:
    naive_alarm, naive_variance, delta_alarm, delta_variance, estimate = figures
    naive_level = 2 * float(special.ndtr(special.ndtri(ALPHA / 2) / math.sqrt(effect)))
    return (
        theory(f"r = {rho:g}: false alarms, sessions", naive_level, 3, rate(naive_alarm)),
        theory(f"r = {rho:g}: false alarms, delta method", ALPHA, 3, rate(delta_alarm)),
        theory(
            f"r = {rho:g}: variance reported over true, sessions",
            1 / effect,
            2,
            _share(naive_variance, estimate),
        ),
        theory(
            f"r = {rho:g}: variance reported over true, delta method",
            1.0,
            2,
            _share(delta_variance, estimate),
        ),
    )


def _design_effect(rho: float) -> float:
    mean = 1 + _EXTRA
    return 1 + rho * ((mean**2 + _EXTRA) / mean - 1)


def _share(reported: NDArray[np.float64], estimate: NDArray[np.float64]) -> Measured:
    """Mean reported variance over that of the estimates, whose relative error is √(2 / replicates)."""
    share = float(np.mean(reported) / np.var(estimate, ddof=1))
    return Measured(share, share * math.sqrt(2 / estimate.size))


def _experiments(generator: np.random.Generator, size: int, rho: float) -> NDArray[np.float64]:
    (sessions_c, users_c), (sessions_t, users_t) = (_arm(generator, size, rho) for _ in range(2))
    naive = METHODS["welch"](sessions_c, sessions_t, alpha=ALPHA)
    delta = METHODS["ratio_delta"](users_c, users_t, alpha=ALPHA)
    return np.stack([
        naive.p_value < ALPHA,
        naive.std_error**2,
        delta.p_value < ALPHA,
        delta.std_error**2,
        delta.estimate,
    ])  # fmt: skip


def _arm(generator: np.random.Generator, size: int, rho: float) -> tuple[Moments, Moments]:
    """One arm with the session as its unit, and with the user (y the sum over sessions, d their number)."""
    shape = (size, USERS)
    sessions = 1 + generator.poisson(_EXTRA, shape).astype(np.float64)
    level = 1 + math.sqrt(rho) * generator.standard_normal(shape)
    mean = level + np.sqrt((1 - rho) / sessions) * generator.standard_normal(shape)
    within = 2 * (1 - rho) * generator.standard_gamma((sessions - 1) / 2)
    by_session = Moments(n=sessions, mean_y=mean, m2_y=within).merge_all()
    return by_session, Moments.of(mean * sessions, sessions)
