"""Makes golden books of quantiles and of the Poisson bootstrap: `python tests/reference/make_quantiles.py`.

Nothing here imports Assay. Far tails come from binomial probabilities in exact fractions, intervals also from
`scipy.stats.quantile_test`. The Poisson bootstrap's twin makes its weights with Python's whole numbers from
the published finaliser of SplitMix64 and a 50-digit Poisson law, and its sums with fractions.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import platform
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import mpmath as mp
import numpy as np
import scipy
from numpy.typing import NDArray
from scipy import stats

FOLDER = Path(__file__).parent / "books"
COMMAND = "python tests/reference/make_quantiles.py"
Case = dict[str, object]
Row = NDArray[np.float64]
mp.mp.dps = 50
WORD = 2**64


def samples(**series: list[float]) -> Case:
    """The units of an arm, as a book writes them."""
    return {"make": "Samples", "with": series}


def binomial(n: int, q: Fraction) -> list[Fraction]:
    """Probabilities of 0 to n successes."""
    return [math.comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(n + 1)]


def far_tails() -> list[Case]:
    """p-values of arms that lie ever further apart: P(x_t(B_t) <= x_c(B_c + 1)) in exact fractions."""
    cases: list[Case] = []
    for n, shift in ((30, 20), (60, 50), (150, 140), (300, 290), (900, 850)):
        q = Fraction(1, 2)
        control = list(range(n))
        treatment = [v + shift for v in range(n)]
        law = binomial(n, q)
        above = [*control, math.inf]
        below = [-math.inf, *treatment]
        cumulative = list(itertools.accumulate(law))
        p = Fraction(0)
        for i, c in enumerate(above):
            reached = sum(t <= c for t in below)
            p += law[i] * (cumulative[reached - 1] if reached else 0)
        # Of many digits the first 25 are enough, and a double cannot hold a fraction of such a size at once.
        value = mp.mpf(p.numerator) / mp.mpf(p.denominator)
        given = {"control": samples(y=control), "treatment": samples(y=treatment), "alternative": "greater"}
        cases.append({"call": "quantile_melded", "with": given, "expect": {"p_value": float(value)}})
    return cases


def scipy_intervals() -> list[Case]:
    """Intervals of `scipy.stats.quantile_test`."""
    rng = np.random.default_rng(20_261_123)
    cases: list[Case] = []
    for n in (11, 50, 301):
        for q in (0.2, 0.5, 0.95):
            y = np.round(rng.gamma(0.7, 10.0, n), 3)
            for alternative in ("two-sided", "less", "greater"):
                # SciPy's `less` bounds from above, as ours does.
                found = stats.quantile_test(y, q=0.0, p=q, alternative=alternative).confidence_interval(0.9)
                low, high = (_end(v, end) for v, end in zip(found, ("-inf", "inf"), strict=True))
                given = {"y": y.tolist(), "q": q, "alpha": 0.1, "alternative": alternative}
                expect = {"estimate": float(np.quantile(y, q)), "lower": low, "upper": high}
                cases.append({"call": "quantiles.quantile_interval", "with": given, "expect": expect})
    return cases


def _end(value: float, open_end: str) -> float | str:
    return float(value) if np.isfinite(value) else open_end


def poisson_weight(seed: int, stream: str, replicate: int, unit: int) -> int:
    """How often a unit counts: SplitMix64 of the unit under a key, read as a Poisson(1) variate."""
    name = f"{seed}/bootstrap.poisson/{stream}/{replicate}"
    salt = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    z = (unit % WORD * 0x9E3779B97F4A7C15 + salt) % WORD
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WORD
    z ^= z >> 31
    uniform, below, k = mp.mpf(z >> 11) / 2**53, mp.exp(-1), 0
    while uniform >= below:
        k += 1
        below += mp.exp(-1) / mp.factorial(k)
    return k


def replicate_estimates(
    units: list[int], y: list[float], d: list[float] | None, seed: int, stream: str, replicates: int
) -> list[float]:
    """The sample's mean or ratio and those of the replicates, from sums that do not round."""
    numerators = [Fraction(v) for v in y]
    denominators = [Fraction(v) for v in d] if d else [Fraction(1)] * len(y)
    found = []
    for b in range(-1, replicates):
        w = [1 if b < 0 else poisson_weight(seed, stream, b, unit) for unit in units]
        top = sum(i * j for i, j in zip(w, numerators, strict=True))
        found.append(float(top / sum(i * j for i, j in zip(w, denominators, strict=True))))
    return found


