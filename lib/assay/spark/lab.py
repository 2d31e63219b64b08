"""The laboratory on a cluster: blocks of replicates as tasks of Spark.

The same function as in a process of this machine performs a task, and tallies are added in the order of
blocks, so that certificates do not depend on the number of executors or partitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyspark.sql import SparkSession

from assay.certify.lab.run import Done, Task, Workers, perform


def on_cluster(spark: SparkSession, partitions: int | None = None) -> Workers:
    """Workers on Spark's executors.

    Args:
        spark: A session.
        partitions: Of the tasks; left out, one task each, so that a slow one holds up no other.
    """

    def run(tasks: Sequence[Task]) -> Iterator[Done]:
        if tasks:
            spread = spark.sparkContext.parallelize(list(tasks), partitions or len(tasks))
            yield from spread.map(perform).toLocalIterator(prefetchPartitions=True)

    return run
