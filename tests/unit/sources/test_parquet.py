"""What a file's last bytes say: whole files are described, others refused, none is unpacked."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.errors import InputError
from assay.sources import parquet
from assay.sources.parquet import Footer, footer

ROWS = 1_000
TABLE = pa.table(
    {
        "asset": ["ABC"] * ROWS,
        "price": pa.array([Decimal(1)] * ROWS, pa.decimal128(18, 4)),
        "at": pa.array([datetime(2026, 1, 5, tzinfo=UTC)] * ROWS, pa.timestamp("us", "UTC")),
        "noon": pa.array([1] * ROWS, pa.time64("us")),
    }
)


def written(table: pa.Table = TABLE, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def read(content: bytes) -> Footer:
    return footer(lambda start, length: content[start : start + length], len(content))


def bomb(files: int) -> bytes:
    """A small file of which every row group is the same bytes: it unpacks to `files` times 4 MB and more."""
    content = written(pa.table({"note": ["0" * 2**20] * 4}), compression="gzip", use_dictionary=False)
    metadata = pq.read_metadata(pa.BufferReader(content))
    group = pq.read_metadata(pa.BufferReader(content))
    for _ in range(files):
        metadata.append_row_groups(group)
    tail = io.BytesIO()
    metadata.write_metadata_file(tail)
    footer_length = int.from_bytes(content[-8:-4], "little") + 8
    return content[:-footer_length] + tail.getvalue()[4:]


def test_columns_rows_and_size_are_told_from_one_read_of_the_end() -> None:
    content = written()
    reads: list[tuple[int, int]] = []

    def fetch(start: int, length: int) -> bytes:
        reads.append((start, length))
        return content[start : start + length]

    found = footer(fetch, len(content))
    types = {"asset": "string", "price": "decimal(18,4)", "at": "timestamp", "noon": "time64[us]"}
    assert dict(found.columns) == types
    assert found.rows == ROWS
    assert found.unpacked == pq.read_metadata(pa.BufferReader(content)).row_group(0).total_byte_size
    assert reads == [(0, len(content))]


def test_a_footer_longer_than_the_first_look_is_read_whole() -> None:
    wide = pa.table({f"column_{n:04}": [1] for n in range(2_000)})
    assert len(read(written(wide)).columns) == 2_000


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"PAR1", "is no Parquet file: it has only 4 bytes"),
        (b"trade_id,asset\n1,ABC\n" * 9, "is no Parquet file, or is cut off"),
        (written()[:-100], "is no Parquet file, or is cut off"),
        (written()[:-4] + b"PARE", "is encrypted Parquet"),
        (written()[:-8] + b"\xff\xff\xff\x00PAR1", r"is damaged: its footer would have 16,777,2\d\d of its"),
        (written()[:4] + written()[60:], r"is cut off: its columns have \d+ bytes, \d+ are there"),
        (b"PAR1" + b"\xff" * 40 + b"\x28\x00\x00\x00PAR1", "is damaged: its footer cannot be read"),
        (written(pa.table([[1], [2]], names=["price", "Price"])), "has a column twice: Price, price"),
    ],
)
def test_what_is_no_whole_file_is_said_in_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(content)


def test_a_bomb_is_refused_without_being_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    content = bomb(1_024)
    assert len(content) < 100_000
    with pytest.raises(
        InputError, match=r"would unpack to 4,\d+,\d+,\d+ bytes; a file may have 4,294,967,296"
    ):
        read(content)
    with pytest.raises(InputError, match=r"is cut off: its columns have 8,\d+ bytes, 4,\d+ are there"):
        read(bomb(1))
    monkeypatch.setattr(parquet, "MAX_ROWS", ROWS - 1)
    with pytest.raises(InputError, match="has 1,000 rows; a file may have 999"):
        read(written())
