"""Makes the golden numbers of the statistics: `python tests/reference/make_stats.py` rewrites `stats/*.json`.

Nothing here imports Assay. Closed forms come from other implementations (SciPy, statsmodels), everything
else from slow twins in 80-digit arithmetic that follow definitions, not formulas: a restricted likelihood is
maximised by bisection of its derivative, an interval is found by bisection of the test.
"""

from __future__ import annotations

import itertools
import json
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import mpmath as mp
import numpy as np
import scipy
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import proportions_ztest

FOLDER = Path(__file__).parent / "stats"
Case = dict[str, object]
mp.mp.dps = 80


def bisect(function: Callable[[mp.mpf], mp.mpf], low: mp.mpf, high: mp.mpf) -> mp.mpf:
    """The root between two ends of unlike signs, to 30 digits of their distance."""
    low, high = mp.mpf(low), mp.mpf(high)
    rising = function(high) > 0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if (function(middle) > 0) == rising else (middle, high)
    return (low + high) / 2


def t_quantile(df: mp.mpf, tail: float) -> mp.mpf:
    """The t at which the upper tail is `tail`."""
    return bisect(
        lambda t: 2 * tail - mp.betainc(df / 2, 0.5, 0, df / (df + t * t), regularized=True), 0, 10**6
    )


def t_tails(df: mp.mpf, t: mp.mpf) -> mp.mpf:
    """Two-sided p-value of a t statistic."""
    return mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True)


def arm(y: list[float], d: list[float] | None) -> tuple[mp.mpf, mp.mpf, mp.mpf]:
    """Estimate, sampling variance and degrees of freedom of a mean or of a ratio of sums."""
    ys, ds = [mp.mpf(v) for v in y], [mp.mpf(v) for v in d or [1.0] * len(y)]
    ratio, mean_d, n = mp.fsum(ys) / mp.fsum(ds), mp.fsum(ds) / len(ds), len(ys)
    residuals = [(a - ratio * b) / mean_d for a, b in zip(ys, ds, strict=True)]
    return ratio, mp.fsum(r * r for r in residuals) / (n - 1) / n, mp.mpf(n - 1)


def lift_case(y: list[list[float]], d: list[list[float]] | None, alpha: float) -> Case:
    """Difference and lift by bisection of the pivot (treatment - (1 + L)·control) / its standard error."""
    (c, v_c, f_c), (t, v_t, f_t) = (arm(y[i], d[i] if d else None) for i in (0, 1))
    square = v_c + v_t
    df = square**2 / (v_c**2 / f_c + v_t**2 / f_t)
    q = t_quantile(df, alpha / 2)

    def pivot(lift: mp.mpf) -> mp.mpf:
        return (t - (1 + lift) * c) / mp.sqrt(v_t + (1 + lift) ** 2 * v_c)

    lift = t / c - 1
    far = mp.mpf(10) ** 6
    bounded = c * c > q * q * v_c
    below = bisect(lambda x: abs(pivot(x)) - q, lift - far, lift) if bounded else mp.ninf
    above = bisect(lambda x: abs(pivot(x)) - q, lift, lift + far) if bounded else mp.inf
    root = mp.sqrt(square)
    named = {
        "estimate": t - c, "std_error": root, "statistic": (t - c) / root, "df": df,
        "p_value": t_tails(df, (t - c) / root),
        "lower": t - c - q * root, "upper": t - c + q * root,
        "relative_estimate": lift, "relative_lower": below, "relative_upper": above,
    }  # fmt: skip
    return {"y": y, "d": d, "alpha": alpha, "effect": {k: float(v) for k, v in named.items()}}


def samples(seed: int, sizes: tuple[int, int], shift: float) -> list[list[float]]:
    """Two rounded samples, the second shifted."""
    rng = np.random.default_rng(seed)
    return [np.round(rng.gamma(2.0, 3.0, size) + i * shift, 3).tolist() for i, size in enumerate(sizes)]


