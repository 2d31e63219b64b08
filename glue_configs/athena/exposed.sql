-- How many units did every experiment expose in each arm, since when, and how many saw more than one arm?
SELECT
    experiment,
    arm,
    count(*) AS units,
    count_if(multi_arm) AS multi_arm,
    count_if(multi_arm) * 1e0 / count(*) AS multi_arm_share,
    sum(exposures) AS exposures,
    min(exposed_at) AS first_exposed_at,
    max(exposed_at) AS last_exposed_at
FROM silver.exposures
GROUP BY experiment, arm
ORDER BY experiment, arm
