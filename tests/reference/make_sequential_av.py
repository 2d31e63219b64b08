"""Makes the books of always-valid inference from definitions: mixtures as integrals, ends by root-finding.

Nothing of Assay is imported. Closed forms of the mixtures are what is tested, so none is used here.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
from scipy import optimize, stats

BOOKS = Path(__file__).parent / "books"
COMMAND = "python tests/reference/make_sequential_av.py"
Case = dict[str, Any]
Arm = tuple[mp.mpf, mp.mpf, int]
TUNED = mp.mpf("0.05")


def bisect(f: Callable[[mp.mpf], mp.mpf], low: mp.mpf, high: mp.mpf, steps: int = 90) -> mp.mpf:
    """The sign change of f between two points."""
    start = mp.sign(f(low))
    for _ in range(steps):
        middle = (low + high) / 2
        if mp.sign(f(middle)) == start:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def mixed(z: mp.mpf, ratio: mp.mpf, side: int) -> mp.mpf:
    """Mean of exp(h·z - h²/2) over a normal h of variance `ratio`; over half of it if side is ±1."""
    scale = mp.sqrt(ratio)

    def part(h: mp.mpf) -> mp.mpf:
        return mp.npdf(h, 0, scale) * mp.exp(h * z - h * h / 2)

    centre, spread = z * ratio / (1 + ratio), mp.sqrt(ratio / (1 + ratio))
    knots = [centre + k * spread for k in (-24, -12, -6, -3, -1, 0, 1, 3, 6, 12, 24)]
    if side == 0:
        return mp.quad(part, knots)
    ahead = sorted({mp.mpf(0), *(side * k for k in knots if side * k > 0), scale, 8 * scale})
    return 2 * mp.quad(lambda h: part(side * h), ahead)


def arm_mean(y: list[float]) -> Arm:
    """Mean, its sampling variance and the number of units."""
    values = [mp.mpf(v) for v in y]
    n = len(values)
    mean = mp.fsum(values) / n
    return mean, mp.fsum((v - mean) ** 2 for v in values) / (n - 1) / n, n


def arm_ratio(y: list[float], d: list[float]) -> Arm:
    """Ratio of sums, its sampling variance by residuals, and the number of units."""
    n = len(y)
    down = mp.fsum(map(mp.mpf, d)) / n
    ratio = mp.fsum(map(mp.mpf, y)) / n / down
    left = [(mp.mpf(a) - ratio * mp.mpf(b)) / down for a, b in zip(y, d, strict=True)]
    return ratio, mp.fsum(v * v for v in left) / (n - 1) / n, n


def answers(
    c: Arm, t: Arm, evidence: Callable[[mp.mpf, int], mp.mpf], alpha: float, alternative: str
) -> Case:
    """The effect: evidence at no effect, and all effects and lifts whose evidence stays below 1 / alpha."""
    side = {"two-sided": 0, "greater": 1, "less": -1}[alternative]
    gap = t[0] - c[0]
    error = mp.sqrt(c[1] + t[1])
    p = min(mp.mpf(1), 1 / evidence(gap / error, side))
    reach = mp.findroot(
        lambda z: mp.log(evidence(z, abs(side))) + mp.log(alpha), (mp.mpf(3), mp.mpf(4)), solver="secant"
    )

    def beyond(lift: mp.mpf) -> mp.mpf:
        return abs(t[0] - (1 + lift) * c[0]) - reach * mp.sqrt(t[1] + (1 + lift) ** 2 * c[1])

    lift = t[0] / c[0] - 1
    ends = {
        "lower": gap - reach * error,
        "upper": gap + reach * error,
        "relative_lower": bisect(beyond, lift, lift - 100),
        "relative_upper": bisect(beyond, lift, lift + 100),
    }
    named = {k: float(v) for k, v in ends.items()}
    closed: Case = dict(named)
    for name in named:
        if (side == 1 and "upper" in name) or (side == -1 and "lower" in name):
            closed[name] = "inf" if side == 1 else "-inf"
    return {
        "estimate": float(gap),
        "std_error": float(error),
        "statistic": float(gap / error),
        "p_value": float(p),
        "relative_estimate": float(lift),
        **closed,
    }


def draws(seed: int, sizes: tuple[int, int], shift: float) -> list[list[float]]:
    """Two rounded samples, the second shifted."""
    rng = np.random.default_rng(seed)
    return [np.round(rng.gamma(4.0, 2.0, n) + i * shift, 3).tolist() for i, n in enumerate(sizes)]


def moments(y: list[float], d: list[float] | None = None) -> Case:
    """What a book says to make an arm."""
    return {"make": "Moments.of", "with": {"y": y} | ({"d": d} if d else {})}


def tightest() -> mp.mpf:
    """Where r ↦ (1 + r) / r·(log(1 + r) - 2·log 0.05) is least, by its derivative."""

    def slope(r: mp.mpf) -> mp.mpf:
        return mp.diff(lambda s: (1 + s) / s * (mp.log(1 + s) - 2 * mp.log(TUNED)), r)

    return bisect(slope, mp.mpf(1), mp.mpf(100), 70)


def mixtures() -> Iterator[Case]:
    """mSPRT and asymptotic confidence sequences of means and ratios."""
    ratio_at_plan = tightest()
    plans = (
        (1, (40, 50), 2.0, 0.05),
        (2, (30, 90), 0.2, 0.01),
        (3, (60, 45), -3.0, 0.2),
        (4, (25, 25), 9.0, 0.05),
    )
    for seed, sizes, shift, alpha in plans:
        y = draws(seed, sizes, shift)
        d = [
            np.random.default_rng(seed + 50 + i).integers(1, 6, n).astype(float).tolist()
            for i, n in enumerate(sizes)
        ]
        c, t = arm_mean(y[0]), arm_mean(y[1])
        for alternative in ("two-sided", "greater", "less"):
            with_ = {
                "control": moments(y[0]),
                "treatment": moments(y[1]),
                "alpha": alpha,
                "alternative": alternative,
            }
            for sd in (None, 0.7):
                pooled = (c[1] * c[2] * (c[2] - 1) + t[1] * t[2] * (t[2] - 1)) / (c[2] + t[2] - 2)
                square = pooled / 100 if sd is None else mp.mpf(sd) ** 2
                r = square / (c[1] + t[1])
                option = {} if sd is None else {"mixture_sd": sd}
                yield case("mixture_sprt", with_ | option, c, t, r, alpha, alternative)
            for planned in (5000, 120):
                r = ratio_at_plan * sum(sizes) / planned
                option = {} if planned == 5000 else {"planned_n": planned}
                yield case("confidence_sequence", with_ | option, c, t, r, alpha, alternative)
            both = {"control": moments(y[0], d[0]), "treatment": moments(y[1], d[1]), "planned_n": 200}
            arms = arm_ratio(y[0], d[0]), arm_ratio(y[1], d[1])
            r = ratio_at_plan * sum(sizes) / 200
            yield case("confidence_sequence_ratio", with_ | both, *arms, r, alpha, alternative)


def case(call: str, with_: Case, c: Arm, t: Arm, r: mp.mpf, alpha: float, alternative: str) -> Case:
    """One case of a normal mixture."""
    expect = answers(c, t, lambda z, side: mixed(z, r, side), alpha, alternative)
    return {"call": call, "with": with_, "expect": expect}


def mixed_t(t: float, df: int, ratio: float, side: int) -> float:
    """Mean over a normal noncentrality of the density of noncentral t over that of central t.

    It is the mean of exp(h·w·y - h²/2), w = t/√(df + t²), over a chi variable y with df + 1 degrees
    of freedom: a double integral, by Gauss-Legendre quadrature.
    """
    w = t / np.sqrt(df + t * t)
    far = np.sqrt(df) / np.sqrt(1 - w * w * ratio / (1 + ratio)) + 20
    reach = abs(w) * far * ratio / (1 + ratio) + 12 * np.sqrt(ratio / (1 + ratio))
    low, high = {0: (-reach, reach), 1: (0.0, reach), -1: (-reach, 0.0)}[side]
    nodes, weights = np.polynomial.legendre.leggauss(700)
    y, h = (1 + nodes) * far / 2, low + (1 + nodes) * (high - low) / 2
    log_part = (
        stats.chi.logpdf(y, df + 1)[:, None]
        + stats.norm.logpdf(h, 0, np.sqrt(ratio))
        + w * np.outer(y, h)
        - h * h / 2
    )
    total = weights @ np.exp(log_part) @ weights * far / 2 * (high - low) / 2
    return float(total * (2 if side else 1))


def t_mixtures() -> Iterator[Case]:
    """The mixture test with unknown variance, from seven units on."""
    for seed, sizes, shift, alpha, sd in (
        (11, (5, 6), 6.0, 0.2, 0.8),
        (12, (3, 4), 20.0, 0.1, 2.0),
        (13, (14, 10), 3.0, 0.05, 0.5),
        (14, (90, 70), 1.0, 0.01, 0.1),
    ):
        y = draws(seed, sizes, shift)
        (mean_c, v_c, n_c), (mean_t, v_t, n_t) = (arm_mean(side) for side in y)
        df = n_c + n_t - 2
        pooled = (v_c * n_c * (n_c - 1) + v_t * n_t * (n_t - 1)) / df
        r = sd**2 / (1 / n_c + 1 / n_t)
        error, gap = float(mp.sqrt(pooled / n_c + pooled / n_t)), float(mean_t - mean_c)
        for alternative in ("two-sided", "greater", "less"):
            side = {"two-sided": 0, "greater": 1, "less": -1}[alternative]
            with_ = {"control": moments(y[0]), "treatment": moments(y[1]), "mixture_sd": sd}
            yield {
                "call": "mixture_t",
                "with": {**with_, "alpha": alpha, "alternative": alternative},
                "expect": t_effect(gap, error, df, r, side, alpha),
            }


def t_effect(gap: float, error: float, df: int, ratio: float, side: int, alpha: float) -> Case:
    """The effect by that evidence."""

    def short(t: float) -> float:
        return float(np.log(mixed_t(t, df, ratio, abs(side))) + np.log(alpha))

    high = 3.0
    while short(high) < 0:
        high *= 1.3
    reach = optimize.brentq(short, 0.0, high, xtol=1e-13)
    ends: Case = {"lower": gap - reach * error, "upper": gap + reach * error}
    if side:
        ends["upper" if side == 1 else "lower"] = "inf" if side == 1 else "-inf"
    p = min(1.0, 1 / mixed_t(gap / error, df, ratio, side))
    return {"p_value": p, "df": df, "std_error": error, "statistic": gap / error, **ends}


def tuning() -> Iterator[Case]:
    """The tightest ratio by the derivative of the squared width; by Lambert's W at other levels."""
    yield {"call": "sequential.tightest_ratio", "with": {}, "expect": {"": float(tightest())}}
    for alpha in ("1e-3", "0.2", "0.9", "1e-100", "0.999999"):
        level = mp.mpf(float(alpha))
        root = -mp.lambertw(-(level**2) * mp.exp(-1), -1).real - 1
        with_ = {"alpha": float(alpha)}
        yield {"call": "sequential.tightest_ratio", "with": with_, "expect": {"": float(root)}}
        yield {
            "call": "sequential.mixture_sd_for",
            "with": {"std_error": 0.3, **with_},
            "expect": {"": float(mp.mpf(0.3) * mp.sqrt(root))},
        }


