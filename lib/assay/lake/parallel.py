"""Several tables at a time: Spark runs small jobs one after the other unless threads submit them."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from pyspark import SparkContext

THREADS = 4
T = typing.TypeVar("T")


def each(tasks: Mapping[str, Callable[[], T]], *, threads: int = THREADS) -> dict[str, T]:
    """Run tasks in threads and wait for all of them.

    A task that fails does not stop the others: what they publish is whole in itself, and the run that repeats
    the failed one finds it done.

    Args:
        tasks: Name → function.
        threads: How many run at a time, 1 or greater.

    Returns:
        Name → result, in the order of `tasks`.

    Raises:
        Exception: The first failed task's own error; the others' are attached as notes.
    """
    if not tasks:
        return {}
    with ThreadPoolExecutor(min(threads, len(tasks))) as pool:
        futures = {name: pool.submit(_inheriting(task)) for name, task in tasks.items()}
    errors = {name: error for name, future in futures.items() if (error := future.exception())}
    if not errors:
        return {name: future.result() for name, future in futures.items()}
    (failed, first), *others = errors.items()
    first.add_note(f"while working on {failed}")
    for name, error in others:
        first.add_note(f"{name} failed too: {type(error).__name__}: {error}")
    raise first


def _inheriting(task: Callable[[], T]) -> Callable[[], T]:
    """The task under job groups and local properties of this thread, as they are now.

    PySpark's own `inheritable_thread_target` takes the task in 3.5, and in 4 wants a session instead.
    """
    context: typing.Any = SparkContext._active_spark_context  # noqa: SLF001 the JVM's edge
    if context is None:
        return task
    spark = context._jsc.sc()  # noqa: SLF001 as above
    properties = spark.getLocalProperties().clone()

    def run() -> T:
        spark.setLocalProperties(properties)
        return task()

    return run
