"""Hourly quotes of every asset: geometric Brownian motion without drift, and the price near a moment.

The logarithm of a price moves by independent normal steps per hour of the week, of standard deviation
volatility / sqrt(168), minus half their variance, so that the expected price stays where it was (Black and
Scholes 1973).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from assay import seeds
from assay.generators.columns import QUOTES, Floats, Ints, decimals, labels, nearest, times
from assay.generators.customers import population_of, week_begin
from assay.spec import Blueprint

_HOURS = 168
_HOUR = 3600 * 1_000_000
_TRADING_DAYS = 5


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of a week.

    Attributes:
        hourly: Price at every full hour of the week from Monday 00:00 on, shape `(168, assets)`.
        begin: Start of the week, microseconds since 1970.
    """

    hourly: Floats
    begin: int

    def near(self, assets: Ints, when: Ints) -> Floats:
        """Price of assets (positions) at the full hour before times (microseconds), shape of `assets`."""
        return self.hourly[(when - self.begin) // _HOUR, assets]


def prices(blueprint: Blueprint, week: int) -> Prices:
    """The prices of a week; earlier weeks' steps are drawn again and summed, so that no state is needed."""
    market = population_of(blueprint).market
    low, high = np.log(market.price)
    level = seeds.stream(blueprint.seed, "quotes.start").uniform(low, high, len(market.assets))
    for earlier in range(1, week):
        level = level + _steps(blueprint, earlier).sum(axis=0)
    steps = _steps(blueprint, week)
    before = np.vstack([np.zeros(len(market.assets)), np.cumsum(steps[:-1], axis=0)])
    return Prices(np.exp(level + before), week_begin(blueprint, week))


def quotes(blueprint: Blueprint, week: int) -> pa.Table:
    """The quotes of a week's trading hours, Monday to Friday, in order of time, then asset."""
    market = population_of(blueprint).market
    drawn = prices(blueprint, week)
    hours = np.arange(_HOURS)
    inside = (
        (hours % 24 >= market.first_hour) & (hours % 24 <= market.last_hour) & (hours < 24 * _TRADING_DAYS)
    )
    quoted = hours[inside]
    count = len(market.assets)
    assets = np.tile(np.arange(count), len(quoted))
    units = np.maximum(nearest(drawn.hourly[quoted].ravel() * 1e4), 1)
    return pa.Table.from_arrays(
        [
            labels(market.assets, assets),
            times(np.repeat(drawn.begin + quoted * _HOUR, count)),
            decimals(units, 18, 4),
        ],
        schema=QUOTES,
    )


def _steps(blueprint: Blueprint, week: int) -> Floats:
    """Hourly steps of the logarithm of every price, shape `(168, assets)`."""
    market = population_of(blueprint).market
    deviation = market.volatility / np.sqrt(_HOURS)
    rng = seeds.stream(blueprint.seed, "quotes.steps", week)
    return rng.normal(-(deviation**2) / 2, deviation, (_HOURS, len(market.assets)))
