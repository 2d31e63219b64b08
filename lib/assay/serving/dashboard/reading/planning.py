"""What the page *Plan* asks, to start from metrics as they were measured."""

from __future__ import annotations

from typing import Final

MEASURED: Final = """
WITH controls AS (
    SELECT DISTINCT experiment, control FROM gold.experiment_results WHERE experiment NOT LIKE 'canary%'
),
looks AS (
    SELECT
        moments.metric, moments.experiment, moments.as_of, moments.n, moments.mean_y AS mean,
        sqrt(moments.m2_y / moments.n) AS sd,
        rank() OVER (
            PARTITION BY moments.metric ORDER BY moments.as_of DESC, moments.n DESC, moments.experiment
        ) AS age
    FROM gold.metric_moments AS moments
    INNER JOIN controls ON controls.experiment = moments.experiment AND controls.control = moments.arm
    WHERE moments.segment = 'all' AND moments.m2_d = 0e0 AND moments.n > 1
)
SELECT metric, experiment, as_of, n, mean, sd
FROM looks
WHERE age = 1
ORDER BY metric
"""
"""Mean and standard deviation of every metric that is no ratio, in the newest and largest control arm."""
