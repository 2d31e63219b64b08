-- Which experiments cannot be trusted at their latest look, and why?
WITH looks AS (
    SELECT *, rank() OVER (PARTITION BY experiment ORDER BY as_of DESC) AS age
    FROM gold.experiment_health
)
SELECT experiment, as_of, "check", status, value, p_value, detail
FROM looks
WHERE age = 1 AND status <> 'ok'
ORDER BY status, experiment, "check"
