"""Reference values of the rank tests: SciPy, statsmodels and high-precision twins that follow the
definitions.

The twins compare every pair of units and solve the defining equations by bisection in 50 digits; they share
no formula with the library beyond the definition. Run from the repository's root:
python tests/reference/make_ranks.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import mpmath as mp
import numpy as np
from scipy import stats
from statsmodels.stats.nonparametric import rank_compare_2indep

BOOKS = Path(__file__).parent / "books"
SIDES = ("two-sided", "greater", "less")
mp.mp.dps = 50
rng = np.random.default_rng(20_261_123)
PAIRS = [
    (rng.normal(10, 2, 14).round(3).tolist(), rng.normal(11, 4, 10).round(3).tolist()),
    (rng.poisson(2, 25).tolist(), rng.poisson(3, 18).tolist()),
    (rng.lognormal(0, 1, 30).round(4).tolist(), rng.lognormal(1.2, 1, 40).round(4).tolist()),
    ([0, 0, 0, 0, 0, 0, 0, 4, 10], [0, 0, 0, 3, 7, 12, 40]),
]


def samples(y: list[float]) -> dict[str, object]:
    return {"make": "Samples", "with": {"y": y}}


def case(
    call: str, pair: tuple[list[float], list[float]], expect: dict[str, float], note: str, **options: object
) -> dict[str, object]:
    arms = {"control": samples(pair[0]), "treatment": samples(pair[1])}
    return {
        "call": call,
        "with": arms | options,
        "expect": {k: float(v) for k, v in expect.items()},
        "note": note,
    }


def placements(one: list[float], other: list[float]) -> list[mp.mpf]:
    """Per unit of `one`, the share of `other` that it beats, ties counted half; by looking at every pair."""
    return [mp.mpf(sum(2 * (a > b) + (a == b) for b in other)) / (2 * len(other)) for a in one]


def variance(values: list[mp.mpf]) -> mp.mpf:
    centre = mp.fsum(values) / len(values)
    return mp.fsum((v - centre) ** 2 for v in values) / (len(values) - 1)


def t_tail(t: mp.mpf, df: mp.mpf) -> mp.mpf:
    """P(T > t) for t > 0."""
    return mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t**2), regularized=True) / 2


def t_quantile(tail: mp.mpf, df: mp.mpf) -> mp.mpf:
    start = mp.mpf(float(stats.t.isf(float(tail), float(df))))
    return mp.findroot(lambda t: t_tail(t, df) - tail, (start, start * (1 + mp.mpf("1e-8"))), tol=1e-60)


def logit_twin(pair: tuple[list[float], list[float]], alpha: float) -> dict[str, mp.mpf]:
    c, t = pair
    place_c, place_t = placements(c, t), placements(t, c)
    theta = mp.fsum(place_t) / len(t)
    v_c, v_t = variance(place_c) / len(c), variance(place_t) / len(t)
    df = (v_c + v_t) ** 2 / (v_c**2 / (len(c) - 1) + v_t**2 / (len(t) - 1))
    error = mp.sqrt(v_c + v_t) / (theta * (1 - theta))
    log_odds = mp.log(theta / (1 - theta))
    half = t_quantile(mp.mpf(alpha) / 2, df) * error
    return {
        "superiority": theta,
        "p_value": 2 * t_tail(abs(log_odds / error), df),
        "superiority_lower": 1 / (1 + mp.exp(-(log_odds - half))),
        "superiority_upper": 1 / (1 + mp.exp(-(log_odds + half))),
        "df": df,
    }


def newcombe_twin(pair: tuple[list[float], list[float]], alpha: float) -> dict[str, mp.mpf]:
    """Newcombe's method 5 with the tie factor: both roots of (θ̂ - θ)² = z²·τ·V(θ), bisected."""
    c, t = pair
    n_c, n_t, both = len(c), len(t), c + t
    theta = mp.fsum(placements(t, c)) / n_t
    ties = sum(both.count(v) ** 3 - both.count(v) for v in set(both))
    factor = 1 - mp.mpf(ties) / (len(both) ** 3 - len(both))
    z = mp.sqrt(2) * mp.erfinv(1 - mp.mpf(alpha))

    def inside(p: mp.mpf) -> bool:
        mean = mp.mpf(n_c + n_t) / 2
        spread = p * (1 - p) * (1 + (mean - 1) * ((1 - p) / (2 - p) + p / (1 + p))) / (n_c * n_t)
        return bool((theta - p) ** 2 <= z**2 * factor * spread)

    ends = []
    for far in (mp.mpf(0), mp.mpf(1)):
        near, out = theta, far
        for _ in range(160):
            middle = (near + out) / 2
            near, out = (middle, out) if inside(middle) else (near, middle)
        ends.append(near)
    return {"superiority_lower": ends[0], "superiority_upper": ends[1], "lower": 2 * ends[0] - 1}


