"""The journal's entries in DynamoDB, day by day, from a point in time on."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from assay.runtime import clients

if typing.TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Value = str | int | float | None
Entry = dict[str, Value]
_INTEGERS = ("rows_in", "rows_out", "rows_quarantined")
_TEXTS = ("day", "entry", "run_id", "job", "step", "state", "error", "warnings", "week")
_DAY_LENGTH = len("2026-01-05")
_GREATEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Entries:
    """The journal as a source.

    Attributes:
        client: Of DynamoDB.
        table: The journal's table.
    """

    client: DynamoDBClient
    table: str

    def since(self, start: str | None, today: date) -> Iterator[Entry]:
        """Entries in order of time.

        Args:
            start: Sort key, or the beginning of one, from which on entries are read (inclusive); None for
                all.
            today: The last day to ask for, UTC.

        Yields:
            Every attribute of the journal's items, None where an item has none; `_extra` is a JSON object of
            those that are of another type than the journal writes.

        Raises:
            TransientError: DynamoDB did not answer.
        """
        with clients.calling(f"read the journal {self.table}"):
            if start is None:
                yield from sorted(self._all(), key=lambda entry: str(entry["entry"]))
                return
            day = date.fromisoformat(start[:_DAY_LENGTH])
            while day <= today:
                yield from self._of(day, start)
                day += timedelta(days=1)

    def of_run(self, run_id: str) -> Iterator[Entry]:
        """The entries of one run; the last moment's may be missing, as an index follows its table.

        Args:
            run_id: Its id.

        Yields:
            As `since`, in order of time.

        Raises:
            TransientError: DynamoDB did not answer.
        """
        with clients.calling(f"read the journal {self.table}"):
            pages = self.client.get_paginator("query").paginate(
                TableName=self.table,
                IndexName="run",
                KeyConditionExpression="run_id = :run",
                ExpressionAttributeValues={":run": {"S": run_id}},
            )
            for page in pages:
                yield from map(_plain, page["Items"])

    def _all(self) -> Iterator[Entry]:
        """The whole table: only for the first look, when nothing says on which day the journal begins."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        for page in pages:
            yield from map(_plain, page["Items"])

    def _of(self, day: date, start: str) -> Iterator[Entry]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            ConsistentRead=True,
            KeyConditionExpression="#day = :day AND #entry >= :start",
            ExpressionAttributeNames={"#day": "day", "#entry": "entry"},
            ExpressionAttributeValues={":day": {"S": day.isoformat()}, ":start": {"S": start}},
        )
        for page in pages:
            yield from map(_plain, page["Items"])


def _plain(item: dict[str, AttributeValueTypeDef]) -> Entry:
    """An item in Python's types; what has none of them stands in `_extra`, as it came."""
    entry: Entry = dict.fromkeys((*_TEXTS, *_INTEGERS, "seconds", "_extra"))
    unfit = {}
    for name in (*_TEXTS, *_INTEGERS, "seconds"):
        if name in item:
            entry[name] = _value(name, item[name])
            if entry[name] is None and "NULL" not in item[name]:
                unfit[name] = item[name]
    if unfit:
        entry["_extra"] = json.dumps(unfit, default=str, sort_keys=True)
    return entry


def _value(name: str, value: AttributeValueTypeDef) -> Value:
    """An attribute in its column's type (numbers travel as text); None if it has another."""
    if name in _TEXTS:
        return value.get("S")
    try:
        number = float(value["N"]) if name == "seconds" else int(value["N"])
    except (KeyError, ValueError):
        return None
    return number if -_GREATEST <= number <= _GREATEST else None
