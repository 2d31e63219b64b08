"""What a certificate says: a method's measured error rates in one scenario, a row of gold.certificates.

A certificate is `re-randomised` (the units of a real experiment, split at random again and again) or
`simulated` (data drawn from a known law). Its figures are shares and averages over replicates; each share has
the exact interval of a probability, so that a reader sees how well it was measured.

References:
    Clopper and Pearson (1934), The Use of Confidence or Fiducial Limits. Bradley (1978), Robustness? (the
    stringent criterion: a test holds its level within a tenth of it). Gelman and Carlin (2014), Beyond Power
    Calculations (the errors of type S and M).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from scipy.special import betaincinv

TOLERANCE = 0.1
CONFIDENCE = 0.95
HOLDS, LIBERAL, CONSERVATIVE = "holds", "liberal", "conservative"
RE_RANDOMISED, SIMULATED = "re-randomised", "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A method's measured error rates in one scenario: a row of gold.certificates.

    Attributes:
        certificate_id: Names what was measured: method, version, scenario, replicates, level and seed.
        kind: `re-randomised` or `simulated`.
        method: Name in the registry.
        method_version: Version of the method's numbers.
        scenario: Where the replicates came from, in words.
        metric: Whose unit values were split; None for a simulation.
        as_of: The look at which the values stood; None for a simulation.
        n_control: Expected units in the control.
        n_treatment: Expected units in the treatment.
        replicates: Number of replicates.
        alpha: The level asked of the method.
        type_i_error: Share of replicates without an effect called different; one without a p-value is not.
        lower: Lower end of the 95 % Clopper-Pearson interval of that probability.
        upper: Its upper end.
        tolerance: How far the rate may be from `alpha`.
        verdict: `liberal` if the whole interval lies above alpha + tolerance, `conservative` if below alpha -
            tolerance, else `holds`.
        seed: Of the replicates.
        lift: Planted relative effect that the figures below are measured at; None if they were not.
        power: Share of replicates with the effect called different; None at a lift of 0, as are `type_s`
            and `type_m`.
        power_lower: Lower end of its interval.
        power_upper: Upper end.
        coverage: Share of intervals that hold the truth; a missing interval rules nothing out, so it holds.
        coverage_lower: Lower end of its interval.
        coverage_upper: Upper end.
        miss_left: Share of intervals with the truth below them.
        miss_right: Share of intervals with the truth above them.
        bias: Mean of the estimates minus the truth, in the metric's unit.
        rmse: Root of the mean squared distance from estimate to truth, in the metric's unit.
        se_ratio: Mean standard error over the standard deviation of the estimates.
        type_s: Share of wrong signs among the replicates with the effect called different.
        type_m: Mean of |estimate| / |truth| among them.
        recommendation: What to use on such data, in a sentence; None where it was not asked.
    """

    certificate_id: str
    kind: str
    method: str
    method_version: str
    scenario: str
    metric: str | None = None
    as_of: date | None = None
    n_control: int
    n_treatment: int
    replicates: int
    alpha: float
    type_i_error: float
    lower: float
    upper: float
    tolerance: float
    verdict: str
    seed: int
    lift: float | None = None
    power: float | None = None
    power_lower: float | None = None
    power_upper: float | None = None
    coverage: float | None = None
    coverage_lower: float | None = None
    coverage_upper: float | None = None
    miss_left: float | None = None
    miss_right: float | None = None
    bias: float | None = None
    rmse: float | None = None
    se_ratio: float | None = None
    type_s: float | None = None
    type_m: float | None = None
    recommendation: str | None = None


def clopper_pearson(successes: int, trials: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a probability.

    Args:
        successes: 0 to `trials`.
        trials: 1 or more.
        confidence: Between 0 and 1.

    Returns:
        Its lower and upper end.

    References:
        Clopper and Pearson (1934).

    Example:
        >>> [round(end, 4) for end in clopper_pearson(0, 10)]
        [0.0, 0.3085]
    """
    tail = (1 - confidence) / 2
    lower = betaincinv(successes, trials - successes + 1, tail) if successes else 0.0
    upper = betaincinv(successes + 1, trials - successes, 1 - tail) if successes < trials else 1.0
    return float(lower), float(upper)


def verdict(lower: float, upper: float, *, alpha: float, tolerance: float) -> str:
    """What an interval of the type I error says of a method.

    Args:
        lower: Lower end of the interval.
        upper: Upper end.
        alpha: The level asked for.
        tolerance: How far the rate may be from it.

    Example:
        >>> verdict(0.06, 0.08, alpha=0.05, tolerance=0.005)
        'liberal'
    """
    if lower > alpha + tolerance:
        return LIBERAL
    return CONSERVATIVE if upper < alpha - tolerance else HOLDS
