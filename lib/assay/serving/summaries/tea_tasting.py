"""Counts, means, variances and covariances as tea-tasting's queries name them: `_mean__revenue`.

References:
    tea-tasting 1.14.0, `tea_tasting.aggr.read_aggregates`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.errors import InputError
from assay.serving.analysis.requests import MetricRequest, known
from assay.serving.summaries.given import Given, Sheet, moments_of

ARM = "variant"
COUNT = "_count"
_MEAN, _VAR, _COV = "_mean__", "_var__", "_cov__"


def variables(names: Sequence[str]) -> list[str]:
    """The variables of which the table has a mean and a variance, in its order."""
    means = [name.removeprefix(_MEAN) for name in names if name.startswith(_MEAN)]
    return [name for name in means if f"{_VAR}{name}" in names]


def read(sheet: Sheet, requests: Sequence[MetricRequest], covariate: str | None) -> Iterator[Given]:
    """The metrics that are asked for.

    Args:
        sheet: With `_count`, and `_mean__v` and `_var__v` of each variable.
        requests: What to compare.
        covariate: Variable from before the exposure; None for none.

    Raises:
        InputError: A covariance is missing, or numbers that no data have.
    """
    there = variables(sheet.names)
    for request in requests:
        series = {"y": request.numerator}
        if request.denominator is not None:
            series["d"] = request.denominator
        if covariate is not None:
            series["x"] = known(covariate, there, "covariate")
        yield from _arms(sheet, request.name, series)


def _arms(sheet: Sheet, metric: str, series: dict[str, str]) -> Iterator[Given]:
    crosses = {
        pair: _covariance(sheet.names, series[pair[0]], series[pair[1]])
        for pair in ("yd", "yx", "dx")
        if pair[0] in series and pair[1] in series
    }
    means = {key: f"{_MEAN}{name}" for key, name in series.items()}
    variances = {key: f"{_VAR}{name}" for key, name in series.items()}
    for row, numbers in sheet.rows([COUNT, *means.values(), *variances.values(), *crosses.values()]):
        n = numbers[COUNT]
        moments = moments_of(
            sheet.where(row),
            n,
            **{f"mean_{key}": numbers[name] for key, name in means.items()},
            **{f"m2_{key}": numbers[name] * (n - 1) for key, name in variances.items()},
            **{f"c_{key}": numbers[name] * (n - 1) for key, name in crosses.items()},
        )
        yield Given(metric, sheet.arms[row], moments)


def _covariance(names: Sequence[str], a: str, b: str) -> str:
    """The column of the covariance of two variables, which stand in it in either order."""
    found = [name for name in (f"{_COV}{a}__{b}", f"{_COV}{b}__{a}") if name in names]
    if not found:
        raise InputError(f"there is no column '{_COV}{min(a, b)}__{max(a, b)}'; {a!r} with {b!r} needs it")
    return found[0]
