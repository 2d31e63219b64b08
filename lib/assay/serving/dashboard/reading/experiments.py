"""What the page *Experiments* asks: all comparisons at their newest look, and one experiment whole."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from assay.serving.quoting import quoted

RESULTS: Final = """
WITH looks AS (
    SELECT *, rank() OVER (PARTITION BY experiment, metric, contrast, method ORDER BY as_of DESC) AS age
    FROM gold.experiment_results
    WHERE segment = 'all'
)
SELECT experiment, as_of, metric, contrast, method, n_control, n_treatment, estimate, lower, upper, p_value,
       alpha, decision, srm, type_i_error, truth, error_kind
FROM looks
WHERE age = 1
ORDER BY experiment, metric, contrast, method
"""
"""The newest look of every comparison, whether it has decided or not, by experiment, metric and contrast."""
_LOOKS = """
SELECT as_of, metric, contrast, method, control, treatment, n_control, n_treatment, mean_control,
       mean_treatment, estimate, lower, upper, p_value, relative_estimate, relative_lower, relative_upper,
       alpha, alpha_corrected, probability_greater, decision, decided, srm, final, certificate_id,
       type_i_error, type_i_lower, type_i_upper, truth, relative_truth, covered, error_kind
FROM gold.experiment_results
WHERE experiment = {experiment} AND segment = 'all'
ORDER BY metric, contrast, method, as_of
"""
_SEGMENTS = """
WITH looks AS (
    SELECT *, rank() OVER (ORDER BY as_of DESC) AS age
    FROM gold.experiment_results
    WHERE experiment = {experiment}
)
SELECT as_of, metric, contrast, method, segment, n_control, n_treatment, estimate, lower, upper, p_value,
       alpha_corrected, decision, truth
FROM looks
WHERE age = 1 AND segment <> 'all'
ORDER BY metric, contrast, method, segment
"""
_HEALTH = """
WITH looks AS (
    SELECT *, rank() OVER (ORDER BY as_of DESC) AS age
    FROM gold.experiment_health
    WHERE experiment = {experiment}
)
SELECT "check", status, value, p_value, detail, as_of
FROM looks
WHERE age = 1
ORDER BY CASE status WHEN 'fail' THEN 1 WHEN 'warn' THEN 2 ELSE 3 END, "check"
"""
_CERTIFICATES = """
SELECT certificate_id, metric, method, verdict, replicates, alpha, type_i_error, lower, upper, lift, power,
       power_lower, power_upper, coverage, coverage_lower, coverage_upper, recommendation
FROM gold.certificates
WHERE certificate_id IN ({ids})
ORDER BY metric, method
"""
_TOTALS = """
WITH units AS (
    SELECT measure, arm, unit, sum(total) AS total
    FROM gold.unit_metrics
    WHERE experiment = {experiment}
    GROUP BY measure, arm, unit
),
placed AS (
    SELECT measure, arm, total, ntile({parts}) OVER (PARTITION BY measure, arm ORDER BY total) AS part
    FROM units
    WHERE total <> 0e0
)
SELECT measure, arm, part, count(*) AS units, max(total) AS total
FROM placed
GROUP BY measure, arm, part
ORDER BY measure, arm, part
"""
PARTS = 40
"""How many points a distribution is drawn with."""


def looks(experiment: str) -> str:
    """Every look of an experiment at everyone, with its certificate's rate and the planted truth.

    Args:
        experiment: Its id.
    """
    return _LOOKS.format(experiment=quoted(experiment))


def segments(experiment: str) -> str:
    """The newest look of an experiment at each segment of its units; no rows where it has none.

    Args:
        experiment: Its id.
    """
    return _SEGMENTS.format(experiment=quoted(experiment))


def health(experiment: str) -> str:
    """The checks at an experiment's newest look, the worst first.

    Args:
        experiment: Its id.
    """
    return _HEALTH.format(experiment=quoted(experiment))


def certificates(ids: Collection[str]) -> str:
    """Certificates by their ids.

    Args:
        ids: As results name them; none gives no rows.
    """
    return _CERTIFICATES.format(ids=", ".join(quoted(each) for each in sorted(ids)) or "NULL")


def totals(experiment: str) -> str:
    """How the units of each arm are distributed: their totals since exposure, in `PARTS` parts of equal size.

    Measure, arm, part, units of the part, and the greatest total in it. Units with a total of 0 are in no
    part: gold does not keep them.

    Args:
        experiment: Its id.
    """
    return _TOTALS.format(experiment=quoted(experiment), parts=PARTS)