def poisson_states() -> list[Case]:
    """Estimates of states: ids that are numbers and strings, and rows that share a unit."""
    rng = np.random.default_rng(7)
    y = (rng.lognormal(0, 2, 60) * 10.0 ** rng.integers(-8, 9, 60) * rng.choice([-1, 1], 60)).tolist()
    d = (rng.poisson(3, 60) + 1.0).tolist()
    ids = rng.integers(-(2**62), 2**62, 60).tolist()
    cases: list[Case] = []
    for units, below, stream in (
        (ids, None, ""),
        ([i // 3 for i in range(60)], d, "arm"),
        ([f"customer-{i}" for i in range(60)], d, ""),
    ):
        numbered = [_number(u) for u in units]
        given = {"ids": units, "y": y, "seed": 5, "replicates": 40, "stream": stream}
        given |= {"d": below} if below else {}
        expect = replicate_estimates(numbered, y, below, 5, stream, 40)
        cases.append({"call": "resampling.PoissonSums.of", "with": given, "expect": {"estimates": expect}})
    return cases


def _number(unit: int | str) -> int:
    if isinstance(unit, int):
        return unit
    return int.from_bytes(hashlib.blake2b(unit.encode(), digest_size=8).digest(), "little")


def poisson_effects() -> list[Case]:
    """Percentile and normal intervals by their definitions, from the twin's replicates."""
    rng = np.random.default_rng(8)
    cases: list[Case] = []
    for ratio in (False, True):
        arms = {}
        for name, n in (("control", 45), ("treatment", 52)):
            y = np.round(rng.lognormal(1.0 + (name == "treatment") * 0.4, 0.8, n), 4).tolist()
            arms[name] = {"y": y} | ({"d": (rng.poisson(2, n) + 1.0).tolist()} if ratio else {})
        drawn = {
            name: np.array(replicate_estimates(list(range(len(a["y"]))), a["y"], a.get("d"), 3, name, 199))
            for name, a in arms.items()
        }
        given: Case = {name: samples(**a) for name, a in arms.items()}
        given |= {"seed": 3, "replicates": 199, "alpha": 0.1}
        for alternative in ("two-sided", "greater", "less"):
            expect = percentile(drawn["control"], drawn["treatment"], 0.1, alternative)
            cases.append(
                {"call": "poisson_bootstrap", "with": given | {"alternative": alternative}, "expect": expect}
            )
        expect = normal(drawn["control"], drawn["treatment"], 0.1)
        cases.append({"call": "poisson_bootstrap", "with": given | {"interval": "normal"}, "expect": expect})
        counted = percentile(drawn["control"], drawn["treatment"], 0.1, "two-sided")
        states: Case = {name: state(name, arm) for name, arm in arms.items()}
        for kind, answer in (("percentile", counted), ("normal", expect)):
            merged = states | {"alpha": 0.1, "interval": kind}
            cases.append({"call": "poisson_bootstrap_merged", "with": merged, "expect": answer})
    return cases


def state(stream: str, arm: Case) -> Case:
    """The state of an arm, as a book writes it."""
    size = len(arm["y"])  # type: ignore[arg-type]
    given = arm | {"ids": list(range(size)), "seed": 3, "replicates": 199, "stream": stream}
    return {"make": "resampling.PoissonSums.of", "with": given}


def percentile(c: Row, t: Row, alpha: float, alternative: str) -> Case:
    """p-value by counting, ends by trying every replicate as an end."""
    d, lift, count = np.sort(t[1:] - c[1:]), np.sort(t[1:] / c[1:] - 1), len(c)
    below, above = (1 + np.sum(d <= 0)) / count, (1 + np.sum(d >= 0)) / count
    tail = alpha / 2 if alternative == "two-sided" else alpha
    p = {"greater": below, "less": above}.get(alternative, min(1.0, 2 * min(below, above)))

    def ends(draws: Row) -> tuple[float | str, float | str]:
        low = min(v for v in draws if (1 + np.sum(draws <= v)) / count >= tail)
        high = max(v for v in draws if (1 + np.sum(draws >= v)) / count >= tail)
        return (
            "-inf" if alternative == "less" else float(low),
            "inf" if alternative == "greater" else float(high),
        )

    answer: Case = {"estimate": float(t[0] - c[0]), "p_value": float(p)}
    answer["lower"], answer["upper"] = ends(d)
    answer["relative_lower"], answer["relative_upper"] = ends(lift)
    return answer


def normal(c: Row, t: Row, alpha: float) -> Case:
    """z-test with the replicates' standard deviations."""
    error = math.hypot(np.std(c[1:], ddof=1), np.std(t[1:], ddof=1))
    z = (t[0] - c[0]) / error
    reach = stats.norm.isf(alpha / 2) * error
    return {
        "std_error": float(error),
        "p_value": float(2 * stats.norm.sf(abs(z))),
        "lower": float(t[0] - c[0] - reach),
        "upper": float(t[0] - c[0] + reach),
    }


def write(name: str, source: str, tolerance: float, cases: list[Case]) -> None:
    """One book."""
    versions = {"python": platform.python_version(), "scipy": scipy.__version__, "mpmath": mp.__version__}
    book = {
        "source": source,
        "versions": versions,
        "command": COMMAND,
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": tolerance,
        "cases": cases,
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(book, indent=1) + "\n")


if __name__ == "__main__":
    write("quantiles_tails", "Binomial probabilities in exact fractions", 1e-11, far_tails())
    write("quantiles_scipy", "scipy.stats.quantile_test, numpy.quantile", 1e-13, scipy_intervals())
    write(
        "resampling_poisson_states",
        "SplitMix64, Poisson law and sums in whole numbers and fractions",
        1e-15,
        poisson_states(),
    )
    write("resampling_poisson", "The same twin, percentile limits by counting", 1e-11, poisson_effects())
