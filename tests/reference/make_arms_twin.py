"""Golden numbers for assay.stats.arms: two laws from their definitions, and NIST's analyses of variance.

`python tests/reference/make_arms_twin.py` writes books/arms_twin.json and books/arms_nist_samples.json, in a
quarter of an hour or so. Nothing here imports Assay. The laws of Dunnett and of the studentised range are
double integrals over the definition, one minus a product, by composite Gauss-Legendre in log s and z, with 30
digits (60 for tails below 1e-40); a quantile is the statistic that a tail was computed from. F is computed in
rational arithmetic from the doubles that a program reads: NIST's certified F is that of the file's digits.
"""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import mpmath as mp
import numpy as np
import scipy

FOLDER = Path(__file__).parent / "books"
Case = dict[str, object]
Function = Callable[[mp.mpf], mp.mpf]
FAR = 10


def legendre(count: int) -> list[tuple[mp.mpf, mp.mpf]]:
    """Nodes and weights of Gauss and Legendre, polished to the working precision by Newton's steps."""
    found = []
    for start in np.polynomial.legendre.leggauss(count)[0]:
        x = mp.mpf(float(start))
        for _ in range(4):
            before, now = mp.mpf(1), x
            for k in range(2, count + 1):
                before, now = now, ((2 * k - 1) * x * now - (k - 1) * before) / k
            slope = count * (x * now - before) / (x * x - 1)
            x -= now / slope
        found.append((x, 2 / ((1 - x * x) * slope * slope)))
    return found


RULE: list[tuple[mp.mpf, mp.mpf]] = []


def integral(function: Function, low: mp.mpf, high: mp.mpf, width: mp.mpf) -> mp.mpf:
    """Composite Gauss-Legendre on panels of at most a width."""
    edges = mp.linspace(low, high, int(mp.ceil((high - low) / width)) + 1)
    total = mp.mpf(0)
    for left, right in pairwise(edges):
        half, middle = (right - left) / 2, (right + left) / 2
        total += half * mp.fsum(w * function(middle + half * x) for x, w in RULE)
    return total


def studentised(normal_tail: Function, statistic: mp.mpf, df: mp.mpf) -> mp.mpf:
    """The mean of P(M > q·s) over the law of S, in v = log s."""
    mp.mp.dps = 60 if mp.isinf(df) else 30
    RULE[:] = legendre(20 if mp.isinf(df) else 12)
    if mp.isinf(df):
        return normal_tail(statistic)
    constant = mp.log(2) + df / 2 * mp.log(df / 2) - mp.loggamma(df / 2)
    narrow = 1 / mp.sqrt(2 * df)
    peak = -mp.log1p(max(statistic, 0) ** 2 / df) / 2
    low, high = peak - FAR * narrow - 38 / df, mp.log(1 + FAR * narrow)

    def part(v: mp.mpf) -> mp.mpf:
        return mp.exp(constant + df * v - df / 2 * mp.exp(2 * v)) * normal_tail(statistic * mp.exp(v))

    return integral(part, low, high, min(mp.mpf("0.5"), 2 * narrow))


def dunnett_tail(statistic: float, ratios: list[float], df: float, alternative: str) -> mp.mpf:
    """P(max |T| > q), or P(max T > q), over the noise of the control and the law of S."""
    mp.mp.dps = 60
    shares = [mp.mpf(r) / (1 + mp.mpf(r)) for r in ratios]
    pairs = Counter((mp.sqrt(share), mp.sqrt(1 - share)) for share in shares)

    two_sided = alternative == "two-sided"

    def normal_tail(x: mp.mpf) -> mp.mpf:
        def part(z: mp.mpf) -> mp.mpf:
            inside = mp.mpf(1)
            for (load, rest), times in pairs.items():
                below = mp.ncdf((x - load * z) / rest)
                within = below - mp.ncdf((-x - load * z) / rest) if two_sided else below
                inside *= within**times
            return mp.npdf(z) * (1 - inside)

        reach = max(x, 0) + FAR
        sharp = mp.mpf(1) if max(ratios) < 5 else mp.mpf("0.4")
        if two_sided:  # even in z
            return 2 * integral(part, mp.mpf(0), reach, sharp)
        return integral(part, -mp.mpf(FAR), reach, sharp)

    return studentised(normal_tail, mp.mpf(statistic), mp.mpf(df))


def range_tail(statistic: float, means: int, df: float) -> mp.mpf:
    """P(Q > q) over the least of the normal variables and the law of S."""

    def normal_tail(w: mp.mpf) -> mp.mpf:
        def part(z: mp.mpf) -> mp.mpf:
            above = mp.ncdf(-z)
            return mp.npdf(z) * (above ** (means - 1) - (above - mp.ncdf(-z - w)) ** (means - 1))

        return means * integral(part, -w - FAR, mp.mpf(FAR), mp.mpf(1))

    return studentised(normal_tail, mp.mpf(statistic), mp.mpf(df))


