"""Makes books/multiplicity_twin.json: `python tests/reference/make_multiplicity.py`. Nothing imports Assay.

Šidák's from statsmodels; gatekeeping by the closure principle: every subset of hypotheses gets a weighted
Bonferroni test whose weights the gates dictate; a hypothesis is rejected where every subset that holds it is.
"""

from __future__ import annotations

import itertools
import json
import platform
import random
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from statsmodels.stats.multitest import multipletests

BOOK = Path(__file__).parent / "books" / "multiplicity_twin.json"
Case = dict[str, object]


def weights(subset: tuple[int, ...], roles: list[str], gate: str) -> dict[int, float]:
    """Weights of the intersection hypothesis, which sum to 1 at most (Dmitrienko and others, 2003)."""
    primary = [i for i, role in enumerate(roles) if role == "primary"]
    mine = [i for i in subset if roles[i] == "primary"]
    others = [i for i in subset if roles[i] == "secondary"]
    if gate == "all" and mine:
        return {i: 1 / len(mine) for i in mine} | dict.fromkeys(others, 0.0)
    held = {i: 1 / len(primary) for i in mine}
    left = 1 - len(mine) / len(primary) if primary else 1.0
    return held | {i: left / len(others) for i in others}


def closed(p: list[float], roles: list[str], gate: str) -> list[float]:
    """Corrected p-values by closed testing."""
    family = [i for i, role in enumerate(roles) if role != "guardrail"]
    found = list(p)
    for i in family:
        worst = 0.0
        for size in range(len(family)):
            for rest in itertools.combinations([k for k in family if k != i], size):
                shares = weights((i, *rest), roles, gate)
                smallest = min((p[k] / w for k, w in shares.items() if w > 0), default=1.0)
                worst = max(worst, smallest)
        found[i] = min(worst, 1.0)
    return found


def main() -> int:
    """Write the book."""
    rng = random.Random(20_261_123)  # noqa: S311 - test data, no secret
    cases: list[Case] = []
    for p in ([0.01, 0.02, 0.6], [1e-12, 0.3, 0.04, 0.9, 1.0]):
        found = multipletests(p, 0.05, "sidak")[1].tolist()
        cases.append({"call": "multiplicity.sidak", "with": {"p_values": p}, "expect": {"p_value": found}})
    layouts = (
        ["primary", "secondary"], ["primary", "primary", "secondary", "secondary", "guardrail"],
        ["primary", "primary", "primary", "secondary", "secondary", "secondary"], ["secondary", "secondary"],
        ["guardrail", "primary"],
    )  # fmt: skip
    for roles, gate, _ in itertools.product(layouts, ("all", "any"), range(4)):
        p = [round(rng.random() ** 3, 6) for _ in roles]
        given = {"p_values": p, "roles": roles, "gate": gate}
        found = closed(p, roles, gate)
        cases.append({"call": "multiplicity.gatekeeping", "with": given, "expect": {"p_value": found}})
    book = {
        "source": "closed testing over all subsets, statsmodels multipletests",
        "versions": {"python": platform.python_version(), "statsmodels": version("statsmodels")},
        "command": "python tests/reference/make_multiplicity.py",
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": 1e-13,
        "cases": cases,
    }
    BOOK.write_text(json.dumps(book, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
