"""Makes the book of capital processes with confseq, the authors' own implementation of betting.

Needs an environment with confseq and NumPy below 2.
"""

from __future__ import annotations

import json
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

BOOK = Path(__file__).parent / "books" / "sequential_av_capital.json"
MEANS = [0.0, 0.001, 0.05, 0.2, 0.3, 0.5, 0.9, 1.0]


def cases() -> list[dict[str, Any]]:
    """Log capital on either side of each claimed mean, stakes tuned to 0.05 / 2."""
    from confseq.betting import betting_mart
    from confseq.predmix import lambda_predmix_eb

    def stakes(x: Any, _mean: float) -> Any:
        return lambda_predmix_eb(x, alpha=0.025)

    found = []
    for seed, n, a, b in ((1, 50, 2, 5), (2, 700, 1, 30), (3, 3, 1, 1), (4, 400, 0.2, 0.2)):
        x = np.round(np.random.default_rng(seed).beta(a, b, n), 4)
        above = [betting_mart(x, m, theta=1, lambdas_fn_positive=stakes)[-1] for m in MEANS]
        below = [betting_mart(x, m, theta=0, lambdas_fn_negative=stakes)[-1] for m in MEANS]
        expect = {"above": np.log(above).tolist(), "below": np.log(below).tolist()}
        found.append(
            {"call": "sequential.log_capital", "with": {"y": x.tolist(), "means": MEANS}, "expect": expect}
        )
    return found


def main() -> int:
    """Write the book."""
    book = {
        "source": "confseq, betting_mart with lambda_predmix_eb(alpha=0.025)",
        "versions": {"confseq": "0.0.11", "numpy": np.__version__, "python": platform.python_version()},
        "command": "python tests/reference/make_sequential_av_confseq.py",
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": 1e-11,
        "cases": cases(),
    }
    BOOK.write_text(json.dumps(book, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
