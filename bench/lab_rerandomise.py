"""How long do 10,000 random assignments of 100,000 units in five metrics take?

The promise: moments of both arms of every assignment, in all metrics, in 8 s on two cores. Beside it the
plain way: one assignment at a time, masks and NumPy's mean and variance, measured on a few and scaled up.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from assay.certify.rerandomise import Assignment, Units, splits

UNITS, SPLITS, LIMIT, PLAIN = 100_000, 10_000, 8.0, 20
PAYERS, BUYERS = 0.05, 0.1


def metrics(rng: np.random.Generator) -> dict[str, Units]:
    """Five metrics of different shape."""
    return {
        "normal": Units(rng.normal(10.0, 2.0, UNITS)),
        "counts": Units(rng.poisson(0.3, UNITS).astype(float)),
        "skewed": Units(rng.gamma(0.1, 50.0, UNITS)),
        "revenue": Units(np.where(rng.random(UNITS) < PAYERS, rng.lognormal(3.0, 1.5, UNITS), 0.0)),
        "bought": Units((rng.random(UNITS) < BUYERS).astype(float)),
    }


def plain(given: dict[str, Units], rng: np.random.Generator) -> None:
    """Some assignments, as they are mostly written."""
    for _ in range(PLAIN):
        treated = rng.random(UNITS) < 0.5
        for units in given.values():
            for arm in (units.y[treated], units.y[~treated]):
                arm.mean()
                arm.var(ddof=1)


def seconds(call: Callable[[], object]) -> float:
    """Duration of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def table() -> str:
    """What was measured, in Markdown."""
    rng = np.random.default_rng(20_261_128)
    given = metrics(rng)
    beside = seconds(lambda: plain(given, rng)) / PLAIN * SPLITS
    rows = []
    for share in (0.5, 0.1):
        ours = seconds(lambda share=share: splits(given, Assignment(1, "bench", share=share), SPLITS))  # type: ignore[misc]  # mypy infers no default of a lambda
        rows.append(
            f"| {SPLITS:,} assignments of {UNITS:,} units x 5 metrics, share {share:g} | {LIMIT:g} s | "
            f"{ours:.2f} s | {ours / LIMIT:.2f} | {beside / ours:,.0f} x |"
        )
    head = "| promise | limit | ours | ours / limit | one at a time takes |\n|---|---|---|---|---|\n"
    return head + "\n".join(rows)


def main() -> int:
    """Measure and print."""
    sys.stdout.write(table() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
