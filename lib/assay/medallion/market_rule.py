"""Which price holds where sources disagree.

The rule: of three or more sources that quote an asset on a day, the median (of an even number the lower of
the two in the middle, so that it is always a price that somebody said); of fewer, the one that comes first in
`ORDER`. Sources that do not stand there come after, by name. Whoever is further than `TOLERANCE` from the
chosen price is dissenting, and named.
"""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

ORDER = ("closes_api", "closes_legacy", "closes_page")
"""Whom to believe where there is no majority: the page rounds, the old database slips."""
MAJORITY = 3
TOLERANCE = Decimal("0.005")
"""Relative distance from the chosen price."""


def chosen(quotes: DataFrame) -> DataFrame:
    """One price per asset and day.

    Args:
        quotes: silver.market_quotes.

    Returns:
        asset, day, exchange, currency (of the first source), price, sources (who spoke, in order), dissenting
        (who of them disagrees) and spread (largest less smallest price, relative to the chosen one).
    """
    word = F.struct(_rank().alias("rank"), "source", "price", "exchange", "currency")
    words = quotes.groupBy("asset", "day").agg(F.sort_array(F.collect_list(word)).alias("_words"))
    judged = words.withColumn("_prices", F.array_sort(F.col("_words.price"))).withColumn("price", _price())
    return judged.select(
        "asset",
        "day",
        F.col("_words")[0]["exchange"].alias("exchange"),
        F.col("_words")[0]["currency"].alias("currency"),
        "price",
        F.col("_words.source").alias("sources"),
        F.expr(_DISSENTING).alias("dissenting"),
        (
            (F.element_at("_prices", -1) - F.element_at("_prices", 1)).cast("double")
            / F.col("price").cast("double")
        ).alias("spread"),
    )


_DISSENTING = (
    "transform(filter(_words, word -> abs(word.price - price) > "
    f"cast({TOLERANCE} as decimal(9,6)) * price), word -> word.source)"
)


def _rank() -> Column:
    known = ", ".join(f"'{each}'" for each in ORDER)
    return F.expr(f"coalesce(nullif(array_position(array({known}), source), 0), {len(ORDER) + 1})")


def _price() -> Column:
    middle = F.expr("_prices[cast((size(_prices) - 1) div 2 as int)]")
    return F.when(F.size("_words") >= MAJORITY, middle).otherwise(F.col("_words")[0]["price"])
