"""Makes books/adjustment_lift.json: `python tests/reference/make_adjustment.py`.

Nothing here imports Assay. Adjusted means are written as sums over units in 50-digit arithmetic; every unit's
part in them gives their covariance, and the intervals come from bisection of the pivot.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np

BOOK = Path(__file__).parent / "books" / "adjustment_lift.json"
mp.mp.dps = 50
Row = list[mp.mpf]
Case = dict[str, object]


@dataclass(frozen=True)
class Arm:
    """One arm's units: metric, denominator, rows of covariates."""

    y: list[float]
    d: list[float]
    x: list[list[float]]

    def metric(self, *, ratio: bool) -> Row:
        """The metric, or a ratio's linearisation."""
        ys, ds = [mp.mpf(v) for v in self.y], [mp.mpf(v) for v in self.d]
        if not ratio:
            return ys
        share, mean_d = mp.fsum(ys) / mp.fsum(ds), mp.fsum(ds) / len(ds)
        return [share + (a - share * b) / mean_d for a, b in zip(ys, ds, strict=True)]


@dataclass(frozen=True)
class Parts:
    """Both adjusted means, the parts of their covariance, and the variances with degrees of freedom."""

    means: tuple[mp.mpf, mp.mpf]
    covariance: mp.matrix
    variances: list[tuple[mp.mpf, mp.mpf]]


def mean(values: Row) -> mp.mpf:
    """Arithmetic mean."""
    return mp.fsum(values) / len(values)


def centred(rows: list[list[float]]) -> tuple[Row, list[Row]]:
    """Means of the columns, and rows less these means."""
    means = [mean([mp.mpf(row[j]) for row in rows]) for j in range(len(rows[0]))]
    return means, [[mp.mpf(v) - m for v, m in zip(row, means, strict=True)] for row in rows]


def product(a: Row, b: Row) -> mp.mpf:
    """Sum of products."""
    return mp.fsum(u * v for u, v in zip(a, b, strict=True))


def least_squares(ys: Row, rows: list[Row]) -> tuple[Row, mp.matrix]:
    """Slope of centred values on centred rows, and the inverse of the rows' products."""
    k = len(rows[0])
    squares = mp.matrix(k, k)
    for i in range(k):
        for j in range(k):
            squares[i, j] = mp.fsum(row[i] * row[j] for row in rows)
    inverse = squares**-1
    cross = [mp.fsum(row[i] * y for row, y in zip(rows, ys, strict=True)) for i in range(k)]
    return [mp.fsum(inverse[i, j] * cross[j] for j in range(k)) for i in range(k)], inverse


def leaned(inverse: mp.matrix, vector: Row) -> Row:
    """Inverse times vector."""
    k = len(vector)
    return [mp.fsum(inverse[i, j] * vector[j] for j in range(k)) for i in range(k)]


def outer(parts: list[tuple[mp.mpf, mp.mpf]], scale: mp.mpf) -> mp.matrix:
    """Sum of outer products of units' parts in the two means."""
    total = mp.matrix(2, 2)
    for a, b in parts:
        total += scale * mp.matrix([[a * a, a * b], [a * b, b * b]])
    return total


def pooled(arms: tuple[Arm, Arm], *, ratio: bool) -> Parts:
    """One slope for both arms: a unit has a part in its arm's mean, in the pooled mean and in the slope."""
    metrics = [arm.metric(ratio=ratio) for arm in arms]
    levels, rows = zip(*(centred(arm.x) for arm in arms), strict=True)
    off_y = [[v - mean(metric) for v in metric] for metric in metrics]
    slope, inverse = least_squares(off_y[0] + off_y[1], rows[0] + rows[1])
    total = len(metrics[0]) + len(metrics[1])
    centre = centred(arms[0].x + arms[1].x)[0]
    gaps = [[a - b for a, b in zip(level, centre, strict=True)] for level in levels]
    means = [mean(m) - product(slope, gap) for m, gap in zip(metrics, gaps, strict=True)]
    covariance, variances = mp.matrix(2, 2), []
    apart = [a - b for a, b in zip(levels[1], levels[0], strict=True)]
    for a in range(2):
        n = len(metrics[a])
        residuals = [y - product(slope, row) for y, row in zip(off_y[a], rows[a], strict=True)]
        free = mp.fsum(1 - mp.mpf(1) / n - product(row, leaned(inverse, row)) for row in rows[a])
        variance = mp.fsum(e * e for e in residuals) / free
        direct = [
            tuple((e / n if a == b else 0) + product(slope, row) / total for b in range(2))
            for e, row in zip(residuals, rows[a], strict=True)
        ]
        by_slope = [tuple(-product(gap, leaned(inverse, row)) for gap in gaps) for row in rows[a]]
        covariance += outer(direct, n / free) + outer(by_slope, variance)
        noise = variance * mp.fsum(product(apart, leaned(inverse, row)) ** 2 for row in rows[a])
        variances.append((variance / n + noise, free))
    return Parts((means[0], means[1]), covariance, variances)


