"""Makes books/means_trimmed.json from SciPy: `python tests/reference/make_robust.py`. Imports no Assay."""

from __future__ import annotations

import json
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy import stats

BOOK = Path(__file__).parent / "books" / "means_trimmed.json"


def main() -> int:
    """Write the book."""
    rng = np.random.default_rng(20_261_123)
    cases = []
    for n_c, n_t, share in ((20, 33, 0.1), (9, 12, 0.25), (40, 40, 0.05), (11, 8, 0.0)):
        control, treatment = (np.round(rng.lognormal(1.0, 1.0, n), 3) for n in (n_c, n_t))
        for alternative in ("two-sided", "greater", "less"):
            test = stats.ttest_ind(treatment, control, equal_var=False, trim=share, alternative=alternative)
            cases.append(
                {
                    "call": "trimmed",
                    "with": {
                        "control": {"make": "Samples", "with": {"y": control.tolist()}},
                        "treatment": {"make": "Samples", "with": {"y": treatment.tolist()}},
                        "share": share,
                        "alternative": alternative,
                    },
                    "expect": {
                        "estimate": float(
                            stats.trim_mean(treatment, share) - stats.trim_mean(control, share)
                        ),
                        "statistic": float(test.statistic),
                        "df": float(test.df),
                        "p_value": float(test.pvalue),
                    },
                }
            )
    book = {
        "source": "scipy.stats.ttest_ind(trim=), trim_mean",
        "versions": {"python": platform.python_version(), "scipy": version("scipy")},
        "command": "python tests/reference/make_robust.py",
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": 1e-11,
        "cases": cases,
    }
    BOOK.write_text(json.dumps(book, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
