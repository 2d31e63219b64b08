"""Fail when any file of the library is covered by less than 90 % of its lines and branches."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import coverage

FLOOR = 90.0


def percentages() -> dict[str, float]:
    """Covered lines and branches of each measured file, in per cent."""
    measured = coverage.Coverage()
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(report))
        files = json.loads(report.read_text())["files"]
    return {name: file["summary"]["percent_covered"] for name, file in files.items()}


def main() -> int:
    """Print the files under the floor; exit with 1 if there is one, or if nothing was measured."""
    files = percentages()
    low = {name: share for name, share in sorted(files.items()) if share < FLOOR}
    sys.stdout.write(f"coverage: {len(files) - len(low)} of {len(files)} files at {FLOOR:.0f} % or more\n")
    for name, share in low.items():
        sys.stderr.write(f"  under the floor: {name} {share:.1f} %\n")
    return 1 if low or not files else 0


if __name__ == "__main__":
    sys.exit(main())
