"""gold.asset_daily: open, high, low and close of each asset and day, with what was traded."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.medallion.gold_market import COLUMNS
from assay.medallion.gold_touched import CHANGE, changed_groups

KEYS = ("asset", "day")
_OHLC = ("open", "high", "low", "close")


def touched_days(quotes: DataFrame, trades: DataFrame, *others: DataFrame) -> DataFrame:
    """The assets and days in which a quote or a trade came, changed or went.

    Args:
        quotes: Changelog of silver.quotes since the last run, or all its rows.
        trades: Changelog of silver.trades since the last run, or all its rows.
        others: Further days to make anew: asset, day.

    Returns:
        asset, day; each pair once.
    """
    changed = [
        _days(quotes, "quoted_at", ["price"]),
        _days(trades, "traded_at", ["customer_id", "quantity", "notional"]),
    ]
    return reduce(DataFrame.unionByName, (*changed, *others)).distinct()


def _days(rows: DataFrame, time: str, values: list[str]) -> DataFrame:
    if CHANGE in rows.columns:
        return changed_groups(rows, ["asset", time, *values], {"asset": F.col("asset"), "day": _day(time)})
    return rows.select("asset", _day(time))


def asset_daily(quotes: DataFrame, trades: DataFrame, market: DataFrame, touched: DataFrame) -> DataFrame:
    """The mart's rows of the touched days, from all quotes and trades of those days.

    Args:
        quotes: silver.quotes, the rows of those days at least.
        trades: silver.trades, likewise.
        market: As `gold_market.series` gives it.
        touched: `touched_days`.

    Returns:
        asset, day, open, high, low, close (decimal, of the day's quotes in order of time; where the asset has
        an exchange the chosen price; null without quotes), trades, volume (units of the asset), traded_value
        (money), customers (distinct), the other columns of `market`, and `_deleted`: a touched day that is no
        session and of which neither a quote nor a trade is left.
    """
    prices = (
        _of_days(quotes, "quoted_at", touched)
        .groupBy(*KEYS)
        .agg(
            F.min_by("price", "quoted_at").alias("open"),
            F.max("price").alias("high"),
            F.min("price").alias("low"),
            F.max_by("price", "quoted_at").alias("close"),
        )
    )
    traded = (
        _of_days(trades, "traded_at", touched)
        .groupBy(*KEYS)
        .agg(
            F.count(F.lit(1)).alias("trades"),
            F.sum("quantity").alias("volume"),
            F.sum("notional").alias("traded_value"),
            F.countDistinct("customer_id").alias("customers"),
        )
    )
    joined = touched
    for each in (prices, traded, market):
        joined = joined.join(each, list(KEYS), "left")
    return joined.select(
        *KEYS,
        *(F.coalesce(F.col("price").cast("decimal(18,4)"), each).alias(each) for each in _OHLC),
        _or_zero("trades", "bigint"),
        _or_zero("volume", "decimal(38,6)"),
        _or_zero("traded_value", "decimal(38,2)"),
        _or_zero("customers", "bigint"),
        F.coalesce("close_account", F.col("close").cast("decimal(18,6)")).alias("close_account"),
        *(name for name in COLUMNS if name not in {"price", "close_account"}),
        F.coalesce("open", "trades", F.col("is_session").cast("int")).isNull().alias("_deleted"),
    )


def _of_days(rows: DataFrame, time: str, days: DataFrame) -> DataFrame:
    return rows.withColumn("day", F.to_date(time)).join(days, list(KEYS), "left_semi")


def _day(time: str) -> Column:
    return F.to_date(time).alias("day")


def _or_zero(column: str, kind: str) -> Column:
    return F.coalesce(F.col(column), F.lit(0)).cast(kind).alias(column)
