-- Which assets were traded most, by whom, and what did each return since its first day?
SELECT
    asset,
    sum(traded_value) AS traded_value,
    sum(trades) AS trades,
    CAST(sum(traded_value) AS double) / nullif(sum(trades), 0) AS value_per_trade,
    max(customers) AS most_customers_a_day,
    CAST(max_by(close, day) FILTER (WHERE close IS NOT NULL) AS double)
        / nullif(CAST(min_by(open, day) FILTER (WHERE open IS NOT NULL) AS double), 0e0) - 1 AS whole_return,
    min(low) AS low,
    max(high) AS high
FROM gold.asset_daily
GROUP BY asset
ORDER BY traded_value DESC, asset
