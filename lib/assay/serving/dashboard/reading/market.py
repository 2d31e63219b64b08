"""What the page *Market* asks: assets, their days, and what customers hold of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from assay.serving.quoting import quoted

ASSETS: Final = """
SELECT asset, max(exchange) AS exchange, max(currency) AS currency, max(day) AS day,
       CAST(max_by(close, day) FILTER (WHERE close IS NOT NULL) AS double) AS close,
       CAST(sum(traded_value) AS double) AS traded_value, sum(trades) AS trades,
       max_by(volatility_20, day) FILTER (WHERE volatility_20 IS NOT NULL) AS volatility,
       count_if(cardinality(dissenting) > 0) AS disputed
FROM gold.asset_daily
GROUP BY asset
ORDER BY traded_value DESC, asset
"""
"""Every asset with its newest price, the most traded first."""
DISSENT: Final = """
SELECT asset, day, CAST(close AS double) AS close, currency, array_join(sources, ', ') AS sources,
       array_join(dissenting, ', ') AS dissenting, spread
FROM gold.asset_daily
WHERE cardinality(dissenting) > 0
ORDER BY spread DESC, asset, day
"""
"""The days on which sources do not agree on a price, the furthest apart first."""
PORTFOLIOS: Final = """
SELECT portfolio, day, CAST(sum(market_value) AS double) AS market_value,
       CAST(sum(profit) AS double) AS profit, CAST(sum(traded) AS double) AS traded
FROM gold.portfolio_daily
GROUP BY portfolio, day
ORDER BY portfolio, day
"""
"""What the customers of each country hold, day by day, in currency of account."""
_DAYS = """
SELECT asset, day, CAST(open AS double) AS open, CAST(high AS double) AS high, CAST(low AS double) AS low,
       CAST(close AS double) AS close, CAST(adjusted_close AS double) AS adjusted_close, trades,
       CAST(traded_value AS double) AS traded_value, customers
FROM gold.asset_daily
WHERE asset IN ({assets})
ORDER BY asset, day
"""


def days(assets: Collection[str]) -> str:
    """Prices and trade of some assets, day by day.

    Args:
        assets: Their tickers; none gives no rows.
    """
    return _DAYS.format(assets=", ".join(quoted(each) for each in sorted(assets)) or "NULL")
