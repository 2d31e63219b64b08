"""Group sequential designs by slow, obvious quadratures, and from published tables.

Two looks: integrals over the first look in 25 digits (mpmath). Many looks: Simpson's rule on uniform grids,
each twice and four times as fine, extrapolated (Romberg). Run from the repository's root:
python tests/reference/make_sequential_gs.py
"""

from __future__ import annotations

import datetime as dt
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

BOOKS = Path("tests/reference/books")
mp.mp.dps = 25
Case = dict[str, Any]


def case(call: str, given: Case, expect: Case, tolerance: float, note: str = "") -> Case:
    found = {
        "call": f"sequential.{call}",
        "with": given,
        "expect": {key: plain(item) for key, item in expect.items()},
        "tolerance": tolerance,
    }
    return found | ({"note": note} if note else {})


def make(name: str, **given: Any) -> Case:
    return {"make": f"sequential.{name}", "with": given}


def plain(item: Any) -> Any:
    if isinstance(item, (list, tuple, np.ndarray)):
        return [plain(part) for part in item]
    number = float(item)
    return number if np.isfinite(number) else str(number)


# ---- Two looks, in 25 digits -------------------------------------------------------------------------------


def tail(z: mp.mpf) -> mp.mpf:
    return mp.erfc(z / mp.sqrt(2)) / 2


def quantile(p: mp.mpf) -> mp.mpf:
    """The z that is exceeded with probability p."""
    return mp.findroot(lambda z: mp.log(tail(z) / p), -float(ndtri(float(p))))


def legendre(order: int) -> list[tuple[mp.mpf, mp.mpf]]:
    """Nodes and weights of Gauss and Legendre's rule, polished to full precision."""
    found = []
    for near in np.polynomial.legendre.leggauss(order)[0]:
        x = mp.findroot(lambda u: mp.legendre(order, u), mp.mpf(near))
        slope = order * mp.legendre(order - 1, x) / (1 - x * x)
        found.append((x, 2 / ((1 - x * x) * slope**2)))
    return found


RULE = legendre(24)
PANELS = 60


def second(t1: float, t2: float, low: Any, high: Any, z: Any, theta: Any, sign: int = 1) -> mp.mpf:
    """P(low < Z1 < high, sign Z2 > sign z) under drift theta per unit of information."""
    one, two = mp.mpf(t1), mp.mpf(t2)
    mean, root, ahead = theta * mp.sqrt(one), mp.sqrt(one), mp.sqrt(two - one)
    start, end = mp.mpf(low) if np.isfinite(float(low)) else min(mean, high) - 13, mp.mpf(high)
    half, far, total = (end - start) / PANELS / 2, sign * (z * mp.sqrt(two) - theta * (two - one)), mp.mpf(0)
    for panel in range(PANELS):
        centre = start + (2 * panel + 1) * half
        for node, weight in RULE:
            u = centre + half * node
            total += weight * mp.npdf(u - mean) * tail((far - sign * u * root) / ahead)
    return half * total


def solved(function: Callable[[mp.mpf], mp.mpf], near: float, step: float = 1e-3) -> mp.mpf:
    return mp.findroot(function, (mp.mpf(near), mp.mpf(near + step)), tol=1e-34, maxsteps=60)


def two_bounds(
    t: tuple[float, float], cumulative: tuple[Any, Any], *, both: bool, low: Any = None
) -> tuple[Any, Any]:
    """Both upper bounds that spend (per side) the cumulative error; lower ones mirrored, `low` or -inf."""
    z1 = quantile(mp.mpf(cumulative[0]))
    floor = -z1 if both else (mp.mpf(-mp.inf) if low is None else low)
    rest = mp.mpf(cumulative[1]) - mp.mpf(cumulative[0])
    z2 = solved(lambda z: mp.log(second(*t, floor, z1, z, 0) / rest), float(quantile(rest)) - 0.05)
    return z1, z2


def ldof(t: Any, alpha: Any) -> mp.mpf:
    return 2 * tail(quantile(mp.mpf(alpha) / 2) / mp.sqrt(mp.mpf(t)))


def ldp(t: Any, alpha: Any) -> mp.mpf:
    return mp.mpf(alpha) * mp.log(1 + (mp.e - 1) * mp.mpf(t))


