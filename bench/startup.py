"""How long until the command line answers? Seconds of `assay --help` and of `assay analyze` on a small file.

`python bench/startup.py` takes half a minute. Each command runs in processes of its own, in turn with a bare
interpreter, which no program in Python can beat. What the imports cost is what `python -X importtime` says of
one run, summed by package. The result is stored in bench/results/startup.json.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
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
        imports = {name: _imports(arguments) for name, arguments in commands.items()}
    rows = [
        {
            "what": f"`{name}`",
            "ours": seconds[name],
            "unit": "s",
            "floor": floor,
            "floor_is": "`python -c pass`",
            "ratio": seconds[name] / floor,
            "goal": f"<= {GOALS[name]} s",
            "met": seconds[name] <= GOALS[name],
        }
        for name in commands
    ]
    _print(rows, imports)
    store("startup", rows, versions=("typer", "numpy", "scipy", "pandas", "pyarrow"), imports=imports)


def store(name: str, rows: Sequence[Mapping[str, object]], versions: Sequence[str], **more: object) -> None:
    """Keep what was measured.

    Args:
        name: Of the file in bench/results.
        rows: What was measured, with its unit, its floor, the ratio of both and the goal.
        versions: Packages whose version matters.
        more: What else to keep.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    document = {
        "name": name,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "memory_gb": round(memory / 2**30),
            "cpu": _processor(),
        },
        "versions": {
            "python": platform.python_version(),
            "assay": _said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"),
            **{package: version(package) for package in versions},
        },
        "rows": list(rows),
        **more,
    }
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.json"
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"\nstored: {file.relative_to(ROOT)}")


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


def _imports(arguments: Sequence[str]) -> dict[str, float]:
    """Package → seconds that importing its own modules takes, the largest first."""
    spent: Counter[str] = Counter()
    for line in _run(("-X", "importtime", *arguments)).splitlines():
        parts = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and parts[0].strip().isdigit():
            package = parts[2].strip().partition(".")[0]
            spent["Python's own" if package in sys.stdlib_module_names else package] += int(parts[0])
    return {package: micros / 1e6 for package, micros in spent.most_common()}


def _run(arguments: Sequence[str]) -> str:
    """Run Python; what it says on standard error."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "lib")}
    ran = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return ran.stderr


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _print(rows: Sequence[Mapping[str, object]], imports: Mapping[str, Mapping[str, float]]) -> None:
    print("| command | seconds | bare interpreter | times that | goal |\n|---|--:|--:|--:|--:|")
    for row in rows:
        print(
            f"| {row['what']} | {row['ours']:.2f} | {row['floor']:.3f} | {row['ratio']:.0f} | {row['goal']} |"
        )
    print("\nof which imports, by `python -X importtime`:")
    for name, spent in imports.items():
        largest = list(spent.items())[:SHOWN]
        listed = ", ".join(f"{package} {seconds:.2f}" for package, seconds in largest)
        print(f"- {name}: {sum(spent.values()):.2f} s; {listed}")


if __name__ == "__main__":
    main()