def looks() -> Iterator[Case]:
    """Running extremes of three looks, each by the integrals above."""
    y = draws(21, (60, 60), 1.5)
    sizes = (20, 40, 60)
    r_plan = tightest()
    parts = []
    for n in sizes:
        c, t = arm_mean(y[0][:n]), arm_mean(y[1][:n])
        r = r_plan * 2 * n / 100
        parts.append(answers(c, t, lambda z, side, r=r: mixed(z, r, side), 0.05, "two-sided"))
    n, arms = list(sizes), []
    for side in y:
        means = [arm_mean(side[:k]) for k in sizes]
        fields = {
            "n": n,
            "mean_y": [float(m[0]) for m in means],
            "m2_y": [float(m[1] * m[2] * (m[2] - 1)) for m in means],
        }
        arms.append({"make": "Moments", "with": fields})
    expect = {
        "p_value": np.minimum.accumulate([p["p_value"] for p in parts]).tolist(),
        "lower": np.maximum.accumulate([p["lower"] for p in parts]).tolist(),
        "upper": np.minimum.accumulate([p["upper"] for p in parts]).tolist(),
        "relative_lower": np.maximum.accumulate([p["relative_lower"] for p in parts]).tolist(),
        "relative_upper": np.minimum.accumulate([p["relative_upper"] for p in parts]).tolist(),
    }
    effect = {
        "make": "confidence_sequence",
        "with": {"control": arms[0], "treatment": arms[1], "planned_n": 100},
    }
    yield {"call": "sequential.over_looks", "with": {"effect": effect}, "expect": expect}