OBF, POC = make("ObrienFlemingSpending"), make("PocockSpending")
PAIRS = ((0.5, 1.0), (0.3, 1.0), (0.5, 0.505), (0.99, 1.0), (0.05, 1.0), (0.02, 0.9))


def two_look_bounds() -> list[Case]:
    found = []
    for t in PAIRS:
        for both in (False, True):
            for name, spends, alpha in (
                (OBF, ldof, 0.05),
                (POC, ldp, 0.05),
                (POC, ldp, 1e-8),
                (OBF, ldof, 1e-6),
            ):
                side = mp.mpf(alpha) / (2 if both else 1)
                spent = (spends(t[0], side), spends(t[1], side))
                given = {"fraction": t, "alpha": alpha, "spending": name}
                given["alternative"] = "two-sided" if both else "greater"
                upper = two_bounds(t, spent, both=both)
                found.append(case("spending_bounds", given, {"upper": upper}, 1e-11))
    final = (ldof(0.4, 0.025), mp.mpf(0.025))
    given = {"fraction": [0.4, 0.7], "last": True}
    under = case(
        "spending_bounds", given, {"upper": two_bounds((0.4, 0.7), final, both=True)}, 1e-11, "under-running"
    )
    given = {"fraction": [0.5, 1.25]}
    spent = (ldof(0.5, 0.025), mp.mpf(0.025))
    over = case(
        "spending_bounds", given, {"upper": two_bounds((0.5, 1.25), spent, both=True)}, 1e-11, "over-running"
    )
    kept = mp.mpf(0.025) - tail(mp.mpf(2.6))
    z2 = solved(lambda z: second(0.5, 1, -2.6, 2.6, z, 0) - kept, 2.1)
    used = case("spending_bounds", {"fraction": [0.5, 1.0], "used": [2.6]}, {"upper": (2.6, z2)}, 1e-11)
    clock = (ldof(0.3, 0.025), mp.mpf(0.025))
    given = {"fraction": [0.5, 1.0], "spent_by": [0.3, 1.0]}
    calendar = case("spending_bounds", given, {"upper": two_bounds((0.5, 1), clock, both=True)}, 1e-11)
    return [*found, under, over, used, calendar]


def spending_values() -> list[Case]:
    times, alpha = [1e-3, 0.2, 0.5, 0.9, 1.0, 1.3], mp.mpf(0.03)
    capped = [min(mp.mpf(t), 1) for t in times]

    def hsd(gamma: float) -> list[mp.mpf]:
        return [alpha * (1 - mp.exp(-gamma * t)) / (1 - mp.exp(-gamma)) for t in capped]

    values = [
        (OBF, [ldof(t, alpha) for t in capped]),
        (POC, [ldp(t, alpha) for t in capped]),
        *((make("HwangShihDeCani", gamma=g), hsd(g)) for g in (-900, -40, -4, 1.5, 40)),
        (make("HwangShihDeCani", gamma=0), [alpha * t for t in capped]),
        (make("KimDeMets", power=2.5), [alpha * t ** mp.mpf(2.5) for t in capped]),
    ]
    return [
        case("spent", {"spending": s, "fraction": times, "alpha": 0.03}, {"": v}, 1e-12) for s, v in values
    ]


def two_look_designs() -> list[Case]:
    found = []
    for t, alpha in (((0.5, 1.0), 0.05), ((0.2, 0.9), 0.001), ((0.99, 1.0), 0.05)):
        for both in (False, True):
            target = mp.mpf(alpha) / (2 if both else 1)
            alternative = "two-sided" if both else "greater"

            def rate(z1: Any, z2: Any, *, both: bool = both, t: tuple[float, float] = t) -> mp.mpf:
                return tail(z1) + second(*t, -z1 if both else -mp.inf, z1, z2, 0)

            for name, shape in (("pocock", 0.5), ("obrien_fleming", 0.0), ("wang_tsiatis", 0.2)):
                scale = (mp.mpf(t[0]) / mp.mpf(t[1])) ** (mp.mpf(shape) - 0.5)
                near = float(quantile(target)) + 0.05
                z = solved(lambda c, s=scale, r=rate, a=target: mp.log(r(c * s, c) / a), near)
                given = {"fraction": t, "alpha": alpha, "alternative": alternative}
                given |= {"shape": shape} if name == "wang_tsiatis" else {}
                spent = [(2 if both else 1) * tail(z * scale), alpha]
                found.append(case(f"{name}_bounds", given, {"upper": (z * scale, z), "spent": spent}, 1e-11))
            z = solved(lambda c, r=rate, a=target: mp.log(r(mp.mpf(3.5), c) / a), float(quantile(target)))
            given = {"fraction": t, "alpha": alpha, "alternative": alternative, "early": 3.5}
            found.append(case("haybittle_peto_bounds", given, {"upper": (3.5, z)}, 1e-11))
            given = {"fraction": t, "critical": [3.0, 2.25], "alternative": alternative}
            error = (2 if both else 1) * rate(mp.mpf(3), mp.mpf(2.25))
            found.append(case("given_bounds", given, {"alpha": error}, 1e-11))
    return found


