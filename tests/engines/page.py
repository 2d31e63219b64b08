"""The table in docs/queries.md, of what `make test-trino` kept: `python -m engines.page`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".trino" / "suite.json"
PAGE = ROOT / "docs" / "queries.md"
BEGIN, END = "<!-- suite: begin -->", "<!-- suite: end -->"


@dataclass(frozen=True, slots=True)
class Asked:
    """One text on both engines.

    Attributes:
        kind: `question`, `view` or `macro`.
        name: Its name.
        question: What it answers.
        rows: Of the answer.
        duckdb: Seconds that DuckDB took, files read included, asked the second time.
        trino: Seconds that Trino took, likewise.
        differs: What was not equal; nothing if all was.
    """

    kind: str
    name: str
    question: str
    rows: int
    duckdb: float
    trino: float
    differs: list[str]


def keep(asked: Iterable[Asked], setting: str, path: Path = KEPT) -> None:
    """Keep what was found.

    Args:
        asked: In order.
        setting: On what: versions, lake and machine, in one sentence.
        path: The file.
    """
    path.parent.mkdir(exist_ok=True)
    document = {"setting": setting, "asked": [asdict(each) for each in asked]}
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def written(document: dict[str, Any]) -> str:
    """The part of the page between its marks."""
    found = [Asked(**each) for each in document["asked"]]
    equal = sum(not each.differs for each in found)
    rows = [
        f"| `{each.name}` | {each.kind} | {each.question} | {each.rows:,} | {each.duckdb:.2f} | "
        f"{each.trino:.2f} | {'yes' if not each.differs else f'no: {each.differs[0]}'} |"
        for each in found
    ]
    head = [
        f"{equal} of {len(found)} equal. {document['setting']} Made by `make test-trino`.",
        "",
        "| name | kind | what it answers | rows | DuckDB, s | Trino, s | equal |",
        "|---|---|---|--:|--:|--:|---|",
    ]
    return "\n".join([*head, *rows])


def main() -> None:
    """Write the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    made = written(json.loads(KEPT.read_text(encoding="utf-8")))
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
