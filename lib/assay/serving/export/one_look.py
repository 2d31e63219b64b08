"""The one look of one experiment that another tool's format has a place for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from assay.errors import InputError


def rows(table: pa.Table, tool: str, single: Sequence[str] = ("experiment", "as_of")) -> list[dict[str, Any]]:
    """The comparisons, if they are of one experiment and look.

    Args:
        table: The comparisons.
        tool: Whose format it is, for messages.
        single: Columns that may have one value only, where they are there.

    Raises:
        InputError: They are of several: the format would mix them.
    """
    for name in single:
        count = len(table.column(name).unique()) if name in table.column_names else 1
        if count > 1:
            raise InputError(
                f"the results have {count} values of {name}, and the format of {tool} has no place for "
                "more than one; export them one at a time, or as csv"
            )
    found: list[dict[str, Any]] = table.to_pylist()
    return found
