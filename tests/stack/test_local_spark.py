"""A job's session on the local stack: `getOrCreate()` and nothing else, as on Glue."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from assay.local.aws import Aws
from assay.local.running import Stack

JOB = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
spark.sql("create table glue_catalog.gold.stack_probe (id bigint) using iceberg")
spark.range(10).writeTo("glue_catalog.gold.stack_probe").append()
spark.sql("merge into glue_catalog.gold.stack_probe t using (select 5L id) s on t.id = s.id "
          "when matched then delete")
spark.range(3).write.parquet("s3://assay-artifacts/stack_probe")
print(spark.table("glue_catalog.gold.stack_probe").count(), spark.read.parquet("s3://assay-artifacts/stack_probe").count())
"""


def run(job: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", job], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.long
def test_an_unchanged_job_works_on_the_local_stack(local_stack: Stack) -> None:
    environment = os.environ | local_stack.environment()
    environment.pop("JDK_JAVA_OPTIONS", None)  # of the tests: Java says that it was given some
    done = run(JOB, environment)
    assert done.stdout == "9 3\n", done.stderr
    assert done.stderr == ""  # a job's output is its own
    keys = Aws(local_stack.endpoint).s3.list_objects_v2(Bucket="assay-artifacts", Prefix="stack_probe/")
    assert keys["KeyCount"] >= 2
