-- How often do the canaries of each week raise a false alarm, against the promised rate and its Monte-Carlo band?
WITH nulls AS (
    SELECT
        as_of, method, count(*) AS n, count_if(p_value < alpha) AS successes, avg(alpha) AS promised, 0.05e0 AS alpha
    FROM gold.experiment_results
    WHERE experiment LIKE 'canary%' AND final AND segment = 'all' AND truth = 0e0 AND p_value IS NOT NULL
    GROUP BY as_of, method
)
SELECT
    as_of, method, n AS results, successes AS false_alarms, promised,
    share AS type_i_error, share_lower AS type_i_lower, share_upper AS type_i_upper,
    promised BETWEEN share_lower AND share_upper AS as_promised
FROM {{share(nulls)}}
ORDER BY as_of DESC, method
