"""Results as tea-tasting's `to_dicts()` gives them: one object per metric and pair of variants.

`variants` stands in front where there is more than one pair, as in its `ExperimentResults`. A metric that
several methods compared has the method in its name, where tea-tasting would have two metrics.

References:
    tea-tasting 1.14.0, `ExperimentResult.to_dicts` and `MeanResult`.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from assay.serving.export import one_look
from assay.serving.export.flat import json_text

FIELDS = {
    "control": "mean_control",
    "treatment": "mean_treatment",
    "effect_size": "estimate",
    "effect_size_ci_lower": "lower",
    "effect_size_ci_upper": "upper",
    "rel_effect_size": "relative_estimate",
    "rel_effect_size_ci_lower": "relative_lower",
    "rel_effect_size_ci_upper": "relative_upper",
    "pvalue": "p_value",
    "statistic": "statistic",
}
"""Its word → ours."""


def content(table: pa.Table) -> bytes:
    """The comparisons as JSON.

    Raises:
        InputError: They are of several experiments, looks or segments.
    """
    rows = one_look.rows(table, "tea-tasting", ("experiment", "as_of", "segment"))
    several = len({row["contrast"] for row in rows}) > 1
    named = _names(rows)
    found = [
        {
            **({"variants": str((row["control"], row["treatment"]))} if several else {}),
            "metric": name,
            **{theirs: row[ours] for theirs, ours in FIELDS.items()},
        }
        for name, row in zip(named, rows, strict=True)
    ]
    return f"{json_text(found)}\n".encode()


def _names(rows: list[dict[str, Any]]) -> list[str]:
    methods: dict[str, set[str]] = {}
    for row in rows:
        methods.setdefault(row["metric"], set()).add(row["method"])
    return [
        f"{row['metric']} ({row['method']})" if len(methods[row["metric"]]) > 1 else row["metric"]
        for row in rows
    ]
