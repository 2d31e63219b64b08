"""Centred moments as gold.metric_moments holds them: `n`, `mean_y`, `m2_y` and those of further series."""

from __future__ import annotations

import math
from collections.abc import Iterator

from assay.serving.summaries.given import Given, Sheet, moments_of, single
from assay.stats import Moments

ARM = "arm"
NEEDED = ("n", "mean_y", "m2_y")
_FURTHER = {"d": ("mean_d", "m2_d", "c_yd"), "x": ("mean_x", "m2_x", "c_yx")}
_BOTH = "c_dx"
_UNNAMED = "y"
# What gold writes for a metric without a denominator, and without a covariate.
_NONE = {"d": (1.0, 0.0, 0.0), "x": (0.0, 0.0, 0.0)}


def read(sheet: Sheet) -> Iterator[Given]:
    """The metrics of a table of moments.

    Args:
        sheet: With the columns `NEEDED`; `metric` names the metric. A denominator that is 1 for every unit of
            every arm, as gold writes it for a mean, is none; so is a covariate that is 0.

    Raises:
        InputError: Several experiments, looks or segments, half of a series, or moments that no data have.
    """
    single(sheet, ["experiment", "as_of", "segment"])
    metrics = sheet.texts("metric") if "metric" in sheet.names else [_UNNAMED] * len(sheet.arms)
    names = [*NEEDED, *(name for three in _FURTHER.values() for name in three), _BOTH]
    rows = list(sheet.rows(names))
    for metric in dict.fromkeys(metrics):
        mine = [(row, numbers) for row, numbers in rows if metrics[row] == metric]
        carried = [s for s in _FURTHER if not all(_without(s, numbers) for _, numbers in mine)]
        for row, numbers in mine:
            yield Given(metric, sheet.arms[row], _moments(sheet.where(row), numbers, carried))


def _moments(where: str, numbers: dict[str, float], carried: list[str]) -> Moments:
    names = ["mean_y", "m2_y", *(name for series in carried for name in _FURTHER[series])]
    if len(carried) == len(_FURTHER):
        names.append(_BOTH)
    return moments_of(where, numbers["n"], **{name: numbers.get(name, math.nan) for name in names})


def _without(series: str, numbers: dict[str, float]) -> bool:
    given = tuple(numbers.get(name, math.nan) for name in _FURTHER[series])
    return given == _NONE[series] or all(math.isnan(value) for value in given)
