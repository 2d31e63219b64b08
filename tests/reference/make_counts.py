"""Makes `books/counts_*.json` of other packages and slow twins: `python tests/reference/make_counts.py`.

Nothing here imports Assay. The twins follow definitions in 50 digits: a restricted likelihood is maximised by
bisection of its derivative, a tail is a sum of its terms, an interval is found by bisection of the test.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.rates import confint_poisson_2indep, etest_poisson_2indep, test_poisson_2indep

FOLDER = Path(__file__).parent / "books"
Case = dict[str, object]
Number = Any  # mpmath has no types
mp.mp.dps = 50
TABLES = [
    (10, 100, 22, 90),
    (3, 50, 0, 40),
    (0, 20, 4, 30),
    (41, 28010, 15, 19017),
    (7, 7, 7, 7),
    (1, 10, 9, 12),
    (1100, 5000, 1000, 5000),
    (900_000, 5_000_000, 905_000, 5_000_000),
]


def bisect(function: Callable[[Number], Number], low: Number, high: Number) -> Number:
    """The root between two ends of unlike signs."""
    low, high = mp.mpf(low), mp.mpf(high)
    rising = function(high) > 0
    for _ in range(170):
        middle = (low + high) / 2
        low, high = (low, middle) if (function(middle) > 0) == rising else (middle, high)
    return (low + high) / 2


def normal_quantile(tail: float) -> Number:
    return mp.sqrt(2) * mp.erfinv(1 - 2 * mp.mpf(tail))


def t_quantile(df: int, tail: float) -> Number:
    return bisect(lambda t: 2 * mp.mpf(tail) - t_tails(df, t), 0, 10**6)


def t_tails(df: int, t: Number) -> Number:
    return mp.betainc(mp.mpf(df) / 2, 0.5, 0, df / (df + t * t), regularized=True)


def number(value: Number) -> float | str:
    value = float(value)
    return value if np.isfinite(value) else ("inf" if value > 0 else "-inf")


def rate(k: float, n: float) -> Case:
    return {"make": "Moments", "with": {"n": n, "mean_y": k / n, "m2_y": k}}


def units(y: list[float], d: list[float] | None = None) -> Case:
    return {"make": "Moments.of", "with": {"y": y} if d is None else {"y": y, "d": d}}


def case(call: str, data: tuple[Case, Case], expect: dict[str, Number], **rest: object) -> Case:
    options = {k: v for k, v in rest.items() if k not in {"tolerance", "note"}}
    more = {k: v for k, v in rest.items() if k in {"tolerance", "note"}}
    numbers = {k: number(v) for k, v in expect.items()}
    return {
        "call": call,
        "with": {"control": data[0], "treatment": data[1], **options},
        "expect": numbers,
        **more,
    }


def write(name: str, source: str, tolerance: float, cases: list[Case]) -> None:
    book = {
        "source": source,
        "versions": {"python": platform.python_version()}
        | {p: version(p) for p in ("numpy", "scipy", "statsmodels", "mpmath")},
        "command": "python tests/reference/make_counts.py",
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": tolerance,
        "cases": cases,
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(book, indent=1) + "\n")


# Poisson score


def poisson_z_difference(table: tuple[int, ...], delta: Number) -> Number:
    """Score z of a difference, rates of greatest likelihood under it."""
    k_c, e_c, k_t, e_t = (mp.mpf(v) for v in table)

    def slope(rate: Number) -> Number:
        return k_t / (rate + delta) + k_c / rate - e_c - e_t

    low = max(mp.mpf(0), -delta) + mp.mpf(10) ** -45
    rate = low if slope(low) <= 0 else bisect(slope, low, (k_c + k_t) / (e_c + e_t) + abs(delta) + 1)
    return (k_t / e_t - k_c / e_c - delta) / mp.sqrt(rate / e_c + (rate + delta) / e_t)


def poisson_z_ratio(table: tuple[int, ...], ratio: Number) -> Number:
    k_c, e_c, k_t, e_t = (mp.mpf(v) for v in table)
    rate = (k_c + k_t) / (e_c + ratio * e_t)
    return (k_t / e_t - ratio * k_c / e_c) / mp.sqrt(ratio * rate / e_t + ratio**2 * rate / e_c)


def ends(
    z: Callable[[Number], Number], estimate: Number, limit: Number, low: Number, high: Number
) -> tuple[Number, Number]:
    """Where |z| reaches the limit on both sides of the estimate; the border if it does not."""
    found = []
    for edge in (low, high):
        inside, outside = estimate, edge
        found.append(
            edge if abs(z(outside)) < limit else bisect(lambda h: abs(z(h)) - limit, inside, outside)
        )
    return found[0], found[1]


def poisson_score() -> list[Case]:
    cases = []
    for table in TABLES:
        k_c, e_c, k_t, e_t = table
        data = rate(k_c, e_c), rate(k_t, e_t)
        z = poisson_z_difference(table, mp.mpf(0))
        difference = mp.mpf(k_t) / e_t - mp.mpf(k_c) / e_c
        for alpha in (0.05, 1e-6):
            limit = normal_quantile(alpha / 2)
            far = 50 * (mp.sqrt(k_c + limit**2) / e_c + mp.sqrt(k_t + limit**2) / e_t)
            lower, upper = ends(
                lambda d, t=table: poisson_z_difference(t, d),
                difference,
                limit,
                difference - far,
                difference + far,
            )
            expect = {"statistic": z, "p_value": mp.erfc(abs(z) / mp.sqrt(2)), "lower": lower, "upper": upper}
            expect["std_error"] = mp.sqrt(mp.mpf(k_c) / e_c**2 + mp.mpf(k_t) / e_t**2)
            # What cancels in the difference of the rates is lost to its ends.
            cases.append(
                case("rate_score", data, expect, alpha=alpha, tolerance=1e-11 if k_c > 10**5 else 1e-12)
            )
            ratio = mp.mpf(k_t) * e_c / (k_c * e_t) if k_c else mp.mpf(10) ** 30
            tiny, huge = mp.mpf(10) ** -30, mp.mpf(10) ** 30
            low, high = ends(lambda r, t=table: poisson_z_ratio(t, r), max(ratio, tiny), limit, tiny, huge)
            low, high = low if k_t else mp.mpf(0), high if k_c else mp.inf
            cases.append(
                case("rate_score", data, {"relative_lower": low - 1, "relative_upper": high - 1}, alpha=alpha)
            )
            # One side at half the level has the same end, and opens the other.
            one = {"p_value": mp.erfc(z / mp.sqrt(2)) / 2, "lower": lower, "upper": mp.inf}
            one["relative_lower"], one["relative_upper"] = low - 1, mp.inf
            cases.append(
                case("rate_score", data, one, alpha=alpha / 2, alternative="greater", tolerance=1e-11)
            )
    far = 400, 100_000, 4_000, 100_000
    z = poisson_z_difference(far, mp.mpf(0))
    tail = {"statistic": z, "p_value": mp.erfc(abs(z) / mp.sqrt(2))}
    middle = 900, 100_000, 3_800, 100_000
    z_middle = poisson_z_difference(middle, mp.mpf(0))
    cases.append(case("rate_score", (rate(*far[:2]), rate(*far[2:])), tail, tolerance=1e-11))
    tail = {"p_value": mp.erfc(abs(z_middle) / mp.sqrt(2))}
    cases.append(case("rate_score", (rate(*middle[:2]), rate(*middle[2:])), tail, tolerance=1e-11))
    return cases


# conditional tests


def binomial_tail(k: int, n: int, share: Number) -> Number:
    """P(X >= k), term by term from the one at k."""
    if k <= 0:
        return mp.mpf(1)
    if k < n * share:
        return 1 - binomial_tail(n - k + 1, n, 1 - share)
    term = mp.exp(
        mp.loggamma(n + 1)
        - mp.loggamma(k + 1)
        - mp.loggamma(n - k + 1)
        + k * mp.log(share)
        + (n - k) * mp.log(1 - share)
    )
    total, odds = term, share / (1 - share)
    for j in range(k, n):
        term *= mp.mpf(n - j) / (j + 1) * odds
        total += term
        if term < total * mp.mpf(10) ** -30:
            break
    return total


def half_counted(k: int, n: int, share: Number) -> Number:
    above = binomial_tail(k + 1, n, share) if k < n else mp.mpf(0)
    return (binomial_tail(k, n, share) + above) / 2


def conditional() -> list[Case]:
    cases = []
    tail, tiny = mp.mpf(1) / 40, mp.mpf(10) ** -25
    large = [(1_000_000, 5e6, 1_002_000, 5e6), (1_000_000, 5e6, 1_050_000, 5e6), (3, 1e3, 7_000, 1e6)]
    for k_c, e_c, k_t, e_t in large + [t for t in TABLES if t[0] < 10**5]:
        n, share = k_c + k_t, mp.mpf(e_t) / (mp.mpf(e_t) + mp.mpf(e_c))
        data = rate(k_c, e_c), rate(k_t, e_t)
        above, below = binomial_tail(k_t, n, share), binomial_tail(k_c, n, 1 - share)
        p = min(mp.mpf(1), 2 * min(above, below))
        cases.append(case("rate_exact", data, {"p_value": p}))
        if k_c >= 10**5:
            continue
        above, below = half_counted(k_t, n, share), half_counted(k_c, n, 1 - share)
        expect = {"p_value": min(mp.mpf(1), 2 * min(above, below))}
        low = bisect(lambda s, k=k_t, n=n: half_counted(k, n, s) - tail, tiny, 1 - tiny) if k_t else mp.mpf(0)
        high = bisect(lambda s, k=k_c, n=n: half_counted(k, n, 1 - s) - tail, tiny, 1 - tiny) if k_c else None
        scale = mp.mpf(e_c) / e_t
        expect["relative_lower"] = scale * low / (1 - low) - 1
        expect["relative_upper"] = mp.inf if high is None else scale * high / (1 - high) - 1
        cases.append(case("rate_mid_p", data, expect))
    return cases


# variance functions


class Arm:
    """One arm's units in high precision."""

    def __init__(self, y: list[float], d: list[float] | None) -> None:
        self.y = [mp.mpf(v) for v in y]
        self.d = [mp.mpf(v) for v in (d or [1.0] * len(y))]
        self.n = len(y)
        self.exposure = mp.fsum(self.d)
        self.rate = mp.fsum(self.y) / self.exposure
        self.residual = mp.fsum((a - self.rate * b) ** 2 for a, b in zip(self.y, self.d, strict=True))
        self.squares = mp.fsum(b * b for b in self.d)