def lifts() -> list[Case]:
    """Means and ratios, bounded and unbounded lifts, small and large levels."""
    cases = [
        lift_case(samples(1, (8, 11), 2.0), None, 0.05),
        lift_case(samples(2, (30, 5), 0.5), None, 0.01),
        lift_case(samples(3, (2, 3), 4.0), None, 0.2),
        lift_case([[-5.1, -4.2, -6.6, -5.0], [-3.0, -2.5, -3.9]], None, 0.05),
        lift_case([[0.5, -0.4, 0.1, 0.3], [1.0, 2.0, 1.5, 1.2]], None, 0.05),
    ]
    for seed, alpha in ((4, 0.05), (5, 0.001)):
        y = samples(seed, (12, 9), 1.0)
        rng = np.random.default_rng(seed)
        d = [rng.integers(1, 9, len(side)).astype(float).tolist() for side in y]
        cases.append(lift_case(y, d, alpha))
    return cases


def welch() -> list[Case]:
    """SciPy's ttest_ind without equal variances."""
    cases: list[Case] = []
    for seed, sizes, shift in (
        (11, (6, 9), 1.0),
        (12, (40, 25), 3.0),
        (13, (3, 3), -2.0),
        (14, (200, 150), 0.2),
    ):
        control, treatment = samples(seed, sizes, shift)
        test = stats.ttest_ind(treatment, control, equal_var=False)
        ends = test.confidence_interval(0.95)
        effect = {
            "statistic": test.statistic, "df": test.df, "p_value": test.pvalue,
            "lower": ends.low, "upper": ends.high,
        }  # fmt: skip
        cases.append({"y": [control, treatment], "effect": {k: float(v) for k, v in effect.items()}})
    return cases


def likelihood_root(
    x_c: int,
    n_c: int,
    x_t: int,
    n_t: int,
    map_t: Callable[[mp.mpf], mp.mpf],
    slope: mp.mpf,
    low: mp.mpf,
    high: mp.mpf,
) -> mp.mpf:
    """The p_c that maximises the likelihood when p_t = map_t(p_c), of derivative `slope`."""

    def score(p: mp.mpf) -> mp.mpf:
        other = map_t(p)
        terms = [x_c / p if x_c else 0, -(n_c - x_c) / (1 - p) if n_c > x_c else 0]
        terms += [slope * x_t / other if x_t else 0, -slope * (n_t - x_t) / (1 - other) if n_t > x_t else 0]
        return mp.fsum(terms)

    tiny = (high - low) * mp.mpf(10) ** -38
    if score(low + tiny) <= 0:
        return low
    return high if score(high - tiny) >= 0 else bisect(score, low + tiny, high - tiny)


def score_statistic(table: tuple[int, int, int, int], value: mp.mpf, *, relative: bool) -> mp.mpf:
    """|distance| over its standard error under the hypothesis: difference = value, or ratio = value."""
    x_c, n_c, x_t, n_t = table
    slope = value if relative else mp.mpf(1)
    low = mp.mpf(0) if relative else max(mp.mpf(0), -value)
    high = min(mp.mpf(1), 1 / value) if relative else min(mp.mpf(1), 1 - value)

    def map_t(p: mp.mpf) -> mp.mpf:
        return p * value if relative else p + value

    p = likelihood_root(x_c, n_c, x_t, n_t, map_t, slope, low, high)
    other = map_t(p)
    distance = mp.mpf(x_t) / n_t - (value * x_c / n_c if relative else mp.mpf(x_c) / n_c + value)
    variance = p * (1 - p) / n_c * (value**2 if relative else 1) + other * (1 - other) / n_t
    return abs(distance) / mp.sqrt(variance) if variance > 0 else mp.inf


