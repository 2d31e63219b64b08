"""Makes the golden books of the core: `python tests/reference/make_core.py` rewrites `books/core_*.json`.

Nothing here imports Assay. Closed forms come from other implementations (SciPy, statsmodels), everything
else from slow twins in 80-digit arithmetic that follow definitions, not formulas: a restricted likelihood is
maximised by bisection of its derivative, an interval is found by bisection of the test.
"""

from __future__ import annotations

import itertools
import json
import math
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

FOLDER = Path(__file__).parent / "books"
Case = dict[str, object]
mp.mp.dps = 80


def compared(
    method: str, control: Case, treatment: Case, alpha: float, expect: dict[str, float], **more: object
) -> Case:
    """A case that compares two arms."""
    arms = {"control": control, "treatment": treatment, "alpha": alpha}
    return {"call": method, "with": arms, "expect": expect, **more}


def units(y: list[float], d: list[float] | None = None) -> Case:
    """An arm from its units."""
    return {"make": "Moments.of", "with": {"y": y} if d is None else {"y": y, "d": d}}


def counts(successes: int, n: int) -> Case:
    """An arm from its counts."""
    return {"make": "Moments.of_counts", "with": {"successes": successes, "n": n}}


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
    arms = [units(y[i], d[i] if d else None) for i in (0, 1)]
    name = "ratio_delta" if d else "welch"
    return compared(name, *arms, alpha, {k: float(v) for k, v in named.items()})


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
        found = {k: float(v) for k, v in effect.items()}
        cases.append(compared("welch", units(control), units(treatment), 0.05, found))
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
    """Score intervals by bisection of the restricted test."""
    x_c, n_c, x_t, n_t = table
    z = mp.sqrt(2) * mp.erfinv(1 - mp.mpf(alpha))
    middle = mp.mpf(x_t) / n_t - mp.mpf(x_c) / n_c
    tiny = mp.mpf(10) ** -30

    def gap(value: mp.mpf, *, relative: bool) -> mp.mpf:
        return score_statistic(table, value, relative=relative) - z

    lower = mp.mpf(-1) if middle == -1 else bisect(lambda v: gap(v, relative=False), -1 + tiny, middle - tiny)
    upper = mp.mpf(1) if middle == 1 else bisect(lambda v: gap(v, relative=False), middle + tiny, 1 - tiny)
    effect = {
        "lower": float(lower),
        "upper": float(upper),
        "relative_lower": -1.0,
        "relative_upper": math.inf,
    }
    if x_t:
        top = mp.mpf(x_t) * n_c / (x_c * n_t) if x_c else mp.mpf(10) ** 9
        effect["relative_lower"] = float(bisect(lambda v: gap(v, relative=True), tiny, top * (1 - tiny)) - 1)
    if x_c:
        bottom = mp.mpf(x_t) * n_c / (x_c * n_t)
        effect["relative_upper"] = float(
            bisect(lambda v: gap(v, relative=True), max(bottom, tiny) * (1 + tiny), mp.mpf(10) ** 9) - 1
        )
    return compared("proportions_score", counts(x_c, n_c), counts(x_t, n_t), alpha, effect)


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
        found = {"statistic": float(z), "p_value": float(p)}
        cases.append(compared("proportions_score", counts(x_c, n_c), counts(x_t, n_t), 0.05, found))
    return cases


def power_case(effect: float, df: float, alpha: float, found: float, **more: object) -> Case:
    """A case of the power of a test whose standard error is 1."""
    given = {"effect": effect, "std_error": 1.0, "df": df, "alpha": alpha}
    return {"call": "power", "with": given, "expect": {"": found}, **more}


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
        heavy = TTestIndPower().power(size, n, alpha, df=2 * n - 2)
        bell = NormalIndPower().power(size, n, alpha)
        for df, found in ((2.0 * n - 2, heavy), (math.inf, bell)):
            cases.append(power_case(size * (n / 2) ** 0.5, df, alpha, float(found)))
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
        cases.append(power_case(effect, float(df), alpha, float(value)))
    return cases


