"""What other tools take for the same comparison: name of our method → tool → a call on one test's data.

Each call does what a user of the tool would: it gives a p-value and, where the tool has one, an interval.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import spotify_confidence as sc
import tea_tasting as tt
from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
from gbstats.models.statistics import (
    ProportionStatistic,
    RatioStatistic,
    RegressionAdjustedStatistic,
    SampleMeanStatistic,
)
from scipy import stats
from statsmodels.stats import oneway, proportion, rates
from statsmodels.stats.weightstats import CompareMeans
from tea_tasting.aggr import Aggregates

warnings.simplefilter("ignore")
Arm = Any
Call = Callable[[], object]


class Inputs:
    """One test's data, as each tool wants it, made before the clock starts.

    Attributes:
        y: The metric of both arms.
        d: A denominator of both arms.
        x: A covariate of both arms.
        successes: Successes of both arms.
        n: Units of an arm.
    """

    def __init__(self, rng: np.random.Generator, n: int) -> None:
        self.n = n
        self.d = rng.poisson(3.0, (2, n)) + 1.0
        self.y = rng.poisson(self.d * rng.gamma(2.0, 1.0, (2, n))).astype(float)
        self.x = self.y + rng.normal(0.0, 2.0, (2, n))
        self.successes = [int(k) for k in np.sum(self.y > 5, axis=1)]


def calls(given: Inputs) -> dict[str, dict[str, Call]]:
    """Every comparison that a peer offers too."""
    n, y = given.n, given.y
    means = [(float(a.mean()), float(a.std(ddof=1)), n) for a in y]
    gb_means = [_gb_mean(a) for a in y]
    tt_arms = [_aggregates(*series) for series in zip(y, given.d, given.x, strict=True)]
    absolute = FrequentistConfig(difference_type="absolute")
    relative = FrequentistConfig(difference_type="relative")
    frame = pd.DataFrame(
        {
            "arm": ["c", "t"],
            "n": [n, n],
            "sum": y.sum(axis=1),
            "square": (y**2).sum(axis=1),
            "k": given.successes,
        }
    )
    (a, b), rest = given.successes, [n - k for k in given.successes]
    table = [[a, rest[0]], [b, rest[1]]]
    totals, exposure = [int(v) for v in y.sum(axis=1)], [float(v) for v in given.d.sum(axis=1)]
    return {
        "welch": {
            "scipy": lambda: stats.ttest_ind_from_stats(*means[1], *means[0], equal_var=False),
            "statsmodels": lambda: _compare(CompareMeans.from_data(y[1], y[0]), "unequal"),
            "gbstats": lambda: TwoSidedTTest(*gb_means, absolute).compute_result(),
            "tea-tasting": lambda: tt.Mean("y").analyze_aggregates(*tt_arms),
            "spotify": lambda: _spotify(
                sc.StudentsTTest(frame, "sum", "square", "n", "arm", interval_size=0.95)
            ),
        },
        "student": {
            "scipy": lambda: stats.ttest_ind_from_stats(*means[1], *means[0]),
            "statsmodels": lambda: _compare(CompareMeans.from_data(y[1], y[0]), "pooled"),
            "tea-tasting": lambda: tt.Mean("y", equal_var=True).analyze_aggregates(*tt_arms),
        },
        "z_means": {
            "tea-tasting": lambda: tt.Mean("y", use_t=False).analyze_aggregates(*tt_arms),
            "spotify": lambda: _spotify(sc.ZTest(frame, "sum", "square", "n", "arm", interval_size=0.95)),
        },
        "lift_delta": {"gbstats": lambda: TwoSidedTTest(*gb_means, relative).compute_result()},
        "ratio_delta": {
            "gbstats": lambda: TwoSidedTTest(*_gb_ratios(given), absolute).compute_result(),
            "tea-tasting": lambda: tt.RatioOfMeans("y", "d").analyze_aggregates(*tt_arms),
        },
        "cuped": {
            "gbstats": lambda: TwoSidedTTest(*_gb_adjusted(given), absolute).compute_result(),
            "tea-tasting": lambda: tt.Mean("y", "x").analyze_aggregates(*tt_arms),
        },
        "proportions_score": {
            "statsmodels": lambda: _two_proportions(given, "score"),
            "gbstats": lambda: TwoSidedTTest(
                *(ProportionStatistic(n=n, sum=k) for k in given.successes), absolute
            ).compute_result(),
            "spotify": lambda: _spotify(sc.ChiSquared(frame, "k", "n", "arm", interval_size=0.95)),
        },
        "newcombe": {
            "statsmodels": lambda: proportion.confint_proportions_2indep(b, n, a, n, method="newcomb")
        },
        "proportions_wald": {"statsmodels": lambda: _two_proportions(given, "wald")},
        "agresti_caffo": {"statsmodels": lambda: _two_proportions(given, "agresti-caffo")},
        "fisher": {"scipy": lambda: stats.fisher_exact(table)},
        "rate_score": {"statsmodels": lambda: _two_rates(totals, exposure, "score")},
        "rate_exact": {"statsmodels": lambda: _two_rates(totals, exposure, "exact-cond")},
        "rate_e_test": {
            "scipy": lambda: stats.poisson_means_test(totals[1], exposure[1], totals[0], exposure[0])
        },
        "mann_whitney": {"scipy": lambda: stats.mannwhitneyu(y[1], y[0])},
        "brunner_munzel": {"scipy": lambda: stats.brunnermunzel(y[1], y[0])},
        "permutation": {
            "scipy": lambda: stats.permutation_test(
                (y[1], y[0]), _difference, n_resamples=1000, vectorized=True
            )
        },
        "bootstrap_percentile": {
            "scipy": lambda: stats.bootstrap(
                (y[1], y[0]), _difference, n_resamples=1000, vectorized=True, method="percentile"
            )
        },
    }


def _difference(a: Arm, b: Arm, axis: int = -1) -> Arm:
    return np.mean(a, axis=axis) - np.mean(b, axis=axis)


def _compare(means: CompareMeans, usevar: str) -> object:
    return means.ttest_ind(usevar=usevar), means.tconfint_diff(usevar=usevar)


def _two_proportions(given: Inputs, method: str) -> object:
    (a, b), n = given.successes, given.n
    return (
        proportion.test_proportions_2indep(b, n, a, n, method=method),
        proportion.confint_proportions_2indep(b, n, a, n, method=method),
    )


def _two_rates(totals: list[int], exposure: list[float], method: str) -> object:
    return rates.test_poisson_2indep(totals[1], exposure[1], totals[0], exposure[0], method=method)


def _spotify(test: Any) -> object:
    return test.difference(level_1="c", level_2="t")


def arms_calls(rng: np.random.Generator, units: int) -> dict[str, dict[str, Call]]:
    """Every comparison of more than two arms that a peer offers too, for four arms."""
    y = list(rng.normal(10.0, 1.0, (4, units)))
    table = rng.integers(100, 400, (4, 3))
    return {
        "anova": {
            "scipy": lambda: stats.f_oneway(*y),
            "statsmodels": lambda: oneway.anova_oneway(y, use_var="equal"),
        },
        "chi_square": {"scipy": lambda: stats.chi2_contingency(table, correction=False)},
        "dunnett": {"scipy": lambda: stats.dunnett(*y[1:], control=y[0]).confidence_interval()},
        "games_howell": {"scipy": lambda: stats.tukey_hsd(*y, equal_var=False).confidence_interval()},
        "kruskal_wallis": {"scipy": lambda: stats.kruskal(*y)},
        "tukey": {"scipy": lambda: stats.tukey_hsd(*y).confidence_interval()},
        "welch_anova": {
            "scipy": lambda: stats.f_oneway(*y, equal_var=False),
            "statsmodels": lambda: oneway.anova_oneway(y, use_var="unequal"),
        },
    }


def _gb_mean(a: Arm) -> SampleMeanStatistic:
    return SampleMeanStatistic(n=len(a), sum=float(a.sum()), sum_squares=float((a**2).sum()))


def _gb_ratios(given: Inputs) -> list[RatioStatistic]:
    return [
        RatioStatistic(
            n=given.n,
            m_statistic=_gb_mean(y),
            d_statistic=_gb_mean(d),
            m_d_sum_of_products=float((y * d).sum()),
        )
        for y, d in zip(given.y, given.d, strict=True)
    ]


def _gb_adjusted(given: Inputs) -> list[RegressionAdjustedStatistic]:
    theta = float(np.cov(given.y.ravel(), given.x.ravel())[0, 1] / given.x.var())
    return [
        RegressionAdjustedStatistic(
            n=given.n,
            post_statistic=_gb_mean(y),
            pre_statistic=_gb_mean(x),
            post_pre_sum_of_products=float((y * x).sum()),
            theta=theta,
        )
        for y, x in zip(given.y, given.x, strict=True)
    ]


def _aggregates(y: Arm, d: Arm, x: Arm) -> Aggregates:
    series = {"y": y, "d": d, "x": x}
    return Aggregates(
        count_=len(y),
        mean_={name: float(v.mean()) for name, v in series.items()},
        var_={name: float(v.var(ddof=1)) for name, v in series.items()},
        cov_={
            pair: float(np.cov(series[pair[0]], series[pair[1]])[0, 1])
            for pair in (("d", "y"), ("x", "y"), ("d", "x"))
        },
    )
