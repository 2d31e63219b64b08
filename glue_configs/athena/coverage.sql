-- How often do the intervals of each look hold the planted truth, within the Monte-Carlo band of so many results?
WITH counted AS (
    SELECT
        as_of, method, count(*) AS n, count_if(covered) AS successes, 1e0 - avg(alpha) AS promised, 0.05e0 AS alpha
    FROM gold.experiment_results
    WHERE segment = 'all' AND covered IS NOT NULL
    GROUP BY as_of, method
)
SELECT
    as_of, method, n AS results, successes AS covered, promised,
    share AS coverage, share_lower AS coverage_lower, share_upper AS coverage_upper,
    promised BETWEEN share_lower AND share_upper AS as_promised
FROM {{share(counted)}}
ORDER BY as_of DESC, method
