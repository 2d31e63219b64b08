"""What the faults showed, kept by the tests as they run, and the page that is made of it.

A test calls the fixture `survived` after its assertions; `python -m faults.report` then writes
docs/reliability.md from what the last run of `make test-faults` kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".faults"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault and its end.

    Attributes:
        group: The place: `killed`, `servers`, `files`, `rows`, `writers`, `AWS` or `API`.
        fault: What was done, in a few words.
        tried: How often.
        lost: Rows or results lost, doubled or wrong, counted by the test.
        saw: What the user was told, or what happened instead.
    """

    group: str
    fault: str
    tried: int
    lost: int
    saw: str


def keep(finding: Finding, folder: Path = KEPT) -> None:
    """Keep a finding; the same fault again replaces it."""
    folder.mkdir(exist_ok=True)
    name = "".join(c if c.isalnum() else "-" for c in f"{finding.group} {finding.fault}".lower())
    (folder / f"{name[:120]}.json").write_text(json.dumps(asdict(finding)), encoding="utf-8")


def found(folder: Path = KEPT) -> list[Finding]:
    """All that was kept, by group and fault."""
    kept = [Finding(**json.loads(file.read_text(encoding="utf-8"))) for file in folder.glob("*.json")]
    return sorted(kept, key=lambda each: (each.group, each.fault))


def table(findings: Iterable[Finding]) -> str:
    """The findings as a Markdown table."""
    rows = [
        f"| {each.group} | {_cell(each.fault)} | {each.tried:,} | {each.lost:,} | {_cell(each.saw)} |"
        for each in findings
    ]
    head = ["| where | fault | tried | lost or doubled | what the user sees |", "|---|---|--:|--:|---|"]
    return "\n".join([*head, *rows])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def write(page: Path = PAGE, folder: Path = KEPT) -> None:
    """Put the table in its place on the page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table(found(folder))}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write()
