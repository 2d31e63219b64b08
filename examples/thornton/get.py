# ruff: noqa: INP001 - a script, not a module
"""Writes thornton.csv: a randomised cash incentive to learn one's HIV result, rural Malawi, 2004.

The data are in the Python package `causaldata` (`pip install causaldata`), from Cunningham, Causal
Inference: The Mixtape (2021), after Thornton (2008), The Demand for, and Impact of, Learning HIV Status,
American Economic Review 98(5). `any`: was offered an incentive (1) or none (0); `got`: collected the result.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(target: Path) -> None:
    """Write the data, as they come, to a CSV file."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package reads an old Stata format
        from causaldata import thornton_hiv

        data = thornton_hiv.load_pandas().data
    target.parent.mkdir(parents=True, exist_ok=True)
    data.to_csv(target, index=False)
    sys.stdout.write(f"{target}: {len(data):,} rows\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("thornton.csv"))
