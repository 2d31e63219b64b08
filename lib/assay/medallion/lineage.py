"""Where rows come from: columns that say it in bronze and in landed files, and what silver is made of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EXTRA = "_extra"
"""In bronze, a JSON object of what its columns do not know or cannot hold."""
LINEAGE = (
    "_op", "_change_seq", "_committed_at", "_source", "_source_file", "_run_id", "_ingested_at",
)  # fmt: skip
RDS = "rds"
"""`_source` of what change capture brought."""
CAPTURE = ("Op", "dms_ts", "change_seq")
"""Columns of landed files, texts all of them: operation, time, and a number that grows."""
ORIGIN = "_from"
"""Of a row that a source brought: the address that it was read from."""
BESIDE = "_more"
"""In files of sources, a JSON object of fields that the table has no column for."""
SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "silver.customers": "bronze.customers",
        "silver.trades": "bronze.trades",
        "silver.quotes": "bronze.quotes",
        "silver.exposures": "bronze.exposures",
        "silver.loads": "bronze.loads",
        "silver.blueprints": "bronze.parameters",
        "silver.journal": "bronze.journal",
    }
)
"""Silver table → the bronze table that it is made of; `lake.contracts.made_of` adds those of sources."""