def wealth(x: list[mp.mpf], claim: mp.mpf) -> mp.mpf:
    """Capital of bets that the mean is above the claim, unit by unit."""
    capital, total, squares, variance = mp.mpf(1), mp.mpf("0.5"), mp.mpf("0.25"), mp.mpf("0.25")
    for i, value in enumerate(x, 1):
        stake = mp.sqrt(2 * mp.log(2 / TUNED) / (variance * i * mp.log(1 + i)))
        capital *= 1 + (min(stake, 1 / (2 * claim)) if claim else stake) * (value - claim)
        total += value
        squares += (value - total / (i + 1)) ** 2
        variance = squares / (i + 1)
    return capital


def betting() -> Iterator[Case]:
    """Every pair of cells looked at one by one."""
    for seed, sizes, (low, high), alpha, grid in (
        (31, (60, 45), (0.0, 1.0), 0.05, 40),
        (32, (120, 80), (0.0, 20.0), 0.1, 50),
        (33, (80, 80), (-1.0, 3.0), 0.2, 30),
    ):
        rng = np.random.default_rng(seed)
        y = [
            np.round(low + (high - low) * rng.beta(a, b, n), 3).tolist()
            for (a, b), n in zip(((3, 4), (8, 3)), sizes, strict=True)
        ]
        for alternative in ("two-sided", "greater", "less"):
            yield bets(y, (low, high), alpha, grid, alternative)


