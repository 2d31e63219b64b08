"""The world of bench/gold.py: 20 experiments, each customer in two, 10 events each over four weeks.

`python bench/gold_world.py FOLDER EVENTS` draws it by Assay's generators and writes the silver tables by the
code that writes all tables: a week at a time, audited, as Iceberg in FOLDER/lake.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST, WEEKS, DAYS = date(2026, 1, 5), 4, 21
LAST = FIRST + timedelta(weeks=WEEKS - 1)
AS_OF = LAST + timedelta(weeks=1)
EVENTS_EACH = 10
MEMORY = "4g"
_LAYERS, _EACH, _CHUNK = 2, 10, 25


class Wanted(NamedTuple):
    """A metric: the sum of a column (`1` counts) over events that keep a condition, in SQL and declared."""

    column: str
    condition: str
    where: dict[str, Any]


METRICS = {
    "trades": Wanted("1", "true", {}),
    "traded": Wanted("notional", "true", {}),
    "volume": Wanted("quantity", "true", {}),
    "buys": Wanted("1", "side = 'buy'", {"side": "buy"}),
    "bought": Wanted("notional", "side = 'buy'", {"side": "buy"}),
    "large": Wanted("1", "notional >= 500", {"notional": {"at_least": 500}}),
}
"""Each is a mean per customer, with its own past as covariate."""


def experiments() -> dict[str, dict[str, Any]]:
    """Two layers of ten: a customer is in one of each. Every other one has an effect."""
    effects = ({}, {"trades.rate": 1.05})
    return {
        f"e{layer}{place}": {
            "layer": f"layer{layer}", "traffic": 1 / _EACH, "first_week": WEEKS, "weeks": 1,
            "covariate_days": DAYS, "metrics": list(METRICS),
            "arms": [
                {"name": "control", "allocation": 0.5},
                {"name": "treatment", "allocation": 0.5, "effects": effects[place % 2]},
            ],
        }
        for layer in range(_LAYERS)
        for place in range(_EACH)
    }  # fmt: skip


def drawn_by(customers: int) -> str:
    """The blueprint that draws the events: a gamma law of rates, a fifth of the customers without any."""
    rate = {
        "distribution": "zero_inflated", "zeros": 0.2,
        "of": {"distribution": "gamma", "shape": 2.0, "scale": EVENTS_EACH / WEEKS / 0.8 / 2},
    }  # fmt: skip
    values = {"notional": {"distribution": "gamma", "shape": 1.5, "scale": 160.0}}
    population = {
        "initial": customers, "country": {"GB": 1.0}, "tier": {"basic": 1.0},
        "market": {"assets": [f"A{number}" for number in range(20)]},
    }  # fmt: skip
    return _document({"values": ["notional"], "generate": {"rate": rate, "values": values}}, population)


def analysed_by() -> str:
    """The blueprint that gold finds in silver: the same experiments about given data."""
    return _document({"values": ["notional", "quantity"]}, None)


def _document(fact: dict[str, Any], population: dict[str, Any] | None) -> str:
    trades = {"table": "silver.trades", "unit": "customer_id", "time": "traded_at", **fact}
    metrics = {
        name: {
            "type": "mean", "method": "cuped", "where": wanted.where,
            "numerator": f"trades.{'count' if wanted.column == '1' else wanted.column}",
        }
        for name, wanted in METRICS.items()
        if wanted.column in {"1", *fact["values"]}
    }  # fmt: skip
    shown = experiments()
    for each in shown.values():
        each["metrics"] = list(metrics)
        if population is None:
            each["arms"] = [{k: v for k, v in arm.items() if k != "effects"} for arm in each["arms"]]
    world = {"population": population} if population else {}
    tree = {
        "name": "bench", "seed": 1, "start": FIRST.isoformat(), **world,
        "facts": {"trades": trades}, "metrics": metrics, "experiments": shown,
    }  # fmt: skip
    return json.dumps(tree)


def session(folder: Path, app: str) -> SparkSession:
    """Two cores and the settings of the Glue jobs; tables lie in the folder."""
    from pyspark.sql import SparkSession

    from assay.local import jars
    from assay.local.java import java_home

    os.environ |= {"JAVA_HOME": str(java_home()), "PYSPARK_PYTHON": sys.executable, "TZ": "UTC"}
    catalog = "spark.sql.catalog.glue_catalog"
    settings = {
        "spark.driver.extraClassPath": ":".join(map(str, jars.ensure())),
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -Dderby.system.home={folder} -Xss4m",
        "spark.driver.memory": MEMORY,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.shuffle.partitions": "16",  # 200 by default, which suits no two cores
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.sources.partitionOverwriteMode": "dynamic",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.type": "hadoop",
        f"{catalog}.warehouse": str(folder / "lake"),
    }
    if log := os.environ.get("BENCH_EVENT_LOG"):  # to see where the time goes
        settings |= {"spark.eventLog.enabled": "true", "spark.eventLog.dir": log}
    builder = SparkSession.builder.master("local[2]").appName(app)
    for name, value in settings.items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    made.sparkContext.setLogLevel("ERROR")
    return made


def draw(folder: Path, customers: int) -> None:
    """The trades of each week and the exposures of the last as plain Parquet files."""
    import pyarrow.parquet as pq

    from assay import generators
    from assay.spec import Blueprint

    world = Blueprint.parse(drawn_by(customers), "bench")
    blocks = generators.block_count(world, WEEKS)
    for number in range(1, WEEKS + 1):
        for start in range(0, blocks, _CHUNK):
            week = generators.week(world, number, blocks=range(start, min(start + _CHUNK, blocks)))
            tables = {f"trades/{number}": week.trades}
            tables |= {"exposures": week.exposures} if number == WEEKS else {}
            for name, table in tables.items():
                (folder / name).mkdir(parents=True, exist_ok=True)
                pq.write_table(table, folder / name / f"{start:06}.parquet")


def fill(folder: Path) -> None:
    """Silver, from what was drawn, by the code that writes all tables."""
    from pyspark.sql import functions as F

    from assay.lake import Contract, Lake

    spark = session(folder, "silver")
    lake = Lake(spark, "r-silver", job="silver")
    lake.ensure("silver")
    signed = {"_change_seq": F.lit("0"), "_run_id": F.lit("r-silver")}
    for number in range(1, WEEKS + 1):
        trades = spark.read.parquet(str(folder / "drawn" / "trades" / str(number)))
        columns = Contract.load("silver.trades").columns
        lake.append("silver.trades", trades.select(*(signed.get(c, F.col(c)).alias(c) for c in columns)), {})
    exposures = spark.read.parquet(str(folder / "drawn" / "exposures")).select(
        "experiment", F.col("customer_id").cast("string").alias("unit"), "arm", "exposed_at",
        F.lit(1).alias("exposures"), F.lit(1).alias("arms"), F.lit(False).alias("multi_arm"),
        signed["_run_id"].alias("_run_id"),
    )  # fmt: skip
    lake.append("silver.exposures", exposures, {})
    at = datetime.combine(AS_OF, datetime.min.time(), UTC)
    always = {"blueprint": "bench", "version": "v000001", "_change_seq": "0", "_run_id": "r-silver"}
    rows: dict[str, dict[str, object]] = {
        "silver.loads": {"week": LAST, "changes": "{}", "loaded_at": at},
        "silver.blueprints": {"number": 1, "document": analysed_by()},
    }
    for name, row in rows.items():
        contract = Contract.load(name)
        values = tuple((always | row)[column] for column in contract.columns)
        lake.append(name, spark.createDataFrame([values], contract.schema), {})


def main(argv: list[str]) -> int:
    """Make the world, unless it is there."""
    folder, events = Path(argv[0]), int(float(argv[1]))
    done = folder / "world.json"
    if not done.exists():
        draw(folder / "drawn", events // EVENTS_EACH)
        fill(folder)
        done.write_text(json.dumps({"events": events}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
