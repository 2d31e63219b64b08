"""Write what was measured into docs/performance.md: from bench/results/run.json and run_detail.json.

`python docs/performance.py`, after `python bench/run.py`. The page's sentences are written by hand; what
stands between its marks is made here.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "bench" / "results"
MOST = 10
"""Queries and tables that are shown."""
STEPS = {
    "What a week's events come to, per unit": "gold.unit_metrics",
    "The week's news into silver": "bronze.trades",
    "What each unit is worth, as moments": "gold.unit_metrics, silver.exposures",
}
"""Heading → the query of that step: by the table that it writes, or by those that it reads."""
_MARKED = re.compile(
    r"(?P<mark><!-- made by docs/performance.py: (?P<name>\w+) -->).*?(?P<end><!-- end -->)", re.DOTALL
)
Found = Mapping[str, Any]


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"written: {PAGE.relative_to(ROOT)}\n")


def page(text: str) -> str:
    """The page with what was measured between its marks; before anything was, as it is.

    Args:
        text: The page.
    """
    kept = [RESULTS / f"{name}.json" for name in ("run", "run_detail")]
    if not all(file.exists() for file in kept):
        return text
    run, detail = (json.loads(file.read_text(encoding="utf-8")) for file in kept)
    made = {
        "weeks": (_measured(run), "", *_weeks(detail["weeks"], run["rows"])),
        "processor": _cpu(detail["weeks"]),
        "steps": (line for step in STEPS.items() for line in _step(*step, detail["queries"])),
        "queries": _queries(detail["queries"]),
        "files": _files(detail["files"]),
    }
    blocks = {name: "\n".join(lines) for name, lines in made.items()}
    return _MARKED.sub(lambda found: f"{found['mark']}\n\n{blocks[found['name']]}\n\n{found['end']}", text)


def _measured(found: Found) -> str:
    machine = found["machine"]
    where = f"{machine['cores']} cores of {machine['cpu']}, {machine['memory']}"
    return f"Measured {found['date']} at commit {found['commit']} on {where}."


def _weeks(weeks: Sequence[Found], rows: Sequence[Found]) -> Iterator[str]:
    jobs = list(dict.fromkeys(job for week in weeks for job in week["jobs"]))
    heads = [job.removeprefix("assay-") for job in jobs]
    yield f"| | seconds | goal | {' | '.join(heads)} | queries | jobs of Spark |"
    yield f"|---|--:|---|{'--:|' * (len(jobs) + 2)}"
    for week, row in zip(weeks, rows, strict=True):
        goal = f"{row['goal']}, {'met' if row['met'] else '**missed**'}"
        seconds = " | ".join(f"{week['jobs'].get(job, 0):.1f}" for job in jobs)
        counted = week["counted"]
        yield (
            f"| {row['what']} | {week['seconds']:.1f} | {goal} | {seconds} | {counted['queries']} "
            f"| {counted['jobs of Spark']} |"
        )


def _cpu(weeks: Sequence[Found]) -> Iterator[str]:
    last = weeks[-1]["cpu"]
    kinds = sorted({kind for week in weeks for kind in week["cpu"]}, key=lambda kind: -last.get(kind, 0))
    yield f"| | {' | '.join(_named(week) for week in weeks)} |\n|---|{'--:|' * len(weeks)}"
    for kind in kinds:
        yield _line(kind, [week["cpu"].get(kind, 0) for week in weeks])
    yield _line("**together**", [week["cpu_seconds"] for week in weeks])


def _named(week: Found) -> str:
    return f"week {week['week']}"


def _line(what: str, seconds: Sequence[float]) -> str:
    return f"| {what} | {' | '.join(f'{each:.1f}' for each in seconds)} |"


def _step(heading: str, tables: str, queries: Sequence[Found]) -> Iterator[str]:
    reads = set(tables.split(", "))
    fitting = [q for q in queries if q["writes"] == tables] or [
        q for q in queries if set(q["reads"]) == reads
    ]
    if fitting:
        longest = max(fitting, key=lambda query: query["seconds"])
        yield f"### {heading}\n\n{longest['seconds']:.2f} s, {_shuffles(longest)}.\n\n```"
        yield from longest["plan"]
        yield "```\n"


def _shuffles(query: Found) -> str:
    return f"{query['shuffles']} shuffles, {query['broadcasts']} broadcasts"


def _queries(queries: Sequence[Found]) -> Iterator[str]:
    yield "| seconds | writes | reads | shuffles | broadcasts |\n|--:|---|---|--:|--:|"
    for query in sorted(queries, key=lambda each: -each["seconds"])[:MOST]:
        reads = (
            ", ".join(f"{n} × {t}" if n > 1 else t for t, n in query["reads"].items()) or "the driver's rows"
        )
        yield (
            f"| {query['seconds']:.2f} | {query['writes'] or ''} | {reads} | {query['shuffles']} "
            f"| {query['broadcasts']} |"
        )


def _files(files: Sequence[Found]) -> Iterator[str]:
    yield "| table | files | rows | MB | rows of a file |\n|---|--:|--:|--:|--:|"
    for each in sorted(files, key=lambda found: -found["bytes"])[:MOST]:
        yield (
            f"| {each['table']} | {each['files']} | {each['rows']:,} | {each['bytes'] / 1e6:.2f} "
            f"| {each['rows'] / each['files']:,.0f} |"
        )


if __name__ == "__main__":
    main()