def score_case(table: tuple[int, int, int, int], alpha: float) -> Case:
    """Score intervals by bisection of the restricted test; None where there is no finite end."""
    x_c, n_c, x_t, n_t = table
    z = mp.sqrt(2) * mp.erfinv(1 - mp.mpf(alpha))
    middle = mp.mpf(x_t) / n_t - mp.mpf(x_c) / n_c
    tiny = mp.mpf(10) ** -30

    def gap(value: mp.mpf, *, relative: bool) -> mp.mpf:
        return score_statistic(table, value, relative=relative) - z

    lower = mp.mpf(-1) if middle == -1 else bisect(lambda v: gap(v, relative=False), -1 + tiny, middle - tiny)
    upper = mp.mpf(1) if middle == 1 else bisect(lambda v: gap(v, relative=False), middle + tiny, 1 - tiny)
    effect: dict[str, float | None] = {
        "lower": float(lower),
        "upper": float(upper),
        "relative_lower": -1.0,
        "relative_upper": None,
    }
    if x_t:
        top = mp.mpf(x_t) * n_c / (x_c * n_t) if x_c else mp.mpf(10) ** 9
        effect["relative_lower"] = float(bisect(lambda v: gap(v, relative=True), tiny, top * (1 - tiny)) - 1)
    if x_c:
        bottom = mp.mpf(x_t) * n_c / (x_c * n_t)
        effect["relative_upper"] = float(
            bisect(lambda v: gap(v, relative=True), max(bottom, tiny) * (1 + tiny), mp.mpf(10) ** 9) - 1
        )
    return {"table": list(table), "alpha": alpha, "effect": effect}


def scores() -> list[Case]:
    """Tables (successes, units of control, then of treatment): in the middle, on the edge, rare events."""
    tables = (
        (48, 80, 56, 70), (3, 10, 9, 10), (2, 7, 6, 7), (0, 29, 5, 56), (0, 20, 10, 10), (2, 5, 7, 7),
        (10, 10, 9, 10), (5, 56, 0, 29), (3, 4, 0, 5), (1, 1, 0, 1), (10, 10, 10, 10),
        (12, 10**6, 31, 10**6), (500_000, 10**6, 500_900, 10**6), (999_990, 10**6, 999_970, 10**6),
        (3, 2 * 10**9, 9, 10**9),
    )  # fmt: skip
    return [score_case(table, alpha) for table in tables for alpha in (0.05, 0.001)]


def pooled() -> list[Case]:
    """statsmodels' pooled z-test."""
    cases: list[Case] = []
    for x_c, n_c, x_t, n_t in ((48, 80, 56, 70), (3, 10, 9, 10), (120, 4000, 171, 4100)):
        z, p = proportions_ztest([x_t, x_c], [n_t, n_c])
        cases.append({"table": [x_c, n_c, x_t, n_t], "effect": {"statistic": float(z), "p_value": float(p)}})
    return cases


def powers() -> list[Case]:
    """statsmodels: effect in standard errors = Cohen's d times the root of n/2, df = 2n - 2."""
    cases: list[Case] = []
    for size, n, alpha in (
        (0.2, 50, 0.05),
        (0.5, 20, 0.05),
        (0.8, 6, 0.01),
        (0.1, 1000, 0.1),
        (1.5, 4, 0.05),
    ):
        base = {"effect": size * (n / 2) ** 0.5, "alpha": alpha}
        heavy = TTestIndPower().power(size, n, alpha, df=2 * n - 2)
        cases.append({**base, "df": 2 * n - 2, "power": float(heavy)})
        cases.append({**base, "df": None, "power": float(NormalIndPower().power(size, n, alpha))})
    return cases


