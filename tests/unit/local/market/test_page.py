"""docs/market-data.md tells what is planted, and its query runs."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.local.market import planted
from assay.medallion import market_rule
from assay.serving.queries import engine, statement, translation

PAGE = (Path(__file__).parents[4] / "docs" / "market-data.md").read_text()


def test_what_is_planted_stands_on_the_page() -> None:
    faults = [planted.LACKING, planted.STALE, planted.SLIPPED, planted.SILENT, planted.CLOSED]
    faults.append((planted.SPLIT.asset, planted.SPLIT.day))
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    for asset, day in faults:
        assert any(asset in line and str(day) in line for line in rows), (asset, day)
    assert ", ".join(f"`{name}`" for name in market_rule.ORDER) in PAGE
    assert f"{100 * market_rule.TOLERANCE:.1f} %" in PAGE


def test_the_query_runs() -> None:
    (text,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    parsed = statement.parse(text)
    (name,) = translation.tables(parsed)
    columns = {
        "asset": ("VARCHAR", pa.string()),
        "day": ("DATE", pa.date32()),
        "close": ("DECIMAL(18, 4)", pa.decimal128(18, 4)),
        "sources": ("ARRAY(VARCHAR)", pa.list_(pa.string())),
        "dissenting": ("ARRAY(VARCHAR)", pa.list_(pa.string())),
        "spread": ("DOUBLE", pa.float64()),
    }
    translated = translation.translate(parsed, {name: {n: kind for n, (kind, _) in columns.items()}})
    common = {"asset": "DAX", "close": Decimal(1), "sources": ["a", "b"], "spread": 0.0}
    rows: list[dict[str, Any]] = [
        {**common, "day": date(2026, 1, n), "dissenting": dissenting}
        for n, dissenting in ((5, []), (6, ["b"]), (7, None))
    ]
    schema = pa.schema([(column, columns[column][1]) for column in translated.columns[name]])
    held = pa.Table.from_pylist([{c: row[c] for c in schema.names} for row in rows], schema=schema)
    (found,) = engine.run(translated.sql, {name: held}).to_pylist()
    assert (found["day"], found["dissenting"]) == (date(2026, 1, 6), ["b"])
