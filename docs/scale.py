"""Writes the figures of docs/scale.md: `make docs`. From the cost model, and from what the benches kept."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from assay.runtime import cost
from assay.runtime.bill import model, work
from assay.runtime.bill.forecast import Forecast
from assay.runtime.bill.model import Volume

PAGE = Path(__file__).with_name("scale.md")
RESULTS = Path(__file__).parents[1] / "bench" / "results"
SIZES = (work.DEFAULT, Volume(1e7, 40, 10), Volume(1e9, 200, 20))
WEEKS = 52
_GB, _FILE, _TEN_MINUTES = 1e9, 128e6, 600


def table() -> str:
    """The table, a column per size."""
    of = [Forecast(volume, WEEKS) for volume in SIZES]
    heads = [f"{each.volume.events / work.DEFAULT.events:,.0f} ×" for each in of]
    lines = [f"| a week | {' | '.join(heads)} |", f"|---|{'--:|' * len(of)}"]
    lines += [f"| {name} | {' | '.join(map(cell, of))} |" for name, cell in ROWS.items()]
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with the figures of now."""
    for name, part in {"figures": table(), **{bench: measured(bench) for bench in BENCHES}}.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{part}\n{end}{after}"
    return text


BENCHES = ("weeks", "scaling", "memory")


def measured(name: str) -> str:
    """What a bench kept: its rows, when and where they were measured, and its notes.

    Args:
        name: Of the bench.
    """
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return f"Not measured yet: `python bench/{name}.py` does."
    found = json.loads(path.read_text(encoding="utf-8"))
    machine = found["machine"]
    where = f"{found['date']}, {machine['cores']} cores ({machine['cpu']}), {machine['memory']}."
    picture = ["", f"![{found['title']}]({name}.svg)"] if PAGE.with_name(f"{name}.svg").exists() else []
    lines = [f"{found['about']} {where}", *picture, "", "| what | figure | goal | met |", "|---|--:|--:|---|"]
    lines += [_row(each) for each in found["rows"]]
    return "\n".join([*lines, "", *(f"- {note}" for note in found["notes"])])


def _row(each: Mapping[str, Any]) -> str:
    met = {True: "yes", False: "**no**", None: ""}[each["met"]]
    return f"| {each['what']} | {each['ours']:,.4g} {each['unit']} | {each['goal']} | {met} |".replace(
        "  ", " "
    )


def _job(name: str) -> Callable[[Forecast], str]:
    def cell(of: Forecast) -> str:
        first, last = (next(job for job in of.week(n) if job.job == name) for n in (1, WEEKS))
        return f"{last.workers} workers, {_time(first.seconds)}, then {_time(last.seconds)}"

    return cell


def _time(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < _TEN_MINUTES else f"{seconds / 60:,.0f} min"


def _run(number: int) -> Callable[[Forecast], str]:
    def cell(of: Forecast) -> str:
        spent = sum(job.dpu_seconds for job in of.week(number))
        return f"${cost.dollars(spent, execution_class='FLEX'):,.2f}"

    return cell


def _gigabytes(name: str, weeks: int) -> Callable[[Forecast], str]:
    return lambda of: _size(model.quantity(name).at(of.volume) * weeks)


def _size(amount: float) -> str:
    return f"{amount / _GB:,.3g} GB" if amount < 1000 * _GB else f"{amount / _GB / 1000:,.3g} TB"


def _files(of: Forecast) -> str:
    return f"{max(math.ceil(model.quantity('bytes').at(of.volume) / _FILE), 1):,}"


ROWS: dict[str, Callable[[Forecast], str]] = {
    "events": lambda of: f"{of.volume.events:,.0f}",
    "experiments × metrics": lambda of: f"{of.volume.experiments} × {of.volume.metrics}",
    "ingest": _job("ingest"),
    "bronze": _job("bronze"),
    "silver": _job("silver"),
    "gold": _job("gold"),
    "Glue, FLEX, first week": _run(1),
    f"Glue, FLEX, week {WEEKS}": _run(WEEKS),
    "into landing and lake": _gigabytes("bytes", 1),
    "files of 128 MB, at least": _files,
    f"landing and lake after {WEEKS} weeks": _gigabytes("bytes", WEEKS),
    f"database after {WEEKS} weeks": _gigabytes("database_bytes", WEEKS),
    f"all of gold after {WEEKS} weeks": _gigabytes("gold_bytes", WEEKS),
    f"everything for {WEEKS} weeks": lambda of: f"${of.dollars:,.0f}",
}


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write("docs/scale.md\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
