"""A job that exceeds its time inside Spark: the Spark job is cancelled and the session goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from assay.local.job import InProcess

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCRIPT = """
from __future__ import annotations
import time
from pyspark.sql import SparkSession

def main(argv: list[str]) -> None:
    context = SparkSession.builder.getOrCreate().sparkContext
    context.parallelize(range(2), 2).foreach(lambda _: time.sleep(120))
"""


def test_what_a_late_job_asked_of_spark_is_cancelled(spark: SparkSession, tmp_path: Path) -> None:
    script = tmp_path / "late.py"
    script.write_text(SCRIPT)
    assert spark.range(3).count() == 3  # the session is warm: the limit below is the job's own
    outcome = InProcess().start(script, (), seconds=3, log=tmp_path / "log").result()
    assert outcome.state == "TIMEOUT"
    assert outcome.seconds < 30
    tracker = spark.sparkContext.statusTracker()
    deadline = time.monotonic() + 30
    while tracker.getActiveJobsIds() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not tracker.getActiveJobsIds()
    assert spark.range(5).count() == 5
