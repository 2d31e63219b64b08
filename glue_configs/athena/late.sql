-- How many trades came with a later week's load than their own, how late, and what were they worth?
WITH loads AS (
    SELECT run_id, max(week) AS week
    FROM gold.runs
    WHERE job LIKE '%bronze'
    GROUP BY run_id
)
SELECT
    loads.week,
    count(*) AS trades,
    count_if(CAST(trades.traded_at AS date) < loads.week) AS late,
    count_if(CAST(trades.traded_at AS date) < loads.week) * 1e0 / count(*) AS late_share,
    sum(trades.notional) FILTER (WHERE CAST(trades.traded_at AS date) < loads.week) AS late_notional,
    max(date_diff('day', CAST(trades.traded_at AS date), loads.week)) AS most_days
FROM bronze.trades AS trades
INNER JOIN loads ON loads.run_id = trades._run_id
WHERE trades._op = 'I'
GROUP BY loads.week
ORDER BY loads.week DESC
