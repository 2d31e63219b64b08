"""gold.portfolio_daily: what the customers of a country hold of each asset, day by day, and what it earned.

A portfolio is all customers of one country, by the country that they have now. What it bought and sold on a
day is kept in the table; what it holds is the running sum. So only the flows of days that changed are summed
anew from trades, and everything that follows from them in a pass over the stored days.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assay.medallion.gold_touched import changed_groups, net_changes

KEYS = ("portfolio", "asset", "day")
FLOWS = ("units_traded", "traded")
VALUES = (*FLOWS, "units", "market_value", "profit")
UNKNOWN = "unknown"
"""Portfolio of customers whom silver does not know."""
_UNITS, _MONEY = "decimal(38,6)", "decimal(38,2)"


def touched_days(trades: DataFrame, customers: DataFrame, all_trades: DataFrame) -> DataFrame:
    """The assets and days whose flows may have changed.

    Args:
        trades: Changelog of silver.trades since the last run.
        customers: Changelog of silver.customers since the last run.
        all_trades: silver.trades.

    Returns:
        asset, day; each pair once.
    """
    columns = ["customer_id", "asset", "traded_at", "side", "quantity", "notional"]
    moved = net_changes(customers, ["customer_id", "country"]).select("customer_id").distinct()
    changed = [
        changed_groups(trades, columns, {"asset": F.col("asset"), "day": _day()}),
        all_trades.join(moved, "customer_id", "left_semi").select("asset", _day()),
    ]
    return reduce(DataFrame.unionByName, changed).distinct()


def flows(trades: DataFrame, customers: DataFrame, touched: DataFrame) -> DataFrame:
    """What portfolios bought and sold on some days.

    Args:
        trades: silver.trades, the rows of those days at least.
        customers: silver.customers.
        touched: `touched_days`.

    Returns:
        portfolio, asset, day, units_traded (bought less sold), traded (paid less received).
    """
    days = trades.withColumn("day", F.to_date("traded_at")).join(touched, ["asset", "day"], "left_semi")
    sign = F.when(F.col("side") == "buy", 1).otherwise(-1)
    owners = customers.select("customer_id", F.col("country").alias("portfolio"))
    return (
        days.join(owners, "customer_id", "left")
        .groupBy(F.coalesce("portfolio", F.lit(UNKNOWN)).alias("portfolio"), "asset", "day")
        .agg(
            F.sum(F.col("quantity") * sign).cast(_UNITS).alias("units_traded"),
            F.sum(F.col("notional") * sign).cast(_MONEY).alias("traded"),
        )
    )


def portfolio_daily(
    stored: DataFrame, fresh: DataFrame, touched: DataFrame, asset_daily: DataFrame
) -> DataFrame:
    """The rows that are not as they stand.

    Args:
        stored: gold.portfolio_daily.
        fresh: `flows` of the touched days.
        touched: `touched_days`.
        asset_daily: gold.asset_daily; its days are those of a portfolio, from the first trade of an asset on.

    Returns:
        `KEYS`, `VALUES` and `_deleted`: a row that is left of a day which is no longer one.
    """
    kept = stored.join(touched, ["asset", "day"], "left_anti").select(*KEYS, *FLOWS)
    both = kept.unionByName(fresh.select(*KEYS, *FLOWS))
    # A day on which everything cancels out looks as one without trades: it is none.
    rows = _valued(both.where((F.col("units_traded") != 0) | (F.col("traded") != 0)), asset_daily)
    now = rows.select(*KEYS, F.struct(*VALUES).alias("_now"))
    held = stored.select(*KEYS, F.struct(*VALUES).alias("_held"))
    found = now.join(held, list(KEYS), "full").where(~F.col("_now").eqNullSafe(F.col("_held")))
    return found.select(*KEYS, "_now.*", F.col("_now").isNull().alias("_deleted"))


def _valued(known: DataFrame, asset_daily: DataFrame) -> DataFrame:
    """Holdings and their value on every day since the first trade."""
    series = Window.partitionBy("portfolio", "asset").orderBy("day")
    begun = known.groupBy("portfolio", "asset").agg(F.min("day").alias("_begun"))
    own = F.when(F.col("exchange").isNull(), F.col("close"))  # as it was before there were others
    close = F.coalesce("close_account", own).cast("decimal(18,6)")
    so_far = Window.partitionBy("asset").orderBy("day")
    known_close = F.last(close, ignorenulls=True).over(so_far)  # also of days before the first trade
    days = asset_daily.select("asset", "day", known_close.alias("_close"))
    held = begun.join(days, "asset").where(F.col("day") >= F.col("_begun")).drop("_begun")
    every = held.join(known, list(KEYS), "left").withColumns(
        {
            "units_traded": _or_zero("units_traded", _UNITS),
            "traded": _or_zero("traded", _MONEY),
        }
    )
    summed = every.withColumn("units", F.sum("units_traded").over(series).cast(_UNITS))
    value = F.col("units").cast("decimal(20,6)") * F.col("_close")
    valued = summed.withColumn("market_value", F.round(value, 2).cast(_MONEY))
    is_first = F.row_number().over(series) == 1
    before = F.when(is_first, F.lit(0)).otherwise(F.lag("market_value").over(series))
    profit = F.col("market_value") - before - F.col("traded")
    return valued.withColumn("profit", profit.cast(_MONEY)).select(*KEYS, *VALUES)


def _day() -> Column:
    return F.to_date("traded_at").alias("day")


def _or_zero(column: str, kind: str) -> Column:
    return F.coalesce(F.col(column), F.lit(0)).cast(kind)
