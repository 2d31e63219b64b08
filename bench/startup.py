"""How long until the command line answers? Half a minute; `python bench/startup.py`.

`assay --help`, and `assay analyze` of a small file: seconds of processes of their own, in turn with a bare
interpreter, which no program in Python can beat; the median of eleven. The file is the experiment of
examples/thornton, 4,820 rows.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import record

ROOT = Path(__file__).parents[1]
TIMES, SHOWN = 11, 6
HELP, ANALYZE = "assay --help", "assay analyze"
GOALS = {HELP: 0.3, ANALYZE: 1.5}
"""Seconds."""
BARE = ("-c", "pass")


def main() -> None:
    """Measure, print and store."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "thornton.csv"
        _run((str(ROOT / "examples" / "thornton" / "get.py"), str(file)))
        columns = ("--arm", "any", "--control", "0", "--metric", "got")
        assay = ("-m", "assay.cli")
        commands = {HELP: (*assay, "--help"), ANALYZE: (*assay, "analyze", str(file), *columns)}
        floor, seconds = _medians(commands)
        notes = [f"{name}: {_imports(arguments)}" for name, arguments in commands.items()]
    rows = [record.row("a bare interpreter, `python -c pass`", floor, "s")]
    for name, goal in GOALS.items():
        judged = record.row(f"`{name}`", seconds[name], "s", most=goal)
        # The goal is one of seconds; the ratio says what they are in interpreters.
        rows.append(judged | {"peer": floor, "against": "`python -c pass`", "ratio": seconds[name] / floor})
    record.store(
        "startup",
        "Start of the command line",
        __doc__,
        rows,
        packages=("typer", "numpy", "scipy", "pandas", "pyarrow"),
        notes=notes,
    )


def _medians(commands: Mapping[str, Sequence[str]]) -> tuple[float, dict[str, float]]:
    """Seconds of a bare interpreter, and of each command; the first turn fills the disk's cache."""
    taken: dict[str, list[float]] = {name: [] for name in ("", *commands)}
    for _ in range(TIMES + 1):
        for name, arguments in (("", BARE), *commands.items()):
            began = time.perf_counter()
            _run(arguments)
            taken[name].append(time.perf_counter() - began)
    found = {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}
    return found.pop(""), found


def _imports(arguments: Sequence[str]) -> str:
    """What imports cost, by package, in a sentence; `python -X importtime` says it."""
    spent: Counter[str] = Counter()
    for line in _run(("-X", "importtime", *arguments)).splitlines():
        parts = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and parts[0].strip().isdigit():
            package = parts[2].strip().partition(".")[0]
            spent["Python's own" if package in sys.stdlib_module_names else package] += int(parts[0])
    largest = ", ".join(f"{package} {micros / 1e6:.2f}" for package, micros in spent.most_common(SHOWN))
    return f"imports take {spent.total() / 1e6:.2f} s of one run: {largest}."


def _run(arguments: Sequence[str]) -> str:
    """Run Python; what it says on standard error."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "lib")}
    ran = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return ran.stderr


if __name__ == "__main__":
    main()