def number(x: float) -> float | str:
    """A number as a book writes it."""
    return "inf" if x == float("inf") else x


def both_ways(law: str, tail: mp.mpf, statistic: float, design: Case) -> list[Case]:
    """The tail of a statistic, and the statistic of that tail."""
    p = float(tail)
    return [
        {"call": f"arms.{law}_tail", "with": {"statistic": statistic, **design}, "expect": {"": p}},
        {"call": f"arms.{law}_quantile", "with": {"alpha": p, **design}, "expect": {"": statistic}},
    ]


def laws() -> list[Case]:
    """Near and far, few and many degrees of freedom, like and unlike sizes."""
    inf = float("inf")
    cases: list[Case] = []
    for statistic, ratios, df, alternatives in (
        (2.3, [0.8, 1.2, 0.9], 35, ("two-sided", "greater")),
        (0.6, [0.25, 0.25], 6, ("two-sided", "greater")),
        (9.0, [1 / 3, 5 / 6], 60, ("two-sided", "greater")),
        (3.1, [2.25] * 4, 11, ("two-sided", "greater")),
        (2.5, [0.9, 1.1, 0.7, 1.0, 0.95], inf, ("two-sided", "greater")),
        (14.0, [2.0, 0.4], inf, ("two-sided", "greater")),
        (6.5, [0.5, 0.5], 1, ("two-sided",)),
        (2.2, [9.0, 0.1], 150, ("two-sided",)),
        (4.0, [1.0, 1.0, 1.0], 5_000, ("two-sided",)),
        (-0.75, [1.0, 1.5], 20, ("greater",)),
    ):
        for alternative in alternatives:
            tail = dunnett_tail(statistic, ratios, df, alternative)
            design: Case = {"ratios": ratios, "df": number(df), "alternative": alternative}
            cases += both_ways("dunnett", tail, statistic, design)
    for statistic, means, df in (
        (3.4, 4, 40), (1.1, 3, 8), (11.0, 6, 90), (4.2, 10, inf), (20.0, 5, inf),
        (30.0, 3, 2.5), (5.0, 8, 150), (6.0, 4, 5_000),
    ):  # fmt: skip
        tail = range_tail(statistic, means, df)
        cases += both_ways("studentised_range", tail, statistic, {"means": means, "df": number(df)})
    return cases


def exact_f(arms: list[list[float]]) -> float:
    """F in rational arithmetic."""
    exact = [[Fraction(y) for y in arm] for arm in arms]
    units, total = sum(map(len, exact)), sum(map(sum, exact))
    between = sum(Fraction(sum(arm)) ** 2 / len(arm) for arm in exact) - total**2 / units
    within = sum(sum(y * y for y in arm) - Fraction(sum(arm)) ** 2 / len(arm) for arm in exact)
    return float(between / (len(arms) - 1) / (within / (units - len(arms))))


def nist() -> list[Case]:
    """NIST StRD files (public domain, in SciPy's own test data), with the certified and with the exact F."""
    cases: list[Case] = []
    for name, tolerance in (
        ("SiRstv", 1e-11), ("SmLs01", 1e-13), ("SmLs02", 1e-13), ("SmLs04", 1e-9), ("SmLs05", 1e-9),
        ("SmLs07", 5e-5), ("SmLs08", 8e-5), ("AtmWtAg", 1e-9),
    ):  # fmt: skip
        path = Path(scipy.__file__).parent / "stats/tests/data/nist_anova" / f"{name}.dat"
        lines = path.read_text().splitlines()
        certified = float(next(line for line in lines if line.startswith("Between")).split()[-1])
        arms: dict[str, list[float]] = {}
        for line in lines[60:]:
            if line.strip():
                label, y = line.split()
                arms.setdefault(label, []).append(float(y))
        data = {"arms": [{"make": "Samples", "with": {"y": y}} for y in arms.values()]}
        exact = exact_f(list(arms.values()))
        for f, bound, kind in ((certified, tolerance, "certified"), (exact, 1e-13, "exact F of the doubles")):
            cases.append(
                {
                    "call": "arms.anova",
                    "with": data,
                    "expect": {"statistic": f},
                    "tolerance": bound,
                    "note": f"{name}, {kind}",
                }
            )
    return cases


def write(name: str, source: str, tolerance: float, cases: list[Case], indent: int | None) -> None:
    """One book."""
    book = {
        "source": source,
        "versions": {
            "python": platform.python_version(),
            "mpmath": mp.__version__,
            "scipy": scipy.__version__,
        },
        "command": "python tests/reference/make_arms_twin.py",
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": tolerance,
        "cases": cases,
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(book, indent=indent) + "\n")


def main() -> None:
    """Write the books."""
    write("arms_nist_samples", "NIST StRD, one-way ANOVA, and exact rational arithmetic", 1e-9, nist(), None)
    write("arms_twin", "quadrature of the definitions in 30 and 60 digits", 1e-11, laws(), 1)


if __name__ == "__main__":
    main()
