"""Parquet and Arrow: the table as it is, with its types."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq


def parquet_content(table: pa.Table) -> bytes:
    """The bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def arrow_content(table: pa.Table) -> bytes:
    """The bytes of an Arrow IPC file, which readers map into memory."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content
