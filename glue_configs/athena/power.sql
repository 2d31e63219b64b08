-- Where an effect is planted: how often is it found at the end, with its Monte-Carlo band, and how exaggerated?
WITH planted AS (
    SELECT
        metric, method, count(*) AS n, count_if(p_value < alpha_corrected) AS successes, 0.05e0 AS alpha,
        avg(relative_truth) AS planted_lift, avg(relative_estimate) AS found_lift,
        count_if(error_kind = 'type S') AS wrong_sign,
        avg(CASE WHEN p_value < alpha_corrected THEN abs(estimate / truth) END) AS exaggeration
    FROM gold.experiment_results
    WHERE final AND segment = 'all' AND truth <> 0e0 AND p_value IS NOT NULL
    GROUP BY metric, method
)
SELECT
    metric, method, n AS results, successes AS detected, planted_lift, found_lift,
    share AS power, share_lower AS power_lower, share_upper AS power_upper, wrong_sign, exaggeration
FROM {{share(planted)}}
ORDER BY metric, method
