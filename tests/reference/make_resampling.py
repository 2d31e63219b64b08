"""Reference values of resampling: SciPy's permutation test, and twins that follow the definitions.

* Permutation twins list every assignment, take the effect away from the treatment's values and test again,
bisecting
  for the effects that are just not rejected.
* Bootstrap twins of 0/1 data know the law of all resamples (binomial counts of both arms), so that a seeded
method
  must find its very quantiles; a level is only kept if its quantile is at least 7 standard errors of the
  draws away from the neighbouring values.
* Lift twins bisect for the lift L at which the interval of treatment - (1 + L)·control, from given resamples,
ends
  at 0.

Run from the repository's root: python tests/reference/make_resampling.py
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from itertools import combinations, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

BOOKS = Path(__file__).parent / "books"
SIDES = ("two-sided", "greater", "less")
Arm = list[float]
_KEPT = 4
Statistic = Callable[[NDArray[np.float64], NDArray[np.float64]], float]


def samples(y: Arm) -> dict[str, object]:
    return {"make": "Samples", "with": {"y": y}}


def case(
    call: str, c: Arm, t: Arm, expect: dict[str, float], note: str, **options: object
) -> dict[str, object]:
    return {
        "call": call,
        "with": {"control": samples(c), "treatment": samples(t)} | options,
        "expect": expect,
        "note": note,
    }


# permutation


def mean_difference(c: NDArray[np.float64], t: NDArray[np.float64]) -> float:
    return float(np.mean(t) - np.mean(c))


def welch_t(c: NDArray[np.float64], t: NDArray[np.float64]) -> float:
    gap = np.mean(t) - np.mean(c)
    error = np.sqrt(np.var(c, ddof=1) / c.size + np.var(t, ddof=1) / t.size)
    return float(gap / error) if error > 1e-12 else float(np.sign(gap) * np.inf if abs(gap) > 1e-12 else 0.0)


def tails(c: NDArray[np.float64], t: NDArray[np.float64], statistic: Statistic) -> tuple[float, float]:
    """Shares of assignments with a statistic as low and as high as the real one."""
    both, real = np.concatenate([c, t]), statistic(c, t)
    low = high = count = 0
    for picked in combinations(range(both.size), t.size):
        rest = np.delete(both, picked)
        value = statistic(rest, both[list(picked)])
        same = value == real or abs(value - real) < 1e-12
        low, high, count = low + (value < real or same), high + (value > real or same), count + 1
    return low / count, high / count


def end(rejected: Callable[[float], bool], inside: float, outside: float) -> float:
    for _ in range(45):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if rejected(middle) else (middle, outside)
    return inside


def permutation_twin(c: Arm, t: Arm, alpha: float, statistic: Statistic) -> dict[str, float]:
    a, b = np.asarray(c), np.asarray(t)
    low, high = tails(a, b, statistic)
    gap, width = float(np.mean(b) - np.mean(a)), float(np.ptp(np.concatenate([a, b]))) * 4
    factor = float(np.mean(b) / np.mean(a))
    up = lambda d: tails(a, b - d, statistic)[1] < alpha / 2  # noqa: E731
    down = lambda d: tails(a, b - d, statistic)[0] < alpha / 2  # noqa: E731
    up_factor = lambda f: tails(a * f, b, statistic)[1] < alpha / 2  # noqa: E731
    down_factor = lambda f: tails(a * f, b, statistic)[0] < alpha / 2  # noqa: E731
    return {
        "p_value": min(1.0, 2 * min(low, high)),
        "lower": end(up, gap, gap - width),
        "upper": end(down, gap, gap + width),
        "relative_lower": end(up_factor, factor, 0.0) - 1,
        "relative_upper": end(down_factor, factor, factor * 30) - 1,
    }


def permutation_cases() -> list[dict[str, object]]:
    out = []
    pairs = [
        ([10.5, 12.25, 9.75, 11.0], [12.5, 14.0, 13.25, 12.0, 15.5]),
        ([3.1, 0.7, 2.2, 4.8, 1.9], [2.0, 9.3, 6.1, 7.7]),
    ]
    for c, t in pairs:
        for name, statistic in (("permutation", mean_difference), ("permutation_t", welch_t)):
            expect = permutation_twin(c, t, 0.1, statistic)
            out.append(
                case(name, c, t, expect, "every assignment, bisected", alpha=0.1) | {"tolerance": 1e-9}
            )
            for side in SIDES:
                p = stats.permutation_test(
                    (np.asarray(t), np.asarray(c)),
                    (lambda x, y: mean_difference(y, x))
                    if name == "permutation"
                    else (lambda x, y: welch_t(y, x)),
                    alternative=side,
                    n_resamples=np.inf,
                ).pvalue
                out.append(case(name, c, t, {"p_value": p}, "scipy permutation_test", alternative=side))
    return out


# bootstrap of 0/1 data, all resamples known


def ones(k: int, n: int) -> Arm:
    return [1.0] * k + [0.0] * (n - k)


def law(k_c: int, n_c: int, k_t: int, n_t: int) -> tuple[NDArray[np.float64], ...]:
    """Probability of each pair of resampled shares, and the shares."""
    shares_c, shares_t = np.arange(n_c + 1) / n_c, np.arange(n_t + 1) / n_t
    p_c = stats.binom.pmf(np.arange(n_c + 1), n_c, k_c / n_c)
    p_t = stats.binom.pmf(np.arange(n_t + 1), n_t, k_t / n_t)
    c, t = np.meshgrid(shares_c, shares_t, indexing="ij")
    return np.outer(p_c, p_t).ravel(), c.ravel(), t.ravel()


def atom(values: NDArray[np.float64], weights: NDArray[np.float64], level: float, draws: int) -> float:
    """The quantile of a discrete law; refuses levels that draws could confuse with a neighbouring value."""
    keys = np.round(values, 9)
    _, place = np.unique(keys, return_inverse=True)
    cumulative = np.cumsum(np.bincount(place, weights))
    at = int(np.searchsorted(cumulative, level))
    slack = 7 * np.sqrt(level * (1 - level) / draws)
    below = cumulative[at - 1] if at else 0.0
    if not below + slack < level < cumulative[at] - slack:
        raise ValueError(f"level {level} is too near a jump of the law")
    return float(values[place == at][0])


def bootstrap_twin(
    kind: str, k_c: int, n_c: int, k_t: int, n_t: int, alpha: float, draws: int
) -> dict[str, float]:
    weights, c, t = law(k_c, n_c, k_t, n_t)
    value = k_t / n_t - k_c / n_c
    gap = t - c
    p_c, p_t = k_c / n_c, k_t / n_t
    if kind.startswith("bootstrap_t"):
        error = np.sqrt(c * (1 - c) / (n_c - 1) + t * (1 - t) / (n_t - 1))
        real = np.sqrt(p_c * (1 - p_c) / (n_c - 1) + p_t * (1 - p_t) / (n_t - 1))
        with np.errstate(all="ignore"):
            pivot = np.where(np.isclose(gap, value), 0.0, (gap - value) / error)
        if kind == "bootstrap_t_symmetric":
            pivot, weights = np.concatenate([pivot, -pivot]), np.concatenate([weights, weights]) / 2
            draws *= 2  # each draw counts on both sides
        return {
            "lower": value - real * atom(pivot, weights, 1 - alpha / 2, draws),
            "upper": value - real * atom(pivot, weights, alpha / 2, draws),
        }
    levels = [alpha / 2, 1 - alpha / 2]
    if kind == "bootstrap_bca":
        same = np.isclose(gap, value)
        bias = stats.norm.ppf(np.sum(weights[(gap < value) & ~same]) + np.sum(weights[same]) / 2)
        third = p_t * (1 - p_t) * (1 - 2 * p_t) / n_t**2 - p_c * (1 - p_c) * (1 - 2 * p_c) / n_c**2
        speed = third / (6 * (p_t * (1 - p_t) / n_t + p_c * (1 - p_c) / n_c) ** 1.5)
        moved = bias + stats.norm.ppf(levels)
        levels = [float(v) for v in stats.norm.cdf(bias + moved / (1 - speed * moved))]
    return {"lower": atom(gap, weights, levels[0], draws), "upper": atom(gap, weights, levels[1], draws)}


def bootstrap_cases() -> list[dict[str, object]]:
    out, draws = [], 99_999
    for kind in ("bootstrap_percentile", "bootstrap_bca", "bootstrap_t", "bootstrap_t_symmetric"):
        kept = 0
        for k_c, n_c, k_t, n_t in (
            (3, 10, 8, 12),
            (4, 16, 9, 16),
            (6, 12, 7, 9),
            (5, 12, 8, 12),
            (6, 20, 12, 20),
        ):
            for alpha in (0.05, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3):
                try:
                    expect = bootstrap_twin(kind, k_c, n_c, k_t, n_t, alpha, draws)
                except ValueError:
                    continue
                kept += 1
                if kept > _KEPT:
                    break
                note = "law of all resamples of 0/1 data"
                out.append(
                    case(
                        kind,
                        ones(k_c, n_c),
                        ones(k_t, n_t),
                        expect,
                        note,
                        alpha=alpha,
                        resamples=draws,
                        seed=7,
                    )
                )
        if not kept:
            raise ValueError(f"no case of {kind} is clear of the jumps")
    return out


# lifts on given resamples


def interval(
    kind: str, c: NDArray[np.float64], t: NDArray[np.float64], drawn: list[NDArray[np.int64]], alpha: float
) -> tuple[float, float]:
    """An interval of mean(t) - mean(c) at order statistics of the draws."""
    gaps = np.array([np.mean(t[j]) - np.mean(c[i]) for i, j in zip(*drawn, strict=True)])
    value, count = float(np.mean(t) - np.mean(c)), len(gaps)

    def error(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        return float(np.sqrt(np.var(a, ddof=1) / a.size + np.var(b, ddof=1) / b.size))

    if kind in ("studentised", "symmetric"):
        pivots = [(g - value) / error(c[i], t[j]) for g, i, j in zip(gaps, *drawn, strict=True)]
        if kind == "symmetric":
            pivots += [-pivot for pivot in pivots]
        low, high = between(pivots, [alpha / 2, 1 - alpha / 2])
        return value - error(c, t) * high, value - error(c, t) * low
    influence = np.concatenate([(t - np.mean(t)) / t.size, -(c - np.mean(c)) / c.size])
    speed = np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5)
    moved = (bias := stats.norm.ppf(np.sum(gaps < value) / count)) + stats.norm.ppf(
        [alpha / 2, 1 - alpha / 2]
    )
    low, high = between(gaps, stats.norm.cdf(bias + moved / (1 - speed * moved)))
    return low, high


def between(values: list[float] | NDArray[np.float64], levels: object) -> list[float]:
    """Quantiles at k / (B + 1), between them interpolated on the normal scale."""
    ordered = np.sort(values)
    grid = stats.norm.ppf(np.arange(1, ordered.size + 1) / (ordered.size + 1))
    return [float(v) for v in np.interp(stats.norm.ppf(levels), grid, ordered)]


def lift_cases() -> list[dict[str, object]]:
    rng = np.random.default_rng(20_261_123)
    c, t = rng.gamma(2, 5, 9).round(3) + 3, rng.gamma(3, 5, 7).round(3) + 3
    drawn = [rng.integers(0, arm.size, (149, arm.size)) for arm in (c, t)]
    out = []
    options = {"control_drawn": drawn[0].tolist(), "treatment_drawn": drawn[1].tolist()}
    for kind, alpha in product(("bca", "studentised", "symmetric"), (0.1, 0.2)):

        def ends(factor: float, kind: str = kind, alpha: float = alpha) -> tuple[float, float]:
            return interval(kind, c * factor, t, drawn, alpha)

        middle = float(np.mean(t) / np.mean(c))
        expect = {
            "relative_lower": end(lambda f, ends=ends: ends(f)[0] > 0, middle, 0.05) - 1,
            "relative_upper": end(lambda f, ends=ends: ends(f)[1] < 0, middle, 50.0) - 1,
        }
        arms, note = (c.tolist(), t.tolist()), "bisected"
        one = case("resampling.from_resamples", *arms, expect, note, kind=kind, alpha=alpha, **options)
        out.append(one | {"tolerance": 1e-9})
    return out


if __name__ == "__main__":
    content = {
        "source": "SciPy permutation_test; twins by definition: all assignments, the law of all resamples",
        "versions": {package: version(package) for package in ("numpy", "scipy")},
        "command": "python tests/reference/make_resampling.py",
        "date": "2026-11-23",
        "tolerance": 1e-12,
        "cases": permutation_cases() + bootstrap_cases() + lift_cases(),
    }
    (BOOKS / "resampling_twin.json").write_text(json.dumps(content) + "\n")
