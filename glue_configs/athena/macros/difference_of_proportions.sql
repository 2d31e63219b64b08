-- Difference of two proportions: p-value and interval from counts, with one more success and failure in each arm.
-- Reads: successes_control, n_control, successes_treatment, n_treatment, alpha.
-- Adds: estimate, std_error, statistic, p_value, lower, upper.
-- The method `agresti_caffo`, near its level from ten units an arm on; `proportions_score` has no closed form.
WITH caffo_shares AS (
    SELECT
        *,
        (successes_control + 1e0) / (n_control + 2) AS share_control,
        (successes_treatment + 1e0) / (n_treatment + 2) AS share_treatment
    FROM {{relation}}
),
caffo_errors AS (
    SELECT
        *,
        successes_treatment * 1e0 / nullif(n_treatment, 0) - successes_control * 1e0 / nullif(n_control, 0) AS estimate,
        sqrt(share_control * (1e0 - share_control) / (n_control + 2)
            + share_treatment * (1e0 - share_treatment) / (n_treatment + 2)) AS std_error,
        -inverse_normal_cdf(0e0, 1e0, alpha / 2e0) AS quantile
    FROM caffo_shares
),
caffo_pivots AS (
    SELECT *, (share_treatment - share_control) / std_error AS z FROM caffo_errors
)
SELECT
    *,
    z AS statistic,
    share_treatment - share_control - quantile * std_error AS lower,
    share_treatment - share_control + quantile * std_error AS upper
FROM {{normal(caffo_pivots)}}
