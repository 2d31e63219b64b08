-- Difference of two ratios of sums by the delta method: p-value and interval from moments.
-- Reads: n, mean_y, m2_y, mean_d, m2_d and c_yd of each arm, with _control or _treatment behind, and alpha.
-- Adds: mean_control and mean_treatment (the ratios), estimate, std_error, df, statistic, p_value, lower, upper.
-- The method `ratio_delta`: Welch's t on the residuals y - ratio * d.
WITH ratio_values AS (
    SELECT
        *,
        mean_y_control / nullif(mean_d_control, 0e0) AS mean_control,
        mean_y_treatment / nullif(mean_d_treatment, 0e0) AS mean_treatment
    FROM {{relation}}
),
ratio_residuals AS (
    SELECT
        *,
        (m2_y_control - 2e0 * mean_control * c_yd_control + mean_control * mean_control * m2_d_control)
            / nullif(mean_d_control * mean_d_control, 0e0) AS m2_control,
        (m2_y_treatment - 2e0 * mean_treatment * c_yd_treatment + mean_treatment * mean_treatment * m2_d_treatment)
            / nullif(mean_d_treatment * mean_d_treatment, 0e0) AS m2_treatment
    FROM ratio_values
)
SELECT * FROM {{difference_of_means(ratio_residuals)}}
