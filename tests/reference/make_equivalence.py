"""Makes books/equivalence_twin.json: `python tests/reference/make_equivalence.py`. Imports nothing of Assay.

Means from statsmodels' two one-sided tests; lifts and proportions from the tests of the margins themselves in
50-digit arithmetic, where the library searches for the level of an interval.
"""

from __future__ import annotations

import json
import platform
import random
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import mpmath as mp
from statsmodels.stats.weightstats import ttost_ind

sys.path.insert(0, str(Path(__file__).parent))
from make_core import arm, counts, score_statistic, t_tails, units

BOOK = Path(__file__).parent / "books" / "equivalence_twin.json"
Case = dict[str, object]


def case(
    method: str, arms: list[Case], margins: tuple[float, float], found: dict[str, float], **more: object
) -> Case:
    """A case of two one-sided tests."""
    given = {"method": {"make": "named", "with": {"name": method}}, "control": arms[0], "treatment": arms[1]}
    return {
        "call": "equivalence.equivalence",
        "with": {**given, "margins": list(margins), **more},
        "expect": found,
    }


def means(control: list[float], treatment: list[float], margins: tuple[float, float]) -> Case:
    """statsmodels: p-values of both one-sided tests with Welch's degrees of freedom."""
    p, (_, above, _), (_, below, _) = ttost_ind(treatment, control, *margins, usevar="unequal")
    found = {"p_value": float(p), "above_lower": float(above), "below_upper": float(below)}
    return case("welch", [units(control), units(treatment)], margins, found)


def lifts(control: list[float], treatment: list[float], margins: tuple[float, float]) -> Case:
    """The t pivot of the hypothesis lift = margin; its degrees of freedom are those of the difference."""
    (c, v_c, f_c), (t, v_t, f_t) = arm(control, None), arm(treatment, None)
    df = (v_c + v_t) ** 2 / (v_c**2 / f_c + v_t**2 / f_t)

    def tail(margin: float, side: int) -> mp.mpf:
        r = 1 + mp.mpf(margin)
        pivot = side * (t - r * c) / mp.sqrt(v_t + r * r * v_c)
        half = t_tails(df, pivot) / 2
        return half if pivot > 0 else 1 - half

    above, below = tail(margins[0], 1), tail(margins[1], -1)
    found = {"above_lower": float(above), "below_upper": float(below), "p_value": float(max(above, below))}
    return case("welch", [units(control), units(treatment)], margins, found, relative=True)


def shares(table: tuple[int, int, int, int], margins: tuple[float, float]) -> Case:
    """Mee's test of each margin."""
    x_c, n_c, x_t, n_t = table
    middle = mp.mpf(x_t) / n_t - mp.mpf(x_c) / n_c

    def tail(margin: float, side: int) -> mp.mpf:
        z = score_statistic(table, mp.mpf(margin), relative=False)
        return mp.ncdf(-z) if side * (middle - margin) > 0 else mp.ncdf(z)

    above, below = tail(margins[0], 1), tail(margins[1], -1)
    found = {"above_lower": float(above), "below_upper": float(below), "p_value": float(max(above, below))}
    return case("proportions_score", [counts(x_c, n_c), counts(x_t, n_t)], margins, found)


def main() -> int:
    """Write the book."""
    rng = random.Random(20_261_123)  # noqa: S311 - test data, no secret
    cases = []
    for n_c, n_t, margins in ((40, 30, (-1.0, 1.0)), (12, 50, (-0.5, 2.0)), (200, 200, (-0.4, 0.4))):
        control = [round(rng.gauss(10, 1.5), 3) for _ in range(n_c)]
        treatment = [round(rng.gauss(10.1, 2.0), 3) for _ in range(n_t)]
        cases.append(means(control, treatment, margins))
        cases.append(lifts(control, treatment, (margins[0] / 10, margins[1] / 10)))
    cases.append(shares((480, 4000, 484, 4000), (-0.02, 0.02)))
    cases.append(shares((0, 30, 1, 25), (-0.1, 0.3)))
    book = {
        "source": "statsmodels ttost_ind; 80-digit twin: the tests of the margins",
        "versions": {name: version(name) for name in ("statsmodels", "mpmath")}
        | {"python": platform.python_version()},
        "command": "python tests/reference/make_equivalence.py",
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": 1e-9,
        "cases": cases,
    }
    BOOK.write_text(json.dumps(book, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
