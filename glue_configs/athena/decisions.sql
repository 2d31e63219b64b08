-- What does every experiment say at its latest look, and how often does its method call a null different?
WITH looks AS (
    SELECT *, rank() OVER (PARTITION BY experiment ORDER BY as_of DESC) AS age
    FROM gold.experiment_results
    WHERE segment = 'all'
)
SELECT
    experiment, metric, contrast, method, as_of, final, decision, decided,
    relative_estimate, relative_lower, relative_upper, p_value, alpha_corrected,
    type_i_error, type_i_lower, type_i_upper
FROM looks
WHERE age = 1
ORDER BY experiment, metric, contrast, method
