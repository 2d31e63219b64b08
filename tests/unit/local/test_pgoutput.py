"""Messages are built here by the documented layout, so that decoder and documentation are compared."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import StackError
from assay.local.pgoutput import UNCHANGED, Change, Commit, Decoder, Relation, Row

VALUES = st.one_of(st.none(), st.just(UNCHANGED), st.text(max_size=20))


def relation(*columns: str) -> bytes:
    described = b"".join(b"\x01" + name.encode() + b"\x00" + struct.pack("!Ii", 25, -1) for name in columns)
    return b"R" + struct.pack("!I", 7) + b"brokerage\x00t\x00f" + struct.pack("!H", len(columns)) + described


def row(values: Row) -> bytes:
    parts = [struct.pack("!H", len(values))]
    for value in values:
        if isinstance(value, str):
            parts.append(b"t" + struct.pack("!I", len(value.encode())) + value.encode())
        else:
            parts.append(b"n" if value is None else b"u")
    return b"".join(parts)


def change(kind: bytes, *tuples: tuple[bytes, Row]) -> bytes:
    return kind + struct.pack("!I", 7) + b"".join(mark + row(values) for mark, values in tuples)


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_rows_of_any_values_come_back(values: list[str | None]) -> None:
    decoder = Decoder()
    names = tuple(f"c{i}" for i in range(len(values)))
    assert decoder.decode(relation(*names)) is None
    known = Relation("brokerage", "t", names, (25,) * len(names), (-1,) * len(names))
    given_row = tuple(values)
    assert decoder.decode(change(b"I", (b"N", given_row))) == Change("I", known, given_row)
    assert decoder.decode(change(b"U", (b"N", given_row))) == Change("U", known, given_row)
    assert decoder.decode(change(b"D", (b"O", given_row))) == Change("D", known, given_row)


@pytest.mark.parametrize("mark", [b"O", b"K"])
def test_an_unchanged_large_value_is_taken_from_the_old_row(mark: bytes) -> None:
    decoder = Decoder()
    decoder.decode(relation("id", "big"))
    event = decoder.decode(change(b"U", (mark, ("1", "large")), (b"N", ("2", UNCHANGED))))
    assert isinstance(event, Change)
    assert event.row == ("2", "large")


def test_a_commit_has_its_position_its_end_and_its_time() -> None:
    message = b"C\x00" + struct.pack("!qqq", 100, 140, 86_400_000_000)  # a day after 2000-01-01
    assert Decoder().decode(message) == Commit(100, 140, (946_684_800 + 86_400) * 1_000_000)


def test_announcements_are_no_events() -> None:
    assert Decoder().decode(b"B" + bytes(20)) is None
    assert Decoder().decode(b"Y" + bytes(20)) is None


def test_a_table_that_was_altered_is_another_relation() -> None:
    decoder = Decoder()
    decoder.decode(relation("a"))
    before = decoder.decode(change(b"I", (b"N", ("1",))))
    decoder.decode(relation("a", "b"))
    after = decoder.decode(change(b"I", (b"N", ("1", None))))
    assert isinstance(before, Change)
    assert isinstance(after, Change)
    assert before.relation != after.relation


def test_truncate_is_refused() -> None:
    with pytest.raises(StackError, match="TRUNCATE cannot be captured"):
        Decoder().decode(b"T" + bytes(9))