def power_twin() -> list[Case]:
    """P(|Z + effect| > t·S), S² a chi-square over its degrees of freedom, by quadrature over S."""
    cases: list[Case] = []
    for df, alpha, effect in itertools.product(
        (2, 3, 6, 30, 180, 5000), (0.2, 0.05, 1e-4), (0.0, 1.0, 2.8, 6.0)
    ):
        half = mp.mpf(df) / 2
        log_constant = mp.log(2) + half * mp.log(half) - mp.loggamma(half)
        with mp.workdps(20):
            t = t_quantile(mp.mpf(df), alpha / 2)

            def density(
                s: mp.mpf, t: mp.mpf = t, c: mp.mpf = log_constant, df: int = df, e: float = effect
            ) -> mp.mpf:
                weight = mp.exp(c + (df - 1) * mp.log(s) - df * s * s / 2)
                return weight * (mp.ncdf(e - t * s) + mp.ncdf(-e - t * s))

            sd = 1 / mp.sqrt(2 * df)
            ends = sorted({mp.mpf(max(0.0, float(1 + k * sd))) for k in (-13, -6, -3, -1, 0, 1, 3, 6, 13)})
            value = mp.quad(density, [*ends, ends[-1] + 4])
        cases.append({"df": df, "alpha": alpha, "effect": effect, "power": float(value)})
    return cases


def families() -> list[Case]:
    """statsmodels' multipletests."""
    raw = [[0.01, 0.04, 0.03, 0.005], [0.012, 0.5, 0.013, 0.02, 0.9], [0.2], [0.05, 0.05, 0.001]]
    cases: list[Case] = []
    for p_values in raw:
        for name in ("bonferroni", "holm"):
            rejected, adjusted, _, _ = multipletests(p_values, 0.05, name)
            cases.append(
                {"name": name, "p": p_values, "adjusted": adjusted.tolist(), "rejected": rejected.tolist()}
            )
    return cases


def allocations() -> list[Case]:
    """SciPy's chisquare over the arms that have a share."""
    cases: list[Case] = []
    plans = (
        ([5200, 5000], [0.5, 0.5]), ([334, 341, 290], [1 / 3] * 3), ([9100, 1000], [0.9, 0.1]),
        ([100_000, 103_000], [0.5, 0.5]),
    )  # fmt: skip
    for users, shares in plans:
        expected = np.array(shares) * sum(users)
        cases.append(
            {"observed": users, "shares": shares, "p_value": float(stats.chisquare(users, expected).pvalue)}
        )
    return cases


def nist() -> list[Case]:
    """NIST StRD, one-way ANOVA AtmWtAg (public domain, in SciPy's own test data): the data as certified."""
    path = Path(scipy.__file__).parent / "stats/tests/data/nist_anova/AtmWtAg.dat"
    lines = path.read_text().splitlines()
    rows = [line.split() for line in lines[60:] if len(line.split()) == 2]
    between = next(line.split() for line in lines if line.startswith("Between"))
    groups = [[float(v) for g, v in rows if g == name] for name in ("1", "2")]
    return [{"name": "AtmWtAg", "groups": groups, "certified_f": float(between[-1])}]


BOOKS: dict[str, tuple[str, Callable[[], list[Case]]]] = {
    "welch": ("scipy.stats.ttest_ind(equal_var=False)", welch),
    "lift": ("80-digit twin: bisection of Fieller's pivot", lifts),
    "score": ("80-digit twin: bisection of the restricted likelihood and of the score test", scores),
    "pooled": ("statsmodels proportions_ztest", pooled),
    "power": ("statsmodels TTestIndPower, NormalIndPower", powers),
    "power_twin": ("80-digit twin: quadrature over the estimated standard error", power_twin),
    "multiple": ("statsmodels multipletests", families),
    "srm": ("scipy.stats.chisquare", allocations),
    "nist": ("NIST Statistical Reference Datasets, certified values", nist),
}


def main() -> int:
    """Write every book."""
    FOLDER.mkdir(exist_ok=True)
    versions = {name: version(name) for name in ("numpy", "scipy", "statsmodels", "mpmath")}
    for name, (source, make) in BOOKS.items():
        head = {
            "source": source,
            "versions": {"python": platform.python_version(), **versions},
            "command": "python tests/reference/make_stats.py",
            "date": datetime.now(UTC).date().isoformat(),
        }
        # JSON has no infinity: null stands for an end that is not finite.
        text = json.dumps({**head, "cases": _finite(make())}, indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n")
    return 0


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


if __name__ == "__main__":
    sys.exit(main())