def two_look_power() -> list[Case]:
    t, found = (0.4, 1.0), []
    for both in (False, True):
        alpha = mp.mpf(0.05) / (2 if both else 1)
        z1, z2 = two_bounds(t, (ldof(t[0], alpha), alpha), both=both)
        floor = -z1 if both else -mp.inf
        design = make("spending_bounds", fraction=t, alternative="two-sided" if both else "greater")
        drifts = [-6.0, 0.0, 1.0, 2.5, 6.0, 20.0]

        def upper(d: Any, z1: Any = z1, z2: Any = z2, floor: Any = floor) -> list[mp.mpf]:
            return [tail(z1 - d * mp.sqrt(mp.mpf(t[0]))), second(*t, floor, z1, z2, d)]

        def power(d: Any, *, both: bool = both, upper: Any = upper) -> mp.mpf:
            return mp.fsum(upper(d)) + (mp.fsum(upper(-d)) if both else 0)

        def expected(d: Any, *, both: bool = both, upper: Any = upper) -> mp.mpf:
            early = upper(d)[0] + (upper(-d)[0] if both else 0)
            return 1 - (1 - mp.mpf(t[0])) * early

        expect = {
            "upper": [upper(d) for d in drifts],
            "lower": [upper(-d) if both else [0, 0] for d in drifts],
            "power": [power(d) for d in drifts],
            "expected_fraction": [expected(d) for d in drifts],
            "expected_looks": [1 + (expected(d) - mp.mpf(t[0])) / (1 - mp.mpf(t[0])) for d in drifts],
        }
        found.append(case("characteristics", {"design": design, "drift": drifts}, expect, 1e-11))
        drift = solved(lambda d, p=power: p(d) - mp.mpf(0.9), 3.0)
        found.append(case("drift_for_power", {"design": design, "power": 0.9}, {"": drift}, 1e-11))

        def single(d: Any, a: Any = alpha, *, both: bool = both) -> mp.mpf:
            z = quantile(a)
            return tail(z - d) + (tail(z + d) if both else 0) - mp.mpf(0.9)

        once = solved(single, 3.0)
        information = (drift / mp.mpf(0.2)) ** 2
        expect = {
            "drift": drift,
            "information": information,
            "std_error": mp.mpf(0.2) / drift,
            "inflation": (drift / once) ** 2,
            "expected_information": information * expected(drift),
            "expected_information_null": information * expected(0),
        }
        given = {"design": design, "effect": 0.2, "power": 0.9}
        found.append(case("sequential_plan", given, expect, 1e-11))
    return found


