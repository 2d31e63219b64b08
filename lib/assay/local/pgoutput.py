"""Decoder of PostgreSQL's logical replication protocol `pgoutput`, version 1, values as text.

References:
    PostgreSQL documentation, "Logical Replication Message Formats".
"""

from __future__ import annotations

import enum
import struct
from typing import NamedTuple

from assay.errors import StackError


class Absent(enum.Enum):
    """Marks a value that PostgreSQL did not send: a large one, stored out of line and not changed."""

    UNCHANGED = "unchanged"


UNCHANGED = Absent.UNCHANGED
Value = str | Absent | None
Row = tuple[Value, ...]

_EPOCH_MICROSECONDS = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01
_U16, _U32, _I64 = struct.Struct("!H"), struct.Struct("!I"), struct.Struct("!q")
_TYPE = struct.Struct("!Ii")
_TEXT, _NULL = ord("t"), ord("n")


class Relation(NamedTuple):
    """A table as it was when its next changes were made.

    Attributes:
        schema: Its schema.
        name: Its name.
        columns: Names of its columns.
        types: Object id of each column's type.
        modifiers: Type modifier of each column (a numeric's precision and scale), -1 for none.
    """

    schema: str
    name: str
    columns: tuple[str, ...]
    types: tuple[int, ...]
    modifiers: tuple[int, ...]


class Change(NamedTuple):
    """A row inserted, updated or deleted.

    Attributes:
        operation: `I`, `U` or `D`, as DMS writes them.
        relation: The table.
        row: The row after the change, or the deleted row; values as PostgreSQL prints them.
    """

    operation: str
    relation: Relation
    row: Row


class Commit(NamedTuple):
    """The end of a transaction; its changes came just before.

    Attributes:
        lsn: Position of the commit in the log; it orders transactions.
        end: Position after it: acknowledging it means never to be sent it again.
        microseconds: Commit time since 1970 in UTC.
    """

    lsn: int
    end: int
    microseconds: int


class Decoder:
    """Turns messages into events; it remembers the tables that messages describe."""

    def __init__(self) -> None:
        self._relations: dict[int, Relation] = {}

    def decode(self, message: bytes) -> Change | Commit | None:
        """The event in a message.

        Args:
            message: One message as the slot gives it.

        Returns:
            The event, or None for messages that only announce (begin, relation, origin, type).

        Raises:
            StackError: The message is a TRUNCATE, which has no form in a change file.
        """
        kind = message[:1]
        if kind == b"C":
            lsn, end, moment = (_I64.unpack_from(message, at)[0] for at in (2, 10, 18))
            return Commit(lsn, end, moment + _EPOCH_MICROSECONDS)
        if kind in {b"I", b"U", b"D"}:
            return self._change(kind.decode(), message)
        if kind == b"R":
            self._describe(message)
        elif kind == b"T":
            raise StackError("TRUNCATE cannot be captured: delete the rows instead")
        return None

    def _change(self, operation: str, message: bytes) -> Change:
        relation = self._relations[_U32.unpack_from(message, 1)[0]]
        row, position = _row(message, 6)
        if operation == "U" and message[5:6] in {b"K", b"O"}:  # the old row, or its key, comes first
            old, (row, _) = row, _row(message, position + 1)
            row = tuple(before if now is UNCHANGED else now for now, before in zip(row, old, strict=True))
        return Change(operation, relation, row)

    def _describe(self, message: bytes) -> None:
        number = _U32.unpack_from(message, 1)[0]
        schema, position = _string(message, 5)
        name, position = _string(message, position)
        count = _U16.unpack_from(message, position + 1)[0]  # after the replica identity
        position += 3
        columns, types, modifiers = [], [], []
        for _ in range(count):
            column, position = _string(message, position + 1)  # after the key flag
            oid, modifier = _TYPE.unpack_from(message, position)
            position += _TYPE.size
            columns.append(column)
            types.append(oid)
            modifiers.append(modifier)
        self._relations[number] = Relation(schema, name, tuple(columns), tuple(types), tuple(modifiers))


def _row(message: bytes, position: int) -> tuple[Row, int]:
    count = _U16.unpack_from(message, position)[0]
    position += 2
    values: list[Value] = []
    for _ in range(count):
        kind = message[position]
        position += 1
        if kind == _TEXT:
            start = position + 4
            position = start + _U32.unpack_from(message, position)[0]
            values.append(message[start:position].decode())
        else:
            values.append(None if kind == _NULL else UNCHANGED)
    return tuple(values), position


def _string(message: bytes, position: int) -> tuple[str, int]:
    end = message.index(0, position)
    return message[position:end].decode(), end + 1
