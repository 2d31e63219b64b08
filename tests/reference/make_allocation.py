"""Makes the book of the sequential sample ratio test with mpmath: the mixture over shares as an integral.

Nothing of Assay is imported.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mpmath as mp

BOOK = Path(__file__).parent / "books" / "allocation_sequential.json"


def two_arms(units: tuple[int, int], share: str, concentration: float) -> mp.mpf:
    """Mean of the likelihood ratio of a share against the planned one, over a Beta law around the plan."""
    plan = mp.mpf(share)
    a, b = concentration * plan, concentration * (1 - plan)

    def part(s: mp.mpf) -> mp.mpf:
        log_law = (a - 1) * mp.log(s) + (b - 1) * mp.log(1 - s) - mp.log(mp.beta(a, b))
        return mp.exp(log_law + units[0] * mp.log(s / plan) + units[1] * mp.log((1 - s) / (1 - plan)))

    top = (a + units[0]) / (concentration + sum(units))
    sd = mp.sqrt(top * (1 - top) / (concentration + sum(units)))
    knots = [k for k in (top + j * sd for j in (-25, -12, -6, -2, 0, 2, 6, 12, 25)) if 0 < k < 1]
    return mp.quad(part, [mp.mpf(10) ** -12, *knots, 1 - mp.mpf(10) ** -12])


def many_arms(units: tuple[int, ...], shares: tuple[str, ...], concentration: float) -> mp.mpf:
    """The same unit by unit: the predictive probability of each unit over its planned one (a Pólya urn)."""
    seen = [mp.mpf(0)] * len(units)
    evidence = mp.mpf(1)
    for arm, count in enumerate(units):
        for _ in range(count):
            plan = mp.mpf(shares[arm])
            evidence *= (concentration * plan + seen[arm]) / (concentration + sum(seen)) / plan
            seen[arm] += 1
    return evidence


def cases() -> Iterator[dict[str, Any]]:
    """Two arms by quadrature, more by the urn."""
    for units, share, concentration in (
        ((520, 480), "0.5", 1000.0), ((1100, 900), "0.5", 1000.0), ((16800, 13200), "0.5", 1000.0),
        ((90, 30), "0.75", 20.0), ((9100, 1000), "0.9", 10000.0), ((1, 0), "0.5", 8.0),
    ):  # fmt: skip
        plan = [float(share), float(1 - mp.mpf(share))]
        yield case(units, plan, concentration, two_arms(units, share, concentration))
    for counts, shares, concentration in (
        ((300, 210, 240), ("0.4", "0.3", "0.3"), 100.0),
        ((20, 0, 31, 9), ("0.4", "0.1", "0.25", "0.25"), 1000.0),
        ((300, 0, 240), ("0.5", "0", "0.5"), 50.0),
    ):
        yield case(
            counts, [float(s) for s in shares], concentration, many_arms(counts, shares, concentration)
        )


def case(
    units: tuple[int, ...], shares: list[float], concentration: float, evidence: mp.mpf
) -> dict[str, Any]:
    """One case of the book."""
    return {
        "call": "allocation.srm_sequential",
        "with": {"observed": list(units), "expected_shares": shares, "concentration": concentration},
        "expect": {"p_value": float(min(mp.mpf(1), 1 / evidence)), "log_evidence": float(mp.log(evidence))},
    }


def main() -> int:
    """Write the book."""
    mp.mp.dps = 30
    book = {
        "source": "30-digit twin: quadrature over the Beta law; Pólya urn unit by unit",
        "versions": {"mpmath": version("mpmath"), "python": platform.python_version()},
        "command": "python tests/reference/make_allocation.py",
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": 1e-12,
        "cases": list(cases()),
    }
    BOOK.write_text(json.dumps(book, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
