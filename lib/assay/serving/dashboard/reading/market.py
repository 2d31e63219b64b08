"""What the page *Market* shows: assets, their days, and what customers hold of them."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from assay.serving.dashboard.reading import Query, rows
from assay.serving.quoting import quoted

_ASSETS = """
SELECT asset, max(exchange) AS exchange, max(currency) AS currency, max(day) AS day,
       CAST(max_by(close, day) FILTER (WHERE close IS NOT NULL) AS double) AS close,
       CAST(sum(traded_value) AS double) AS traded_value, sum(trades) AS trades,
       max_by(volatility_20, day) FILTER (WHERE volatility_20 IS NOT NULL) AS volatility,
       count_if(cardinality(dissenting) > 0) AS disputed
FROM gold.asset_daily
GROUP BY asset
ORDER BY traded_value DESC, asset
"""
_DAYS = """
SELECT asset, day, CAST(open AS double) AS open, CAST(high AS double) AS high, CAST(low AS double) AS low,
       CAST(close AS double) AS close, CAST(adjusted_close AS double) AS adjusted_close, trades,
       CAST(traded_value AS double) AS traded_value, customers
FROM gold.asset_daily
WHERE asset IN ({assets})
ORDER BY asset, day
"""
_DISSENT = """
SELECT asset, day, CAST(close AS double) AS close, currency, array_join(sources, ', ') AS sources,
       array_join(dissenting, ', ') AS dissenting, spread
FROM gold.asset_daily
WHERE cardinality(dissenting) > 0
ORDER BY spread DESC, asset, day
"""
_PORTFOLIOS = """
SELECT portfolio, day, CAST(sum(market_value) AS double) AS market_value,
       CAST(sum(profit) AS double) AS profit, CAST(sum(traded) AS double) AS traded
FROM gold.portfolio_daily
GROUP BY portfolio, day
ORDER BY portfolio, day
"""


def assets(query: Query) -> pd.DataFrame:
    """Every asset with its newest price, the most traded first.

    Args:
        query: Answers SQL.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    return rows(query, _ASSETS)


def days(query: Query, assets: Collection[str]) -> pd.DataFrame:
    """Prices and trade of some assets, day by day.

    Args:
        query: Answers SQL.
        assets: Their tickers; none gives no rows.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    if not assets:
        return pd.DataFrame()
    named = ", ".join(quoted(each) for each in sorted(assets))
    return rows(query, _DAYS.format(assets=named))


def dissent(query: Query) -> pd.DataFrame:
    """The days on which sources do not agree on a price, the furthest apart first.

    Args:
        query: Answers SQL.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    return rows(query, _DISSENT)


def portfolios(query: Query) -> pd.DataFrame:
    """What the customers of each country hold, day by day, in currency of account.

    Args:
        query: Answers SQL.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    return rows(query, _PORTFOLIOS)
