"""Do 50 million events fit through gold with a driver of 4 GB? They are spilled to disk, none is collected.

`python bench/memory.py` takes about half an hour and 6 GB of disk on two cores, `--events 1e6` a minute.
Silver is written directly, then gold's own code runs over it: unit metrics, looks, results, days of assets,
portfolios and the reconciliation of the layers. The one JVM of driver and executors has `--gigabytes`, and
Spark refuses to collect more than 64 MB of results, so that a frame of rows on the driver would fail.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil

import record

FIRST, WEEKS = date(2026, 1, 5), 4
EXPERIMENTS, PER_CUSTOMER, ASSETS = 20, 50, 20
COLLECTED = "64m"
ABOUT = (
    "Gold of four weeks of events at once, by its own code over silver tables, in one JVM of driver and "
    f"executors together, with at most {COLLECTED} of results on the driver. Each customer is in one of "
    f"{EXPERIMENTS} experiments of three metrics."
)
_GB = 1e9


def blueprint() -> str:
    """Experiments of the four weeks."""
    arms = "[{name: control, allocation: 0.5}, {name: treatment, allocation: 0.5}]"
    each = f"{{first_week: 2, weeks: 3, enrol_weeks: 1, metrics: [trades, value, active], arms: {arms}}}"
    named = "\n".join(f"  e{n}: {each}" for n in range(EXPERIMENTS))
    return f"""
name: memory
seed: 1
start: {FIRST}
facts:
  trades: {{table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}}
metrics:
  trades: {{type: mean, numerator: trades.count, method: cuped}}
  value: {{type: mean, numerator: trades.notional, method: cuped}}
  active: {{type: proportion, numerator: trades.count}}
experiments:
{named}
"""


def main() -> None:
    """Write silver, run gold, tell what it needed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=float, default=5e7)
    parser.add_argument("--gigabytes", type=int, default=4, help="memory of the JVM")
    parser.add_argument("--home", type=Path, default=Path(".assay") / "memory", help="deleted at the end")
    asked = parser.parse_args()
    if not 1_000 <= asked.events <= 1e9:
        parser.error(f"--events is {asked.events:g}; give 1e3 to 1e9")
    folder = asked.home.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        told(int(asked.events), asked.gigabytes, measured(folder, int(asked.events), asked.gigabytes))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measured(folder: Path, events: int, gigabytes: int) -> dict[str, Any]:
    """Seconds of each step, most memory, and what was spilled."""
    from assay.lake import Lake

    spark = session(folder, gigabytes)
    lake = Lake(spark, "memory")
    found: dict[str, Any] = {"seconds": {}}
    with peak() as most:
        for name, step in steps(lake, events).items():
            began = time.perf_counter()
            step()
            found["seconds"][name] = time.perf_counter() - began
            print(f"{name}: {found['seconds'][name]:.0f} s", flush=True)
    found |= {"memory": most[0], "python": most[1], "spilled": spilled(spark)}
    found["results"] = lake.read("gold.experiment_results").count()
    found["units"] = lake.read("gold.unit_metrics").count()
    spark.stop()
    return found


def steps(lake: Any, events: int) -> dict[str, Callable[[], object]]:
    """What is done, in order; the first step is not measured for its own sake."""
    from assay.lake import markets, reconciliation, refresh

    week, until = FIRST + timedelta(weeks=WEEKS - 1), FIRST + timedelta(weeks=WEEKS)
    return {
        "writing silver": lambda: write(lake, events),
        "experiments": lambda: refresh.experiments(lake, week, until),
        "days of assets": lambda: markets.asset_daily(lake, until),
        "portfolios": lambda: markets.portfolio_daily(lake),
        "reconciliation": lambda: reconciliation.reconcile(lake, week),
    }


