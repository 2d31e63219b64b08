"""Comparisons as a table with types, in the words of gold.experiment_results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from assay.serving.analysis.result import Analysis, Comparison

Record = TypeVar("Record", bound="DataclassInstance")
_TYPES: Mapping[str, pa.DataType] = MappingProxyType(
    {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "date": pa.date32()}
)
_MEASURED = ("type_i_error", "type_i_lower", "type_i_upper")


def rows(records: Sequence[Record], kind: type[Record]) -> pa.Table:
    """Flat records as a table.

    Args:
        records: Of one class; no row where there are none.
        kind: The class, whose fields (text, numbers and dates, or None) are the columns.
    """
    # Annotations are texts, such as `float | None`: every column may hold NULL.
    columns = [pa.field(each.name, _TYPES[str(each.type).partition(" ")[0]]) for each in fields(kind)]
    return pa.Table.from_pylist([asdict(each) for each in records], pa.schema(columns))


def table(analysis: Analysis, kind: type[Comparison]) -> pa.Table:
    """A row per comparison, in their order.

    Args:
        analysis: The analysis.
        kind: The class of its rows, whose fields are the columns.

    Returns:
        The fields of a comparison; `srm_p_value` where the sample ratio was checked; where it was diagnosed
        the measured type I error of the method on these units, with its interval.
    """
    found = rows(analysis.comparisons, kind)
    ratio = next(check.p_value for check in analysis.checks if check.check == "srm")
    if ratio is not None:
        found = found.append_column("srm_p_value", pa.array([ratio] * len(found), pa.float64()))
    if analysis.diagnoses:
        rates = [(d.chosen.type_i_error, d.chosen.lower, d.chosen.upper) for d in analysis.diagnoses]
        for name, values in zip(_MEASURED, zip(*rates, strict=True), strict=True):
            found = found.append_column(name, pa.array(values, pa.float64()))
    return found
