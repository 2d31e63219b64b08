-- How far is every running experiment from its end, and what effect could it find by now?
WITH looks AS (
    SELECT
        experiment, metric, contrast, as_of, final, n_control + n_treatment AS units,
        relative_estimate, mde / nullif(abs(mean_control), 0e0) AS relative_mde,
        rank() OVER (PARTITION BY experiment ORDER BY as_of DESC) AS age
    FROM gold.experiment_results
    WHERE segment = 'all'
),
starts AS (
    SELECT experiment, CAST(date_trunc('week', min(exposed_at)) AS date) AS first_week
    FROM silver.exposures
    GROUP BY experiment
),
documents AS (
    SELECT document, rank() OVER (ORDER BY number DESC) AS age FROM silver.blueprints
),
plans AS (
    SELECT
        starts.experiment,
        date_add('day', 7 * CAST(json_extract_scalar(
            documents.document, '$.experiments.' || split_part(starts.experiment, '.', 1) || '.weeks'
        ) AS bigint), starts.first_week) AS planned_end
    FROM starts
    CROSS JOIN documents
    WHERE documents.age = 1
)
SELECT
    looks.experiment, looks.metric, looks.contrast, looks.as_of, plans.planned_end,
    date_diff('day', looks.as_of, plans.planned_end) / 7 AS weeks_left,
    looks.units, looks.relative_estimate, looks.relative_mde,
    -- the effect that can be found shrinks with the root of the units
    round(looks.units * looks.relative_mde * looks.relative_mde / 0.0025e0) AS units_for_five_percent
FROM looks
LEFT JOIN plans ON plans.experiment = looks.experiment
WHERE looks.age = 1 AND NOT looks.final
ORDER BY looks.experiment, looks.metric, looks.contrast
