"""Makes the book of the sequential sample ratio test with ssrm-test, its authors' own implementation.

Needs an environment with ssrm-test and NumPy below 2.
"""

from __future__ import annotations

import json
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

BOOK = Path(__file__).parent / "books" / "allocation_ssrm.json"


def cases() -> list[dict[str, Any]]:
    """Daily counts; the package answers with running p-values, compared over looks."""
    from ssrm_test.ssrm_test import sequential_p_values, sequential_posteriors

    found = []
    for seed, true, plan, concentration in (
        (1, (0.5, 0.5), (0.5, 0.5), 10_000.0),
        (2, (0.54, 0.46), (0.5, 0.5), 1_000.0),
        (3, (0.3, 0.3, 0.4), (0.33, 0.33, 0.34), 1_000.0),
    ):
        days = np.random.default_rng(seed).multinomial(400, true, size=12)
        history = sequential_posteriors(days, np.array(plan), dirichlet_concentration=concentration)
        p_values = sequential_p_values(days, np.array(plan), dirichlet_concentration=concentration)
        found.append(
            {
                "call": "allocation.srm_sequential",
                "with": {
                    "observed": np.cumsum(days, axis=0).tolist(),
                    "expected_shares": list(plan),
                    "concentration": concentration,
                },
                "expect": {"log_evidence": [float(h["log_bayes_factor"]) for h in history]},
                "note": f"running p-value at the end: {float(p_values[-1]):.10g}",
            }
        )
    return found


def main() -> int:
    """Write the book."""
    book = {
        "source": "ssrm-test, sequential_posteriors",
        "versions": {
            "ssrm-test": version("ssrm-test"),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "command": "python tests/reference/make_allocation_ssrm.py",
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": 1e-8,
        "cases": cases(),
    }
    BOOK.write_text(json.dumps(book, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