def bets(
    y: list[list[float]], limits: tuple[float, float], alpha: float, grid: int, alternative: str
) -> Case:
    """One case of the betting sequence."""
    low, high = map(mp.mpf, limits)
    scaled = [[(mp.mpf(v) - low) / (high - low) for v in side] for side in y]
    above = [[wealth(x, mp.mpf(k) / grid) for k in range(grid + 1)] for x in scaled]
    below = [[wealth([1 - v for v in x], 1 - mp.mpf(k) / grid) for k in range(grid + 1)] for x in scaled]

    def kept(capital: mp.mpf) -> mp.mpf:
        return max(mp.mpf(9) / 10 * capital, mp.mpf(1) / 10)

    def cell(arm: int, k: int) -> mp.mpf:
        up, down = above[arm][k + 1], below[arm][k]
        if alternative == "two-sided":
            return max(up, down) / 2
        return kept(up if (alternative == "greater") == (arm == 1) else down)

    cells = [[cell(arm, k) for k in range(grid)] for arm in (0, 1)]
    edges = [low + (high - low) * k / grid for k in range(grid + 1)]
    kept_pairs = [
        (i, k) for i in range(grid) for k in range(grid) if cells[0][i] * cells[1][k] <= 1 / mp.mpf(alpha)
    ]
    corners = [(edges[i + a], edges[k + b]) for i, k in kept_pairs for a in (0, 1) for b in (0, 1)]
    positive = all(c >= 0 for c, _ in corners) if low >= 0 else all(c > 0 for c, _ in corners)
    gaps = [t - c for c, t in corners]
    lifts = [t / c - 1 if c else mp.inf for c, t in corners] if positive else [mp.ninf, mp.inf]
    if positive and any(c == 0 for c, _ in corners):  # t / c over a cell that touches 0: from its far edge up
        lifts = [mp.inf, *(t / c - 1 for c, t in corners if c)]
    evidence = min(a * b for a, b in zip(*cells, strict=True))
    floor = -1.0 if low >= 0 else "-inf"
    ends: Case = {
        "lower": min(gaps),
        "upper": max(gaps),
        "relative_lower": min(lifts),
        "relative_upper": max(lifts),
    }
    if alternative == "greater":
        ends |= {"upper": high - low, "relative_upper": mp.inf}
    if alternative == "less":
        ends |= {"lower": low - high, "relative_lower": floor}
    return {
        "call": "betting_sequence",
        "with": {
            "control": {"make": "Samples", "with": {"y": y[0]}},
            "treatment": {"make": "Samples", "with": {"y": y[1]}},
            "alpha": alpha,
            "alternative": alternative,
            "least": float(low),
            "greatest": float(high),
            "grid": grid,
        },
        "expect": {
            "statistic": float(mp.log(evidence)),
            "p_value": float(min(mp.mpf(1), 1 / evidence)),
            **{k: json_number(v) for k, v in ends.items()},
        },
    }


def json_number(v: Any) -> Any:
    """Infinity as the books write it."""
    if isinstance(v, str):
        return v
    return float(v) if mp.isfinite(v) else ("inf" if v > 0 else "-inf")


MAKERS: dict[str, tuple[str, float, Callable[[], Iterator[Case]]]] = {
    "mixture": ("30-digit twin: quadrature of the mixture, bisection of its evidence", 1e-11, mixtures),
    "t": ("NumPy and SciPy: quadrature over noncentrality and variance, ends by brentq", 1e-10, t_mixtures),
    "tuning": (
        "30-digit twin: least width by bisection of its derivative; mpmath's Lambert W",
        1e-12,
        tuning,
    ),
    "looks": ("30-digit twin: quadrature of the mixture per look, running extremes", 1e-11, looks),
    "betting": ("30-digit twin: the game unit by unit, all pairs of cells", 1e-11, betting),
}


def main() -> int:
    """Write every book, or those named on the command line."""
    mp.mp.dps = 30
    versions = {name: version(name) for name in ("mpmath", "numpy", "scipy")} | {
        "python": platform.python_version()
    }
    for name, (source, tolerance, make) in MAKERS.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        book = {
            "source": source,
            "versions": versions,
            "command": COMMAND,
            "date": datetime.now(UTC).date().isoformat(),
            "tolerance": tolerance,
            "cases": list(make()),
        }
        (BOOKS / f"sequential_av_{name}.json").write_text(json.dumps(book, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
