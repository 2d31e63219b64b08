-- What does Welch's t say of every mean at the newest look, from the moments alone?
WITH looks AS (
    SELECT *, rank() OVER (PARTITION BY experiment ORDER BY as_of DESC) AS age
    FROM gold.metric_moments
    WHERE segment = 'all'
),
arms AS (
    SELECT
        treated.experiment, treated.metric, treated.as_of, treated.arm,
        control.n AS n_control, control.mean_y AS mean_control, control.m2_y AS m2_control,
        treated.n AS n_treatment, treated.mean_y AS mean_treatment, treated.m2_y AS m2_treatment,
        0.05e0 AS alpha
    FROM looks AS control
    INNER JOIN looks AS treated
        ON treated.experiment = control.experiment
        AND treated.metric = control.metric
        AND treated.as_of = control.as_of
    WHERE control.age = 1 AND control.arm = 'control' AND treated.arm <> 'control' AND control.m2_d = 0e0
)
SELECT
    experiment, metric, arm, as_of, n_control, n_treatment, mean_control, mean_treatment,
    estimate, lower, upper, p_value
FROM {{difference_of_means(arms)}}
ORDER BY experiment, metric, arm
