"""Under which conditions is a method measured? A scenario: outcome, size, allocation, effect, looks."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from assay.certify.lab import catalogue
from assay.certify.lab.outcome import Outcome
from assay.errors import InputError

POWER, LEVEL = 0.8, 0.05
"""The planted lift is one that a normal approximation finds with this power at this level."""
_FORM = re.compile(
    r"(?P<outcome>[^:]+):(?P<n>\d+):(?P<control>\d+)/(?P<treatment>\d+)"
    r"(?::(?P<looks>\d+) looks)?(?::(?P<missing>\d+)% missing)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One cell of the laboratory.

    Attributes:
        outcome: Name of a kind of data, as `catalogue.outcome` knows it.
        n: Units of an arm, on average over both.
        treated: Share of all units in the treatment, in (0, 1).
        looks: Equal parts after each of which the data are looked at; the first significant look ends it.
        missing: Share of the units of each arm that is lost at random, in [0, 1).

    Raises:
        InputError: An unknown outcome, or a number outside its range.
    """

    outcome: str
    n: int
    treated: float = 0.5
    looks: int = 1
    missing: float = 0.0

    def __post_init__(self) -> None:
        catalogue.outcome(self.outcome)
        if not 0 < self.treated < 1:
            raise InputError(f"treated is {self.treated:g}; it must lie strictly between 0 and 1")
        if self.law.paired and self.n_control != self.n_treatment:
            raise InputError(f"scenario {self.key} is not of equal arms; pairs have one unit in each")
        if not 0 <= self.missing < 1:
            raise InputError(f"missing is {self.missing:g}; it must be from 0 up and below 1")
        if not (self.looks >= 1 and min(self.n_control, self.n_treatment) >= 2 * self.looks * self.law.group):
            raise InputError(
                f"scenario {self.key} has {self.n_control} and {self.n_treatment} units; an arm needs at "
                f"least {2 * self.law.group} for each of {self.looks} looks"
            )

    @property
    def key(self) -> str:
        """Names the scenario: `gamma-0.1:200:50/50`, with `:20 looks` and `:5% missing` where they apply."""
        percent = round(100 * self.treated)
        looks = f":{self.looks} looks" if self.looks > 1 else ""
        missing = f":{round(100 * self.missing)}% missing" if self.missing else ""
        return f"{self.outcome}:{self.n}:{100 - percent}/{percent}{looks}{missing}"

    @classmethod
    def parse(cls, key: str) -> Scenario:
        """The scenario that a key names.

        Raises:
            InputError: Not of the form of `key`, or not a scenario.

        Example:
            >>> Scenario.parse("gamma-0.1:200:90/10").n_treatment
            40
        """
        found = _FORM.fullmatch(key)
        if found is None:
            raise InputError(
                f"scenario {key!r} is not of the form KIND:N:CONTROL/TREATMENT, for example gamma-1:200:50/50"
            )
        control, treatment = int(found["control"]), int(found["treatment"])
        return cls(
            outcome=found["outcome"],
            n=int(found["n"]),
            treated=treatment / max(control + treatment, 1),
            looks=int(found["looks"] or 1),
            missing=int(found["missing"] or 0) / 100,
        )

    @property
    def law(self) -> Outcome:
        """The outcome itself."""
        return catalogue.outcome(self.outcome)

    @property
    def n_control(self) -> int:
        """Units of the control that are seen."""
        return self._units(1 - self.treated)

    @property
    def n_treatment(self) -> int:
        """Units of the treatment that are seen."""
        return self._units(self.treated)

    @property
    def lift(self) -> float:
        """The planted lift: 2.8 standard errors of the difference, over the control's truth; two digits."""
        law = self.law
        spread = np.sqrt(law.variance * (1 / self.n_control + 1 / self.n_treatment))
        lift = (ndtri(1 - LEVEL / 2) + ndtri(POWER)) * spread / law.truth
        if law.kind == "proportion" or self.outcome == "sessions":
            lift = min(lift, 0.95 / law.truth - 1)
        return float(f"{lift:.2g}")

    def _units(self, share: float) -> int:
        seen = 2 * self.n * share * (1 - self.missing)
        step = self.looks * self.law.group
        return max(round(seen / step), 0) * step
