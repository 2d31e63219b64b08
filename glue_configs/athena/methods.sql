-- Which methods can be trusted with each of our metrics, and which of them finds most?
WITH measured AS (
    SELECT *, rank() OVER (PARTITION BY metric, method ORDER BY as_of DESC) AS age
    FROM gold.certificates
    WHERE kind = 're-randomised'
)
SELECT
    metric, method, verdict, type_i_error, lower, upper, alpha, coverage, lift, power, power_lower, power_upper,
    rank() OVER (PARTITION BY metric ORDER BY CASE WHEN verdict = 'liberal' THEN 1 ELSE 0 END, power DESC, method) AS place
FROM measured
WHERE age = 1
ORDER BY metric, place
