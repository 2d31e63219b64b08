"""Plans and certificates on frames: what `from assay import plan, certificates` gives.

The command line's `assay plan` and `assay certify` call the same functions of `assay.certify`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from assay.certify.certificate import Certificate
from assay.certify.plan import Lawful, Observed, Planned, law_of
from assay.certify.plan import plan as planned
from assay.errors import InputError
from assay.serving.analysis import frames
from assay.serving.analysis.observed import observe
from assay.serving.analysis.tables import Table
from assay.stats import DEFAULT_METHOD, named

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_NO_LOOK = date.min


@dataclass(frozen=True, slots=True)
class Certificates:
    """Measured error rates of methods.

    Attributes:
        rows: A certificate per method and scenario.
    """

    rows: tuple[Certificate, ...]

    def to_arrow(self) -> pa.Table:
        """An Arrow table in the words of gold.certificates."""
        return frames.rows(self.rows, Certificate)

    def to_pandas(self) -> pd.DataFrame:
        """`to_arrow` as a pandas DataFrame."""
        found: pd.DataFrame = self.to_arrow().to_pandas()
        return found

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self.to_pandas().dropna(axis="columns", how="all").to_html(index=False)


def plan(
    table: Table | None = None,
    *,
    value: str | None = None,
    denominator: str | None = None,
    unit: str | None = None,
    covariate: str | None = None,
    arm: str | None = None,
    control: str | None = None,
    mean: float | None = None,
    sd: float | None = None,
    law: str | None = None,
    lift: float | None = None,
    power: float | None = None,
    n: int | None = None,
    method: str | None = None,
    allocation: float = 0.5,
    alpha: float = 0.05,
    units_per_week: float | None = None,
    replicates: int = 2000,
    seed: int = 0,
) -> Planned:
    """Sample size, minimum effect or power, by the formula and by simulation side by side.

    Args:
        table: A frame whose units are drawn again; without it `mean` (and `sd`), or `law`, describe a unit.
        value: Its column of the value.
        denominator: Its column that a ratio divides by.
        unit: Its column of the unit, if units have several rows.
        covariate: Its column of a covariate from before.
        arm: Its column of the arm; with `control`, only the control's rows are read.
        control: The arm whose units are drawn.
        mean: Mean of a unit without treatment.
        sd: Standard deviation of a unit.
        law: `normal`, `gamma` or `lognormal` with mean and sd; or a distribution as in a blueprint.
        lift: Relative effect to find, not 0.
        power: Probability to find it; 0.8 if that and one other are left out.
        n: Units of both arms.
        method: Name of the method that is simulated; else the metric's default.
        allocation: Share of the units in the treatment.
        alpha: Two-sided level of the test.
        units_per_week: Units that enter both arms in a week; None if unknown.
        replicates: Simulated experiments, 100 or more.
        seed: Of the simulation.

    Returns:
        The plan; `warnings()` says where formula and simulation disagree.

    Raises:
        InputError: Too little, too much or contradictory is given, or the frame does not allow it.

    Example:
        >>> plan(mean=0.1, lift=0.2, replicates=100).n_control
        3841
    """
    units: Lawful | Observed
    if table is None:
        if value is not None:
            raise InputError(f"value {value!r} names a column; give the table that has it")
        units = Lawful(law_of(mean=mean, sd=sd, law=law))
    else:
        if value is None:
            raise InputError("a table needs value, the name of the column to plan for")
        columns = {"denominator": denominator, "unit": unit, "covariate": covariate, "arm": arm}
        units = Observed(*observe(table, value=value, control=control, **columns).series())
    return planned(
        units,
        lift=lift,
        power=power,
        n=n,
        method=method,
        allocation=allocation,
        alpha=alpha,
        units_per_week=units_per_week,
        replicates=replicates,
        seed=seed,
    )


def certificates(
    table: Table | None = None,
    *,
    value: str | None = None,
    denominator: str | None = None,
    unit: str | None = None,
    covariate: str | None = None,
    arm: str | None = None,
    control: str | None = None,
    methods: Sequence[str] = (),
    lift: float | None = None,
    alpha: float = 0.05,
    replicates: int = 2000,
    seed: int = 0,
) -> Certificates:
    """How often is each method wrong? On your units, or as the shipped certificates say.

    Args:
        table: A frame whose units are split at random again and again; without it, the shipped certificates
            of simulated data.
        value: Its column of the value.
        denominator: Its column that a ratio divides by.
        unit: Its column of the unit, if units have several rows.
        covariate: Its column of a covariate from before.
        arm: Its column of the arm; with `control`, only the control's rows are read.
        control: The arm whose units are split.
        methods: Names of methods that work from moments; the metric's default (of the shipped, all) if none.
        lift: Relative effect to plant, for power and coverage; None for type I errors only.
        alpha: Level of the tests.
        replicates: Number of splits, 1 or greater.
        seed: Of the splits.

    Raises:
        InputError: The frame does not allow it, or a method is unknown or does not suit.
    """
    asked = [named(name) for name in methods]
    if table is None:
        from assay.certify.lab.certificates import shipped

        known = {method.name for method in asked}
        return Certificates(tuple(c for c in shipped() if not known or c.method in known))
    if value is None:
        raise InputError("a table needs value, the name of the column to certify methods for")
    from assay.certify.diagnosis.measure import certify
    from assay.certify.rerandomise import Units
    from assay.stats import Moments

    columns = {"denominator": denominator, "unit": unit, "covariate": covariate, "arm": arm}
    y, d, x = observe(table, value=value, control=control, **columns).series()
    kind = Observed(y, d, x).metric
    chosen = asked or [named(DEFAULT_METHOD[kind])]
    for method in chosen:
        if method.data is not Moments or kind not in method.metric_types:
            raise InputError(f"method {method.name} does not compare the moments of a {kind}; choose another")
    found = certify(
        chosen,
        Units(y, d, x),
        metric=value,
        kind=kind,
        lift=lift,
        as_of=_NO_LOOK,
        seed=seed,
        week=0,
        alpha=alpha,
        replicates=replicates,
    )
    return Certificates(tuple(replace(each, as_of=None) for each in found))
