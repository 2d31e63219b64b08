"""Comparisons as a table with types, in the words of gold.experiment_results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from assay.serving.analysis.result import Analysis, Comparison

_TYPES: Mapping[object, pa.DataType] = MappingProxyType(
    {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
)
_MEASURED = ("type_i_error", "type_i_lower", "type_i_upper")


def table(analysis: Analysis, kind: type[Comparison]) -> pa.Table:
    """A row per comparison, in their order.

    Args:
        analysis: The analysis.
        kind: The class of its rows, whose fields are the columns.

    Returns:
        The fields of a comparison; `srm_p_value` where the sample ratio was checked; where it was diagnosed
        the measured type I error of the method on these units, with its interval.
    """
    schema = pa.schema([pa.field(each.name, _TYPES[each.type]) for each in fields(kind)])
    found = pa.Table.from_pylist([asdict(row) for row in analysis.comparisons], schema)
    ratio = next(check.p_value for check in analysis.checks if check.check == "srm")
    if ratio is not None:
        found = found.append_column("srm_p_value", pa.array([ratio] * len(found), pa.float64()))
    if analysis.diagnoses:
        rates = [(d.chosen.type_i_error, d.chosen.lower, d.chosen.upper) for d in analysis.diagnoses]
        for name, values in zip(_MEASURED, zip(*rates, strict=True), strict=True):
            found = found.append_column(name, pa.array(values, pa.float64()))
    return found
