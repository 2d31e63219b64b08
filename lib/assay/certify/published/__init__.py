"""Known tables, made again by simulation with Assay's own methods, ours beside theirs.

A module per publication. Its docstring says which numbers were printed and where; numbers that no publication
prints are a theory's or computed, and their rows say so.
"""

from __future__ import annotations

# Imported for their entries, in the order in which they are shown.
# isort: off
from assay.certify.published import (
    repeated_tests,
    group_sequential_bounds,
    group_sequential_power,
    peeking,
    proportion_coverage,
    cuped_variance,
    ratio_variance,
    skewness,
    type_s_m,
    false_discovery,
)

# isort: on
from assay.certify.published.page import COMMAND, page
from assay.certify.published.registry import FEWEST, PUBLICATIONS, SEED, Publication, chosen, reproduce
from assay.certify.published.table import Row, Table

__all__ = [
    "COMMAND",
    "FEWEST",
    "PUBLICATIONS",
    "SEED",
    "Publication",
    "Row",
    "Table",
    "chosen",
    "cuped_variance",
    "false_discovery",
    "group_sequential_bounds",
    "group_sequential_power",
    "page",
    "peeking",
    "proportion_coverage",
    "ratio_variance",
    "repeated_tests",
    "reproduce",
    "skewness",
    "type_s_m",
]
