"""Golden numbers for assay.stats.survival from a twin that follows definitions, in 40 digits.

`python tests/reference/make_survival.py` writes books/survival_twin.json. Nothing here imports Assay: units
are counted one by one, and an interval of a lift is found by bisection of the pivot.
"""

from __future__ import annotations

import json
import platform
from itertools import pairwise
from pathlib import Path

import mpmath as mp
import numpy as np

mp.mp.dps = 40
Units = list[tuple[int, int]]
Case = dict[str, object]


def units(seed: int, n: int, last: int) -> Units:
    """Whole days with many ties, and whether it happened."""
    rng = np.random.default_rng(seed)
    return [(int(rng.integers(1, last + 1)), int(rng.random() < 0.6)) for _ in range(n)]


def kaplan_meier(arm: Units, when: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    """S(when) and Greenwood's variance."""
    survival, terms = mp.mpf(1), mp.mpf(0)
    for time in sorted({t for t, _ in arm if t <= when}):
        n, d = sum(t >= time for t, _ in arm), sum(t == time and bool(e) for t, e in arm)
        if d == n:
            return mp.mpf(0), mp.mpf(0)
        survival *= 1 - mp.mpf(d) / n
        terms += mp.mpf(d) / (n * (n - d))
    return survival, survival**2 * terms


def restricted_mean(arm: Units, tau: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    """The area under S and its variance."""
    knots = [mp.mpf(0), *(mp.mpf(t) for t in sorted({t for t, _ in arm if t < tau})), mp.mpf(tau)]

    def area(start: mp.mpf) -> mp.mpf:
        return mp.fsum(kaplan_meier(arm, a)[0] * (b - a) for a, b in pairwise(knots) if a >= start)

    variance = mp.mpf(0)
    for time in knots[1:-1]:
        n, d = sum(t >= time for t, _ in arm), sum(t == time and bool(e) for t, e in arm)
        if d and d < n:
            variance += area(time) ** 2 * d / (n * (n - d))
    return area(mp.mpf(0)), variance


def quantile(alpha: float) -> mp.mpf:
    """Upper alpha / 2 quantile of the normal law."""
    return mp.sqrt(2) * mp.erfinv(1 - mp.mpf(alpha))


def lift(c: tuple[mp.mpf, mp.mpf], t: tuple[mp.mpf, mp.mpf], alpha: float) -> Case:
    """Lift, and where its pivot reaches the quantile on both sides."""
    q, centre = quantile(alpha), t[0] / c[0] - 1

    def beyond(x: mp.mpf) -> mp.mpf:
        return abs(t[0] - (1 + x) * c[0]) - q * mp.sqrt(t[1] + (1 + x) ** 2 * c[1])

    def end(sign: int) -> mp.mpf:
        near, far = centre, centre + sign
        while beyond(far) < 0:
            far += sign
        for _ in range(120):
            middle = (near + far) / 2
            near, far = (near, middle) if beyond(middle) > 0 else (middle, far)
        return near

    return {
        "relative_estimate": float(centre),
        "relative_lower": float(end(-1)),
        "relative_upper": float(end(1)),
    }


def fleming_harrington(control: Units, treatment: Units, rho: float, gamma: float, alpha: float) -> Case:
    """Weighted log-rank: each time's 2 by 2 table, hypergeometric variance."""
    score = flat = square = mp.mpf(0)
    before = mp.mpf(1)
    both = control + treatment
    for time in sorted({t for t, _ in both}):
        n, n_t = sum(t >= time for t, _ in both), sum(t >= time for t, _ in treatment)
        d = sum(t == time and bool(e) for t, e in both)
        d_t = sum(t == time and bool(e) for t, e in treatment)
        weight = before ** mp.mpf(rho) * (1 - before) ** mp.mpf(gamma)
        share = mp.mpf(n_t) / n
        spread = d * share * (1 - share) * (n - d) / (n - 1) if n > 1 else mp.mpf(0)
        score += weight * (d_t - d * share)
        flat += weight * spread
        square += weight**2 * spread
        before *= 1 - mp.mpf(d) / n
    estimate, error, q = score / flat, mp.sqrt(square) / flat, quantile(alpha)
    return {
        "estimate": float(estimate), "std_error": float(error), "statistic": float(estimate / error),
        "p_value": float(mp.erfc(abs(estimate / error) / mp.sqrt(2))),
        "lower": float(estimate - q * error), "upper": float(estimate + q * error),
        "relative_upper": float(mp.expm1(estimate + q * error)),
    }  # fmt: skip


def arm(data: Units) -> Case:
    """How the book says it."""
    return {
        "make": "survival.LifeTable.of",
        "with": {"time": [t for t, _ in data], "event": [e for _, e in data]},
    }  # fmt: skip


def main() -> None:
    """Write the book."""
    cases: list[Case] = []
    for seed, (n_c, n_t) in enumerate([(12, 15), (40, 30), (80, 90)]):
        control, treatment = units(2 * seed, n_c, 12), units(2 * seed + 1, n_t, 15)
        data = {"control": arm(control), "treatment": arm(treatment)}
        for rho, gamma in ((0, 0), (1, 0), (0, 1), (0.5, 2)):
            expect = fleming_harrington(control, treatment, rho, gamma, 0.01)
            options = {"alpha": 0.01, "rho": rho, "gamma": gamma}
            cases.append({"call": "log_rank", "with": data | options, "expect": expect})
        for when in (3, 7.5, 10):
            one, two = (kaplan_meier(a, mp.mpf(when)) for a in (control, treatment))
            options = {"alpha": 0.2, "day": when}
            cases.append({"call": "retention", "with": data | options, "expect": lift(one, two, 0.2)})
            one, two = (restricted_mean(a, mp.mpf(when)) for a in (control, treatment))
            options = {"alpha": 0.1, "tau": when}
            cases.append({"call": "restricted_mean", "with": data | options, "expect": lift(one, two, 0.1)})
    book = {
        "source": "twin in 40-digit arithmetic that follows definitions, unit by unit",
        "versions": {"python": platform.python_version(), "mpmath": mp.__version__},
        "command": "python tests/reference/make_survival.py",
        "date": "2026-11-23",
        "tolerance": 1e-12,
        "cases": cases,
    }
    (Path(__file__).parent / "books" / "survival_twin.json").write_text(json.dumps(book, indent=1) + "\n")


if __name__ == "__main__":
    main()
