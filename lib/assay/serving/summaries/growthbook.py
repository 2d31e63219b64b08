"""Sums as GrowthBook's queries give them: users, sums, sums of squares and of products.

A sum of squares keeps few digits of a variance that is small beside the mean, and none on NIST's NumAcc4
(10,000,000 ± 0.1: the variance is the difference of two numbers of 18 digits, and a double has 16). What is
lost before the table was written cannot be had back: the subtraction here is exact, and `digits` says how
much of the variance the sums still tell.

References:
    NIST StRD, Univariate Summary Statistics, NumAcc4. gbstats 0.8.0, `gbstats.gbstats.SUM_COLS`.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from fractions import Fraction

import pyarrow as pa

from assay.errors import InputError
from assay.serving.summaries.given import Given, Sheet, check, moments_of, single

ARM = "variation"
NEEDED = ("users", "main_sum", "main_sum_squares")
_RATIO = ("denominator_sum", "denominator_sum_squares", "main_denominator_sum_product")
_COVARIATE = ("covariate_sum", "covariate_sum_squares", "main_covariate_sum_product")
_UNNAMED = "main"
_FOLDED = re.compile(r"m(\d+)_main_sum$")
_PREFIX = re.compile(r"m\d+_")


def unfolded(table: pa.Table) -> pa.Table:
    """A row per metric and arm, where the metrics stand side by side as `m0_main_sum`, `m1_main_sum`, ...

    Args:
        table: Of any tool; other tables stay as they are. `m0_id` names the metric, else it is `m0`.
    """
    places = sorted({int(found[1]) for name in table.column_names if (found := _FOLDED.match(name))})
    shared = [name for name in table.column_names if not _PREFIX.match(name)]
    parts = [_one(table, f"m{place}", shared) for place in places]
    return pa.concat_tables(parts, promote_options="permissive") if parts else table


def _one(table: pa.Table, place: str, shared: list[str]) -> pa.Table:
    mine = {
        name: name.removeprefix(f"{place}_") for name in table.column_names if name.startswith(f"{place}_")
    }
    part = table.select([*shared, *mine]).rename_columns([*shared, *mine.values()])
    if "id" in part.column_names:
        return part.rename_columns(["metric" if name == "id" else name for name in part.column_names])
    return part.append_column("metric", pa.array([place] * len(part)))


def read(sheet: Sheet) -> Iterator[Given]:
    """The metrics of a table of sums.

    Args:
        sheet: With the columns `NEEDED`; `metric` names the metric, a ratio has the columns
            `denominator_...`, a metric with a covariate `covariate_...`; where empty, it has none.

    Raises:
        InputError: Several dimensions, half of a series, or sums that no data have.
    """
    single(sheet, [name for name in sheet.names if name == "dimension" or name.startswith("dim_")])
    metrics = sheet.texts("metric") if "metric" in sheet.names else [_UNNAMED] * len(sheet.arms)
    for row, numbers in sheet.rows([*NEEDED, *_RATIO, *_COVARIATE]):
        yield _given(metrics[row], sheet.arms[row], sheet.where(row), numbers)


def _given(metric: str, arm: str, where: str, numbers: dict[str, float]) -> Given:
    names = {"y": "main"}
    if _has(where, numbers, _RATIO):
        names["d"] = "denominator"
    if _has(where, numbers, _COVARIATE):
        names["x"] = "covariate"
    if len(names) > 2:  # noqa: PLR2004 - all three
        raise InputError(f"{where}: a ratio with a covariate needs the product of both, which sums lack")
    n = numbers["users"]
    sums = {series: numbers[f"{name}_sum"] for series, name in names.items()}
    squares = {series: numbers[f"{name}_sum_squares"] for series, name in names.items()}
    check(where, n, {"main_sum": sums["y"], "main_sum_squares": squares["y"]})
    centred = {series: _centred(n, sums[series], sums[series], squares[series]) for series in names}
    _refuse_negative(where, n, centred)
    crosses = {
        f"c_y{series}": float(
            _centred(n, sums["y"], sums[series], numbers[f"main_{names[series]}_sum_product"])
        )
        for series in names
        if series != "y"
    }
    moments = moments_of(
        where,
        n,
        **{f"mean_{series}": total / n for series, total in sums.items()},
        **{f"m2_{series}": float(value) for series, value in centred.items()},
        **crosses,
    )
    return Given(metric, arm, moments, min(_digits(squares[series], centred[series]) for series in names))


def _refuse_negative(where: str, n: float, centred: dict[str, Fraction]) -> None:
    for series, value in centred.items():
        if value < 0:
            raise InputError(
                f"{where}: the sum of squares gives {series} a variance of {float(value) / (n - 1):.3g}; it "
                "is too small for the sum, or rounding has eaten the variance: give centred moments instead"
            )


def _has(where: str, numbers: dict[str, float], names: tuple[str, ...]) -> bool:
    """Whether all of these are there; half of a series is a mistake."""
    there = [name for name in names if not math.isnan(numbers.get(name, math.nan))]
    if there and len(there) < len(names):
        missing = next(name for name in names if name not in there)
        raise InputError(f"{where}: {there[0]} is given and {missing} is not; give all of {', '.join(names)}")
    return bool(there)


def _centred(n: float, a: float, b: float, product: float) -> Fraction:
    """Σab - Σa Σb / n, without a rounding of its own."""
    return Fraction(product) - Fraction(a) * Fraction(b) / Fraction(n)


def _digits(square: float, centred: Fraction) -> float:
    """Decimal digits of the variance that the rounding of the sum of squares leaves."""
    if square == 0:
        return math.inf  # every value is 0: nothing was rounded
    kept = float(centred) / (sys.float_info.epsilon * square)
    return math.log10(kept) if kept > 1 else 0.0
