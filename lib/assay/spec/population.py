"""The synthetic world of a blueprint: who the customers are, the market they trade in, and planted faults.

A blueprint without a population is about real data: the same models, and nothing is generated.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from assay.spec.model import Model, Share, check_shares, problem

MOST_CUSTOMERS = 10_000_000
"""Largest initial population; ids and memory are made for this size."""


class Market(Model):
    """What is traded: assets whose quotes follow geometric Brownian motion without drift.

    Attributes:
        assets: Names of the assets; the first is the most popular (popularity falls as 1 / rank).
        price: Lowest and highest quote at the blueprint's start; starts are log-uniform between them.
        volatility: Standard deviation of the logarithm of a quote over one week.
        first_hour: Hour (UTC) of the first quote of a day, Monday to Friday.
        last_hour: Hour (UTC) of the last quote of a day.
    """

    assets: list[str] = Field(min_length=1, max_length=1000)
    price: tuple[float, float] = Field(default=(10.0, 400.0), strict=False)
    volatility: float = Field(default=0.03, ge=0, le=1)
    first_hour: int = Field(default=8, ge=0, le=23)
    last_hour: int = Field(default=17, ge=0, le=23)

    @model_validator(mode="after")
    def _check(self) -> Market:
        if len(set(self.assets)) < len(self.assets):
            raise problem("assets", "an asset is named twice; every name must be unique")
        low, high = self.price
        if not 1 <= low <= high:
            raise problem("price", f"is [{low:g}, {high:g}]; it must be lowest and highest price, from 1 up")
        if not self.first_hour <= self.last_hour:
            raise problem(
                "last_hour", f"is {self.last_hour}; it must not be before first_hour {self.first_hour}"
            )
        return self


class RowFaults(Model):
    """Faults planted in the rows of trades, as shares of the week's valid trades. None changes the truth.

    Attributes:
        bad_trades: Extra rows that break the contract of silver: quarantining them removes them exactly.
        corrected_trades: Trades first booked with a wrong asset and then updated.
        duplicated_trades: Trades booked again under another id and then deleted.
    """

    bad_trades: Share = 0.0
    corrected_trades: Share = 0.0
    duplicated_trades: Share = 0.0


class Population(Model):
    """Customers: those at the start, those who sign up, and what they are like.

    Attributes:
        initial: Customers who signed up in the two years before the start.
        signups_per_week: Expected sign-ups per week (Poisson), at uniform times.
        country: Share of customers per country.
        tier: Share of customers per tier.
        tier_review_weeks: Once in so many weeks a customer's tier is drawn anew; None for never.
        market: What they trade.
        faults: What goes wrong on the way.
    """

    initial: int = Field(ge=1, le=MOST_CUSTOMERS)
    signups_per_week: float = Field(default=0.0, ge=0, le=MOST_CUSTOMERS)
    country: dict[str, Share] = Field(min_length=1)
    tier: dict[str, Share] = Field(min_length=1)
    tier_review_weeks: int | None = Field(default=None, ge=1, le=520)
    market: Market
    faults: RowFaults = RowFaults()

    @model_validator(mode="after")
    def _check(self) -> Population:
        check_shares("country", self.country)
        check_shares("tier", self.tier)
        return self
