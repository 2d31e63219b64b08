-- What did one result and one million rows cost, week by week?
WITH spent AS (
    SELECT week, sum(dollars) AS dollars, sum(rows_in) AS rows_in FROM gold.runs GROUP BY week
),
results AS (
    SELECT date_add('day', -7, as_of) AS week, count(*) AS results FROM gold.experiment_results GROUP BY as_of
)
SELECT
    spent.week, spent.dollars, spent.rows_in, results.results,
    spent.dollars / nullif(results.results, 0) AS dollars_per_result,
    spent.dollars * 1e6 / nullif(spent.rows_in, 0) AS dollars_per_million_rows
FROM spent
LEFT JOIN results ON results.week = spent.week
ORDER BY spent.week DESC
