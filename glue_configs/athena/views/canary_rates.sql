-- How often each method was right about the canaries so far: false alarms where nothing is planted, intervals that hold.
WITH counted AS (
    SELECT
        method,
        metric,
        count(*) AS results,
        count_if(truth = 0e0) AS nulls,
        count_if(truth = 0e0 AND p_value < alpha) AS successes,
        count_if(covered) AS covered,
        count_if(truth = 0e0) AS n,
        max(alpha) AS alpha
    FROM gold.experiment_results
    WHERE experiment LIKE 'canary%' AND final AND segment = 'all' AND truth IS NOT NULL
    GROUP BY method, metric
)
SELECT
    method, metric, results, nulls, successes AS false_alarms,
    share AS type_i_error, share_lower AS type_i_lower, share_upper AS type_i_upper,
    covered * 1e0 / results AS coverage, 1e0 - alpha AS coverage_promised
FROM {{share(counted)}}