def restricted(delta: Number | None, ratio: Number | None, arms: tuple[Arm, Arm]) -> tuple[Number, Number]:
    """The rates under a hypothesis that expect as many events as there are."""
    control, treatment = arms
    total = control.rate * control.exposure + treatment.rate * treatment.exposure
    if ratio is not None:
        low = total / (control.exposure + ratio * treatment.exposure)
        return low, ratio * low
    low = max(total - treatment.exposure * delta, 0) / (control.exposure + treatment.exposure)
    low = max(low, -delta)
    return low, max(low + delta, mp.mpf(0))


Law = Callable[[int, Number], Number]


def pivot(
    law: Law, arms: tuple[Arm, Arm], delta: Number | None = None, ratio: Number | None = None
) -> Number:
    low, high = restricted(delta, ratio, arms)
    if ratio is not None:
        distance = arms[1].rate - ratio * arms[0].rate
        return distance / mp.sqrt(law(1, high) + ratio**2 * law(0, low))
    return (arms[1].rate - arms[0].rate - delta) / mp.sqrt(law(0, low) + law(1, high))


def quasi_law(arms: tuple[Arm, Arm], power: float) -> Law:
    pearson = mp.fsum(a.residual * a.n / (a.rate**power * a.exposure) for a in arms if a.rate)
    phi = pearson / (arms[0].n + arms[1].n - 2)
    return lambda arm, rate: phi * rate**power / arms[arm].exposure


