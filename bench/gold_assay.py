"""Assay in bench/gold.py: the experiments' step of the gold job, from silver to audited results.

`python bench/gold_assay.py FOLDER`
"""

from __future__ import annotations

import sys
from pathlib import Path

import gold_world
import measure


def main(argv: list[str]) -> int:
    """Make gold of everything, and leave figures and results in FOLDER/assay.json."""
    folder = Path(argv[0])
    spark = gold_world.session(folder, "gold")

    from assay.lake import Lake, refresh

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
    measure.kept(folder / "assay.json", figures, results)
    spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
