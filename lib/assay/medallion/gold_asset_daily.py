"""gold.asset_daily: open, high, low and close of each asset and day, with what was traded."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.medallion.gold_touched import net_changes

KEYS = ("asset", "day")


def touched_days(quotes: DataFrame, trades: DataFrame) -> DataFrame:
    """The assets and days in which a quote or a trade came, changed or went.

    Args:
        quotes: Changelog of silver.quotes since the last run, or all its rows.
        trades: Changelog of silver.trades since the last run, or all its rows.

    Returns:
        asset, day; each pair once.
    """
    changed = [
        _days(quotes, "quoted_at", ["price"]),
        _days(trades, "traded_at", ["customer_id", "quantity", "notional"]),
    ]
    return reduce(DataFrame.unionByName, changed).distinct()


def _days(rows: DataFrame, time: str, values: list[str]) -> DataFrame:
    if "_change_type" in rows.columns:
        rows = net_changes(rows, ["asset", time, *values])
    return rows.select("asset", _day(time))


def asset_daily(quotes: DataFrame, trades: DataFrame, touched: DataFrame) -> DataFrame:
    """The mart's rows of the touched days, from all quotes and trades of those days.

    Args:
        quotes: silver.quotes.
        trades: silver.trades.
        touched: `touched_days`.

    Returns:
        asset, day, open, high, low, close (decimal, of the day's quotes in order of time; null without
        quotes), trades, volume (units of the asset), traded_value (money), customers (distinct), and
        `_deleted`: a touched day of which neither a quote nor a trade is left.
    """
    days = F.broadcast(touched)
    prices = (
        _of_days(quotes, "quoted_at", days)
        .groupBy(*KEYS)
        .agg(
            F.min_by("price", "quoted_at").alias("open"),
            F.max("price").alias("high"),
            F.min("price").alias("low"),
            F.max_by("price", "quoted_at").alias("close"),
        )
    )
    traded = (
        _of_days(trades, "traded_at", days)
        .groupBy(*KEYS)
        .agg(
            F.count(F.lit(1)).alias("trades"),
            F.sum("quantity").alias("volume"),
            F.sum("notional").alias("traded_value"),
            F.countDistinct("customer_id").alias("customers"),
        )
    )
    joined = touched.join(prices, list(KEYS), "left").join(traded, list(KEYS), "left")
    return joined.select(
        *KEYS,
        "open",
        "high",
        "low",
        "close",
        _or_zero("trades", "bigint"),
        _or_zero("volume", "decimal(38,6)"),
        _or_zero("traded_value", "decimal(38,2)"),
        _or_zero("customers", "bigint"),
        (F.col("open").isNull() & F.col("trades").isNull()).alias("_deleted"),
    )


def _of_days(rows: DataFrame, time: str, days: DataFrame) -> DataFrame:
    return rows.withColumn("day", F.to_date(time)).join(days, list(KEYS), "left_semi")


def _day(time: str) -> Column:
    return F.to_date(time).alias("day")


def _or_zero(column: str, kind: str) -> Column:
    return F.coalesce(F.col(column), F.lit(0)).cast(kind).alias(column)