def two_look_futility() -> list[Case]:
    found, alpha, beta = [], mp.mpf(0.025), mp.mpf(0.1)
    for t in ((0.5, 1.0), (0.3, 0.95)):
        root1 = mp.sqrt(mp.mpf(t[0]))
        for binding in (False, True):
            z1 = quantile(ldof(t[0], alpha))

            def final(low: Any, *, t: Any = t, z1: Any = z1, binding: bool = binding) -> mp.mpf:
                floor = low if binding else -mp.inf
                rest = alpha - ldof(t[0], alpha)
                return solved(lambda z: second(*t, floor, z1, z, 0) - rest, 1.97)

            def early(d: Any, t: Any = t, root1: Any = root1) -> mp.mpf:
                return d * root1 - quantile(ldp(t[0], beta))

            def missed(d: Any, t: Any = t, z1: Any = z1, final: Any = final, early: Any = early) -> mp.mpf:
                low = early(d)
                return ldp(t[0], beta) + second(*t, low, z1, final(low), d, -1) - beta

            drift = mp.findroot(missed, (mp.mpf(3.4), mp.mpf(3.5)), tol=1e-30)
            low = early(drift)
            design = make("spending_bounds", fraction=t, alpha=0.025, alternative="greater", last=True)
            given = {"design": design, "beta": 0.1, "spending": POC, "binding": binding}
            z2 = final(low)
            expect = {
                "drift": drift,
                "upper": (z1, z2),
                "futility": (low, z2),
                "spent_beta": (ldp(t[0], beta), beta),
            }
            found.append(case("futility_bounds", given, expect, 1e-11))
    return found


def two_look_inference() -> list[Case]:
    t, found = (0.4, 1.0), []
    for both in (False, True):
        alpha = mp.mpf(0.05) / (2 if both else 1)
        z1, _ = two_bounds(t, (ldof(t[0], alpha), alpha), both=both)
        floor = -z1 if both else -mp.inf
        design = make("spending_bounds", fraction=t, alternative="two-sided" if both else "greater")
        rows = []
        statistics = [-4.0, 0.3, 1.7, 2.5, 3.9, 9.0, 20.0]
        for z in statistics:

            def above(d: Any, z: float = z, z1: Any = z1, floor: Any = floor) -> mp.mpf:
                return tail(z1 - d * mp.sqrt(mp.mpf(t[0]))) + second(*t, floor, z1, mp.mpf(z), d)

            def below(d: Any, z: float = z, z1: Any = z1, floor: Any = floor, *, both: bool = both) -> mp.mpf:
                first = tail(z1 + d * mp.sqrt(mp.mpf(t[0]))) if both else mp.mpf(0)
                return first + second(*t, floor, z1, mp.mpf(z), d, -1)

            near = min(z, 4.0)
            p = min(2 * min(above(0), below(0)), mp.mpf(1)) if both else above(0)
            rows.append(
                (
                    p,
                    solved(lambda d, a=above, b=below: a(d) - b(d), near),
                    solved(lambda d, a=above, e=alpha: mp.log(a(d) / e), near - 1.9),
                    solved(lambda d, b=below, e=alpha: mp.log(b(d) / e), near + 1.9) if both else mp.inf,
                )
            )
        expect = dict(zip(("p_value", "estimate", "lower", "upper"), zip(*rows, strict=True), strict=True))
        found.append(case("stagewise", {"design": design, "statistic": statistics}, expect, 1e-11))
        first = [tail(mp.mpf(z)) if not both else min(2 * tail(mp.mpf(abs(z))), 1) for z in (1.0, 3.5, 30.0)]
        given = {"design": design, "statistic": [1.0, 3.5, 30.0], "look": 1}
        found.append(case("stagewise", given, {"p_value": first}, 1e-12))
    return found


def two_look_repeated() -> list[Case]:
    t, found = (0.4, 1.0), []
    for both in (False, True):
        z = (1.9, 2.4)

        def share(level: Any) -> mp.mpf:
            return mp.mpf(level) / (2 if both else 1)  # noqa: B023 - called within the loop

        spent1 = tail(mp.mpf(z[0]))
        first = (2 if both else 1) * 2 * tail(quantile(spent1 / 2) * mp.sqrt(mp.mpf(t[0])))

        def gap(level: Any, *, both: bool = both, share: Any = share, z: Any = z) -> mp.mpf:
            a = share(level)
            return two_bounds(t, (ldof(t[0], a), a), both=both)[1] - z[1]

        last = mp.findroot(gap, (mp.mpf(0.015), mp.mpf(0.02)), tol=1e-30)
        given = {"statistic": z, "fraction": t, "alternative": "two-sided" if both else "greater"}
        found.append(case("repeated_p_values", given, {"": (first, last)}, 1e-11))
    z1, z2 = two_bounds(t, (ldof(t[0], 0.025), mp.mpf(0.025)), both=True)
    given = {"design": make("spending_bounds", fraction=t), "estimate": [0.5, 0.4], "std_error": [0.2, 0.125]}
    ends = {
        "lower": [0.5 - z1 * mp.mpf(0.2), mp.mpf(0.4) - z2 / 8],
        "upper": [0.5 + z1 * mp.mpf(0.2), mp.mpf(0.4) + z2 / 8],
    }
    found.append(case("repeated_intervals", given, ends, 1e-11))
    given = {"std_error": [0.3, 0.2, 0.1], "planned_std_error": 0.1}
    fractions = [(mp.mpf(0.1) / mp.mpf(e)) ** 2 for e in (0.3, 0.2, 0.1)]
    found.append(case("information_fraction", given, {"": fractions}, 1e-14))
    return found


