-- How did every asset do in every week: its return, its range and what was traded?
WITH weeks AS (
    SELECT
        asset,
        date_trunc('week', day) AS week,
        CAST(min_by(open, day) AS double) AS first_price,
        CAST(max_by(close, day) AS double) AS last_price,
        exp(sum(log_return)) - 1 AS market_return,
        min(low) AS low,
        max(high) AS high,
        sum(trades) AS trades,
        sum(traded_value) AS traded_value
    FROM gold.asset_daily
    WHERE open IS NOT NULL AND close IS NOT NULL
    GROUP BY asset, date_trunc('week', day)
)
SELECT
    week,
    asset,
    coalesce(market_return, last_price / first_price - 1) AS week_return, -- whatever was split
    low,
    high,
    trades,
    traded_value
FROM weeks
ORDER BY week DESC, traded_value DESC, asset