def separate(arms: tuple[Arm, Arm], *, hc2: bool, population: bool) -> Parts:
    """A line per arm at the pooled covariate means."""
    metrics = [arm.metric(ratio=False) for arm in arms]
    levels, rows = zip(*(centred(arm.x) for arm in arms), strict=True)
    centre = centred(arms[0].x + arms[1].x)[0]
    total = len(metrics[0]) + len(metrics[1])
    slopes, means, covariance, variances = [], [], mp.matrix(2, 2), []
    for a in range(2):
        n, level = len(metrics[a]), mean(metrics[a])
        off_y = [v - level for v in metrics[a]]
        slope, inverse = least_squares(off_y, rows[a])
        gap = [c - m for c, m in zip(centre, levels[a], strict=True)]
        residuals = [y - product(slope, row) for y, row in zip(off_y, rows[a], strict=True)]
        weights = [mp.mpf(1) / n + product(gap, leaned(inverse, row)) for row in rows[a]]
        rest = [1 - mp.mpf(1) / n - product(row, leaned(inverse, row)) for row in rows[a]]
        even = mp.fsum(e * e for e in residuals) / mp.fsum(rest)
        squares = [e * e / h if hc2 else even for e, h in zip(residuals, rest, strict=True)]
        variances.append((mp.fsum(w * w * s for w, s in zip(weights, squares, strict=True)), mp.fsum(rest)))
        covariance[a, a] += variances[-1][0]
        slopes.append(slope)
        means.append(level + product(slope, gap))
    if population:
        shared = mp.matrix(2, 2)
        for a in range(2):
            n = len(metrics[a])
            parts = [(product(slopes[0], row) / total, product(slopes[1], row) / total) for row in rows[a]]
            shared += outer(parts, mp.mpf(n) / (n - 1))
        covariance += shared
        variances.append((shared[0, 0] - 2 * shared[0, 1] + shared[1, 1], mp.mpf(total - 2)))
    return Parts((means[0], means[1]), covariance, variances)


def stratified(arms: tuple[list[list[float]], list[list[float]]]) -> Parts:
    """Stratum means weighted by the shares of both arms' units, which are a sample."""
    sizes = [len(a) + len(b) for a, b in zip(*arms, strict=True)]
    total = sum(sizes)
    cells = [[[mp.mpf(v) for v in cell] for cell in arm] for arm in arms]
    means = [mp.fsum(n * mean(cell) for n, cell in zip(sizes, arm, strict=True)) / total for arm in cells]
    covariance, variances = mp.matrix(2, 2), []
    for a, arm in enumerate(cells):
        for n, cell in zip(sizes, arm, strict=True):
            free, level = len(cell) - 1, mean(cell)
            square = mp.fsum((v - level) ** 2 for v in cell) / free / len(cell)
            variances.append(((mp.mpf(n) / total) ** 2 * square, mp.mpf(free)))
            covariance[a, a] += variances[-1][0]
    units = [
        tuple((mean(arm[s]) - m) / total for arm, m in zip(cells, means, strict=True))
        for s, n in enumerate(sizes)
        for _ in range(n)
    ]
    shared = outer(units, mp.mpf(1))
    variances.append((shared[0, 0] - 2 * shared[0, 1] + shared[1, 1], mp.mpf(total - 2)))
    return Parts((means[0], means[1]), covariance + shared, variances)


