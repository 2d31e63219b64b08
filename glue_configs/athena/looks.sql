-- How did every estimate move from look to look, and how much did its interval narrow?
SELECT
    experiment, metric, contrast, method, as_of,
    n_control + n_treatment AS units,
    estimate, lower, upper,
    estimate - lag(estimate) OVER looks AS moved,
    (upper - lower) / nullif(lag(upper - lower) OVER looks, 0e0) AS narrowed_to,
    decision
FROM gold.experiment_results
WHERE segment = 'all'
WINDOW looks AS (PARTITION BY experiment, metric, contrast, method ORDER BY as_of)
ORDER BY experiment, metric, contrast, method, as_of
