"""Assay in bench/gold.py: the experiments' step of the gold job, from silver to audited results.

`python bench/gold_assay.py FOLDER`
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gold_world
import measure


class Parts:
    """Seconds of some functions, summed over their calls; of a function within another both count."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def watch(self, place: Any, name: str, what: str) -> None:
        """Replace a function by one that is timed."""
        setattr(place, name, self._timed(getattr(place, name), what))

    def _timed(self, call: Callable[..., Any], what: str) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - start

        return timed


def main(argv: list[str]) -> int:
    """Make gold of everything, and leave figures and results in FOLDER/assay.json."""
    folder = Path(argv[0])
    spark = gold_world.session(folder, "gold")

    from assay.lake import Lake, refresh, tables

    parts = Parts()
    parts.watch(Lake, "overwrite", "unit metrics, written and audited")
    parts.watch(tables, "audit", "of all writes the audits")
    parts.watch(refresh.gold_looks, "looks", "moments, results and health")
    lake = Lake(spark, "r-gold", job="gold")
    for name in refresh.EXPERIMENTS:
        spark.sql(f"DROP TABLE IF EXISTS glue_catalog.{name} PURGE")
    lake.ensure("gold")
    figures, _ = measure.timed(lambda: refresh.experiments(lake, gold_world.LAST, gold_world.AS_OF))
    rows = lake.read("gold.experiment_results").where("segment = 'all'").collect()
    results = [
        {
            "experiment": row["experiment"], "metric": row["metric"],
            "units": [row["n_control"], row["n_treatment"]],
            "means": [row["mean_control"], row["mean_treatment"]],
            "estimate": row["estimate"], "p_value": row["p_value"], "std_error": row["std_error"],
        }
        for row in rows
    ]  # fmt: skip
    measure.kept(folder / "assay.json", {**figures, "parts": parts.seconds}, results)
    spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
