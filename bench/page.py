"""Writes docs/benchmarks.md from what the benches kept in bench/results: `python bench/page.py`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
ORDER = ("methods", "lab", "generator", "ingest", "gold", "chain", "queries", "sources", "api")
"""Benches in the order of the page; others follow by name."""
HEAD = """\
# Benchmarks

Made by `make bench` from what its scripts kept in `bench/results`; a test keeps page and files equal. Each
row is Assay beside one other: a peer that does the same, or the floor below which nobody gets. A ratio is
ours over the other's: of a speed more is better, of a time less. Both ran one after the other on one machine;
ratios carry over to others, seconds do not. Goals were set before anything was measured; where one is missed,
the notes below its table say why."""
COLUMNS = ("what", "ours", "unit", "beside", "its figure", "ratio", "goal", "met")
_VERDICTS = {True: "yes", False: "**no**", None: ""}


def page(results: Iterable[Mapping[str, Any]]) -> str:
    """The page.

    Args:
        results: What each bench kept, in any order.
    """
    rank = {name: place for place, name in enumerate(ORDER)}
    ordered = sorted(results, key=lambda each: (rank.get(each["name"], len(ORDER)), each["name"]))
    none = [] if ordered else ["No result is kept yet."]
    return "\n\n".join([HEAD, *none, *(_goals(ordered)), *(_section(each) for each in ordered)]) + "\n"


def stored() -> list[dict[str, Any]]:
    """What the benches kept; a file that is no bench's result is left out."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    return [each for each in found if isinstance(each, dict) and "rows" in each and "name" in each]


def _goals(results: Iterable[Mapping[str, Any]]) -> list[str]:
    verdicts = [row.get("met") for each in results for row in each["rows"]]
    asked = [verdict for verdict in verdicts if verdict is not None]
    return [f"Of {len(asked)} goals {asked.count(True)} are met."] if asked else []


def _section(result: Mapping[str, Any]) -> str:
    parts = [f"## {result.get('title') or result['name']}", *filter(None, [result.get("about")])]
    parts += [_origin(result), _table(result["rows"])]
    notes = result.get("notes") or []
    return "\n\n".join([*parts, *(["\n".join(f"- {note}" for note in notes)] if notes else [])])


def _origin(result: Mapping[str, Any]) -> str:
    machine = result.get("machine") or {}
    where = ", ".join(
        str(text)
        for text in (
            machine.get("cores") and f"{machine['cores']} cores",
            machine.get("memory"),
            machine.get("cpu"),
        )
        if text
    )
    by = ", ".join(f"{name} {version}" for name, version in (result.get("versions") or {}).items())
    commit = result.get("commit") and f"commit {result['commit']}"
    parts = [text for text in (str(result.get("date", "")), commit, where, by) if text]
    return f"Measured {'; '.join(parts)}."


def _table(rows: Iterable[Mapping[str, Any]]) -> str:
    lines = [COLUMNS, ("---", "--:", "---", "---", "--:", "--:", "---", "---")]
    shown = [_cells(row) for row in rows if "what" in row]  # others are a series, for a plot
    return "\n".join(f"| {' | '.join(line)} |" for line in [*lines, *shown])


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(row["what"]),
        figure(row.get("ours")),
        str(row.get("unit", "")),
        str(row.get("against") or ("" if row.get("peer") is None else "peer")),
        figure(row.get("peer")),
        figure(row.get("ratio")),
        figure(row.get("goal")),
        _VERDICTS.get(row.get("met"), ""),
    )


def figure(value: object) -> str:
    """A number with three digits, or more where it is greater than 999; a text as it is; nothing for none.

    Example:
        >>> figure(1234.56), figure(0.012345), figure("≥ 0.8"), figure(None)
        ('1,235', '0.0123', '≥ 0.8', '')
    """
    if value is None or isinstance(value, str):
        return value or ""
    number = float(value)  # type: ignore[arg-type]  # JSON has nothing else here
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(stored()), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(stored())} benches")
    return 0


if __name__ == "__main__":
    sys.exit(main())