def negative_binomial_law(arms: tuple[Arm, Arm]) -> Law:
    over = mp.fsum(a.residual - (1 - mp.mpf(1) / a.n) * a.rate * a.exposure for a in arms)
    scale = mp.mpf(0)
    for a in arms:
        freed = a.rate**2 - a.residual * a.n / (a.n - 1) / a.exposure**2
        scale += (1 - mp.mpf(1) / a.n) * a.squares * max(freed, 0)
    alpha = max(over / scale, 0)
    return lambda arm, rate: (
        rate / arms[arm].exposure + alpha * rate**2 * arms[arm].squares / arms[arm].exposure ** 2
    )


def quasi_likelihood(law: Law, arms: tuple[Arm, Arm]) -> Callable[[Number], Number]:
    """Quasi-Poisson restricts the rates by likelihood, not by their total."""
    dispersion = law(0, mp.mpf(1)) * arms[0].exposure
    table = [v for a in arms for v in (a.rate * a.exposure, a.exposure)]
    return lambda delta: poisson_z_difference(tuple(table), delta) / mp.sqrt(dispersion)


def law_case(
    call: str, law: Law, arms: tuple[Arm, Arm], limit: Number, df: int | None, **options: object
) -> Case:
    """Expectations by bisection of the pivot."""
    z = pivot(law, arms, delta=mp.mpf(0))
    difference = arms[1].rate - arms[0].rate
    error = mp.sqrt(law(0, arms[0].rate) + law(1, arms[1].rate))
    far = 30 * (error + 1 / arms[0].exposure + 1 / arms[1].exposure)
    expect = {
        "statistic": z,
        "std_error": error,
        "p_value": mp.erfc(abs(z) / mp.sqrt(2)) if df is None else t_tails(df, z),
    }
    test = (lambda d: pivot(law, arms, delta=d)) if call != "quasi_poisson" else quasi_likelihood(law, arms)
    found = ends(test, difference, limit, difference - far, difference + far)
    expect["lower"], expect["upper"] = found
    tiny, huge = mp.mpf(10) ** -12, mp.mpf(10) ** 12
    centre = arms[1].rate / arms[0].rate if arms[0].rate else huge
    low, high = ends(lambda r: pivot(law, arms, ratio=r), max(centre, tiny), limit, tiny, huge)
    expect["relative_lower"] = low - 1 if arms[1].rate else mp.mpf(-1)
    expect["relative_upper"] = high - 1 if arms[0].rate else mp.inf
    data = tuple(
        units([float(v) for v in a.y], None if all(d == 1 for d in a.d) else [float(v) for v in a.d])
        for a in arms
    )
    return case(call, data, expect, **options)


