"""How often do defaults of Assay and of its peers call a true null different? Fills a table of docs/peers.md.

Two arms of one law, so that nothing differs; each tool gets the same sums and is asked at 5 %, as a user of
its defaults would. `relative` is whether the interval of the lift leaves out 0, by which gbstats decides
unless it is told otherwise. An answer that is no number calls nothing different.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import tea_tasting as tt
from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
from gbstats.models.statistics import SampleMeanStatistic
from numpy.typing import NDArray
from tea_tasting.aggr import Aggregates

from assay.distributions import Distribution, Gamma, LogNormal, ZeroInflated
from assay.stats import METHODS, Moments

warnings.simplefilter("ignore")
PAGE = Path(__file__).parents[1] / "docs" / "peers.md"
BEGIN, END = "<!-- errors: begin -->", "<!-- errors: end -->"
REPLICATES, ALPHA, SEED = 4_000, 0.05, 20_261_129
LAWS: dict[str, Distribution] = {
    "revenue, 5 % payers, log-normal(3, 1.5)": ZeroInflated(0.95, LogNormal(3.0, 1.5)),
    "gamma, shape 0.1": Gamma(0.1, 100.0),
}
SIZES = ((200, 200), (1_000, 1_000), (5_000, 5_000), (1_800, 200))
HEADS = (
    "Assay, both forms",
    "gbstats relative (default)",
    "gbstats absolute",
    "tea-tasting p-value",
    "tea-tasting relative",
)


def drawn(law: Distribution, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Size, sum and sum of squares of as many arms as there are replicates; shape (3, replicates)."""
    rows = [law.draw(rng, n) for _ in range(REPLICATES)]
    return np.array([[n, float(y.sum()), float(np.square(y).sum())] for y in rows]).T


def ours(control: NDArray[np.float64], treatment: NDArray[np.float64]) -> float:
    """Share of replicates that the default for means calls different; both forms must agree."""
    arms = [Moments(n=n, mean_y=s / n, m2_y=q - s * s / n) for n, s, q in (control, treatment)]
    effect = METHODS["welch"](*arms, alpha=ALPHA)
    absolute = effect.p_value < ALPHA
    if np.any(absolute != ((effect.lower > 0) | (effect.upper < 0))):
        raise SystemExit("p-value and interval contradict each other")
    return float(np.mean(absolute))


def theirs(control: NDArray[np.float64], treatment: NDArray[np.float64]) -> Iterator[float]:
    """The same shares for each peer and form, in the order of the heads."""
    pairs = list(zip(control.T, treatment.T, strict=True))
    for kind in ("relative", "absolute"):
        config = FrequentistConfig(difference_type=kind, alpha=ALPHA)
        yield float(np.mean([_gbstats(config, *pair) for pair in pairs]))
    found = [
        tt.Mean("y", confidence_level=1 - ALPHA).analyze_aggregates(*map(_aggregates, pair)) for pair in pairs
    ]
    yield float(np.mean([each.pvalue < ALPHA for each in found]))
    yield float(
        np.mean([_leaves_out(each.rel_effect_size_ci_lower, each.rel_effect_size_ci_upper) for each in found])
    )


def _gbstats(config: FrequentistConfig, *arms: NDArray[np.float64]) -> bool:
    sums = (SampleMeanStatistic(n=int(n), sum=float(s), sum_squares=float(q)) for n, s, q in arms)
    return _leaves_out(*TwoSidedTTest(*sums, config).compute_result().ci)


def _aggregates(arm: NDArray[np.float64]) -> Aggregates:
    n, s, q = arm
    return Aggregates(count_=int(n), mean_={"y": s / n}, var_={"y": (q - s * s / n) / (n - 1)}, cov_={})


def _leaves_out(lower: float | None, upper: float | None) -> bool:
    ends = [math.nan if end is None else float(end) for end in (lower, upper)]
    return ends[0] > 0 or ends[1] < 0


def table() -> str:
    """A row per law and size."""
    rng = np.random.Generator(np.random.PCG64DXSM(SEED))
    lines = [f"| data | units | {' | '.join(HEADS)} |", "|---|---|" + "--:|" * len(HEADS)]
    for name, law in LAWS.items():
        for sizes in SIZES:
            arms = [drawn(law, rng, n) for n in sizes]
            shares = [ours(*arms), *theirs(*arms)]
            cells = " | ".join(f"{100 * share:.1f} %" for share in shares)
            lines.append(f"| {name} | {sizes[0]:,} + {sizes[1]:,} | {cells} |")
            sys.stderr.write(f"  {lines[-1]}\n")
    tools = ", ".join(f"{tool} {version(tool)}" for tool in ("gbstats", "tea-tasting"))
    error = 100 * math.sqrt(ALPHA * (1 - ALPHA) / REPLICATES)
    return "\n".join(
        [
            f"{REPLICATES:,} replicates each (standard error {error:.2f} points), {tools}. By `make bench`.",
            "",
            *lines,
        ]
    )


def main() -> int:
    """Measure, and write the table into its page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
