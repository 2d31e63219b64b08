"""Forgetting a unit in the journal: texts that mention it are blanked, the entries stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assay.lake.contracts import Contract
from assay.lake.units import REMOVED, Unit, marked
from assay.runtime import clients
from assay.sources.entries import Entries

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, "AttributeValueTypeDef"]


def erase(entries: Entries, unit: Unit, *, dry_run: bool = False) -> int:
    """Blank what mentions a unit; how many entries did.

    Args:
        entries: The journal.
        unit: The unit.
        dry_run: Only count.

    Raises:
        TransientError: DynamoDB did not answer.
    """
    found = 0
    with clients.calling(f"read and write the journal {entries.table}"):
        for item in _mentioning(entries, unit):
            found += 1
            if not dry_run:
                entries.client.put_item(TableName=entries.table, Item=item)
    return found


def _mentioning(entries: Entries, unit: Unit) -> Iterator[Item]:
    """The items that mention a unit, as they are without that."""
    texts = marked(Contract.load("bronze.journal"), "mentioned")
    pages = entries.client.get_paginator("scan").paginate(TableName=entries.table, ConsistentRead=True)
    for page in pages:
        for item in page["Items"]:
            blank = {name for name in texts if unit.is_mentioned(str(item.get(name, {}).get("S", "")))}
            if blank:
                yield {**item, **{name: {"S": REMOVED} for name in blank}}
