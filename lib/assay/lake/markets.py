"""silver → gold: what assets cost and what portfolios are worth, where silver changed.

How far each table goes stands in its own commits, as for the other gold tables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assay.lake.contracts import Contract
from assay.lake.refresh import changes, positions, signed
from assay.lake.tables import Lake
from assay.medallion import (
    gold_asset_daily,
    gold_market,
    gold_portfolio_daily,
    market_rule,
    market_sessions,
)
from assay.medallion.business import business
from assay.medallion.gold_scope import period
from assay.spark.local import frame

DAILY, PORTFOLIOS = "gold.asset_daily", "gold.portfolio_daily"
QUOTES, SPLITS, RATES = "silver.market_quotes", "silver.splits", "silver.fx_rates"
_TRADES, _CUSTOMERS = "silver.trades", "silver.customers"
_OF_DAILY = ("silver.quotes", _TRADES, QUOTES, SPLITS, RATES)
_UNTIL = "sessions"
_DAY = timedelta(days=1)
_SHOWN = 3

Warn = Callable[[str], object]


def asset_daily(
    lake: Lake, as_of: date | None = None, *, anew: Collection[date] = (), warn: Warn = lambda _: None
) -> int:
    """Prices and trading of the days in which something changed, or has come to be a session.

    Args:
        lake: The lake.
        as_of: Sessions before this day have rows, those without a price too; None for as many as before.
        anew: Mondays of weeks all of whose days are made anew, whether something changed or not.
        warn: Takes a sentence about quotes that no session has, and exchanges without a calendar.

    Returns:
        Rows written.
    """
    now, before = positions(lake, DAILY, _OF_DAILY)
    held = lake.watermark(DAILY, _UNTIL)
    until = max(each for each in (as_of, date.fromisoformat(held) if held else None, date.min) if each)
    reached = now if until == date.min else {**now, _UNTIL: until.isoformat()}
    if reached.items() <= {**before, _UNTIL: held}.items() and not anew:
        return 0
    new = changes(lake, now, before)
    market = _market(lake, new[QUOTES], until, warn).persist()
    quotes, trades = lake.read("silver.quotes"), business(lake.read(_TRADES))
    stored = _stored(lake, DAILY)
    days = gold_asset_daily.touched_days(new["silver.quotes"], business(new[_TRADES]))
    days = days.unionByName(gold_market.differing(market, stored)).distinct()
    if anew:
        every = gold_asset_daily.touched_days(quotes, trades)
        every = every.unionByName(market.select("asset", "day")).unionByName(stored.select("asset", "day"))
        days = days.unionByName(every.where(period(F.col("day")).isin(*anew))).distinct()
    days = days.persist()
    rows = gold_asset_daily.asset_daily(quotes, trades, market, days).persist()
    try:
        return lake.merge(DAILY, signed(lake, rows), reached, delete_when="_deleted").added
    finally:
        for each in (market, days, rows):
            each.unpersist()


def portfolio_daily(lake: Lake, *, anew: Collection[date] = ()) -> int:
    """What portfolios hold and earn; after `asset_daily`, whose closes they are valued by.

    Args:
        lake: The lake.
        anew: Mondays of weeks all of whose flows are summed anew.

    Returns:
        Rows written.
    """
    now, before = positions(lake, PORTFOLIOS, (_TRADES, _CUSTOMERS, DAILY))
    if now == before and not anew:
        return 0
    new = changes(lake, {name: now[name] for name in (_TRADES, _CUSTOMERS)}, before)
    trades, customers = business(lake.read(_TRADES)), business(lake.read(_CUSTOMERS))
    stored = lake.read(PORTFOLIOS)
    days = gold_portfolio_daily.touched_days(business(new[_TRADES]), business(new[_CUSTOMERS]), trades)
    if anew:
        every = trades.select("asset", F.to_date("traded_at").alias("day"))
        every = every.unionByName(stored.select("asset", "day")).where(period(F.col("day")).isin(*anew))
        days = days.unionByName(every).distinct()
    days = days.persist()
    fresh = gold_portfolio_daily.flows(trades, customers, days)
    rows = gold_portfolio_daily.portfolio_daily(stored, fresh, days, _stored(lake, DAILY)).persist()
    try:
        return lake.merge(PORTFOLIOS, signed(lake, rows), now, delete_when="_deleted").added
    finally:
        days.unpersist()
        rows.unpersist()


def refresh(
    lake: Lake, as_of: date | None = None, *, anew: Collection[date] = (), warn: Warn = lambda _: None
) -> int:
    """Both, in order; arguments as for `asset_daily`. Rows written."""
    return asset_daily(lake, as_of, anew=anew, warn=warn) + portfolio_daily(lake, anew=anew)


def _stored(lake: Lake, name: str) -> DataFrame:
    """A table as it stands; columns that its contract gained since its last commit are null."""
    rows = lake.read(name)
    lacking = [each for each in Contract.load(name).fields if each.name not in rows.columns]
    return rows.withColumns({each.name: F.lit(None).cast(each.type) for each in lacking})


def _market(lake: Lake, new: DataFrame, until: date, warn: Warn) -> DataFrame:
    """The series of all market assets.

    Args:
        lake: The lake.
        new: Changelog of silver.market_quotes since the last run.
        until: Sessions before this day have rows.
        warn: As for `asset_daily`.
    """
    prices = market_rule.chosen(lake.read(QUOTES))
    spans = prices.groupBy("exchange").agg(F.min("day"), F.max("day")).collect()
    last = max([until, *(newest + _DAY for _, _, newest in spans)])
    found, unknown = market_sessions.rows([(exchange, first) for exchange, first, _ in spans], last)
    sessions = frame(lake.spark, found, market_sessions.SCHEMA)
    if unknown:
        warn(f"{DAILY}: no calendar of {', '.join(unknown)} is known; days without quotes do not show there")
        quoted = prices.where(F.col("exchange").isin(*unknown)).select("exchange", "day")
        sessions = sessions.unionByName(quoted.distinct())
    if spans:
        _tell_strays(new, sessions, warn)
    days = gold_market.on_sessions(prices, sessions)
    return gold_market.series(days, lake.read(SPLITS), lake.read(RATES))


def _tell_strays(new: DataFrame, sessions: DataFrame, warn: Warn) -> None:
    """Warn of new quotes on days on which their exchange was closed: they stay in silver alone."""
    added = new.where(F.col("_change_type").isin("INSERT", "UPDATE_AFTER"))
    strays = added.join(F.broadcast(sessions), ["exchange", "day"], "left_anti")
    rows = strays.select("asset", "day", "source").distinct().orderBy("day", "asset", "source").collect()
    if rows:
        shown = ", ".join(f"{asset} {day} by {source}" for asset, day, source in rows[:_SHOWN])
        more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
        warn(f"{QUOTES}: quotes on days without a session are in no price: {shown}{more}")
