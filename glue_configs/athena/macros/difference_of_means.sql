-- Difference of two means by Welch's t: p-value and interval from moments.
-- Reads: n_control, mean_control, m2_control, n_treatment, mean_treatment, m2_treatment, alpha.
-- Adds: estimate, std_error, df, statistic, p_value, lower, upper.
-- m2 is the sum of squared deviations from the mean. The method `welch`; without a variance all but the estimate is NULL.
WITH welch_variances AS (
    SELECT
        *,
        m2_control / nullif(n_control - 1, 0) / n_control AS variance_control,
        m2_treatment / nullif(n_treatment - 1, 0) / n_treatment AS variance_treatment
    FROM {{relation}}
),
welch_pivots AS (
    SELECT
        *,
        mean_treatment - mean_control AS estimate,
        sqrt(nullif(variance_control + variance_treatment, 0e0)) AS std_error,
        (variance_control + variance_treatment) * (variance_control + variance_treatment)
            / nullif(variance_control * variance_control / nullif(n_control - 1, 0)
                + variance_treatment * variance_treatment / nullif(n_treatment - 1, 0), 0e0) AS df,
        (mean_treatment - mean_control) / sqrt(nullif(variance_control + variance_treatment, 0e0)) AS statistic
    FROM welch_variances
)
SELECT *, estimate - quantile * std_error AS lower, estimate + quantile * std_error AS upper
FROM {{student_t(welch_pivots)}}