def write(lake: Any, events: int) -> None:
    """Silver, as the jobs would have left it; bronze stays empty."""
    from pyspark.sql import functions as F

    from assay.lake.contracts import Contract
    from assay.spec import Blueprint

    spark, customers = lake.spark, max(events // PER_CUSTOMER, 100)
    lake.ensure("silver")
    lake.ensure("gold")

    def drawn(stream: int, values: int) -> Any:
        """A number from 0 to below `values`, by the row's id."""
        return F.pmod(F.xxhash64("id", F.lit(stream)), F.lit(values))

    start = F.lit(FIRST).cast("timestamp").cast("long")
    seconds = F.lit(WEEKS * 7 * 86_400)
    tables = {
        "silver.trades": spark.range(1, events + 1, numPartitions=max(2, events // 2_000_000)).select(
            F.col("id").alias("trade_id"),
            (drawn(0, customers) + 1).alias("customer_id"),
            F.concat(F.lit("A"), F.pmod("id", F.lit(ASSETS))).alias("asset"),
            F.when(drawn(1, 2) == 0, "buy").otherwise("sell").alias("side"),
            F.lit(1).cast("decimal(18,6)").alias("quantity"),
            F.lit(10).cast("decimal(18,4)").alias("price"),
            (drawn(2, 100_000) / 100).cast("decimal(18,2)").alias("notional"),
            # In the order of the ids, as trades come.
            F.timestamp_seconds(start + F.floor(F.col("id") * seconds / (events + 1))).alias("traded_at"),
        ),
        "silver.exposures": spark.range(1, customers + 1).select(
            F.concat(F.lit("e"), F.pmod("id", F.lit(EXPERIMENTS))).alias("experiment"),
            F.col("id").cast("string").alias("unit"),
            F.when(drawn(3, 2) == 0, "control").otherwise("treatment").alias("arm"),
            F.timestamp_seconds(start + 7 * 86_400 + F.pmod("id", F.lit(7 * 86_400))).alias("exposed_at"),
            F.lit(1).alias("exposures"),
            F.lit(1).alias("arms"),
            F.lit(False).alias("multi_arm"),
        ),
        "silver.customers": spark.range(1, customers + 1).select(
            F.col("id").alias("customer_id"), F.lit("GB").alias("country"), F.lit("basic").alias("tier")
        ),
        "silver.loads": spark.sql("SELECT 'memory' AS blueprint, '1' AS version").select(
            F.lit(FIRST).alias("week"), "blueprint", "version"
        ),
        "silver.blueprints": _registered(spark, Blueprint.parse(blueprint(), "memory").document()),
    }  # fmt: skip
    for name, rows in tables.items():
        contract = Contract.load(name)
        lacking = {f.name: F.lit(None).cast(f.type) for f in contract.fields if f.name not in rows.columns}
        lacking |= {"_run_id": F.lit("memory")}
        if "_change_seq" in contract.columns:
            lacking |= {"_change_seq": F.lit("1")}
        typed = (F.col(f.name).cast(f.type).alias(f.name) for f in contract.fields)
        rows.withColumns(lacking).select(*typed).writeTo(f"{lake.catalog}.{name}").append()


def _registered(spark: Any, document: str) -> Any:
    schema = "blueprint string, version string, number bigint, document string"
    return spark.createDataFrame([("memory", "v000001", 1, document)], schema)


def session(folder: Path, gigabytes: int) -> Any:
    """Two cores, the settings of the jobs, tables in a folder."""
    from pyspark.sql import SparkSession

    from assay.local import jars
    from assay.local.java import java_home
    from assay.spark import names

    os.environ |= {"JAVA_HOME": str(java_home()), "PYSPARK_PYTHON": sys.executable, "TZ": "UTC"}
    time.tzset()
    (folder / "lake").mkdir()
    settings = {
        "spark.master": "local[2]",
        "spark.driver.memory": f"{gigabytes}g",
        "spark.driver.maxResultSize": COLLECTED,
        "spark.driver.extraClassPath": ":".join(map(str, jars.ensure())),
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -Dderby.system.home={folder} -Xss4m",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.sources.partitionOverwriteMode": "dynamic",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.glue_catalog": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.glue_catalog.type": "hadoop",
        "spark.sql.catalog.glue_catalog.warehouse": str(folder / "lake"),
    }
    builder = SparkSession.builder.appName("memory")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    names.keep(spark)
    return spark


@contextmanager
def peak() -> Iterator[list[int]]:
    """Most bytes of memory of all processes together, and of this one, while a block runs."""
    most, done = [0, 0], threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not done.wait(0.5):
            sizes = [_resident(each) for each in (me, *me.children(recursive=True))]
            most[0], most[1] = max(most[0], sum(sizes)), max(most[1], sizes[0])

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def spilled(spark: Any) -> int:
    """Bytes that all stages that Spark remembers wrote to disk for want of memory."""
    context, jvm = spark.sparkContext, spark._jvm  # noqa: SLF001 no public way
    nothing = context._gateway.new_array(jvm.double, 0)  # noqa: SLF001 as above
    store = context._jsc.sc().statusStore()  # noqa: SLF001 as above
    stages = store.stageList(None, False, False, nothing, jvm.java.util.ArrayList())
    return sum(stages.apply(n).diskBytesSpilled() for n in range(stages.size()))


def told(events: int, gigabytes: int, found: dict[str, Any]) -> None:
    """Print and keep it."""
    what = f"{events:,} events with {gigabytes} GB"
    seconds = found["seconds"]
    gold = sum(spent for name, spent in seconds.items() if name != "writing silver")
    rows = [
        record.row(f"{what}: most memory of JVM and Python", found["memory"] / _GB, "GB"),
        record.row(f"{what}: of the driver's Python alone", found["python"] / _GB, "GB"),
        record.row(f"{what}: spilled to disk", found["spilled"] / _GB, "GB"),
        record.row(f"{what}: gold", gold, "s"),
        record.row(f"{what}: events a second", events / gold, ""),
    ]
    notes = [f"{name}: {spent:,.0f} s." for name, spent in seconds.items()]
    notes += [f"{found['units']:,} rows of unit metrics, {found['results']:,} results."]
    record.store(
        "memory", "Bounded memory", __doc__, rows,
        about=ABOUT, packages=["pyspark"], notes=notes, more={"measured": found},
    )  # fmt: skip


if __name__ == "__main__":
    main()
