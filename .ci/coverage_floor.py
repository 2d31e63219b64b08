"""Fail when a file is covered too little: 90 % of lines and branches, and all of what makes numbers."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import coverage

FLOOR = 90.0
WHOLE = ("stats", "distributions", "generators", "spec")
"""Packages of which every line and branch must run: their numbers are what everything else rests on."""


def percentages() -> dict[str, float]:
    """Covered lines and branches of each measured file, in per cent."""
    measured = coverage.Coverage()
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(report))
        files = json.loads(report.read_text())["files"]
    return {name: file["summary"]["percent_covered"] for name, file in files.items()}


def floor(name: str) -> float:
    """What a file must reach, in per cent."""
    package = Path(name).parts[Path(name).parts.index("assay") + 1]
    return 100.0 if package in WHOLE else FLOOR


def main() -> int:
    """Print the files under the floor; exit with 1 if there is one, or if nothing was measured."""
    files = percentages()
    low = {name: share for name, share in sorted(files.items()) if share < floor(name)}
    sys.stdout.write(
        f"coverage: {len(files) - len(low)} of {len(files)} files at {FLOOR:.0f} % or more, "
        f"or at 100 % in {', '.join(WHOLE)}\n"
    )
    for name, share in low.items():
        sys.stderr.write(f"  under the floor of {floor(name):.0f} %: {name} {share:.2f} %\n")
    return 1 if low or not files else 0


if __name__ == "__main__":
    sys.exit(main())
