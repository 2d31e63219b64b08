"""Sample size, minimum effect or power by the formula, and beside it what the method does in simulation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from assay.certify.plan.simulate import Simulated, simulate, usable
from assay.certify.plan.units import Units
from assay.errors import InputError
from assay.stats.planning import Design, Plan, achieved_power, minimum_effect, sample_size

POWER = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A planned experiment.

    Attributes:
        asked: What was worked out: `sample size`, `minimum effect` or `power`.
        metric: Type of the metric.
        method: Name of the method that is simulated.
        mean: Of an untreated unit (a ratio's: the ratio).
        sd: Standard deviation of an untreated unit (a ratio's: linearised).
        correlation: With the covariate; None without one.
        n_control: Units of the control.
        n_treatment: Units of the treatment.
        lift: Relative effect.
        effect: The same in the metric's unit.
        alpha: Two-sided level of the test.
        power: By the formula for the mean's t-test (a proportion's score test), with the covariate's saving.
        weeks: Whole weeks until so many units are there; None if their number per week is unknown.
        simulated: What the method does; None where it was not asked, or too many units are needed.
    """

    asked: str
    metric: str
    method: str
    mean: float
    sd: float
    correlation: float | None
    n_control: int
    n_treatment: int
    lift: float
    effect: float
    alpha: float
    power: float
    weeks: int | None
    simulated: Simulated | None

    def warnings(self) -> list[str]:
        """Where formula and simulation disagree beyond chance; empty if they agree."""
        return list(_warnings(self))


def plan(
    units: Units,
    *,
    lift: float | None = None,
    power: float | None = None,
    n: int | None = None,
    method: str | None = None,
    allocation: float = 0.5,
    alpha: float = 0.05,
    units_per_week: float | None = None,
    replicates: int = 2000,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Planned:
    """Plan an experiment from two of lift, power and n; the one left out is worked out.

    Args:
        units: Where units come from.
        lift: Relative effect on the mean, not 0.
        power: Probability to find it; 0.8 if that and one other are left out.
        n: Units of both arms.
        method: Name of the method; None for the default.
        allocation: Share of the units in the treatment.
        alpha: Two-sided level of the test.
        units_per_week: How many units enter both arms in a week; None if unknown.
        replicates: Simulated experiments, 100 or more.
        seed: Of the simulation.
        progress: Called with the number of experiments that each block adds.

    Returns:
        The plan.

    Raises:
        InputError: All three or only power given, a number outside its range, a method that does not suit, or
            a plan that does not exist.
    """
    found = formula(
        units,
        lift=lift,
        power=power,
        n=n,
        method=method,
        allocation=allocation,
        alpha=alpha,
        units_per_week=units_per_week,
    )
    done = simulate(
        units,
        usable(method, units),
        n_control=found.n_control,
        n_treatment=found.n_treatment,
        lift=found.lift,
        alpha=alpha,
        replicates=replicates,
        seed=seed,
        progress=progress,
    )
    return replace(found, simulated=done)


def formula(
    units: Units,
    *,
    lift: float | None = None,
    power: float | None = None,
    n: int | None = None,
    method: str | None = None,
    allocation: float = 0.5,
    alpha: float = 0.05,
    units_per_week: float | None = None,
) -> Planned:
    """`plan` by the formula alone, in a moment: nothing is simulated.

    Raises:
        InputError: As `plan`.
    """
    chosen = usable(method, units)
    design = design_of(units, method, allocation=allocation, alpha=alpha)
    asked, found = _worked_out(units, lift, power, n, design)
    control, treatment = _arms(found, n, allocation)
    return Planned(
        asked=asked,
        metric=units.metric,
        method=chosen.name,
        mean=float(units.outcome.mean),
        sd=math.sqrt(float(units.outcome.variance)),
        correlation=units.correlation,
        n_control=control,
        n_treatment=treatment,
        lift=float(found.relative_effect),
        effect=float(found.effect),
        alpha=alpha,
        power=float(found.power),
        weeks=_weeks(control + treatment, units_per_week),
        simulated=None,
    )


def design_of(units: Units, method: str | None, *, allocation: float, alpha: float) -> Design:
    """The test that a method makes of such units; its covariate counts as far as the method reads one.

    Args:
        units: Where units come from.
        method: Name of the method; None for the default.
        allocation: Share of the units in the treatment.
        alpha: Two-sided level of the test.

    Raises:
        InputError: A number outside its range, or a method that does not suit.
    """
    correlation = units.correlation or 0.0 if "x" in usable(method, units).needs else 0.0
    return Design(alpha=alpha, treated=allocation, correlation=correlation)


def _worked_out(
    units: Units, lift: float | None, power: float | None, n: int | None, design: Design
) -> tuple[str, Plan]:
    outcome = units.outcome
    effect = None if lift is None else lift * outcome.mean
    if lift is not None and not (math.isfinite(lift) and lift != 0):
        raise InputError(f"lift is {lift:g}; it must be a number other than 0, for example 0.05")
    if effect is not None and n is not None:
        if power is not None:
            raise InputError("lift, power and n are all given; leave out the one that is to be worked out")
        return "power", _possible(achieved_power(outcome, effect=effect, n=n, design=design))
    wanted = POWER if power is None else power
    if effect is not None:
        return "sample size", _possible(sample_size(outcome, effect=effect, power=wanted, design=design))
    if n is None:
        raise InputError("neither lift nor n is given; give one of them, or both to learn the power")
    return "minimum effect", _possible(minimum_effect(outcome, n=n, power=wanted, design=design))


def _possible(found: Plan) -> Plan:
    if int(found.reason) or not math.isfinite(float(found.n)):
        raise InputError("no such experiment exists: the effect or the number of units is out of reach")
    return found


def _arms(found: Plan, n: int | None, allocation: float) -> tuple[int, int]:
    """Whole units of control and treatment."""
    if n is None:
        return int(found.n_control), int(found.n_treatment)
    treatment = round(n * allocation)
    return n - treatment, treatment


def _weeks(n: int, per_week: float | None) -> int | None:
    if per_week is None:
        return None
    if not 0 < per_week < math.inf:
        raise InputError(f"units per week is {per_week:g}; it must be above 0")
    return math.ceil(n / per_week)


def _remedy(planned: Planned, power: float) -> str:
    """What to do about a power that is not the promised one."""
    if planned.asked == "power":
        return "plan with the simulated figure"
    return f"try {'more' if power < planned.power else 'fewer'} units with --n"


def _warnings(planned: Planned) -> Iterator[str]:
    found = planned.simulated
    if found is None:
        total = planned.n_control + planned.n_treatment
        yield f"{total:,} units are too many to simulate; only the formula is shown"
        return
    if not found.power.holds(planned.power):
        power = found.power
        yield (
            f"the formula promises a power of {planned.power:.1%}, {planned.method} has {power.value:.1%} "
            f"({power.lower:.1%} to {power.upper:.1%}) on such units: {_remedy(planned, power.value)}"
        )
    if found.false_alarms.lower > planned.alpha:
        yield (
            f"{planned.method} calls {found.false_alarms.value:.1%} of experiments without an effect "
            f"different, more than the {planned.alpha:.1%} asked for: choose another method"
        )