def bisect(function: Callable[[mp.mpf], mp.mpf], low: mp.mpf, high: mp.mpf) -> mp.mpf:
    """The root between two ends of unlike signs."""
    low, high = mp.mpf(low), mp.mpf(high)
    rising = function(high) > 0
    for _ in range(160):
        middle = (low + high) / 2
        low, high = (low, middle) if (function(middle) > 0) == rising else (middle, high)
    return (low + high) / 2


def two_sided(df: mp.mpf, t: mp.mpf) -> mp.mpf:
    """Two-sided p-value of a t statistic."""
    return mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True)


def effect(parts: Parts, alpha: float) -> dict[str, Any]:
    """Difference and lift by bisection of the pivot."""
    (control, treatment), cov = parts.means, parts.covariance

    def pivot(lift: mp.mpf) -> mp.mpf:
        r = 1 + lift
        return (treatment - r * control) / mp.sqrt(cov[1, 1] - 2 * r * cov[0, 1] + r * r * cov[0, 0])

    error = mp.sqrt(cov[1, 1] - 2 * cov[0, 1] + cov[0, 0])
    total = mp.fsum(v for v, _ in parts.variances)
    df = total**2 / mp.fsum(v * v / f for v, f in parts.variances)
    q = bisect(lambda t: alpha - two_sided(df, t), 0, 10**4)
    lift, far = treatment / control - 1, mp.mpf(10) ** 5
    bounded = control**2 > q * q * cov[0, 0]
    named = {
        "estimate": treatment - control, "std_error": error, "statistic": (treatment - control) / error,
        "df": df, "p_value": two_sided(df, (treatment - control) / error),
        "lower": treatment - control - q * error, "upper": treatment - control + q * error,
        "relative_estimate": lift,
        "relative_lower": bisect(lambda x: abs(pivot(x)) - q, lift - far, lift) if bounded else mp.ninf,
        "relative_upper": bisect(lambda x: abs(pivot(x)) - q, lift, lift + far) if bounded else mp.inf,
    }  # fmt: skip
    return {name: float(v) if mp.isfinite(v) else str(float(v)) for name, v in named.items()}


def drawn(seed: int, sizes: tuple[int, int], lift: float) -> tuple[Arm, Arm]:
    """Skewed rounded samples with two covariates."""
    rng = np.random.default_rng(seed)
    arms = []
    for a, n in enumerate(sizes):
        x = np.round(np.column_stack([rng.gamma(1.5, 4.0, n), rng.normal(30, 8, n)]), 3)
        d = rng.integers(1, 6, n).astype(float)
        noise = rng.normal(0, 2, n) * (1 + x[:, 0] / 8)
        y = np.round((3 + x[:, 0] * (1 + 0.2 * a) + 0.2 * x[:, 1] + noise + d) * (1 + a * lift), 3)
        arms.append(Arm(y.tolist(), d.tolist(), x.tolist()))
    return arms[0], arms[1]


def one_covariate(arm: Arm) -> Arm:
    """The same units with the first covariate only."""
    return Arm(arm.y, arm.d, [row[:1] for row in arm.x])


def given(arm: Arm, kind: str, *, ratio: bool) -> Case:
    """An arm as the data argument of a method."""
    d = {"d": arm.d} if ratio else {}
    first, second = [row[0] for row in arm.x], [row[-1] for row in arm.x]
    if kind == "Comoments":
        x = {"before": first, "age": second}
        return {"make": "adjustment.Comoments.of", "with": {"y": arm.y, "x": x} | d}
    make = "Samples" if kind == "Samples" else "Moments.of"
    return {"make": make, "with": {"y": arm.y, "x": first} | d}


