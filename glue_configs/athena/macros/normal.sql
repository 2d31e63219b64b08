-- Two-sided p-value of a standard normal statistic.
-- Reads: z.
-- Adds: p_value.
-- Up to |z| = 4 Hart (1968), rational approximation 5666, beyond it Laplace's continued fraction: 12 digits, also far out, where `normal_cdf` has none.
WITH z_sizes AS (
    SELECT *, abs(z) AS z_abs FROM {{relation}}
)
SELECT
    *,
    exp(-z_abs * z_abs / 2e0) * CASE WHEN z_abs <= 4e0
        THEN 2e0 * ((((((0.0352624965998911e0 * z_abs + 0.700383064443688e0) * z_abs + 6.37396220353165e0) * z_abs
                + 33.912866078383e0) * z_abs + 112.079291497871e0) * z_abs + 221.213596169931e0) * z_abs
                + 220.206867912376e0)
            / (((((((0.0883883476483184e0 * z_abs + 1.75566716318264e0) * z_abs + 16.064177579207e0) * z_abs
                + 86.7807322029461e0) * z_abs + 296.564248779674e0) * z_abs + 637.333633378831e0) * z_abs
                + 793.826512519948e0) * z_abs + 440.413735824752e0)
        ELSE sqrt(2e0 / pi()) / (z_abs + 1e0 / (z_abs + 2e0 / (z_abs + 3e0 / (z_abs + 4e0 / (z_abs + 5e0 / (z_abs + 6e0 /
            (z_abs + 7e0 / (z_abs + 8e0 / (z_abs + 9e0 / (z_abs + 10e0 / (z_abs + 11e0 / (z_abs + 12e0
            / (z_abs + 13e0 / (z_abs + 14e0 / (z_abs + 15e0 / (z_abs + 16e0 / (z_abs + 17e0 / (z_abs +
            18e0 / (z_abs + 19e0 / (z_abs + 20e0 / z_abs)))))))))))))))))))) END AS p_value
FROM z_sizes
