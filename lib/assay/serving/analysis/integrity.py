"""Can the comparison be trusted? Are arms as large as planned, and do values go missing alike in all arms?

References:
    Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch in Online Controlled Experiments, KDD: a small
    level, because the check is made on every experiment and a failure invalidates it. Pearson (1900): the
    test of homogeneity of missing and present counts over arms.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.serving.analysis import words
from assay.serving.analysis.result import Check, Summary
from assay.stats import SRM_LEVEL, srm
from assay.stats.arms import chi_square

MISSING_LEVEL = 0.01


def sample_ratio(
    names: Sequence[str], counts: NDArray[np.int64], planned: NDArray[np.float64] | None
) -> Check:
    """Whether the arms' sizes fit the allocation.

    Args:
        names: The arms.
        counts: Units of each.
        planned: Share of each, or None when it is not known.
    """
    observed = ", ".join(f"{count:,} in arm {name}" for name, count in zip(names, counts, strict=True))
    if planned is None:
        hint = "give --allocation arm=share for each arm to check it"
        return Check("srm", "not checked", None, f"units: {observed}; {hint}")
    p = float(srm(counts, planned))
    wanted = ", ".join(
        f"{count:,.0f} in arm {name}" for name, count in zip(names, counts.sum() * planned, strict=True)
    )
    found = f"units: {observed}; planned: {wanted} ({words.p_value(p)})"
    if not p >= SRM_LEVEL:
        return Check("srm", "fail", p, f"{found}: a sample ratio mismatch, so no result below can be trusted")
    return Check("srm", "ok", p, f"{found}: as allocated")


def missing(rows: Sequence[Summary]) -> Check:
    """Whether a metric's values are missing equally often in all arms.

    Args:
        rows: The metric in each arm.
    """
    metric = rows[0].metric
    there = np.array([row.n for row in rows])
    lost = np.array([row.missing for row in rows])
    listed = ", ".join(
        f"{n:,} of {units:,} in arm {name} ({100 * n / units:.1f} %)"
        for name, n, units in zip((row.arm for row in rows), lost, there + lost, strict=True)
    )
    label = f"missing {metric}"
    if not lost.any():
        return Check(label, "ok", None, f"{metric}: no value is missing")
    p = float(chi_square(np.column_stack([lost, there])).p_value)
    found = f"{metric}: missing for {listed} ({words.p_value(p)})"
    if not p >= MISSING_LEVEL:
        return Check(label, "warn", p, f"{found}: not alike in all arms, so those left may not be comparable")
    return Check(label, "ok", p, f"{found}: no sign that arms differ")
