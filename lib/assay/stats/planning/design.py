"""How the experiment will be run and tested: what turns a unit's variance into a standard error.

References:
    Kish (1965), Survey Sampling, section 8.2 (design effect). Deng, Xu, Kohavi and Walker (2013), Improving
    the Sensitivity of Online Controlled Experiments by Utilizing Pre-Experiment Data, eq. 4 (1 - ρ²).
    Jennison and Turnbull (2000), Group Sequential Methods, section 2.3 (inflation factor).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, open_unit, shared_shape
from assay.stats.tails import Alternative, checked

Array = NDArray[np.float64]
_NUMBERS = ("alpha", "treated", "design_effect", "correlation", "inflation", "margin")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Design:
    """Test, allocation and multipliers; every number is an array and broadcasts with the others.

    A sample of n units tells as much as n / (design_effect·inflation) independent units in a fixed test, and
    those set the degrees of freedom; the covariate leaves 1 - correlation² of the variance.

    Attributes:
        alpha: Level of the test, strictly between 0 and 1; of one tail if the test is one-sided.
        alternative: What the test looks for; a two-sided test rejects in both directions.
        treated: Share of all units in the treatment, strictly between 0 and 1.
        design_effect: Variance inflation by clusters, above 0 (`clusters.design_effect`); 1 without.
        correlation: Of the metric with the covariate that adjusts it (CUPED), between -1 and 1, exclusive.
        inflation: Maximum sample size of the sequential design over that of a fixed one, 1 or greater.
        margin: How much worse the treatment may be in a one-sided test of non-inferiority, in the metric's
            unit, 0 or greater; 0 tests superiority.

    Raises:
        InputError: A value outside its range, a margin in a two-sided test, or shapes that do not broadcast.
    """

    alpha: ArrayLike = 0.05
    alternative: Alternative = "two-sided"
    treated: ArrayLike = 0.5
    design_effect: ArrayLike = 1.0
    correlation: ArrayLike = 0.0
    inflation: ArrayLike = 1.0
    margin: ArrayLike = 0.0
    level: Array = field(init=False, repr=False)
    share: Array = field(init=False, repr=False)
    units: Array = field(init=False, repr=False)
    remainder: Array = field(init=False, repr=False)
    null: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        checked(self.alternative)
        given = {name: numbers(name, getattr(self, name)) for name in _NUMBERS}
        open_unit("alpha", given["alpha"])
        open_unit("treated", given["treated"])
        not_negative("margin", given["margin"], finite=True)
        _within("design_effect", given["design_effect"], given["design_effect"] > 0, "be greater than 0")
        _within("inflation", given["inflation"], given["inflation"] >= 1, "be 1 or greater")
        _within(
            "correlation",
            given["correlation"],
            np.abs(given["correlation"]) < 1,
            "lie strictly between -1 and 1",
        )
        shared_shape(**given)
        if self.alternative == "two-sided" and np.any(given["margin"] > 0):
            raise InputError("margin is above 0 in a two-sided test; choose the alternative greater or less")
        derived = {
            "level": given["alpha"] / 2 if self.alternative == "two-sided" else given["alpha"],
            "share": given["treated"],
            "units": given["design_effect"] * given["inflation"],
            "remainder": 1 - given["correlation"] ** 2,
            "null": -self.sign * given["margin"],
        }
        for name, value in derived.items():
            object.__setattr__(self, name, np.asarray(value))

    @property
    def sign(self) -> float:
        """Direction of a good effect: -1 if the test looks for less, else 1."""
        return -1.0 if self.alternative == "less" else 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape to which the numbers broadcast."""
        return np.broadcast_shapes(*(np.shape(getattr(self, name)) for name in _NUMBERS))

    def broadcast(self, shape: tuple[int, ...]) -> Design:
        """The same design with every number of that shape."""
        return replace(
            self,
            alpha=np.broadcast_to(self.alpha, shape),
            treated=np.broadcast_to(self.treated, shape),
            design_effect=np.broadcast_to(self.design_effect, shape),
            correlation=np.broadcast_to(self.correlation, shape),
            inflation=np.broadcast_to(self.inflation, shape),
            margin=np.broadcast_to(self.margin, shape),
        )


def _within(name: str, array: Array, good: NDArray[np.bool_], rule: str) -> None:
    if not np.all(good):
        raise InputError(f"{name} is {float(array[~good].ravel()[0]):g}; it must {rule}")
