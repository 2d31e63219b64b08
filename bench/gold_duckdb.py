"""DuckDB and tea-tasting in bench/gold.py, as their users put them together; it knows nothing of Assay.

`python bench/gold_duckdb.py FOLDER`, by the environment of the peers: one row per unit by SQL over the same
Parquet files, then each experiment by tea-tasting, which asks DuckDB for the sums that it needs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import duckdb
import tea_tasting as tt

import gold_world
import measure

_UNITS = """
create table units as
select e.experiment, e.unit, any_value(e.arm) as arm, {sums}
from (
    select experiment, cast(unit as bigint) as unit, arm, exposed_at from read_parquet('{exposures}')
    where not multi_arm and exposed_at >= timestamptz '{start}' and exposed_at < timestamptz '{end}'
) e
left join (
    select customer_id, side, quantity, notional, traded_at from read_parquet('{trades}')
    where traded_at >= timestamptz '{start}' - interval {days} day and traded_at < timestamptz '{end}'
) t on t.customer_id = e.unit and t.traded_at >= e.exposed_at - interval {days} day
group by e.experiment, e.unit
"""


def units(folder: Path) -> str:
    """The query that makes a row per experiment and unit: each metric, and the same from before."""
    sums = [
        f"coalesce(sum({wanted.column}) filter ({wanted.condition} and traded_at {side} exposed_at), 0)"
        f"::double as {name}"
        for metric, wanted in gold_world.METRICS.items()
        for name, side in ((metric, ">="), (f"{metric}_before", "<"))
    ]
    files = {
        name: folder / "lake" / "silver" / name / "data" / "*.parquet" for name in ("exposures", "trades")
    }
    bounds = {"start": gold_world.LAST, "end": gold_world.AS_OF, "days": gold_world.DAYS}
    return _UNITS.format(sums=", ".join(sums), **files, **bounds)


def analysed(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, Any]:
    """tea-tasting's result of each experiment."""
    connection.execute(units(folder))
    asked = tt.Experiment(
        {name: tt.Mean(name, f"{name}_before") for name in gold_world.METRICS}, variant="arm"
    )
    names = [name for (name,) in connection.execute("select distinct experiment from units").fetchall()]
    return {
        name: asked.analyze(connection.sql(f"select * from units where experiment = '{name}'"))  # noqa: S608
        for name in names
    }


def main(argv: list[str]) -> int:
    """Compute, and leave figures and results in FOLDER/duckdb.json."""
    folder = Path(argv[0])
    connection = duckdb.connect()
    connection.execute("set threads = 2; set timezone = 'UTC'")
    figures, found = measure.timed(lambda: analysed(connection, folder))
    results = []
    for metric in gold_world.METRICS:
        query = f"select experiment, arm, count(*), avg({metric}) from units group by all order by arm"  # noqa: S608
        arms: dict[str, list[tuple[int, float]]] = {}
        for experiment, _, count, mean in connection.execute(query).fetchall():
            arms.setdefault(experiment, []).append((count, mean))
        for experiment, result in found.items():
            one = result[metric]
            results.append({
                "experiment": experiment, "metric": metric,
                "units": [count for count, _ in arms[experiment]],
                "means": [mean for _, mean in arms[experiment]],
                "estimate": one.effect_size, "p_value": one.pvalue,
            })  # fmt: skip
    measure.kept(folder / "duckdb.json", figures, results)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
