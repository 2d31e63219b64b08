"""Can the comparison be trusted? Are arms as large as planned, and do values go missing alike in all arms?

References:
    Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch in Online Controlled Experiments, KDD: a small
    level, because the check is made on every experiment and a failure invalidates it. Pearson (1900): the
    test of homogeneity of missing and present counts over arms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from assay.serving.analysis import words
from assay.serving.analysis.arms import Arms
from assay.serving.analysis.result import Check
from assay.stats import SRM_LEVEL, srm

MISSING_LEVEL = 0.01


def sample_ratio(arms: Arms, planned: NDArray[np.float64] | None) -> Check:
    """Whether the arms' sizes fit the allocation.

    Args:
        arms: The rows' arms.
        planned: Share per arm, or None when it is not known.
    """
    counts = arms.counts
    observed = ", ".join(f"{count:,} in arm {name}" for name, count in zip(arms.names, counts, strict=True))
    if planned is None:
        hint = "give --allocation arm=share for each arm to check it"
        return Check("srm", "not checked", None, f"units: {observed}; {hint}")
    p = float(srm(counts, planned))
    wanted = ", ".join(
        f"{count:,.0f} in arm {name}" for name, count in zip(arms.names, counts.sum() * planned, strict=True)
    )
    found = f"units: {observed}; planned: {wanted} ({words.p_value(p)})"
    if not p >= SRM_LEVEL:
        return Check("srm", "fail", p, f"{found}: a sample ratio mismatch, so no result below can be trusted")
    return Check("srm", "ok", p, f"{found}: as allocated")


def missing(metric: str, arms: Arms, present: NDArray[np.bool_]) -> Check:
    """Whether a metric's values are missing equally often in all arms.

    Args:
        metric: Name of the metric.
        arms: The rows' arms.
        present: Shape (rows,); whether the row has a value.
    """
    total = arms.counts
    there = np.array([np.count_nonzero(present & arms.rows(name)) for name in arms.names])
    lost = total - there
    listed = ", ".join(
        f"{n:,} of {units:,} in arm {name} ({100 * n / units:.1f} %)"
        for name, n, units in zip(arms.names, lost, total, strict=True)
    )
    label = f"missing {metric}"
    if not lost.any():
        return Check(label, "ok", None, f"{metric}: no value is missing")
    if not there.any():
        return Check(label, "fail", None, f"{metric}: every value is missing")
    p = float(scipy_stats.chi2_contingency(np.array([lost, there]), correction=False).pvalue)
    found = f"{metric}: missing for {listed} ({words.p_value(p)})"
    if not p >= MISSING_LEVEL:
        return Check(label, "warn", p, f"{found}: not alike in all arms, so those left may not be comparable")
    return Check(label, "ok", p, f"{found}: no sign that arms differ")
