-- The newest moment that every table tells of, and how many days it lies before the end of the newest week worked on.
WITH newest AS (
    SELECT 'silver.trades' AS table_name, CAST(max(traded_at) AS date) AS newest FROM silver.trades
    UNION ALL SELECT 'silver.quotes', CAST(max(quoted_at) AS date) FROM silver.quotes
    UNION ALL SELECT 'silver.exposures', CAST(max(exposed_at) AS date) FROM silver.exposures
    UNION ALL SELECT 'gold.asset_daily', max(day) FROM gold.asset_daily
    UNION ALL SELECT 'gold.unit_metrics', date_add('day', 6, max(period)) FROM gold.unit_metrics
    UNION ALL SELECT 'gold.metric_moments', date_add('day', -1, max(as_of)) FROM gold.metric_moments
    UNION ALL SELECT 'gold.experiment_results', date_add('day', -1, max(as_of)) FROM gold.experiment_results
    UNION ALL SELECT 'gold.experiment_health', date_add('day', -1, max(as_of)) FROM gold.experiment_health
    UNION ALL SELECT 'gold.certificates', date_add('day', -1, max(as_of)) FROM gold.certificates
    UNION ALL SELECT 'gold.reconciliation', date_add('day', 6, max(week)) FROM gold.reconciliation
),
worked AS (
    SELECT date_add('day', 6, max(week)) AS last_day FROM gold.runs
)
SELECT newest.table_name, newest.newest, date_diff('day', newest.newest, worked.last_day) AS days_behind
FROM newest
CROSS JOIN worked
