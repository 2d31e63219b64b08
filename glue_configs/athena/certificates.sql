-- Which methods do not keep the promised error rate on our metrics, and what should be used instead?
WITH measured AS (
    SELECT *, rank() OVER (PARTITION BY method, metric ORDER BY as_of DESC) AS age
    FROM gold.certificates
    WHERE metric IS NOT NULL
)
SELECT
    metric, method, verdict, alpha, type_i_error, lower, upper, replicates,
    n_control, n_treatment, coverage, power, lift, as_of, recommendation
FROM measured
WHERE age = 1 AND verdict <> 'holds'
ORDER BY metric, type_i_error DESC, method
