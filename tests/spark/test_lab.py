"""The laboratory on Spark comes to the digits of one process, here and on a cluster of two workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from assay.certify.lab.grid import Cell, chosen
from assay.certify.lab.run import Measured, measure
from assay.local.java import java_home
from assay.spark.lab import on_cluster

pytestmark = pytest.mark.long

CLUSTER = """
import json, sys
from dataclasses import astuple
from pyspark.sql import SparkSession
from assay.certify.lab.grid import chosen
from assay.certify.lab.run import measure
from assay.spark.lab import on_cluster

spark = SparkSession.builder.master("local-cluster[2,1,1024]").appName("lab").getOrCreate()
cells = chosen(scenario="compound-poisson-gamma:50:90/10", method="welch", replicates=3_000)
found = measure(cells, workers=on_cluster(spark))
workers = spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1
tallies = [astuple(m.null) + astuple(m.planted) for m in found]
print("ANSWER" + json.dumps({"tallies": tallies, "workers": workers}))
spark.stop()
"""


def cells() -> list[Cell]:
    return chosen(scenario="compound-poisson-gamma:50:90/10", method="welch", replicates=3_000)


def digits(found: list[Measured]) -> list[tuple[float, ...]]:
    return [astuple(m.null) + astuple(m.planted) for m in found]


@pytest.mark.parametrize("partitions", [1, 2, None])
def test_any_number_of_partitions_gives_the_digits_of_one_process(
    spark: SparkSession, partitions: int | None
) -> None:
    assert digits(measure(cells(), workers=on_cluster(spark, partitions))) == digits(measure(cells()))


def test_two_workers_of_a_cluster_give_them_too(tmp_path: Path) -> None:
    environment = os.environ | {
        "JAVA_HOME": str(java_home()),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_WORKER_DIR": str(tmp_path / "work"),
    }
    environment.pop("SPARK_CONF_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", CLUSTER],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    (line,) = (row for row in done.stdout.splitlines() if row.startswith("ANSWER"))
    answer = json.loads(line.removeprefix("ANSWER"))
    assert answer["workers"] == 2
    assert [tuple(row) for row in answer["tallies"]] == digits(measure(cells()))
