"""Ours beside theirs: what gbstats and tea-tasting answer to the very moments that Assay compared."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import InputError
from assay.serving.analysis import frames
from assay.serving.analysis.contrast import Pair
from assay.serving.analysis.result import Analysis, Comparison
from assay.stats import Moments

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCRIPT = Path(__file__).with_name("peer_answers.py")
_SECONDS = 120
_HOW = {
    "gbstats": "pip install gbstats, into an environment of its own as it needs NumPy below 2",
    "tea-tasting": "pip install tea-tasting",
}


@dataclass(frozen=True, slots=True)
class Theirs:
    """One comparison by another tool, beside ours.

    Attributes:
        tool: `gbstats` or `tea-tasting`.
        version: Its version.
        metric: Name of the metric.
        contrast: `<treatment> vs <control>`.
        estimate: Treatment minus control.
        lower: Lower end of its interval at the same level.
        upper: Upper end.
        p_value: Of no difference.
        relative_estimate: Treatment / control - 1.
        relative_lower: Lower end of its interval.
        relative_upper: Upper end.
        relative_p_value: Of no relative difference; None where the tool has one p-value for both.
        estimate_minus: Theirs minus ours, of the estimate.
        p_value_minus: Theirs minus ours, of the p-value.
        reason: Why there is no answer; empty if there is.
    """

    tool: str
    version: str
    metric: str
    contrast: str
    estimate: float
    lower: float
    upper: float
    p_value: float
    relative_estimate: float
    relative_lower: float
    relative_upper: float
    relative_p_value: float | None
    estimate_minus: float
    p_value_minus: float
    reason: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What other tools say.

    Attributes:
        rows: One per tool and comparison.
        missing: For each tool that could not be asked, how to get it.
    """

    rows: tuple[Theirs, ...]
    missing: tuple[str, ...]

    def to_arrow(self) -> pa.Table:
        """An Arrow table with a row per tool and comparison."""
        return frames.rows(self.rows, Theirs)

    def to_pandas(self) -> pd.DataFrame:
        """`to_arrow` as a pandas DataFrame."""
        found: pd.DataFrame = self.to_arrow().to_pandas()
        return found


def ask(analysis: Analysis, pairs: Sequence[Pair], python: Path | None = None) -> Beside:
    """Have the other tools compare the same moments.

    Args:
        analysis: Our answer.
        pairs: Its moments, in the order of its comparisons.
        python: The Python that has the tools; this one if not given.

    Raises:
        InputError: There is no such Python, or it does not answer.
    """
    metrics = list(dict.fromkeys(row.metric for row in analysis.comparisons))
    asked = [_asked(name, [p for p in pairs if p.ends[0].metric == name]) for name in metrics]
    found = _run(
        Path(sys.executable) if python is None else python, {"alpha": analysis.alpha, "metrics": asked}
    )
    rows: list[Theirs] = []
    missing = [f"{tool} {told['missing']}: {_HOW[tool]}" for tool, told in found.items() if "missing" in told]
    for tool, told in found.items():
        for ours, row in zip(analysis.comparisons, told.get("rows", []), strict="rows" in told):
            rows.append(_theirs(tool, told["version"], ours, row))
    return Beside(tuple(rows), tuple(missing))


def _asked(name: str, pairs: Sequence[Pair]) -> dict[str, Any]:
    first = pairs[0]
    return {
        "name": name,
        "type": first.ends[0].type,
        "covariate": "x" in first.method.needs,
        "arms": [_numbers(first.control), *(_numbers(pair.treatment) for pair in pairs)],
    }


def _numbers(moments: Moments) -> dict[str, float]:
    parts = ("mean_y", "m2_y", "mean_d", "m2_d", "c_yd", "mean_x", "m2_x", "c_yx", "c_dx")
    there = {name: getattr(moments, name) for name in parts}
    return {"n": int(moments.n), **{name: float(v) for name, v in there.items() if v is not None}}


def _run(python: Path, asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
    try:
        done = subprocess.run(
            [python, "-I", SCRIPT],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(
            f"the Python {python} cannot be asked: {error}; name one that has the tools"
        ) from error
    except ValueError:
        said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise InputError(
            f"the Python {python} does not answer: {said}; name one that has the tools"
        ) from None
    return found


def _theirs(tool: str, version: str, ours: Comparison, row: dict[str, Any]) -> Theirs:
    parts = ("estimate", "lower", "upper", "p_value", "relative_estimate", "relative_lower", "relative_upper")
    values = {name: math.nan if row.get(name) is None else float(row[name]) for name in parts}
    return Theirs(
        tool=tool,
        version=version,
        metric=ours.metric,
        contrast=ours.contrast,
        **values,
        relative_p_value=row.get("relative_p_value"),
        estimate_minus=values["estimate"] - ours.estimate,
        p_value_minus=values["p_value"] - ours.p_value,
        reason=row["reason"],
    )
