"""How fast does the laboratory measure error rates, beside its peers? Writes docs/certificates/speed.md.

An experiment is two arms of 1,000 units each, compared by Welch's test. "Units" draws every unit, "moments"
the shortest exact way. The peers do what a user of theirs would write: SciPy in a loop, tea-tasting by
its `simulate`. One core throughout; ratios carry over between machines, seconds do not.
"""

from __future__ import annotations

import platform
import sys
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import tea_tasting as tt
from scipy import stats as scipy_stats

from assay.certify.lab import sufficient
from assay.distributions import Distribution, Gamma, LogNormal, Normal, Poisson
from assay.stats import METHODS

import lab_rerandomise
import record

warnings.simplefilter("ignore")
PAGE = Path(__file__).parents[1] / "docs" / "certificates" / "speed.md"
N, LOOP, MANY, MILLION = 1_000, 200, 2_000, 1_000_000
LAWS: dict[str, Distribution] = {
    "normal": Normal(10, 5),
    "gamma, shape 0.1": Gamma(0.1, 100),
    "gamma, shape 1": Gamma(1, 10),
    "log-normal": LogNormal(2, 1),
    "Poisson, rate 3": Poisson(3),
}
EXACT = {"normal", "Poisson, rate 3"}
"""Laws whose moments are drawn without units."""
DRAWS, PEERS, SHORT, LIMIT = 0.7, 10.0, 100.0, 5.0
"""Goals: share of NumPy's speed; times the peers with units, and with moments; seconds of a million."""


def seconds(call: Callable[[], object], repeats: int = 3) -> float:
    """Least time of a call."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def ours(law: Distribution, draw: Callable[..., object], experiments: int) -> None:
    """Simulate experiments, and test them."""
    rng = np.random.default_rng(1)
    control, treatment = (draw(law, rng, N, experiments) for _ in "ct")
    METHODS["welch"](control, treatment)  # type: ignore[arg-type]  # of moments, as welch is


def raw(law: Distribution, experiments: int) -> None:
    """The draws alone, in blocks of the same size."""
    rng = np.random.default_rng(1)
    for _ in "ct":
        for rows in sufficient.blocks(N, experiments):
            law.draw(rng, rows * N)


def scipy_loop(law: Distribution) -> None:
    """What one writes with SciPy."""
    rng = np.random.default_rng(1)
    for _ in range(LOOP):
        result = scipy_stats.ttest_ind(law.draw(rng, N), law.draw(rng, N), equal_var=False)
        result.confidence_interval()


def tea_tasting(law: Distribution) -> None:
    """What one writes with tea-tasting."""

    def data(rng: np.random.Generator) -> pa.Table:
        return pa.table({"variant": np.repeat([0, 1], N).astype(np.uint8), "y": law.draw(rng, 2 * N)})

    tt.Experiment(y=tt.Mean("y")).simulate(data, LOOP, rng=1)


def row(name: str, law: Distribution, kept: list[record.Row]) -> str:
    """One law: share of the draws' speed, and how many times longer the peers take; `kept` gets them too."""
    units = seconds(lambda: ours(law, sufficient.of_units, MANY)) / MANY
    draws = seconds(lambda: raw(law, MANY)) / MANY
    peers = [seconds(lambda call=call: call(law)) / LOOP for call in (scipy_loop, tea_tasting)]
    share = draws / units
    what, unit = f"experiments of 2 x {N:,} units, {name}", "replicates/s"
    kept.append(record.row(what, 1 / units, unit, peer=1 / draws, against="NumPy's draws", least=DRAWS))
    for tool, peer in zip(("SciPy", "tea-tasting"), peers, strict=True):
        kept.append(record.row(what, 1 / units, unit, peer=1 / peer, against=tool, least=PEERS))
    cells = [f"{1 / units:,.0f}", f"{share:.2f} {_met(share >= DRAWS)}"]
    cells += [f"{peer / units:,.1f} × {_met(peer / units >= PEERS)}" for peer in peers]
    if name in EXACT:
        moments = seconds(lambda: ours(law, sufficient.moments, 10 * MANY)) / (10 * MANY)
        cells += [f"{1 / moments:,.0f}"]
        cells += [f"{peer / moments:,.0f} × {_met(peer / moments >= SHORT)}" for peer in peers]
    else:
        cells += ["as units", "", ""]
    sys.stderr.write(f"  {name}: {' | '.join(cells)}\n")
    return f"| {name} | {' | '.join(cells)} |"


def _met(good: bool) -> str:
    return "" if good else "**(below the goal)**"


def missed(kept: list[record.Row]) -> list[str]:
    """How much faster than a peer one could be who draws every unit with NumPy, where we miss the goal."""
    return [
        f"{peer['what'][0].upper()}{peer['what'][1:]}: NumPy's draws alone, without any comparison, are "
        f"{draws['peer'] / peer['peer']:.1f} times as fast as SciPy's loop, which makes the same draws. "
        "Drawing moments in place of units closes the gap, where they are enough."
        for draws, peer in pairwise(kept)
        if draws["against"] == "NumPy's draws" and peer["against"] == "SciPy" and not peer["met"]
    ]


def main() -> int:
    """Measure, and write the page."""
    million = seconds(lambda: ours(Normal(10, 5), sufficient.moments, MILLION), 2)
    kept = [record.row("a million A/A tests of Welch, by moments", million, "s", most=LIMIT)]
    goals = (
        f"Goals: {DRAWS} of the speed of NumPy's draws alone; {PEERS:.0f} times the peers with units and "
        f"{SHORT:.0f} times with moments; a million A/A tests in {LIMIT:.0f} s."
    )
    heads = (
        "| law | experiments a second, units | of NumPy's draws | SciPy takes | tea-tasting takes "
        "| experiments a second, moments | SciPy takes | tea-tasting takes |"
    )
    lines = [
        "<!-- Made by `make bench`; run it again rather than edit. -->",
        "",
        "# Speed of the laboratory",
        "",
        (__doc__ or "").partition("\n\n")[2].strip(),
        "",
        f"Python {platform.python_version()}, NumPy {np.__version__}, tea-tasting {tt.__version__}. {goals}",
        "",
        f"A million A/A tests of Welch at n = 1,000: **{million:.2f} s** {_met(million <= LIMIT)}",
        "",
        heads,
        "|---" * 8 + "|",
        *(row(name, law, kept) for name, law in LAWS.items()),
        "",
        "Real units assigned again at random, moments of both arms in five metrics, two cores:",
        "",
        lab_rerandomise.table(),
    ]
    PAGE.write_text("\n".join(lines) + "\n")
    sys.stdout.write(PAGE.read_text())
    versions = record.pinned("scipy", "tea-tasting")
    record.store(
        "lab", "Laboratory", __doc__, kept, packages=("numpy",), versions=versions, notes=missed(kept)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