def monitored() -> list[Case]:
    """Welch's estimates at two looks, in the metric's unit."""
    t, n, means, m2 = (0.5, 1.0), (200.0, 400.0), (0.3, 0.24), (210.0, 400.0)
    z1, z2 = two_bounds(t, (ldof(t[0], 0.025), mp.mpf(0.025)), both=True)
    errors = [mp.sqrt(2 * mp.mpf(m) / (mp.mpf(k) - 1) / k) for m, k in zip(m2, n, strict=True)]
    z = [mp.mpf(d) / e for d, e in zip(means, errors, strict=True)]
    root = mp.sqrt(mp.mpf(t[0]))

    def above(d: Any, sign: int = 1) -> mp.mpf:
        return tail(z1 - sign * d * root) + second(*t, -z1, z1, z[1], d, sign)

    p = [2 * tail(z[0]), 2 * above(0)]
    estimate = [means[0], errors[1] * solved(lambda d: above(d) - mp.mpf(0.5), float(z[1]))]
    share = mp.mpf(0.025)
    lower = [
        means[0] - quantile(share) * errors[0],
        errors[1] * solved(lambda d: above(d) - share, float(z[1]) - 2),
    ]
    upper_end = solved(lambda d: above(d, -1) - share, float(z[1]) + 2)
    upper = [means[0] + quantile(share) * errors[0], errors[1] * upper_end]
    control = {"make": "Moments", "with": {"n": n, "mean_y": [1.0, 1.0], "m2_y": m2}}
    treatment = {"make": "Moments", "with": {"n": n, "mean_y": [1.3, 1.24], "m2_y": m2}}
    effect = {"make": "welch", "with": {"control": control, "treatment": treatment}}
    expect = {
        "statistic": z,
        "decision": [1 if z[0] > z1 else 0, 5 if z[0] > z1 else (1 if z[1] > z2 else 4)],
        "p_value": p,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "repeated_lower": [means[0] - z1 * errors[0], means[1] - z2 * errors[1]],
        "repeated_upper": [means[0] + z1 * errors[0], means[1] + z2 * errors[1]],
        "stopped": 2,
    }
    assert z[0] < z1
    assert z[1] > z2
    return [case("monitor", {"effect": effect, "design": make("spending_bounds", fraction=t)}, expect, 1e-11)]


# ---- Many looks, on uniform grids --------------------------------------------------------------------------

FINENESS = (6, 12, 24)


