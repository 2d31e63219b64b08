"""A shape in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assay.certify.fit.goodness import TESTED

if TYPE_CHECKING:
    from assay.certify.fit.shape import Shape

_FINITE_VARIANCE = 2.0
_NOTABLE = 0.01


def sentence(shape: Shape) -> str:
    """The shape in two to five sentences.

    Args:
        shape: What was found.
    """
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in _parts(shape))


def _parts(shape: Shape) -> Iterator[str]:
    zeros = f", {percent(shape.zero_share)} of them 0" if shape.zero_share > 0 else ""
    skew = f", skewness {shape.skewness:.2g}" if shape.kind in {"count", "amount", "real"} else ""
    yield f"{shape.n:,} values{zeros}: mean {shape.mean:.4g}, standard deviation {shape.sd:.4g}{skew}"
    yield _law(shape)
    if shape.tail is not None:
        yield _tail(shape.tail.index, shape.tail.std_error, shape.tail.k)
    if shape.icc is not None and shape.icc > _NOTABLE:
        yield f"values of one cluster correlate at {shape.icc:.2g}: they tell less than independent ones"
    if shape.covariate_correlation is not None:
        rho, saved = shape.covariate_correlation, percent(shape.covariate_correlation**2)
        yield f"the covariate correlates at {rho:.2g}: adjusting for it removes {saved} of the variance"


def _law(shape: Shape) -> str:
    best = shape.best
    if best is not None:
        if shape.kind in {"constant", "binary"}:
            return "every value is the same" if shape.kind == "constant" else "values are 0 or 1 (Bernoulli)"
        asked = "the data do" if shape.n <= TESTED else f"a test of {TESTED:,} values does"
        return f"the nearest law is {best.name}, which {asked} not refute (p = {best.p_value:.2g})"
    names = ", ".join(c.name for c in shape.candidates)
    nearest = shape.candidates[0].name
    return f"no law fits (tried {names}; p < 0.01; nearest {nearest}), so the data stand for themselves"


def _tail(index: float, std_error: float, k: int) -> str:
    if index <= _FINITE_VARIANCE:
        means = "so slowly that a few units decide the mean"
    else:
        sure = index - 2 * std_error > _FINITE_VARIANCE
        means = (
            "fast enough for a finite variance" if sure else "and whether their variance is finite is open"
        )
    return f"the largest {k:,} values fall like a power with index {index:.2g} ± {std_error:.1g}, {means}"


def percent(share: float) -> str:
    """A share as percent, three digits.

    Args:
        share: From 0 to 1.
    """
    return f"{100 * share:.3g} %"
