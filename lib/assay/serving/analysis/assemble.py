"""From pairs of moments to the whole answer: comparisons, arms, and what could undermine them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.serving.analysis import contrast, integrity
from assay.serving.analysis.contrast import Pair
from assay.serving.analysis.result import Analysis, ArmCount, Summary


def assemble(
    pairs: Sequence[Pair],
    summaries: Sequence[Summary],
    *,
    source: str,
    arm_column: str,
    counts: NDArray[np.int64],
    without: int,
    planned: NDArray[np.float64] | None,
    alpha: float,
) -> Analysis:
    """The analysis of these pairs, without a diagnosis.

    Args:
        pairs: One per metric and treatment.
        summaries: One per metric and arm, the arms of each metric in the same order, control first.
        source: What was analysed, for people.
        arm_column: Column that names the arms.
        counts: Units per arm, in the order of the arms.
        without: Units that belong to no arm.
        planned: Share per arm as planned, or None when it is not known.
        alpha: Level of each interval, and of the whole family after correction.
    """
    by_metric: dict[str, list[Summary]] = {}
    for row in summaries:
        by_metric.setdefault(row.metric, []).append(row)
    names = [row.arm for row in next(iter(by_metric.values()))]
    rows = contrast.comparisons(pairs, alpha)
    ratio = integrity.sample_ratio(names, counts, planned)
    if ratio.status == "fail":
        rows = [contrast.invalid(row, "sample ratio mismatch") for row in rows]
    return Analysis(
        source=source,
        arm_column=arm_column,
        control=names[0],
        rows=int(counts.sum()) + without,
        rows_without_arm=without,
        alpha=alpha,
        alpha_bonferroni=alpha / len(rows),
        arms=_counts(names, counts, planned),
        summaries=tuple(summaries),
        comparisons=tuple(rows),
        checks=(ratio, *(integrity.missing(mine) for mine in by_metric.values())),
    )


def _counts(
    names: Sequence[str], counts: NDArray[np.int64], planned: NDArray[np.float64] | None
) -> tuple[ArmCount, ...]:
    return tuple(
        ArmCount(name, int(n), float(n / counts.sum()), None if planned is None else float(planned[i]))
        for i, (name, n) in enumerate(zip(names, counts, strict=True))
    )
