"""Measures the whole grid and writes what ships with Assay: `make certificates`, most of an hour on 2 cores.

Writes lib/assay/certify/lab/certificates.csv, docs/certificates/README.md and its maps. Finished work is kept
in .assay/grid.jsonl, so that a killed run goes on. With `--page` only the page is made anew.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from assay.certify.lab.certificates import SEED, SHIPPED, certificate, parsed, written
from assay.certify.lab.grid import grid
from assay.certify.lab.run import Store, in_processes, measure
from assay.serving.certificates.page import maps, page

HERE = Path(__file__).parent / "certificates"


def main(arguments: list[str]) -> int:
    """Measure, and write."""
    if "--page" not in arguments:
        SHIPPED.write_text(measured())
    certificates = parsed(SHIPPED.read_text())
    HERE.mkdir(exist_ok=True)
    (HERE / "README.md").write_text(page(certificates))
    for name, drawing in maps(certificates).items():
        (HERE / name).write_text(drawing)
    sys.stdout.write(f"written: {SHIPPED.name} and {HERE.name}, {len(certificates):,} certificates\n")
    return 0


def measured() -> str:
    """The grid's certificates as CSV."""
    began, told = time.monotonic(), [0.0]

    def progress(done: int, total: int) -> None:
        now = time.monotonic() - began
        if now - told[0] >= 60:  # noqa: PLR2004 - a line a minute
            told[0] = now
            sys.stderr.write(f"{now / 60:.0f} min: {100 * done / total:.1f} %\n")

    workers = in_processes(os.cpu_count() or 1)
    store = Store(Path(".assay/grid.jsonl"))
    found = measure(list(grid()), seed=SEED, workers=workers, store=store, progress=progress)
    return written(certificate(one) for one in found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
