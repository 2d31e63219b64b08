"""Golden numbers for assay.stats.bayes: integrals of the definitions in 40 digits.

`python tests/reference/make_bayes.py` writes books/bayes_normal.json and books/bayes_conjugate.json. Nothing
here imports Assay: the normal posterior is likelihood times prior, integrated numerically.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path

import mpmath as mp

mp.mp.dps = 40
_ONE = mp.mpf(1)
Case = dict[str, object]
Arm = dict[str, float]


def case(c: Arm, t: Arm, prior: tuple[float, float | None], region: tuple[float, float]) -> Case:
    """Unnormalised density of the difference, its integrals, and the interval by root-finding."""
    v = sum(mp.mpf(a["m2_y"]) / (a["n"] - 1) / a["n"] for a in (c, t))
    observed = mp.mpf(t["mean_y"]) - mp.mpf(c["mean_y"])

    def density(x: mp.mpf) -> mp.mpf:
        log = -((observed - x) ** 2) / (2 * v)
        if prior[1] is not None:
            log -= (x - mp.mpf(prior[0])) ** 2 / (2 * mp.mpf(prior[1]) ** 2)
        return mp.exp(log)

    reach = 14 * mp.sqrt(v)
    centre = observed
    for _ in range(2):  # the second time around the posterior's own mean
        grid = [centre + reach * k / 8 for k in range(-8, 9)]
        whole = mp.quad(density, grid)
        centre = mp.quad(lambda x: x * density(x), grid) / whole
    sd = mp.sqrt(mp.quad(lambda x: (x - centre) ** 2 * density(x), grid) / whole)
    start, stop = grid[0], grid[-1]

    def share(a: mp.mpf, b: mp.mpf, f: object = lambda _: 1) -> mp.mpf:
        points = [a, *(g for g in grid if a < g < b), b]
        return mp.quad(lambda x: f(x) * density(x), points) / whole  # type: ignore[operator]

    def quantile(p: mp.mpf, guess: mp.mpf) -> mp.mpf:
        return mp.findroot(lambda x: share(start, x) - p, guess)

    arms = {k: {"make": "Moments", "with": a} for k, a in (("control", c), ("treatment", t))}
    given: Case = {**arms, "region": list(region)}
    if prior[1] is not None:
        given |= {"prior_mean": prior[0], "prior_sd": prior[1]}
    expect = {
        "estimate": centre,
        "std_error": sd,
        "lower": quantile(mp.mpf("0.025"), centre - 2 * sd),
        "upper": quantile(mp.mpf("0.975"), centre + 2 * sd),
        "probability_better": share(mp.mpf(0), stop),
        "loss_treatment": share(start, mp.mpf(0), lambda x: -x),
        "loss_control": share(mp.mpf(0), stop, lambda x: x),
        "probability_equivalent": share(mp.mpf(region[0]), mp.mpf(region[1])),
    }
    return {"call": "normal_normal", "with": given, "expect": {k: float(x) for k, x in expect.items()}}


def halved(short: Callable[[mp.mpf], bool], start: float, stop: float) -> mp.mpf:
    """Where `short` ceases to hold, by bisection."""
    low, high = mp.mpf(start), mp.mpf(stop)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) else (low, middle)
    return low


def conjugate(call: str, given: Case, c: tuple[int, ...], t: tuple[int, ...]) -> Case:
    """Integrals of two independent posterior densities, and the interval's ends by root-finding."""
    beta = call == "beta_binomial"

    def density(law: tuple[int, ...], x: mp.mpf) -> mp.mpf:
        a, b = (mp.mpf(p) for p in law)
        if beta:
            return x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b)
        return b**a * x ** (a - 1) * mp.exp(-b * x) / mp.gamma(a)

    def below(law: tuple[int, ...], x: mp.mpf) -> mp.mpf:
        if beta:
            return mp.betainc(law[0], law[1], 0, min(max(x, 0), 1), regularized=True)
        return mp.gammainc(law[0], 0, law[1] * max(x, 0), regularized=True)

    top = mp.mpf(1 if beta else 3)
    grid = [top * k / 16 for k in range(17)]

    def worse(shift: mp.mpf, slope: mp.mpf = _ONE) -> mp.mpf:
        """P(T <= slope·C + shift), over the control's density."""
        bends = [(edge - shift) / slope for edge in (mp.mpf(0), top)]
        points = sorted({*grid, *(b for b in bends if 0 < b < top)})
        return mp.quad(lambda x: density(c, x) * below(t, slope * x + shift), points)

    mean = [mp.mpf(a) / (a + b if beta else b) for a, b in (c, t)]
    expect = {
        "estimate": mean[1] - mean[0],
        "lower": halved(lambda d: worse(d) < mp.mpf("0.025"), -0.9, 0.4),
        "relative_upper": halved(lambda r: worse(mp.mpf(0), 1 + r) < mp.mpf("0.975"), 0, 256),
        "probability_better": 1 - worse(mp.mpf(0)),
        "loss_treatment": mp.quad(lambda x: below(t, x) * (1 - below(c, x)), grid),
        "loss_control": mp.quad(lambda x: below(c, x) * (1 - below(t, x)), grid),
        "probability_equivalent": worse(mp.mpf(0.05)) - worse(mp.mpf(-0.1)),
    }
    given = {**given, "region": [-0.1, 0.05]}
    return {"call": call, "with": given, "expect": {k: float(x) for k, x in expect.items()}}


def main() -> None:
    """Write the book."""
    small = {"n": 12, "mean_y": 3.0, "m2_y": 20.0}
    more = {"n": 15, "mean_y": 3.75, "m2_y": 31.0}
    large = {"n": 4000, "mean_y": 3.2, "m2_y": 9000.0}
    cases = [
        case(small, more, (0.0, None), (-0.1, 0.3)),
        case(small, more, (0.2, 0.5), (-0.25, 0.25)),
        case(large, small, (0.0, 0.3), (0.1, 0.4)),
        case(more, large, (-0.1, 1.5), (-1.0, -0.5)),
    ]
    write("bayes_normal", "the difference", 1e-12, cases)
    mp.mp.dps = 18
    shares = {
        name: {"make": "Moments.of_counts", "with": {"successes": k, "n": n}}
        for name, k, n in (("control", 3, 20), ("treatment", 7, 25))
    }
    none = {**shares, "control": {"make": "Moments.of_counts", "with": {"successes": 0, "n": 9}}}
    rates = {
        name: {"make": "Moments", "with": {"n": n, "mean_y": y, "m2_y": 9.0}}
        for name, n, y in (("control", 40, 0.25), ("treatment", 24, 0.5))
    }
    cases = [
        conjugate("beta_binomial", dict(shares), (4, 18), (8, 19)),
        conjugate("beta_binomial", dict(none), (1, 10), (8, 19)),
        conjugate("gamma_poisson", {**rates, "prior_rate": 1.0}, (11, 41), (13, 25)),
    ]
    write("bayes_conjugate", "each arm", 1e-9, cases)


def write(name: str, whose: str, tolerance: float, cases: list[Case]) -> None:
    """One book."""
    book = {
        "source": f"mpmath: integrals of the posterior density of {whose}",
        "versions": {"mpmath": mp.__version__, "python": platform.python_version()},
        "command": "python tests/reference/make_bayes.py",
        "date": "2026-11-23",
        "tolerance": tolerance,
        "cases": cases,
    }
    path = Path(__file__).parent / "books" / f"{name}.json"
    path.write_text(json.dumps(book, indent=1) + "\n")


if __name__ == "__main__":
    main()
