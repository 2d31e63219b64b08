"""Athena's SQL over the lake's tables, on one machine and in AWS alike: `query(sql) -> pyarrow.Table`."""

from __future__ import annotations

from assay.serving.queries.engine import query

__all__ = ["query"]