def laws() -> list[Case]:
    rng = np.random.default_rng(20_261_123)
    cases = []
    shapes = [(25, 30, False), (40, 20, True), (200, 200, True), (12, 10, False)]
    for n_c, n_t, exposed in shapes:
        d = [[float(v) for v in rng.integers(1, 9, n) / 2] if exposed else None for n in (n_c, n_t)]
        means = [np.asarray(x or np.ones(n)) * 1.4 for x, n in zip(d, (n_c, n_t), strict=True)]
        y = [rng.negative_binomial(0.8, 0.8 / (0.8 + m * f)) for m, f in zip(means, (1, 1.5), strict=True)]
        spend = [np.round(rng.gamma(0.9 * np.maximum(v, 1e-9), 12.0), 2) * (v > 0) for v in y]
        arms = Arm([float(v) for v in y[0]], d[0]), Arm([float(v) for v in y[1]], d[1])
        totals = Arm([float(v) for v in spend[0]], d[0]), Arm([float(v) for v in spend[1]], d[1])
        df = n_c + n_t - 2
        t = t_quantile(df, 0.025)
        cases.append(law_case("quasi_poisson", quasi_law(arms, 1), arms, t, df))
        cases.append(
            law_case("negative_binomial", negative_binomial_law(arms), arms, normal_quantile(0.025), None)
        )
        for power in (1.0, 1.5, 1.9):
            law = quasi_law(totals, power)
            cases.append(law_case("compound_poisson_gamma", law, totals, t, df, power=power))
    nothing = Arm([0.0] * 15, None), Arm([0.0] * 10 + [3.0, 1.0, 25.5, 4.0], None)
    for pair in (nothing, nothing[::-1]):
        law, t = quasi_law(pair, 1.5), t_quantile(27, 0.025)
        cases.append(law_case("compound_poisson_gamma", law, pair, t, 27))
    return cases


