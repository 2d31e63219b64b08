"""The series of market assets: a row for each session of their exchange, whether it has a price or not.

- A price is in the units of its day. `adjusted_close` is in those after the newest split: the price divided
  by the ratios of all later splits.
- A rate holds from its day until the next one; the currency of account needs none.
- Returns are logarithms of the adjusted close over the one of the session before that has a price. Volatility
  is their standard deviation over the last `WINDOW`, times the root of `YEAR`.
"""

from __future__ import annotations

import math

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from assay.medallion.gold_touched import ADDED, CHANGE, REMOVED, net_changes

ACCOUNT = "USD"
"""Currency of account: that of `silver.fx_rates`."""
WINDOW = 20
YEAR = 252
"""Sessions of a year, by convention."""
COLUMNS = (
    "exchange", "is_session", "currency", "price", "close_account", "adjusted_close", "log_return",
    f"volatility_{WINDOW}", "sources", "dissenting", "spread",
)  # fmt: skip


def on_sessions(prices: DataFrame, sessions: DataFrame) -> DataFrame:
    """Prices on the sessions of their exchange, and sessions without one.

    Args:
        prices: As `market_rule.chosen` gives them.
        sessions: exchange, day; of exchanges without a calendar the days that have prices.

    Returns:
        The columns of `prices`; on a session without a price asset, day and exchange alone. It begins with
        the asset's first quote. What stands on other days is left out.
    """
    listed = prices.groupBy("asset").agg(
        F.max_by("exchange", "day").alias("exchange"), F.min("day").alias("_first")
    )
    open_on = listed.join(F.broadcast(sessions), "exchange").where(F.col("day") >= F.col("_first"))
    said = prices.withColumnRenamed("exchange", "_exchange")
    return (
        open_on.select("asset", "day", "exchange")
        .join(said, ["asset", "day"], "left")
        .withColumn("exchange", F.coalesce("_exchange", "exchange"))
        .drop("_exchange")
    )


def series(days: DataFrame, splits: DataFrame, rates: DataFrame) -> DataFrame:
    """What follows from prices, splits and rates.

    Args:
        days: As `on_sessions` gives them.
        splits: silver.splits.
        rates: silver.fx_rates.

    Returns:
        asset, day and `COLUMNS`.
    """
    priced = _converted(_adjusted(days.where(F.col("price").isNotNull()), splits), rates)
    one_by_one = Window.partitionBy("asset").orderBy("day")
    returns = F.log(F.col("adjusted_close") / F.lag("adjusted_close").over(one_by_one))
    moved = priced.withColumn("log_return", returns)
    moved = moved.withColumn(f"volatility_{WINDOW}", _volatility(one_by_one))
    silent = days.where(F.col("price").isNull())
    both = moved.unionByName(silent, allowMissingColumns=True)
    return both.withColumn("is_session", F.lit(True)).select("asset", "day", *COLUMNS)


def _adjusted(days: DataFrame, splits: DataFrame) -> DataFrame:
    each = splits.groupBy("asset").agg(
        F.sort_array(F.collect_list(F.struct("day", "ratio"))).alias("_splits")
    )
    factor = F.expr(
        "coalesce(aggregate(filter(_splits, split -> split.day > day), cast(1 as double), "
        "(product, split) -> product * cast(split.ratio as double)), cast(1 as double))"
    )
    adjusted = (F.col("price").cast("double") / factor).cast("decimal(18,6)")
    known = days.join(F.broadcast(each), "asset", "left")
    return known.withColumn("adjusted_close", adjusted).drop("_splits")


def _converted(days: DataFrame, rates: DataFrame) -> DataFrame:
    """With the newest rate on or before each day: rows and rates in one order, the last rate goes on."""
    of_rates = rates.select("currency", "day", F.col("rate").alias("_rate"), F.lit(0).alias("_turn"))
    both = days.withColumn("_turn", F.lit(1)).unionByName(of_rates, allowMissingColumns=True)
    before = Window.partitionBy("currency").orderBy("day", "_turn")
    newest = F.last("_rate", ignorenulls=True).over(before)
    rate = F.when(F.col("currency") == ACCOUNT, F.lit(1).cast("decimal(18,6)")).otherwise(newest)
    account = (F.col("price") * rate).cast("decimal(18,6)")
    return both.withColumn("close_account", account).where("_turn = 1").drop("_turn", "_rate")


def _volatility(one_by_one: WindowSpec) -> Column:
    last = one_by_one.rowsBetween(1 - WINDOW, Window.currentRow)
    enough = F.count("log_return").over(last) == WINDOW
    return F.when(enough, F.stddev_samp("log_return").over(last) * math.sqrt(YEAR))


def differing(rows: DataFrame, stored: DataFrame) -> DataFrame:
    """The days on which the mart does not say what the series say.

    Args:
        rows: As `series` gives them.
        stored: gold.asset_daily.

    Returns:
        asset, day; a pair may stand twice.
    """
    compared = ("asset", "day", "close", *(name for name in COLUMNS if name != "price"))
    now = rows.withColumn("close", F.col("price").cast("decimal(18,4)"))
    both = now.select(*compared, F.lit(ADDED).alias(CHANGE)).unionByName(
        stored.where("is_session").select(*compared, F.lit(REMOVED).alias(CHANGE))
    )
    return net_changes(both, compared).select("asset", "day")
