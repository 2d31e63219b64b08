"""How long does each method take, beside its peers, in one run? `make bench` writes docs/methods/speed.md.

Methods that read moments compare 100,000 tests in one call (100 where one takes long); those that need the
units compare one pair of arms of 1,000 units at a time, those that enumerate tables 40. Peers get the same
data, one test a call, as they offer it. `arms` compares four arms, 10,000 tests in a call, contrasts
100. Ratios carry over between machines, microseconds do not.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from spotify_confidence.analysis.frequentist.sequential_bound_solver import bounds as spotify_bounds

from assay import stats
from assay.stats import METHODS, Method, Moments, Samples

import peers
import record

PAGE = Path(__file__).parents[1] / "docs" / "methods" / "speed.md"
BATCH, TRIAL, UNITS, WELCHES = 100_000, 100, 1_000, 1_000_000
TOOLS = ("scipy", "statsmodels", "gbstats", "tea-tasting", "spotify")
LIMIT = 20.0
COLUMNS = "A peer's column says how many times longer one test takes there."
MANY = 10_000
"""Tests a call of omnibus tests of more than two arms; their contrasts compare `TRIAL`."""
SHOWN = ("welch", "cuped", "ratio_delta", "proportions_score")
"""Methods from moments that docs/benchmarks.md shows, beside the peers that have them."""
SMALL = 40
"""Units of an arm for methods that enumerate tables."""
EXACT = {"barnard", "boschloo", "mann_whitney_exact"}


def seconds(call: Callable[[], object], budget: float = 0.2) -> float:
    """Least time of a call, over as many as fit into the budget; the first warms up."""
    call()
    best, spent = float("inf"), 0.0
    while spent < budget:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
        spent += time.perf_counter() - start
    return best


def timed(method: Method, rng: np.random.Generator) -> tuple[float, int]:
    """Microseconds of a test, and how many tests were in a call: fewer where each takes long."""
    control, treatment, tests = arms(method, rng, TRIAL)
    ours = seconds(lambda: method(control, treatment)) / tests * 1e6
    if tests == 1 or ours > 30 * LIMIT:
        return ours, tests
    control, treatment, tests = arms(method, rng, BATCH)
    return seconds(lambda: method(control, treatment)) / tests * 1e6, tests


def arms(method: Method, rng: np.random.Generator, batch: int) -> tuple[Any, Any, int]:
    """Data for a method, and how many tests they are."""
    binary = method.family == "proportions" or method.name == "beta_binomial"
    if method.data is Moments and method.name not in EXACT:
        return *(_moments(rng, batch, binary=binary) for _ in "ct"), batch
    if method.data is Moments:
        return *(Moments.of_counts(rng.binomial(SMALL, 0.3), SMALL) for _ in "ct"), 1
    given = peers.Inputs(rng, SMALL if method.name in EXACT else UNITS)
    if method.data is Samples:
        y = (given.y > 5) * 1.0 if binary else given.y
        share = y / y.max() if method.name == "betting_sequence" else y
        cluster = np.arange(given.n) // 20
        weight = np.ones(given.n)
        d = None if method.name == "negative_binomial_ml" else given.d
        return *(
            Samples(share[i], None if d is None else d[i], given.x[i], weight, cluster) for i in (0, 1)
        ), 1
    if method.data.__name__ == "LifeTable":
        time_to = np.minimum(np.ceil(rng.exponential(20.0, (2, UNITS))), 30.0)
        return *(stats.survival.LifeTable.of(t, t < 30.0) for t in time_to), 1
    return *(_other(method, given.y[i], given.d[i], given.x[i]) for i in (0, 1)), 1


def _other(method: Method, y: Any, d: Any, x: Any) -> Any:
    """Data of the types that one family has for itself."""
    if method.data.__name__ == "Comoments":
        return method.data.of(y, {"x": x}, d)
    if method.data.__name__ == "Strata":
        return method.data(Moments.of(y.reshape(4, -1)))
    return method.data.of(np.arange(y.size), y, d, seed=1)


def _moments(rng: np.random.Generator, batch: int, *, binary: bool) -> Moments:
    n = np.full(batch, float(UNITS))
    if binary:
        return Moments.of_counts(rng.binomial(UNITS, 0.1, batch), n)
    events = rng.poisson(2.0 * UNITS, batch) / UNITS
    square = rng.gamma(UNITS / 2, 4.0, batch)
    same = np.ones(batch)
    return Moments(
        n=n, mean_y=events, m2_y=square, mean_d=3.0 * same, m2_d=square, c_yd=0.3 * square,
        mean_x=2.0 * same, m2_x=square, c_yx=0.5 * square, c_dx=0.2 * square,
    )  # fmt: skip


def methods(rng: np.random.Generator) -> list[str]:
    """A row per method: microseconds of a test, and how many times longer each peer takes."""
    theirs = peers.calls(peers.Inputs(rng, UNITS))
    rows, kept = [], list[record.Row]()
    for name in sorted(METHODS):
        method = METHODS[name]
        ours, tests = timed(method, rng)
        ratios = []
        for tool in TOOLS:
            call = theirs.get(name, {}).get(tool)
            taken = None if call is None else seconds(call) * 1e6
            ratios.append("" if taken is None else f"{taken / ours:,.1f} ×")
            if taken is not None and name in SHOWN:
                what = f"`{name}`, {tests:,} tests a call"
                kept.append(record.row(what, 1e6 / ours, "results/s", peer=1e6 / taken, against=tool))
        limit = "" if tests == 1 else ("yes" if ours <= LIMIT else "**no**")
        sys.stderr.write(f"  {name}: {ours:,.2f} µs\n")
        kind = f"{tests:,} tests a call" if tests > 1 else f"one test of {method.data.__name__}"
        rows.append(f"| `{name}` | {kind} | {ours:,.2f} | {limit} | {' | '.join(ratios)} |")
    versions = record.pinned("scipy", "statsmodels", "gbstats", "tea-tasting", "spotify-confidence")
    record.store("methods", "Results from moments", __doc__, kept, packages=("numpy",), versions=versions)
    return rows


def many_arms(rng: np.random.Generator) -> list[str]:
    """A row per comparison of more than two arms: four of them, in batches where moments suffice."""
    theirs = peers.arms_calls(rng, UNITS)
    n = np.full(4, float(UNITS))
    batch, few = (
        Moments(n=n, mean_y=rng.normal(10, 0.1, (tests, 4)), m2_y=rng.gamma(500, 2.0, (tests, 4)))
        for tests in (MANY, TRIAL)
    )
    units = [Samples(rng.normal(10.0, 1.0, UNITS)) for _ in n]
    counts = rng.integers(100, 400, (MANY, 4, 3))
    ours: dict[str, tuple[Callable[[], object], int]] = {
        "anova": (lambda: stats.arms.anova(batch), MANY),
        "chi_square": (lambda: stats.arms.chi_square(counts), MANY),
        "dunnett": (lambda: stats.arms.dunnett(few), TRIAL),
        "games_howell": (lambda: stats.arms.games_howell(few), TRIAL),
        "kruskal_wallis": (lambda: stats.arms.kruskal_wallis(units), 1),
        "tukey": (lambda: stats.arms.tukey(few), TRIAL),
        "welch_anova": (lambda: stats.arms.welch_anova(batch), MANY),
    }
    rows = []
    for name, (call, tests) in ours.items():
        each = seconds(call) / tests * 1e6
        ratios = [
            f"{seconds(peer) * 1e6 / each:,.1f} ×" if (peer := theirs[name].get(tool)) else ""
            for tool in TOOLS
        ]
        kind = f"{tests:,} tests a call" if tests > 1 else "one test of Samples"
        limit = "" if tests == 1 else ("yes" if each <= LIMIT else "**no**")
        sys.stderr.write(f"  arms.{name}: {each:,.2f} µs\n")
        rows.append(f"| `arms.{name}` | {kind} | {each:,.2f} | {limit} | {' | '.join(ratios)} |")
    return rows


def bars(rng: np.random.Generator) -> list[str]:
    """The speeds that the library promises, beside what they are now."""
    n = np.full(WELCHES, 1000.0)
    c, t = (
        Moments(n=n, mean_y=rng.normal(10, 0.1, WELCHES), m2_y=rng.gamma(500, 2.0, WELCHES)) for _ in "ct"
    )
    welch = seconds(lambda: METHODS["welch"](c, t), 2.0)
    looks = np.arange(1, 101) / 100
    ours = seconds(lambda: stats.sequential.spending_bounds(looks))
    theirs = seconds(lambda: spotify_bounds(looks, alpha=0.05, rho=2.0, ztrun=8.0, sides=2), 0.1)
    return [
        f"| Welch's p-value and both intervals, 1,000,000 tests in one call | 1.5 s | {welch:.2f} s | |",
        f"| group-sequential bounds of 100 looks | 0.1 s | {ours:.3f} s | spotify {theirs / ours:,.0f} × |",
    ]


def main() -> int:
    """Measure and write the page."""
    rng = np.random.default_rng(20_261_123)
    head = [
        "<!-- Made by `make bench`; run it again rather than edit. -->",
        "",
        "# Speed",
        "",
        (__doc__ or "").partition("\n\n")[2].strip(),
        "",
        f"One core, Python {platform.python_version()}, NumPy {np.__version__}. {COLUMNS}",
        "",
        "| promise | limit | measured | peer |",
        "|---|---|---|---|",
        *bars(rng),
        "",
        f"| method | how | µs a test | within {LIMIT:g} µs | {' | '.join(TOOLS)} |",
        "|---|---|---|---|" + "---|" * len(TOOLS),
        *methods(rng),
        *many_arms(rng),
    ]
    PAGE.write_text("\n".join(head) + "\n")
    sys.stdout.write(PAGE.read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