def scipy_cases() -> list[dict[str, object]]:
    out = []
    for pair in PAIRS:
        c, t = (np.asarray(arm, dtype=float) for arm in pair)
        for side in SIDES:
            for continuity in (False, True):
                u = stats.mannwhitneyu(t, c, alternative=side, use_continuity=continuity, method="asymptotic")
                expect = {"p_value": u.pvalue, "superiority": u.statistic / (c.size * t.size)}
                out.append(
                    case(
                        "mann_whitney",
                        pair,
                        expect,
                        "scipy mannwhitneyu",
                        alternative=side,
                        continuity=continuity,
                    )
                )
            b = stats.brunnermunzel(t, c, alternative=side)
            out.append(
                case("brunner_munzel", pair, {"p_value": b.pvalue}, "scipy brunnermunzel", alternative=side)
            )
        r = rank_compare_2indep(t, c)
        low, high = r.conf_int(value=None, alpha=0.1)
        expect = {
            "superiority": r.prob1,
            "p_value": r.pvalue,
            "df": r.df,
            "superiority_lower": max(low, 0.0),
            "superiority_upper": min(high, 1.0),
            "std_error": 2 * np.sqrt(r.var_prob),
        }
        out.append(case("brunner_munzel", pair, expect, "statsmodels rank_compare_2indep", alpha=0.1))
    return out


def exact_cases() -> list[dict[str, object]]:
    out = []
    c, t = PAIRS[0]
    for side in SIDES:
        u = stats.mannwhitneyu(t, c, alternative=side, method="exact")
        out += [
            case(call, PAIRS[0], {"p_value": u.pvalue}, "scipy mannwhitneyu, exact", alternative=side)
            for call in ("mann_whitney_exact", "hodges_lehmann")
        ]
    return out


def twin_cases() -> list[dict[str, object]]:
    out = []
    for pair in PAIRS:
        for alpha in (0.05, 0.001):
            out.append(
                case("brunner_munzel_logit", pair, logit_twin(pair, alpha), "mpmath twin", alpha=alpha)
            )
            out.append(case("mann_whitney", pair, newcombe_twin(pair, alpha), "mpmath twin", alpha=alpha))
    apart = ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0])
    out.append(case("mann_whitney", apart, newcombe_twin(apart, 0.05), "mpmath twin", alpha=0.05))
    return out


def book(name: str, source: str, packages: tuple[str, ...], cases: list[dict[str, object]]) -> None:
    content = {
        "source": source,
        "versions": {package: version(package) for package in packages},
        "command": "python tests/reference/make_ranks.py",
        "date": "2026-11-23",
        "tolerance": 1e-12,
        "cases": cases,
    }
    (BOOKS / name).write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    book(
        "ranks_python.json",
        "SciPy mannwhitneyu and brunnermunzel, statsmodels rank_compare_2indep",
        ("scipy", "statsmodels"),
        scipy_cases() + exact_cases(),
    )
    book(
        "ranks_twin.json",
        "mpmath, 50 digits, every pair compared: Newcombe (2006) method 5; Brunner-Munzel on the logit scale",
        ("mpmath",),
        twin_cases(),
    )
