"""Makes the golden books of proportions: `python tests/reference/make_proportions.py` rewrites
`books/proportions_twin.json`, `proportions_python.json` and `proportions_published.json`.

Nothing here imports Assay. The twins are slow and follow definitions in 50-digit arithmetic: a restricted
likelihood is maximised by bisection of its derivative, an interval found by bisection of its test.
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
from scipy import optimize, stats
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
    test_proportions_2indep,
)

FOLDER = Path(__file__).parent / "books"
COMMAND = "python tests/reference/make_proportions.py"
Table = tuple[int, int, int, int]
Case = dict[str, Any]
mp.mp.dps = 50
TINY = mp.mpf(10) ** -25
TABLES: tuple[Table, ...] = (
    (48, 80, 56, 70), (3, 10, 9, 10), (2, 7, 6, 7), (0, 29, 5, 56), (6, 6, 1, 9), (5, 5, 0, 4),
    (120, 4000, 171, 4100), (12, 10**6, 31, 10**6),
    (500_000, 10**6, 501_500, 10**6), (9, 2 * 10**9, 14, 10**9),
)  # fmt: skip


def arms(table: Table, **options: object) -> Case:
    """The arguments of a method."""
    x_c, n_c, x_t, n_t = table
    made = {
        name: {"make": "Moments.of_counts", "with": {"successes": x, "n": n}}
        for name, x, n in (("control", x_c, n_c), ("treatment", x_t, n_t))
    }
    return {**made, **options}


def case(call: str, arguments: Case, expect: Case, tolerance: float | None = None) -> Case:
    """One case; infinite numbers by their names."""
    plain = {k: str(float(v)) if abs(v) == mp.inf or mp.isnan(v) else float(v) for k, v in expect.items()}
    return {"call": call, "with": arguments, "expect": plain} | (
        {"tolerance": tolerance} if tolerance else {}
    )


def bisect(inside: Callable[[mp.mpf], bool], low: mp.mpf, high: mp.mpf, steps: int = 120) -> mp.mpf:
    """Where a condition that is false at `low` becomes true."""
    low, high = mp.mpf(low), mp.mpf(high)
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if inside(middle) else (middle, high)
    return (low + high) / 2


def quantile(alpha: float) -> mp.mpf:
    """The normal quantile that leaves half of alpha above."""
    return mp.sqrt(2) * mp.erfinv(1 - mp.mpf(alpha))


def two_sided(z: mp.mpf) -> mp.mpf:
    """The p-value of a normal statistic."""
    return mp.erfc(abs(z) / mp.sqrt(2))


def slope(x: int, n: int, p: mp.mpf) -> mp.mpf:
    """Derivative of a binomial log likelihood."""
    return (x / p if x else 0) - ((n - x) / (1 - p) if n > x else 0)


# scores: a hypothesis is a map from p_c to p_t with its derivative and the range of p_c


def restricted(table: Table, to_t: Callable[[mp.mpf], mp.mpf], rate: Callable[[mp.mpf], mp.mpf],
               low: mp.mpf, high: mp.mpf) -> tuple[mp.mpf, mp.mpf]:  # fmt: skip
    """Maximum likelihood of both shares under the hypothesis."""
    x_c, n_c, x_t, n_t = table
    width = high - low
    p = bisect(
        lambda q: slope(x_c, n_c, q) + rate(q) * slope(x_t, n_t, to_t(q)) < 0,
        low + width * mp.mpf(10) ** -45, high - width * mp.mpf(10) ** -45,
    )  # fmt: skip
    return p, to_t(p)


def difference_z(table: Table, delta: mp.mpf) -> mp.mpf:
    """Mee's score."""
    x_c, n_c, x_t, n_t = table
    low, high = max(mp.mpf(0), -delta), min(mp.mpf(1), 1 - delta)
    c, t = restricted(table, lambda p: p + delta, lambda _: mp.mpf(1), low, high)
    return (mp.mpf(x_t) / n_t - mp.mpf(x_c) / n_c - delta) / mp.sqrt(c * (1 - c) / n_c + t * (1 - t) / n_t)


