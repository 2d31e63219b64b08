"""Laws of events that give a total per unit its mean, its variance and its share of zeros.

A share z of units never acts. The others have Poisson events at one rate r, each of an independent log-normal
value with mean a and variance b. With q = 1 - zero share:

    1 - z = q / (1 - e^-r),   a = mean / ((1 - z) r),   b = variance / ((1 - z) r) - z r a² - a²

The rate is the least for which z and b are 0 or greater: few events, whose values carry the spread.
"""

from __future__ import annotations

import math

from scipy import optimize

from assay.distributions import Constant, Distribution, LogNormal, ZeroInflated
from assay.errors import InputError

# Where no unit is 0 in the data, one is with probability exp(-20).
_NEVER = 20.0
MOST_EVENTS = 1000.0
"""Greatest rate: totals that vary less would need more events than are worth drawing."""
_ROUNDING = 1e-9


def laws_of_totals(mean: float, variance: float, zero_share: float) -> tuple[Distribution, Distribution]:
    """The laws of the rate and of the value of an event.

    Args:
        mean: Of the total, above 0.
        variance: Of the total, above 0.
        zero_share: Probability of a total of 0, below 1.

    Returns:
        Events per unit in the time of the total, and value per event.

    Raises:
        InputError: The totals of units that act vary too little.
    """
    rate = _rate(mean, variance, zero_share)
    zeros, value, spread = _parts(rate, mean, variance, zero_share)
    events: Distribution = Constant(rate) if zeros <= _ROUNDING else ZeroInflated(zeros, Constant(rate))
    if spread <= _ROUNDING * value**2:
        return events, Constant(value)
    sigma = math.sqrt(math.log1p(spread / value**2))
    return events, LogNormal(math.log(value) - sigma**2 / 2, sigma)


def _rate(mean: float, variance: float, zero_share: float) -> float:
    """The least rate that leaves neither a negative share of zeros nor a negative variance."""
    least = -math.log(zero_share) if zero_share > 0 else _NEVER

    def spread(rate: float) -> float:
        return _parts(rate, mean, variance, zero_share)[2]

    if spread(least) >= 0:
        return least
    if least >= MOST_EVENTS or spread(MOST_EVENTS) < 0:
        raise InputError(
            f"units differ too little for a world of events (mean {mean:g}, standard deviation "
            f"{math.sqrt(variance):g}); plan with the values themselves instead"
        )
    return float(optimize.brentq(spread, least, MOST_EVENTS, xtol=1e-12))


def _parts(rate: float, mean: float, variance: float, zero_share: float) -> tuple[float, float, float]:
    """Share of units that never act, mean and variance of an event's value."""
    acting = min((1 - zero_share) / -math.expm1(-rate), 1.0)
    value = mean / (acting * rate)
    return 1 - acting, value, variance / (acting * rate) - (1 - acting) * rate * value**2 - value**2