def families() -> list[Case]:
    """statsmodels' multipletests."""
    raw = [[0.01, 0.04, 0.03, 0.005], [0.012, 0.5, 0.013, 0.02, 0.9], [0.2], [0.05, 0.05, 0.001]]
    cases: list[Case] = []
    for p_values in raw:
        for name in ("bonferroni", "holm"):
            adjusted = multipletests(p_values, 0.05, name)[1]
            given = {"p_values": p_values, "alpha": 0.05}
            cases.append({"call": name, "with": given, "expect": {"p_value": adjusted.tolist()}})
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
        given = {"observed": users, "expected_shares": shares}
        found = float(stats.chisquare(users, expected).pvalue)
        cases.append({"call": "srm", "with": given, "expect": {"": found}})
    return cases


def nist_file(name: str, first: int) -> tuple[list[str], list[list[str]]]:
    """Lines of a NIST StRD file (public domain, in SciPy's own test data), and its rows of data."""
    path = Path(scipy.__file__).parent / "stats/tests/data/nist_anova" / f"{name}.dat"
    lines = path.read_text().splitlines()
    return lines, [line.split() for line in lines[first:] if len(line.split()) == 2]


def nist() -> list[Case]:
    """One-way ANOVA AtmWtAg: for two groups of equal size, the pooled and Welch's t are the root of F."""
    lines, rows = nist_file("AtmWtAg", 60)
    f = float(next(line.split() for line in lines if line.startswith("Between"))[-1])
    one, two = ([float(v) for g, v in rows if g == name] for name in ("1", "2"))
    sign = math.copysign(1.0, sum(two) - sum(one))
    return [compared("welch", units(one), units(two), 0.05, {"statistic": sign * math.sqrt(f)})]


def univariate() -> list[Case]:
    """NumAcc1 to 4: mean and standard deviation of data whose digits sums of squares lose."""
    series = {
        "NumAcc1": ([10_000_001.0, 10_000_003.0, 10_000_002.0], 10_000_002.0, 1.0),
        "NumAcc2": ([1.2, *([1.1, 1.3] * 500)], 1.2, 0.1),
        "NumAcc3": ([1_000_000.2, *([1_000_000.1, 1_000_000.3] * 500)], 1_000_000.2, 0.1),
        "NumAcc4": ([10_000_000.2, *([10_000_000.1, 10_000_000.3] * 500)], 10_000_000.2, 0.1),
    }
    return [
        {
            "call": "Moments.of",
            "with": {"y": y},
            "expect": {"mean_y": mean, "var_y": sd**2},
            "tolerance": 2e-8,  # of the variance: 1e-8 of the standard deviation
            "note": name,
        }
        for name, (y, mean, sd) in series.items()
    ]


BOOKS: dict[str, tuple[str, float, Callable[[], list[Case]]]] = {
    "welch": ("scipy.stats.ttest_ind(equal_var=False)", 1e-12, welch),
    "lift": ("80-digit twin: bisection of Fieller's pivot", 1e-12, lifts),
    "score": ("80-digit twin: bisection of the restricted likelihood and of the score test", 1e-9, scores),
    "pooled": ("statsmodels proportions_ztest", 1e-12, pooled),
    "power": ("statsmodels TTestIndPower, NormalIndPower", 1e-9, powers),
    "power_twin": ("80-digit twin: quadrature over the estimated standard error", 1e-9, power_twin),
    "multiple": ("statsmodels multipletests", 1e-12, families),
    "srm": ("scipy.stats.chisquare", 1e-12, allocations),
    "nist_anova": ("NIST StRD, one-way ANOVA, certified values", 1e-8, nist),
    "nist_univariate": ("NIST StRD, univariate summary statistics, certified values", 1e-8, univariate),
}


def main() -> int:
    """Write every book."""
    FOLDER.mkdir(exist_ok=True)
    versions = {name: version(name) for name in ("numpy", "scipy", "statsmodels", "mpmath")}
    for name, (source, tolerance, make) in BOOKS.items():
        head = {
            "source": source,
            "versions": {"python": platform.python_version(), **versions},
            "command": "python tests/reference/make_core.py",
            "date": datetime.now(UTC).date().isoformat(),
            "tolerance": tolerance,
        }
        text = json.dumps({**head, "cases": _written(make())}, indent=1)
        (FOLDER / f"core_{name}.json").write_text(text + "\n")
    return 0


def _written(value: object) -> object:
    """JSON has no infinity: its name stands for it."""
    if isinstance(value, dict):
        return {k: _written(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_written(v) for v in value]
    return str(value) if isinstance(value, float) and not np.isfinite(value) else value


if __name__ == "__main__":
    sys.exit(main())
