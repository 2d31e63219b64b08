"""What stands in quarantine: how much per contract and reason, and single rows."""

from __future__ import annotations

import re

import pyarrow as pa
from pyiceberg.catalog import Catalog

from assay.errors import InputError
from assay.serving.queries.engine import query

# Runs are put in order by their first entry in the journal; one that it does not know yet is the newest.
_REASONS = """
WITH runs AS (SELECT run_id, min(entry) AS began FROM silver.journal GROUP BY run_id),
reasons AS (
    SELECT contract, reason, q._run_id AS run_id, coalesce(r.began, '9') AS began
    FROM silver.quarantine q
    CROSS JOIN UNNEST(q.reasons) AS t(reason)
    LEFT JOIN runs r ON r.run_id = q._run_id
)
SELECT contract, reason, count(*) AS "rows",
    min_by(run_id, began) AS first_run, max_by(run_id, began) AS last_run
FROM reasons GROUP BY contract, reason ORDER BY contract, "rows" DESC, reason
"""
_ROW = """
SELECT quarantine_id, contract, reasons, _source_file AS source_file, _change_seq AS change,
    _run_id AS run_id, "row"
FROM silver.quarantine WHERE quarantine_id LIKE '{beginning}%' ORDER BY quarantine_id LIMIT 2
"""
_ID = re.compile(r"[0-9a-f]{1,64}")


def reasons(*, source: Catalog | None = None) -> pa.Table:
    """How many rows each reason set aside; a row with two reasons counts in both.

    Args:
        source: The catalog; Glue's, as the environment names it, if not given.

    Returns:
        contract, reason, rows, first_run and last_run (the earliest and the latest run among the rows).
    """
    return query(_REASONS, source=source)


def row(beginning: str, *, source: Catalog | None = None) -> dict[str, object]:
    """One row that was set aside.

    Args:
        beginning: Of its quarantine_id, enough to tell it from all others.
        source: As for `reasons`.

    Returns:
        quarantine_id, contract, reasons, source_file, change, run_id, and row: its values as JSON text.

    Raises:
        InputError: That is no id, or none or several begin so.
    """
    if not _ID.fullmatch(beginning):
        raise InputError(
            f"ID is {beginning[:80]!r}; a quarantine_id has 64 digits of 0-9 and a-f, its first are enough"
        )
    found = query(_ROW.format(beginning=beginning), source=source).to_pylist()
    if len(found) != 1:
        how = "more than one row" if found else "no row"
        raise InputError(f"ID is {beginning!r}; {how} in silver.quarantine has an id that begins so")
    (one,) = found
    return dict(one)
