"""What gbstats and tea-tasting say of the same summary statistics: JSON on stdin, JSON on stdout.

Run as a file, by the Python that has them: gbstats needs an older NumPy than Assay, so that they often live
in an environment of their own. Nothing but the standard library is imported until a tool is asked.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

Metric = dict[str, Any]
Row = dict[str, Any]
_PARTS = ("estimate", "lower", "upper", "p_value", "relative_estimate", "relative_lower", "relative_upper")


def answers(asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each tool's version and its comparisons; only the reason where it cannot be asked.

    Args:
        asked: `alpha`, and `metrics` with `name`, `type`, `covariate` (whether it is adjusted for) and
            `arms`: the moments of each, control first.
    """
    return {tool: _answer(tool, compare, asked) for tool, compare in TOOLS.items()}


def _answer(
    tool: str, compare: Callable[[Metric, float], list[Row]], asked: dict[str, Any]
) -> dict[str, Any]:
    try:
        version = importlib.metadata.version(tool)
    except importlib.metadata.PackageNotFoundError:
        return {"missing": "is not installed"}
    rows: list[Row] = []
    for metric in asked["metrics"]:
        try:
            found = compare(metric, asked["alpha"])
        except Exception as error:  # noqa: BLE001 - whatever a tool cannot do is its answer
            found = [{"reason": f"{type(error).__name__}: {error}"} for _ in metric["arms"][1:]]
        rows += [{"metric": metric["name"], "treatment": i, **row} for i, row in enumerate(found, start=1)]
    return {"version": version, "rows": rows}


def gbstats(metric: Metric, alpha: float) -> list[Row]:
    """GrowthBook's frequentist engine, from sums, by the door that its back end uses."""
    from gbstats.gbstats import process_experiment_results

    ids = [str(i) for i in range(len(metric["arms"]))]
    analysis = {"var_names": ids, "var_ids": ids, "weights": [1 / len(ids)] * len(ids), "alpha": alpha}
    kinds = ("absolute", "relative")
    done = process_experiment_results(
        {
            "metrics": {"m": _settings(metric)},
            "analyses": [
                {**analysis, "stats_engine": "frequentist", "difference_type": kind} for kind in kinds
            ],
            "query_results": [
                {"rows": [_sums(arm, i) for i, arm in enumerate(metric["arms"])], "metrics": ["m"]}
            ],
        }
    )
    absolute, relative = (each["dimensions"][0]["variations"][1:] for each in done[0]["analyses"])
    return [_gb_row(a, r) for a, r in zip(absolute, relative, strict=True)]


def tea_tasting(metric: Metric, alpha: float) -> list[Row]:
    """tea-tasting's t-tests, from means, variances and covariances."""
    import tea_tasting as tt
    from tea_tasting.aggr import Aggregates

    test = tt.RatioOfMeans(
        "y",
        "d" if metric["type"] == "ratio" else None,
        "x" if metric["covariate"] else None,
        confidence_level=1 - alpha,
    )
    arms = [
        Aggregates(
            count_=arm["n"],
            mean_={s: arm[f"mean_{s}"] for s in _series(arm)},
            var_={s: arm[f"m2_{s}"] / (arm["n"] - 1) for s in _series(arm)},
            cov_={
                (p[0], p[1]): arm[f"c_{p}"] / (arm["n"] - 1) for p in ("yd", "yx", "dx") if f"c_{p}" in arm
            },
        )
        for arm in metric["arms"]
    ]
    return [_tt_row(test.analyze_aggregates(arms[0], arm)) for arm in arms[1:]]


TOOLS: dict[str, Callable[[Metric, float], list[Row]]] = {"gbstats": gbstats, "tea-tasting": tea_tasting}


def _settings(metric: Metric) -> dict[str, Any]:
    kind = "binomial" if metric["type"] == "proportion" else "count"
    statistic = "ratio" if metric["type"] == "ratio" else "mean_ra" if metric["covariate"] else "mean"
    return {
        "id": "m",
        "name": "m",
        "statistic_type": statistic,
        "main_metric_type": kind,
        "denominator_metric_type": "count",
        "covariate_metric_type": "count",
    }


def _sums(arm: Row, place: int) -> Row:
    """An arm's moments as the sums that GrowthBook's queries give."""
    n = arm["n"]
    found = {"dimension": "All", "variation": str(place), "users": n, "count": n}
    for series, name in (("y", "main"), ("d", "denominator"), ("x", "covariate")):
        if series in _series(arm):
            mean = arm[f"mean_{series}"]
            found[f"{name}_sum"] = n * mean
            found[f"{name}_sum_squares"] = arm[f"m2_{series}"] + n * mean * mean
    for pair, name in (("yd", "main_denominator"), ("yx", "main_covariate")):
        if f"c_{pair}" in arm:
            product = n * arm[f"mean_{pair[0]}"] * arm[f"mean_{pair[1]}"]
            found[f"{name}_sum_product"] = arm[f"c_{pair}"] + product
    return found


def _series(arm: Row) -> list[str]:
    return [series for series in "ydx" if f"mean_{series}" in arm]


def _gb_row(absolute: Row, relative: Row) -> Row:
    values = (
        absolute["expected"],
        *absolute["ci"],
        absolute["pValue"],
        relative["expected"],
        *relative["ci"],
    )
    found = dict(zip(_PARTS, values, strict=True))
    return found | {"relative_p_value": relative["pValue"], "reason": absolute["errorMessage"] or ""}


def _tt_row(result: Any) -> Row:
    values = (
        result.effect_size,
        result.effect_size_ci_lower,
        result.effect_size_ci_upper,
        result.pvalue,
        result.rel_effect_size,
        result.rel_effect_size_ci_lower,
        result.rel_effect_size_ci_upper,
    )
    return dict(zip(_PARTS, values, strict=True)) | {"relative_p_value": None, "reason": ""}


def main() -> None:
    """Answer what stdin asks; what a tool prints goes to stderr."""
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):
        found = answers(json.load(sys.stdin))
    json.dump(found, sys.stdout, default=float)


if __name__ == "__main__":
    main()