def romberg(values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Simpson's rule at steps h, h / 2, h / 4: errors in h⁴ and h⁶ cancel."""
    coarse, middle, fine = values
    once, twice = middle + (middle - coarse) / 15, fine + (fine - middle) / 15
    return np.asarray(twice + (twice - once) / 63)


def simpson(low: float, high: float, intervals: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weight = np.ones(2 * intervals + 1)
    weight[1::2], weight[2:-1:2] = 4, 2
    return np.linspace(low, high, weight.size), weight * (high - low) / (6 * intervals)


class Grid:
    """Brownian motion at the looks, absorbed beyond bounds; a step is 1 / fineness of a kernel."""

    def __init__(self, time: NDArray[np.float64], fineness: int, drift: float = 0.0) -> None:
        self.time, self.fineness, self.drift = np.append(0.0, time), fineness, drift
        self.node, self.mass, self.look = np.zeros(1), np.ones(1), 0

    def above(self, z: float) -> float:
        step = self.time[self.look + 1] - self.time[self.look]
        mean = self.node + self.drift * step
        return float(self.mass @ ndtr((mean - z * np.sqrt(self.time[self.look + 1])) / np.sqrt(step)))

    def advance(self, low: float, high: float) -> None:
        before, now, after = self.time[self.look : self.look + 3]
        narrow = np.sqrt(min(now - before, after - now))
        left, right = max(low, -10.0 + self.drift * now) * np.sqrt(now), high * np.sqrt(now)
        # The number of steps must double exactly, so it must not depend on the last digits of the bounds.
        intervals = int(np.ceil(round((right - left) / narrow, 3) + 1)) * self.fineness // 2
        node, weight = simpson(left, right, intervals)
        mean = self.node + self.drift * (now - before)
        density = np.empty(node.size)
        for k in range(0, node.size, 500):
            distance = (node[k : k + 500, None] - mean) / np.sqrt(now - before)
            density[k : k + 500] = np.exp(-0.5 * distance**2) @ self.mass
        self.node, self.mass = node, weight * density / np.sqrt(2 * np.pi * (now - before))
        self.look += 1


def grid_bounds(time: NDArray[np.float64], plan: NDArray[np.float64], *, both: bool) -> NDArray[np.float64]:
    found = []
    for fineness in FINENESS:
        grid, bounds, step = Grid(time, fineness), [], np.diff(plan, prepend=0.0)
        for k, error in enumerate(step):
            z = brentq(
                lambda z, g=grid, e=error: np.log(g.above(z) / e), -3, -ndtri(error) + 1e-6, xtol=1e-14
            )
            bounds.append(z)
            if k + 1 < time.size:
                grid.advance(-z if both else -np.inf, z)
        found.append(np.array(bounds))
    return romberg(found)


def grid_crossing(
    time: NDArray[np.float64], high: NDArray[np.float64], drift: float, *, both: bool
) -> NDArray[np.float64]:
    found = []
    for fineness in FINENESS:
        grid, above = Grid(time, fineness, drift), []
        for k in range(time.size):
            above.append(grid.above(high[k]))
            if k + 1 < time.size:
                grid.advance(-high[k] if both else -np.inf, high[k])
        found.append(np.array(above))
    return romberg(found)


def many_looks() -> list[Case]:
    hundred, month = np.arange(1, 101) / 100, np.arange(1, 31) / 30
    ten, uneven = np.arange(1, 11) / 10, np.array([0.15, 0.4, 0.55, 0.9, 1.0])
    late = np.array([0.3, 0.31, 0.32, 0.6, 0.97, 0.98, 0.99, 1.0])
    obf = lambda t, a: 2 * ndtr(ndtri(a / 2) / np.sqrt(t))  # noqa: E731
    poc = lambda t, a: a * np.log1p((np.e - 1) * t)  # noqa: E731
    square = lambda t, a: a * t**2  # noqa: E731
    hsd = lambda t, a: a * np.expm1(-1.5 * t) / np.expm1(-1.5)  # noqa: E731
    found = []
    for time, name, spends, alpha, both in (
        (hundred, OBF, obf, 0.05, True),
        (hundred, POC, poc, 0.05, True),
        (hundred, make("KimDeMets", power=2), square, 0.05, False),
        (month, OBF, obf, 0.05, False),
        (ten, OBF, obf, 0.01, True),
        (ten, OBF, obf, 0.05, True),
        (ten, OBF, obf, 0.01, False),
        (uneven, OBF, obf, 0.01, True),
        (late, OBF, obf, 0.001, True),
        (late, POC, poc, 0.001, False),
        (uneven, POC, poc, 0.01, False),
        (ten, make("HwangShihDeCani", gamma=1.5), hsd, 0.01, False),
        (np.arange(1, 6) / 5, make("KimDeMets", power=2), square, 0.05, True),
        (np.arange(1, 61) / 60, make("KimDeMets", power=2), square, 0.05, True),
        (np.arange(1, 5) / 4, OBF, obf, 0.05, True),
    ):
        plan = spends(time, alpha / (2 if both else 1))
        upper = grid_bounds(time, plan, both=both)
        given = {"fraction": time.tolist(), "alpha": alpha, "spending": name}
        given["alternative"] = "two-sided" if both else "greater"
        found.append(case("spending_bounds", given, {"upper": upper}, 1e-11))
    for time, critical, drift, both in (
        (hundred, 2.9, 0.0, True),
        (late, 4.5, 1.5, True),
        (ten, 2.0, 2.0, False),
    ):
        crossed = grid_crossing(time, np.full(time.size, critical), drift, both=both)
        design = make("given_bounds", fraction=time.tolist(), critical=critical)
        design["with"]["alternative"] = "two-sided" if both else "greater"
        found.append(case("characteristics", {"design": design, "drift": drift}, {"upper": crossed}, 1e-11))
    return found


# ---- Published ---------------------------------------------------------------------------------------------

LOOKS = (2, 3, 4, 5, 6, 7, 8, 9, 10)
POCOCK = {
    0.01: (2.772, 2.873, 2.939, 2.986, 3.023, 3.053, 3.078, 3.099, 3.117),
    0.05: (2.178, 2.289, 2.361, 2.413, 2.453, 2.485, 2.512, 2.535, 2.555),
    0.1: (1.875, 1.992, 2.067, 2.122, 2.164, 2.197, 2.225, 2.249, 2.270),
}
OBRIEN_FLEMING = {
    0.01: (2.580, 2.595, 2.609, 2.621, 2.631, 2.640, 2.648, 2.654, 2.660),
    0.05: (1.977, 2.004, 2.024, 2.040, 2.053, 2.063, 2.072, 2.080, 2.087),
    0.1: (1.678, 1.710, 1.733, 1.751, 1.765, 1.776, 1.786, 1.794, 1.801),
}
PEEKING = {2: 0.083, 3: 0.107, 4: 0.126, 5: 0.142, 10: 0.193, 20: 0.248, 50: 0.320, 100: 0.374}


def tables() -> list[Case]:
    found = []
    for name, table, number in (("pocock", POCOCK, "2.1"), ("obrien_fleming", OBRIEN_FLEMING, "2.3")):
        for alpha, row in table.items():
            for looks, constant in zip(LOOKS, row, strict=True):
                fraction = [k / looks for k in range(1, looks + 1)]
                last = {f"upper.{looks - 1}": constant}
                note = f"Jennison and Turnbull (2000), table {number}"
                given = {"fraction": fraction, "alpha": alpha}
                found.append(case(f"{name}_bounds", given, last, 0.00051 / constant, note))
    note = "Armitage, McPherson and Rowe (1969), repeated tests at level 5 %"
    for looks, rate in PEEKING.items():
        given = {"fraction": [k / looks for k in range(1, looks + 1)], "critical": 1.959964}
        found.append(case("given_bounds", given, {"alpha": rate}, 0.00051 / rate, note))
    design = make(
        "futility_bounds",
        design=make(
            "spending_bounds", fraction=[0.2, 0.4, 0.6, 0.8, 1.0], alpha=0.025, alternative="greater"
        ),
        beta=0.1,
        spending=POC,
        binding=True,
    )
    note = "SAS/STAT SEQDESIGN, documentation's example of different error spending functions"
    expect = {
        "inflation": 1.194278,
        "information": 313.7196,
        "expected_information": 0.7877223 * 313.7196 / 1.194278,
    }
    expect["expected_information_null"] = 0.5035408 * 313.7196 / 1.194278
    found.append(case("sequential_plan", {"design": design, "effect": 0.2, "power": 0.9}, expect, 1e-5, note))
    return found


def write(name: str, source: str, cases: list[Case], tolerance: float) -> None:
    book = {
        "source": source,
        "versions": {
            "python": platform.python_version(),
            "mpmath": mp.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        },
        "command": "python tests/reference/make_sequential_gs.py",
        "date": str(dt.datetime.now(tz=dt.UTC).date()),
        "tolerance": tolerance,
        "cases": cases,
    }
    (BOOKS / f"sequential_gs_{name}.json").write_text(json.dumps(book, indent=1) + "\n")


def main() -> None:
    two = [
        *spending_values(),
        *two_look_bounds(),
        *two_look_designs(),
        *two_look_power(),
        *two_look_futility(),
        *two_look_inference(),
        *two_look_repeated(),
        *monitored(),
    ]
    write("twin", "25-digit quadrature over the first of two looks", two, 1e-11)
    write("grids", "Simpson's rule on uniform grids, extrapolated", many_looks(), 1e-11)
    write("tables", "Published tables", tables(), 5e-4)


if __name__ == "__main__":
    main()
