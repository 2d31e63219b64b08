"""Golden numbers for assay.stats.arms from SciPy and statsmodels.

`python tests/reference/make_arms.py` writes books/arms_python.json. Nothing here imports Assay. SciPy's
studentised range stops at about ten digits; its Dunnett test is a simulation and no reference.
"""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import contingency
from statsmodels.stats.oneway import anova_oneway

Arms = list[NDArray[np.float64]]
Case = dict[str, object]
SUBTRACTED = 1e-3
"""Below this SciPy's p-value of a range, one minus a distribution function, has too few digits."""
DESIGNS = (
    ((8, 12, 5), 0.0),
    ((30, 50, 20, 41), 1.5),
    ((3, 4, 60), 4.0),
    ((200, 200), 0.3),
    ((25, 25, 30), 0.2),
)


def draws(seed: int, sizes: tuple[int, ...], shift: float) -> Arms:
    """Rounded arms with unlike variances and some ties, each moved a little more."""
    rng = np.random.default_rng(seed)
    return [np.round(rng.gamma(2.0, 2.0 + i, size) + i * shift, 1) for i, size in enumerate(sizes)]


def samples(arms: Arms) -> Case:
    """How the book says it."""
    return {"arms": [{"make": "Samples", "with": {"y": y.tolist()}} for y in arms]}


def omnibus(arms: Arms) -> list[Case]:
    """Fisher's, Welch's and Kruskal and Wallis's tests."""
    data, plain, welch, ranks = samples(arms), stats.f_oneway(*arms), _welch(arms), stats.kruskal(*arms)
    return [
        {
            "call": "arms.anova",
            "with": data,
            "expect": {"statistic": float(plain.statistic), "p_value": float(plain.pvalue)},
        },
        {"call": "arms.welch_anova", "with": data, "expect": welch},
        {
            "call": "arms.kruskal_wallis",
            "with": data,
            "expect": {"statistic": float(ranks.statistic), "p_value": float(ranks.pvalue)},
        },
    ]


def _welch(arms: Arms) -> Case:
    found = anova_oneway(arms, use_var="unequal", welch_correction=True)
    return {
        "statistic": float(found.statistic),
        "df_between": float(found.df[0]),
        "df_within": float(found.df[1]),
        "p_value": float(found.pvalue),
    }


def pairs(arms: Arms) -> list[Case]:
    """All pairs, with one variance and with many."""
    cases: list[Case] = []
    upper = np.triu_indices(len(arms), 1)
    for call, equal in (("arms.tukey", True), ("arms.games_howell", False)):
        found = stats.tukey_hsd(*arms, equal_var=equal)
        ends = found.confidence_interval(0.99)
        # SciPy subtracts the later arm from the earlier.
        p_values = found.pvalue[upper]
        expect = {
            "estimate": (-found.statistic[upper]).tolist(),
            "lower": (-ends.high[upper]).tolist(),
            "upper": (-ends.low[upper]).tolist(),
        }
        if np.min(p_values) > SUBTRACTED:
            expect["p_value"] = p_values.tolist()
        cases.append(
            {"call": call, "with": {**samples(arms), "alpha": 0.01}, "expect": expect, "tolerance": 1e-8}
        )
    return cases


def tables() -> list[Case]:
    """Counts, one of them with a category that nobody is in."""
    cases: list[Case] = []
    for table in (
        [[12, 30], [20, 25], [9, 41], [15, 15]],
        [[5, 9, 0, 4], [7, 2, 0, 9]],
        [[300, 9, 1], [280, 30, 4]],
    ):
        used = np.array(table)[:, np.sum(table, axis=0) > 0]
        found = stats.chi2_contingency(used, correction=False)
        expect = {
            "statistic": float(found.statistic),
            "df_between": float(found.dof),
            "p_value": float(found.pvalue),
            "effect_size": float(contingency.association(used, method="cramer")),
        }
        cases.append({"call": "arms.chi_square", "with": {"counts": table}, "expect": expect})
    return cases


def main() -> None:
    """Write the book."""
    cases = tables()
    for seed, (sizes, shift) in enumerate(DESIGNS):
        arms = draws(seed, sizes, shift)
        cases += omnibus(arms) + pairs(arms)
    book = {
        "source": "SciPy f_oneway, kruskal, chi2_contingency, tukey_hsd; statsmodels anova_oneway",
        "versions": {
            "python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__,
            "statsmodels": version("statsmodels"),
        },
        "command": "python tests/reference/make_arms.py",
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": 1e-11,
        "cases": cases,
    }  # fmt: skip
    (Path(__file__).parent / "books" / "arms_python.json").write_text(json.dumps(book, indent=1) + "\n")


if __name__ == "__main__":
    main()