# other packages


def packages() -> list[Case]:
    cases = []
    for k_c, e_c, k_t, e_t in TABLES[:7]:
        data = rate(k_c, e_c), rate(k_t, e_t)
        found = test_poisson_2indep(k_t, e_t, k_c, e_c, method="score", compare="ratio")
        cases.append(case("rate_score", data, {"statistic": found.statistic, "p_value": found.pvalue}))
        if k_c and k_t:
            low, high = confint_poisson_2indep(k_t, e_t, k_c, e_c, method="score", compare="ratio")
            expect = {"relative_lower": low - 1, "relative_upper": high - 1}
            cases.append(
                case("rate_score", data, expect, tolerance=1e-6, note="statsmodels searches to 1e-7")
            )
        if k_c * e_t != k_t * e_c and k_c + k_t < 1000:
            p = stats.poisson_means_test(k_t, e_t, k_c, e_c).pvalue
            cases.append(
                case("rate_e_test", data, {"p_value": p}, tolerance=1e-6, note="SciPy cuts its sums")
            )
            p = etest_poisson_2indep(k_t, e_t, k_c, e_c, method="wald", compare="diff")[1]
            cases.append(
                case("rate_e_test", data, {"p_value": p}, tolerance=1e-6, note="statsmodels cuts, too")
            )
    return cases


def tweedie() -> list[Case]:
    """Rao's score of the arm in statsmodels' Tweedie regression over the full model's dispersion."""
    rng = np.random.default_rng(7)
    cases = []
    for n, power in ((150, 1.5), (80, 1.2), (300, 1.8)):
        arm = np.repeat([0.0, 1.0], n)
        counts = rng.poisson(0.4 * 1.3**arm)
        y = np.round(rng.gamma(1.1 * np.maximum(counts, 1e-9), 20.0), 2) * (counts > 0)
        family = sm.families.Tweedie(var_power=power, link=sm.families.links.Log())
        control, treatment = ([float(v) for v in y[arm == a]] for a in (0, 1))
        full = sm.GLM(y, np.column_stack([np.ones(2 * n), arm]), family=family).fit(scale="X2", tol=1e-14)
        null = sm.GLM(y, np.ones((2 * n, 1)), family=family).fit(scale="X2", tol=1e-14)
        score = null.score_test(exog_extra=arm[:, None], observed=False)[0]
        statistic = np.sign(full.params[1]) * np.sqrt(float(np.squeeze(score)) * null.scale / full.scale)
        p = 2 * stats.t.sf(abs(statistic), 2 * n - 2)
        expect = {"statistic": statistic, "p_value": p, "df": 2.0 * n - 2}
        data = units(control), units(treatment)
        cases.append(case("compound_poisson_gamma", data, expect, power=power))
    return cases


if __name__ == "__main__":
    write(
        "counts_score_twin",
        "mpmath twin: restricted likelihood and intervals by bisection",
        1e-12,
        poisson_score(),
    )
    write("counts_conditional_twin", "mpmath twin: binomial tails summed term by term", 1e-12, conditional())
    write("counts_variance_twin", "mpmath twin: intervals by bisection of the pivot", 1e-12, laws())
    write("counts_packages", "statsmodels.stats.rates, scipy.stats.poisson_means_test", 1e-12, packages())
    write("counts_tweedie", "statsmodels GLM(Tweedie): score test, scale X2", 1e-9, tweedie())
