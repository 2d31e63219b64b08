-- Where the truth is planted: how often did each method's final interval hold it, and which errors were made?
SELECT
    method,
    metric,
    count(*) AS results,
    avg(CASE WHEN covered THEN 1e0 ELSE 0e0 END) AS coverage,
    1 - avg(alpha) AS coverage_promised,
    count_if(error_kind = 'type I') AS type_i,
    count_if(error_kind = 'type II') AS type_ii,
    count_if(error_kind = 'type S') AS type_s,
    avg(estimate - truth) AS bias
FROM gold.experiment_results
WHERE final AND segment = 'all' AND truth IS NOT NULL AND covered IS NOT NULL
GROUP BY method, metric
ORDER BY coverage, method, metric