METHODS: list[tuple[str, str, bool, Callable[[tuple[Arm, Arm]], Parts], dict[str, str]]] = [
    ("cuped", "Moments", False, lambda arms: pooled(arms, ratio=False), {}),
    ("cuped_ratio", "Moments", True, lambda arms: pooled(arms, ratio=True), {}),
    ("cuped_many", "Comoments", False, lambda arms: pooled(arms, ratio=False), {}),
    ("cuped_ratio_many", "Comoments", True, lambda arms: pooled(arms, ratio=True), {}),
    ("lin", "Moments", False, lambda arms: separate(arms, hc2=False, population=True), {}),
    ("lin", "Moments", False, lambda arms: separate(arms, hc2=False, population=False), {"target": "sample"}),
    ("lin_many", "Comoments", False, lambda arms: separate(arms, hc2=False, population=True), {}),
    ("lin_hc2", "Samples", False, lambda arms: separate(arms, hc2=True, population=True), {}),
]


def cases() -> list[Case]:
    """Every method on small and uneven arms, small and large lifts, bounded and not."""
    made: list[Case] = []
    for seed, sizes, lift, alpha in (
        (1, (9, 12), 0.1, 0.05),
        (2, (24, 10), 1.0, 0.01),
        (3, (7, 30), -0.3, 0.2),
        (4, (8, 9), 0.2, 1e-6),
    ):
        for call, kind, ratio, parts, options in METHODS:
            both = drawn(seed, sizes, lift)
            used = both if kind == "Comoments" else (one_covariate(both[0]), one_covariate(both[1]))
            data = {
                n: given(a, kind, ratio=ratio) for n, a in zip(("control", "treatment"), both, strict=True)
            }
            expected = effect(parts(used), alpha)
            made.append({"call": call, "with": data | {"alpha": alpha} | options, "expect": expected})
    return (
        made + [one_sided_case(side) for side in ("greater", "less")] + [strata_case(seed) for seed in (1, 2)]
    )


def one_sided_case(alternative: str) -> Case:
    """CUPED with one tail: half the p-value, one end at twice the level, the other end open."""
    both = drawn(6, (14, 11), 0.5)
    used = (one_covariate(both[0]), one_covariate(both[1]))
    expected = effect(pooled(used, ratio=False), 0.1)
    up = alternative == "greater"
    half = expected["p_value"] / 2
    expected["p_value"] = half if up == (expected["statistic"] > 0) else 1 - half
    for name in ("upper", "relative_upper") if up else ("lower", "relative_lower"):
        expected[name] = "inf" if up else "-inf"
    data = {n: given(a, "Moments", ratio=False) for n, a in zip(("control", "treatment"), both, strict=True)}
    options = {"alpha": 0.05, "alternative": alternative}
    return {"call": "cuped", "with": data | options, "expect": expected}


def strata_case(seed: int) -> Case:
    """Three strata of unlike means."""
    rng = np.random.default_rng(seed)
    arms = [
        [np.round(rng.gamma(2, 2, int(rng.integers(2, 12))) + 5 * s + a, 3).tolist() for s in range(3)]
        for a in range(2)
    ]
    data: Case = {}
    for name, arm in zip(("control", "treatment"), arms, strict=True):
        levels = [mean([mp.mpf(v) for v in cell]) for cell in arm]
        squares = [mp.fsum((v - m) ** 2 for v in cell) for cell, m in zip(arm, levels, strict=True)]
        moments = {
            "n": [len(cell) for cell in arm],
            "mean_y": [float(m) for m in levels],
            "m2_y": [float(s) for s in squares],
        }
        made = {"make": "Moments", "with": moments}
        data[name] = {"make": "adjustment.Strata", "with": {"moments": made}}
    expected = effect(stratified((arms[0], arms[1])), 0.05)
    return {"call": "poststratified", "with": data | {"alpha": 0.05}, "expect": expected}


def main() -> None:
    """Write the book."""
    book = {
        "source": "50-digit twin: adjusted means as sums over units, intervals by bisection of the pivot",
        "versions": {"mpmath": version("mpmath"), "numpy": version("numpy")},
        "command": "python tests/reference/make_adjustment.py",
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": 1e-12,
        "cases": cases(),
    }
    BOOK.parent.mkdir(exist_ok=True)
    BOOK.write_text(json.dumps(book, indent=1) + "\n")


if __name__ == "__main__":
    main()
