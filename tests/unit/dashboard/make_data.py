"""Write data/*.json from the local stack: what gold holds after eight weeks of the small blueprint.

assay run --blueprint tests/data/blueprints/small.yaml --weeks 8
python tests/unit/dashboard/make_data.py
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from assay.local import stack
from assay.serving import queries

FOLDER = Path(__file__).parent / "data"
SOURCE = "gold.{table} after assay run --blueprint tests/data/blueprints/small.yaml --weeks 8, {day}"
QUERIES = {
    # Every final look, and the earlier ones of one experiment, which no page shows.
    "experiment_results": "WHERE final OR experiment = 'button_colour' ORDER BY experiment, metric, as_of",
    "runs": "ORDER BY started_at, job",
}


def main() -> None:
    os.environ.update(stack.environment())
    for table, rest in QUERIES.items():
        rows = queries.query(f"SELECT * FROM gold.{table} {rest}").to_pylist()
        source = json.dumps(SOURCE.format(table=table, day=datetime.now(UTC).date()))
        lines = ",\n".join(json.dumps(row, default=str) for row in rows)
        (FOLDER / f"{table}.json").write_text(
            f'{{"source": {source}, "rows": [\n{lines}\n]}}\n', encoding="utf-8"
        )


if __name__ == "__main__":
    main()
