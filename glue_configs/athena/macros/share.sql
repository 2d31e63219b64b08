-- One share of successes with Wilson's interval.
-- Reads: successes, n, alpha.
-- Adds: share, share_lower, share_upper.
-- Wilson (1927). As the band of a simulated rate this is its Monte-Carlo interval.
WITH wilson_parts AS (
    SELECT
        *,
        successes * 1e0 / nullif(n, 0) AS share,
        inverse_normal_cdf(0e0, 1e0, 1e0 - alpha / 2e0) * inverse_normal_cdf(0e0, 1e0, 1e0 - alpha / 2e0)
            / nullif(n, 0) AS wilson_zz
    FROM {{relation}}
),
wilson_halves AS (
    SELECT
        *,
        (share + wilson_zz / 2e0) / (1e0 + wilson_zz) AS wilson_centre,
        sqrt(wilson_zz * (share * (1e0 - share) + wilson_zz / 4e0)) / (1e0 + wilson_zz) AS wilson_half
    FROM wilson_parts
)
SELECT
    *,
    greatest(wilson_centre - wilson_half, 0e0) AS share_lower,
    least(wilson_centre + wilson_half, 1e0) AS share_upper
FROM wilson_halves