def ratio_z(table: Table, ratio: mp.mpf) -> mp.mpf:
    """Koopman's score."""
    x_c, n_c, x_t, n_t = table
    c, t = restricted(table, lambda p: p * ratio, lambda _: ratio, mp.mpf(0), min(mp.mpf(1), 1 / ratio))
    distance = mp.mpf(x_t) / n_t - ratio * x_c / n_c
    return distance / mp.sqrt(ratio**2 * c * (1 - c) / n_c + t * (1 - t) / n_t)


def odds_z(table: Table, odds: mp.mpf) -> mp.mpf:
    """The score of the log odds ratio: its derivative over the root of its information."""
    _, n_c, x_t, n_t = table

    def to_t(p: mp.mpf) -> mp.mpf:
        return p * odds / (1 - p + p * odds)

    c, t = restricted(table, to_t, lambda p: odds / (1 - p + p * odds) ** 2, mp.mpf(0), mp.mpf(1))
    variance = 1 / (1 / (n_t * t * (1 - t)) + 1 / (n_c * c * (1 - c)))
    return (x_t - n_t * t) / mp.sqrt(variance)


def positive_ends(score: Callable[[mp.mpf], mp.mpf], z: mp.mpf, estimate: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    """Both ends of a parameter in (0, inf), searched by its logarithm; the score falls."""
    low, high, far = mp.mpf(0), mp.inf, mp.mpf(30)
    middle = mp.log(estimate) if 0 < estimate < mp.inf else mp.mpf(0)
    if estimate > 0:
        low = mp.exp(bisect(lambda e: score(mp.exp(e)) < z, middle - far, middle + far))
    if estimate < mp.inf:
        high = mp.exp(bisect(lambda e: score(mp.exp(e)) < -z, middle - far, middle + far))
    return low, high


def score_cases(table: Table, alpha: float) -> list[Case]:
    """Mee, Koopman, Miettinen and Nurminen, and Cornfield."""
    x_c, n_c, x_t, n_t = table
    d, total = mp.mpf(x_t) / n_t - mp.mpf(x_c) / n_c, mp.mpf(n_c + n_t)
    pooled = mp.mpf(x_c + x_t) / total
    at_null = d / mp.sqrt(pooled * (1 - pooled) * (mp.mpf(1) / n_c + mp.mpf(1) / n_t))
    ratio = mp.mpf(x_t) * n_c / (mp.mpf(x_c) * n_t) if x_c else mp.inf
    made = []
    for name, factor in (
        ("proportions_score", mp.mpf(1)),
        ("miettinen_nurminen", mp.sqrt((total - 1) / total)),
    ):
        z = quantile(alpha) / factor
        low = bisect(lambda v, z=z: difference_z(table, v) < z, -1 + TINY, 1 - TINY) if d > -1 else -1
        high = bisect(lambda v, z=z: difference_z(table, v) < -z, -1 + TINY, 1 - TINY) if d < 1 else 1
        ends = positive_ends(lambda v: ratio_z(table, v), z, ratio)
        expect = {
            "statistic": at_null * factor, "p_value": two_sided(at_null * factor),
            "lower": low, "upper": high, "relative_lower": ends[0] - 1, "relative_upper": ends[1] - 1,
        }  # fmt: skip
        made.append(case(name, arms(table, alpha=alpha), expect))
    failures = (n_t - x_t) * mp.mpf(x_c)
    odds = mp.mpf(x_t) * (n_c - x_c) / failures if failures else mp.inf
    ends = positive_ends(lambda v: odds_z(table, v), quantile(alpha), odds)
    expect = {
        "odds_ratio": odds,
        "odds_ratio_lower": ends[0],
        "odds_ratio_upper": ends[1],
        "lower": made[0]["expect"]["lower"],
    }
    made.append(case("odds_ratio", arms(table, alpha=alpha), expect))
    # A one-sided interval at half the level has the same end.
    one_sided = arms(table, alpha=alpha / 2, alternative="greater")
    tail = mp.erfc(at_null / mp.sqrt(2)) / 2
    made.append(
        case(
            "proportions_score", one_sided, {"p_value": tail, "upper": 1, "lower": made[0]["expect"]["lower"]}
        )
    )
    return made


# Newcombe


def wilson(x: int, n: int, z: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    """Where |x/n - p| = z·√(p·(1 - p)/n)."""
    share = mp.mpf(x) / n

    def beyond(p: mp.mpf) -> bool:
        return (share - p) ** 2 * n > z**2 * p * (1 - p)

    low = bisect(lambda p: not beyond(p), 0, share) if x else mp.mpf(0)
    return low, (bisect(beyond, share, 1) if x < n else mp.mpf(1))


def newcombe_ends(table: Table, z: mp.mpf, ratio: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    """Both ends of p_t - R·p_c by recovered variances."""
    x_c, n_c, x_t, n_t = table
    c, t = mp.mpf(x_c) / n_c, mp.mpf(x_t) / n_t
    (low_c, high_c), (low_t, high_t) = wilson(x_c, n_c, z), wilson(x_t, n_t, z)
    below = mp.sqrt((t - low_t) ** 2 + (ratio * (high_c - c)) ** 2)
    above = mp.sqrt((high_t - t) ** 2 + (ratio * (c - low_c)) ** 2)
    return t - ratio * c - below, t - ratio * c + above


def newcombe_case(table: Table, alpha: float) -> Case:
    """Ends, the z at which one of them is 0, and the ratios at which they are."""
    x_c, n_c, x_t, n_t = table
    z, d = quantile(alpha), mp.mpf(x_t) / n_t - mp.mpf(x_c) / n_c
    lower, upper = newcombe_ends(table, z, mp.mpf(1))

    def covers(log_z: mp.mpf) -> bool:
        low, high = newcombe_ends(table, mp.exp(log_z), mp.mpf(1))
        return low < 0 < high

    statistic = mp.sign(d) * mp.exp(bisect(covers, -8, 8, 70))
    low = (
        mp.exp(bisect(lambda e: newcombe_ends(table, z, mp.exp(e))[0] < 0, -25, 25, 70)) if x_t else mp.mpf(0)
    )
    high = mp.exp(bisect(lambda e: newcombe_ends(table, z, mp.exp(e))[1] < 0, -25, 25, 70)) if x_c else mp.inf
    expect = {
        "statistic": statistic, "p_value": two_sided(statistic), "lower": lower, "upper": upper,
        "relative_lower": low - 1, "relative_upper": high - 1,
    }  # fmt: skip
    return case("newcombe", arms(table, alpha=alpha), expect)


# Fisher


def fisher_case(table: Table, alpha: float) -> Case:
    """Interval and conditional maximum likelihood of the odds ratio, all weights exact."""
    x_c, n_c, x_t, n_t = table
    m = x_c + x_t
    support = range(max(0, m - n_c), min(m, n_t) + 1)
    ways = [mp.binomial(n_t, k) * mp.binomial(n_c, m - k) for k in support]

    def expected(value: Callable[[int], int], log_odds: mp.mpf) -> mp.mpf:
        odds = mp.exp(log_odds)
        weights = [w * odds ** (k - support[0]) for w, k in zip(ways, support, strict=True)]
        return mp.fsum(w * value(k) for w, k in zip(weights, support, strict=True)) / mp.fsum(weights)

    def end(reached: Callable[[mp.mpf], bool]) -> mp.mpf:
        return mp.exp(bisect(reached, -40, 40, 75))

    tail, first, last = mp.mpf(alpha) / 2, x_t == support[0], x_t == support[-1]
    expect = {
        "odds_ratio": 0 if first else mp.inf if last else end(lambda e: expected(lambda k: k, e) > x_t),
        "odds_ratio_lower": 0 if first else end(lambda e: expected(lambda k: int(k >= x_t), e) > tail),
        "odds_ratio_upper": mp.inf if last else end(lambda e: expected(lambda k: int(k <= x_t), e) < tail),
    }
    return case("fisher", arms(table, alpha=alpha), expect, 1e-11)


# McNemar: counts of units that succeed in both, under treatment only, under control only, in neither


def pairs(counts: Table, **options: object) -> Case:
    """The arguments of a paired method."""
    sides = {"control": (1.0, 0.0, 1.0, 0.0), "treatment": (1.0, 1.0, 0.0, 0.0)}
    return {
        name: {
            "make": "Samples",
            "with": {"y": [v for v, k in zip(values, counts, strict=True) for _ in range(k)]},
        }
        for name, values in sides.items()
    } | options


def tango_z(counts: Table, delta: float) -> float:
    """The score of p_t - p_c: the likelihood in q, share of control only, is that of three groups."""
    both, gained, lost, neither = counts
    n, low, high = sum(counts), max(0.0, -delta), (1 - delta) / 2

    def derivative(q: float) -> float:
        same = -2 * (both + neither) / (1 - 2 * q - delta)
        return (
            (gained / (q + delta) if gained else 0)
            + (lost / q if lost else 0)
            + (same if both + neither else 0)
        )

    q = root(derivative, low, high)
    return (gained - lost - n * delta) / (n * (2 * q + delta - delta**2)) ** 0.5


def tang_z(counts: Table, ratio: float) -> float:
    """The score of p_t / p_c; both shares p_11 and p_01 maximised, one inside the other."""
    both, gained, lost, _ = counts
    n = sum(counts)

    def shares(p11: float, p01: float) -> tuple[float, ...]:
        p10 = ratio * (p11 + p01) - p11
        return p11, p10, p01, 1 - p11 - p10 - p01

    def gradient(p11: float, p01: float, moves: tuple[float, ...]) -> float:
        terms = zip(counts, shares(p11, p01), moves, strict=True)
        return sum(k * step / max(p, 1e-30) for k, p, step in terms if k)

    def inner(p01: float) -> float:
        low = max(0.0, -ratio * p01 / (ratio - 1)) if ratio > 1 else 0.0
        high = (1 - p01 * (1 + ratio)) / ratio
        if ratio < 1:
            high = min(high, ratio * p01 / (1 - ratio))
        return root(lambda p: gradient(p, p01, (1.0, ratio - 1, 0.0, -ratio)), low, high)

    most = 1 / (1 + ratio)
    p01 = root(lambda q: gradient(inner(q), q, (0.0, ratio, 1.0, -1 - ratio)), 0.0, most)
    p11, p10, p01, _ = shares(inner(p01), p01)
    variance = p11 * (1 - ratio) ** 2 + p10 + p01 * ratio**2
    return (both + gained - ratio * (both + lost)) / (n * variance) ** 0.5


def root(derivative: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling derivative is 0, or the end of the range beyond which it would be."""
    width = high - low
    low, high = low + 1e-11 * width, high - 1e-11 * width
    if derivative(low) <= 0:
        return low
    return (
        high
        if derivative(high) >= 0
        else float(optimize.brentq(derivative, low, high, xtol=1e-17, rtol=1e-15))
    )


def mcnemar_case(counts: Table, alpha: float) -> Case:
    """Tango's and Tang's ends."""
    z = float(quantile(alpha))
    n, (both, gained, lost, _) = sum(counts), counts
    d, ratio = (gained - lost) / n, (both + gained) / (both + lost)

    def found(score: Callable[[float], float], low: float, high: float) -> float:
        return float(optimize.brentq(score, low, high, xtol=1e-14, rtol=1e-13))

    expect = {
        "lower": found(lambda v: tango_z(counts, v) - z, -0.9, d),
        "upper": found(lambda v: tango_z(counts, v) + z, d, 0.9),
        "relative_lower": found(lambda v: tang_z(counts, v) - z, ratio / 3, ratio * 0.9999) - 1,
        "relative_upper": found(lambda v: tang_z(counts, v) + z, ratio * 1.0001, ratio * 3) - 1,
    }
    return case("mcnemar", pairs(counts, alpha=alpha), expect, 1e-8)


# other implementations


def python_cases() -> list[Case]:
    """statsmodels' closed forms and SciPy's unconditional tests."""
    made = []
    for table in TABLES[:7]:
        x_c, n_c, x_t, n_t = table
        counts = (x_t, n_t, x_c, n_c)
        for name, theirs in (
            ("proportions_wald", "wald"),
            ("agresti_caffo", "agresti-caffo"),
            ("newcombe", "newcomb"),
        ):
            if name == "proportions_wald" and {x_c / n_c, x_t / n_t} <= {0, 1}:
                continue
            low, high = confint_proportions_2indep(*counts, method=theirs, compare="diff", alpha=0.05)
            expect = {"lower": low, "upper": high}
            if name != "newcombe":
                test = test_proportions_2indep(*counts, method=theirs, compare="diff")
                expect |= {"statistic": test.statistic, "p_value": test.pvalue}
            made.append(case(name, arms(table), expect, 1e-11))
        z, p = proportions_ztest([x_t, x_c], [n_t, n_c])
        made.append(case("proportions_score", arms(table), {"statistic": z, "p_value": p}))
        test = test_proportions_2indep(*counts, method="score", compare="diff", correction=True)
        made.append(
            case(
                "miettinen_nurminen",
                arms(table),
                {"statistic": test.statistic, "p_value": test.pvalue},
                1e-11,
            )
        )
    for x, n in ((81, 263), (15, 148), (0, 20), (29, 29)):
        low, high = proportion_confint(x, n, 0.05, "agresti_coull")
        made.append(
            case(
                "proportions.agresti_coull",
                {"successes": x, "n": n},
                {"lower": max(low, 0), "upper": min(high, 1)},
            )
        )
    for table in (
        (3, 10, 9, 10),
        (7, 12, 8, 12),
        (1, 34, 7, 34),
        (0, 20, 10, 10),
        (48, 80, 56, 70),
        (9, 40, 3, 55),
    ):
        x_c, n_c, x_t, n_t = table
        for side in ("greater", "less"):
            cells = [[x_t, x_c], [n_t - x_t, n_c - x_c]]
            arguments = arms(table, alternative=side)
            for name, test in (("barnard", stats.barnard_exact), ("boschloo", stats.boschloo_exact)):
                # SciPy compares pooled z without tolerance and loses (1, 10, 7, 10), this one's mirror image.
                if name == "barnard" and table == (3, 10, 9, 10):
                    continue
                made.append(
                    case(name, arguments, {"p_value": test(cells, alternative=side, n=256).pvalue}, 1e-9)
                )
    return made


def fieller_cases() -> list[Case]:
    """Lifts of the customary pivot, by bisection of (t - R·c) / its standard error."""
    made = []
    for name, added in (("proportions_wald", 0), ("agresti_caffo", 1)):
        for x_c, n_c, x_t, n_t in ((48, 80, 56, 70), (120, 4000, 171, 4100)):
            (c, v_c), (t, v_t) = (
                (p, p * (1 - p) / m)
                for p, m in (
                    (mp.mpf(x + added) / (n + 2 * added), n + 2 * added) for x, n in ((x_c, n_c), (x_t, n_t))
                )
            )

            low, high = (
                bisect(lambda r, e=e: t - r * c < e * mp.sqrt(v_t + r * r * v_c), 0, 50)  # noqa: B023 - used at once
                for e in (quantile(0.05), -quantile(0.05))
            )
            made.append(
                case(
                    name, arms((x_c, n_c, x_t, n_t)), {"relative_lower": low - 1, "relative_upper": high - 1}
                )
            )
    return made


def published_cases() -> list[Case]:
    """Four decimals of printed tables."""
    printed = {
        (48, 80, 56, 70): {"proportions_wald": (0.0575, 0.3425), "proportions_score": (0.0533, 0.3377),
                           "miettinen_nurminen": (0.0528, 0.3382), "newcombe": (0.0524, 0.3339)},
        (3, 10, 9, 10): {"proportions_wald": (0.2605, 0.9395), "proportions_score": (0.1821, 0.8370),
                         "miettinen_nurminen": (0.1700, 0.8406), "newcombe": (0.1705, 0.8090)},
        (2, 7, 6, 7): {"newcombe": (0.0582, 0.8062)},
        (0, 29, 5, 56): {"miettinen_nurminen": (-0.0326, 0.1933), "newcombe": (-0.0381, 0.1926)},
        (0, 20, 0, 10): {"newcombe": (-0.1611, 0.2775)},
    }  # fmt: skip
    made = []
    for table, methods in printed.items():
        for name, (low, high) in methods.items():
            tolerance = 5.1e-5 / min(abs(low), abs(high))
            made.append(case(name, arms(table), {"lower": low, "upper": high}, tolerance))
    shares = ((81, 263), (15, 148), (0, 20), (1, 29))
    singles = (
        ("wilson", {}, ((0.2553, 0.3662), (0.0624, 0.1605), (0, 0.1611), (0.0061, 0.1718))),
        ("wilson", {"continuity": True}, ((0.2535, 0.3682), (0.0598, 0.1644), (0, 0.2005), (0.0018, 0.1963))),
        ("clopper_pearson", {}, ((0.2527, 0.3676), (0.0578, 0.1617), (0, 0.1684), (0.0009, 0.1776))),
    )
    for name, options, rows in singles:
        for (x, n), (low, high) in zip(shares, rows, strict=True):
            arguments = {"successes": x, "n": n, **options}
            tolerance = 5.1e-5 / (low or high)
            made.append(case(f"proportions.{name}", arguments, {"lower": low, "upper": high}, tolerance))
    return made


def twin_cases() -> list[Case]:
    """All cases in high precision."""
    made = [c for table in TABLES for c in score_cases(table, 0.05)]
    made += [c for table in TABLES[:3] for c in score_cases(table, 0.001)]
    made += [newcombe_case(table, 0.05) for table in TABLES[:8]] + [newcombe_case(TABLES[1], 0.001)]
    made += fieller_cases()
    for table in (
        (48, 80, 56, 70),
        (3, 10, 9, 10),
        (1, 4, 3, 4),
        (0, 29, 5, 56),
        (9, 9, 1, 7),
        (120, 4000, 171, 4100),
    ):
        made.append(fisher_case(table, 0.05))
    made.append(fisher_case((3, 10, 9, 10), 1e-8))
    made += [mcnemar_case(counts, 0.05) for counts in ((36, 12, 2, 9), (53, 16, 9, 2), (20, 3, 11, 16))]
    return made


def write(name: str, source: str, tolerance: float, cases: list[Case]) -> None:
    """Writes one book."""
    book = {
        "source": source,
        "versions": {"python": platform.python_version()}
        | {m: version(m) for m in ("mpmath", "scipy", "statsmodels")},
        "command": COMMAND,
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": tolerance,
        "cases": cases,
    }
    (FOLDER / f"proportions_{name}.json").write_text(json.dumps(book, indent=1) + "\n")


if __name__ == "__main__":
    write(
        "published",
        "Newcombe (1998), Statistics in Medicine 17: 857-872, table I (one share), and 873-890, table II",
        9e-4,
        published_cases(),
    )
    write(
        "python",
        "statsmodels' proportion functions; scipy.stats' barnard_exact and boschloo_exact",
        1e-12,
        python_cases(),
    )
    write("twin", "High-precision twins that follow definitions, in this script (mpmath)", 1e-9, twin_cases())
