-- How much of the traded value comes from the biggest customers?
WITH totals AS (
    SELECT customer_id, sum(notional) AS traded_value, count(*) AS trades
    FROM silver.trades
    GROUP BY customer_id
),
ranked AS (
    SELECT traded_value, trades, ntile(100) OVER (ORDER BY traded_value DESC, customer_id) AS hundredth
    FROM totals
)
SELECT
    hundredth AS biggest_percent,
    count(*) AS customers,
    sum(trades) AS trades,
    sum(traded_value) AS traded_value,
    sum(CAST(sum(traded_value) AS double)) OVER (ORDER BY hundredth)
        / sum(CAST(sum(traded_value) AS double)) OVER () AS share_so_far
FROM ranked
WHERE hundredth > 0
GROUP BY hundredth
ORDER BY hundredth
LIMIT 20
