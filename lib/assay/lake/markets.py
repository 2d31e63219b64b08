"""silver → gold: what assets cost and what portfolios are worth, where silver changed.

How far each table goes stands in its own commits, as for the other gold tables. A week brings few rows, so
that most of what it costs is Spark's planning. What several steps read is made once: few rows are brought to
the driver, many stay in Spark's memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assay.lake.contracts import Contract
from assay.lake.refresh import at, changes, positions, signed
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
from assay.medallion.gold_touched import additions
from assay.spark.local import FEW, frame, kept

DAILY, PORTFOLIOS = "gold.asset_daily", "gold.portfolio_daily"
QUOTES, SPLITS, RATES = "silver.market_quotes", "silver.splits", "silver.fx_rates"
_OWN, _TRADES, _CUSTOMERS = "silver.quotes", "silver.trades", "silver.customers"
_OF_DAILY = (_OWN, _TRADES, QUOTES, SPLITS, RATES)
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
    now, before = positions(lake, DAILY, _OF_DAILY, (_UNTIL,))
    held = before[_UNTIL]
    until = max(each for each in (as_of, date.fromisoformat(held) if held else None, date.min) if each)
    reached = now if until == date.min else {**now, _UNTIL: until.isoformat()}
    if reached.items() <= before.items() and not anew:
        return 0
    silver = at(lake, now)
    new = changes(lake, {name: now[name] for name in (_OWN, _TRADES, QUOTES)}, before)
    quotes, trades = silver[_OWN], business(silver[_TRADES])
    with ExitStack() as end:
        # Many quotes are not tried: the series would be made in vain, and they have more rows than quotes.
        many = any(state.count("total-records") > FEW for state in lake.history(QUOTES, 1))
        prices = market_rule.chosen(silver[QUOTES])
        prices = prices if many else kept(end, prices)
        market = kept(end, _series(prices, silver, new[QUOTES], until, warn), many=many)
        stored = _stored(lake, DAILY)
        others = [gold_market.differing(market, stored)]
        if anew:
            known = (rows.select("asset", "day") for rows in (market, stored))
            others.append(_of_weeks(gold_asset_daily.touched_days(quotes, trades, *known), anew))
        days = kept(end, gold_asset_daily.touched_days(new[_OWN], business(new[_TRADES]), *others))
        span = _span(days)
        if span is None:
            return lake.mark(DAILY, reached).added
        rows = kept(
            end,
            gold_asset_daily.asset_daily(
                _within(quotes, "quoted_at", span), _within(trades, "traded_at", span), market, days
            ),
        )
        return lake.merge(DAILY, signed(lake, rows), reached, delete_when="_deleted").added


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
    silver = at(lake, {name: now[name] for name in (_TRADES, _CUSTOMERS)})
    new = changes(lake, {name: now[name] for name in silver}, before)
    trades, customers = business(silver[_TRADES]), business(silver[_CUSTOMERS])
    stored = lake.read(PORTFOLIOS)
    days = gold_portfolio_daily.touched_days(business(new[_TRADES]), business(new[_CUSTOMERS]), trades)
    if anew:
        every = trades.select("asset", F.to_date("traded_at").alias("day"))
        days = days.unionByName(_of_weeks(every.unionByName(stored.select("asset", "day")), anew)).distinct()
    with ExitStack() as end:
        days = kept(end, days)
        of_days = _within(trades, "traded_at", _span(days))
        fresh = gold_portfolio_daily.flows(of_days, customers, days)
        rows = kept(end, gold_portfolio_daily.portfolio_daily(stored, fresh, days, _stored(lake, DAILY)))
        return lake.merge(PORTFOLIOS, signed(lake, rows), now, delete_when="_deleted").added


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


def _of_weeks(days: DataFrame, mondays: Collection[date]) -> DataFrame:
    return days.where(period(F.col("day")).isin(*mondays))


Span = tuple[date, date]


def _span(days: DataFrame) -> Span | None:
    """The first and the last of days; None where there is none."""
    first, last = days.agg(F.min("day"), F.max("day")).collect()[0]
    return None if first is None else (first, last)


def _within(rows: DataFrame, time: str, span: Span | None) -> DataFrame:
    """The rows of a span of days: files whose statistics lie outside of it are not read."""
    if span is None:
        return rows.where("false")
    first, end = (F.lit(day).cast("timestamp") for day in (span[0], span[1] + _DAY))
    return rows.where((F.col(time) >= first) & (F.col(time) < end))


def _series(
    prices: DataFrame, silver: Mapping[str, DataFrame], new: DataFrame, until: date, warn: Warn
) -> DataFrame:
    """The series of all market assets.

    Args:
        prices: As `market_rule.chosen` gives them.
        silver: Table → its rows.
        new: Changelog of silver.market_quotes since the last run.
        until: Sessions before this day have rows.
        warn: As for `asset_daily`.
    """
    days = gold_market.on_sessions(prices, _sessions(prices, new, until, warn))
    return gold_market.series(days, silver[SPLITS], silver[RATES])


def _sessions(prices: DataFrame, new: DataFrame, until: date, warn: Warn) -> DataFrame:
    """The sessions of the exchanges that have prices.

    Args:
        prices: As `market_rule.chosen` gives them.
        new: Changelog of silver.market_quotes since the last run.
        until: Sessions before this day have rows.
        warn: As for `asset_daily`.

    Returns:
        exchange, day; of exchanges without a calendar the days that have prices.
    """
    added = additions(new, ["asset", "day", "source", "exchange", "price"])
    said = added.select("exchange", "day").distinct()
    spans = prices.groupBy("exchange").agg(F.min("day").alias("day"), F.max("day").alias("last"))
    # One job for both: they are a few rows, and what a job costs here is its start.
    both = spans.unionByName(said, allowMissingColumns=True).collect()
    first = {row["exchange"]: row["day"] for row in both if row["last"] is not None}
    last = max([until, *(row["last"] + _DAY for row in both if row["last"] is not None)])
    found, unknown = market_sessions.rows(first.items(), last)
    spoken = {(row["exchange"], row["day"]) for row in both if row["last"] is None}
    closed = [each for each in sorted(spoken - {*found}) if each[0] not in unknown]
    if closed:
        _tell_strays(added, closed, warn)
    sessions = frame(prices.sparkSession, found, market_sessions.SCHEMA)
    if unknown:
        warn(f"{DAILY}: no calendar of {', '.join(unknown)} is known; days without quotes do not show there")
        quoted = prices.where(F.col("exchange").isin(*unknown)).select("exchange", "day")
        sessions = sessions.unionByName(quoted.distinct())
    return sessions


def _tell_strays(added: DataFrame, closed: Sequence[tuple[str, date]], warn: Warn) -> None:
    """Warn of new quotes on days on which their exchange was closed: they stay in silver alone."""
    days = F.broadcast(frame(added.sparkSession, closed, market_sessions.SCHEMA))
    strays = added.join(days, ["exchange", "day"], "left_semi").select("day", "asset", "source").distinct()
    rows = sorted(strays.collect())
    shown = ", ".join(f"{asset} {day} by {source}" for day, asset, source in rows[:_SHOWN])
    more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
    warn(f"{QUOTES}: quotes on days without a session are in no price: {shown}{more}")
