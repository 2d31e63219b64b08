# ruff: noqa: INP001 - a script, not a module
"""Writes assigned.csv and earnings.csv: a place in a work programme drawn at random, United States, 1976-77.

The data are in the Python package `causaldata` (`pip install causaldata`): the 445 men of the National
Supported Work Demonstration that Dehejia and Wahba (1999) kept of LaLonde's (1986), with their earnings in
1975 and 1978, in dollars.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Write who was assigned to what, and what each earned in a year, to two CSV files."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package reads an old Stata format
        from causaldata import nsw_mixtape

        data = nsw_mixtape.load_pandas().data
    people = data.reset_index(names="man").assign(man=lambda each: each["man"] + 1)
    earned = people[["man", "re75", "re78"]].melt("man", var_name="year", value_name="earnings")
    folder.mkdir(parents=True, exist_ok=True)
    people[["man", "treat", "age", "educ"]].to_csv(folder / "assigned.csv", index=False)
    earned.to_csv(folder / "earnings.csv", index=False)
    sys.stdout.write(f"{folder}: {len(people):,} men, {len(earned):,} years\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
