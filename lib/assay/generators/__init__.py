"""Distributions composed into a brokerage's weeks: customers, exposures, trades, quotes, and planted faults.

`week(blueprint, n)` gives the rows of week `n` as Arrow tables, the same for any partition into blocks;
`arrivals(blueprint, n)` those rows and the canaries': all that the week brings.
"""

from __future__ import annotations

from assay.generators.canaries import arrivals
from assay.generators.customers import BLOCK, block_count
from assay.generators.weeks import Week, week

__all__ = ["BLOCK", "Week", "arrivals", "block_count", "week"]
