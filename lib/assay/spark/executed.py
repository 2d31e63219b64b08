"""What Spark has carried out: its queries' plans as they ended, from the store that its web page reads.

The store is there without the page, too. A plan that was adapted while it ran stands there as it was at its
end, which `explain` cannot show before. Tests hold the plans of all jobs to rules; bench/run.py shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pyspark.sql import SparkSession

_SCAN = re.compile(r"BatchScan (\S+)")
_FILTERS = re.compile(r"\bfilters=(.*?), (?:runtimeFilters=.*?, )?groupedBy=", re.DOTALL)
_WRITTEN = re.compile(r"IcebergWrite\(table=(\S+?),")
_NUMBERS = re.compile(r"#\d+L?|, \[plan_id=\d+\]|, ENSURE_REQUIREMENTS")
# What is there in every plan, and says nothing of what it costs.
_PLAIN = frozenset({"Project", "ColumnarToRow", "AQEShuffleRead", "AdaptiveSparkPlan", "InputAdapter"})


@dataclass(frozen=True, slots=True)
class Step:
    """An operator of a plan.

    Attributes:
        number: Tells it from others of the query; one whose rows are used twice stands once.
        name: Spark's name of it, such as `SortMergeJoin`.
        text: What it does, in one line.
        inputs: The numbers of the operators whose rows it takes.
    """

    number: int
    name: str
    text: str
    inputs: tuple[int, ...]

    @property
    def table(self) -> str | None:
        """The table that it reads, as `catalog.layer.table`; None if it reads none."""
        found = _SCAN.fullmatch(self.name)
        return found.group(1) if found else None

    @property
    def filters(self) -> str:
        """The conditions by which Iceberg leaves out files of the table; empty without any."""
        found = _FILTERS.search(self.text)
        return found.group(1) if found else ""

    @property
    def written(self) -> str | None:
        """The table that it writes to; None if it writes none, or if it is Spark 4, which does not tell."""
        found = _WRITTEN.search(self.text)
        return found.group(1) if found else None

    def shown(self, width: int) -> str:
        """The operator in one short line, without the numbers that Spark gives to columns."""
        if self.table is not None:
            asked = f" where {self.filters}" if self.filters else ""
            return _cut(f"BatchScan {self.table}{asked}", width)
        if self.written is not None:
            return f"{self.name} {self.written}"
        return _cut(_NUMBERS.sub("", self.text.replace("\n", " ")), width)


@dataclass(frozen=True)
class Query:
    """A query that was carried out.

    Attributes:
        number: In the order of their starts.
        started: Milliseconds since 1970.
        seconds: How long it took; None if it still runs.
        steps: The operators of its plan.
    """

    number: int
    started: int
    seconds: float | None
    steps: tuple[Step, ...]

    @cached_property
    def by_number(self) -> dict[int, Step]:
        """Number → operator."""
        return {step.number: step for step in self.steps}

    @property
    def scans(self) -> list[Step]:
        """The operators that read tables."""
        return [step for step in self.steps if step.table is not None]

    @property
    def written(self) -> str | None:
        """The table that it writes to, as `Step.written`."""
        return next((step.written for step in self.steps if step.written is not None), None)

    def top(self) -> list[Step]:
        """The operators whose rows no other one takes."""
        used = {number for step in self.steps for number in step.inputs}
        return [step for step in self.steps if step.number not in used]

    def under(self, step: Step) -> Iterator[Step]:
        """An operator and all whose rows come to it, each once."""
        waiting, seen = [step], set[int]()
        while waiting:
            each = waiting.pop()
            if each.number not in seen:
                seen.add(each.number)
                yield each
                waiting += [self.by_number[number] for number in each.inputs]

    def tree(self, width: int = 110) -> list[str]:
        """The plan in lines, what comes to an operator indented below it.

        Args:
            width: Characters of a line; the rest is cut.
        """
        return [line for step in self.top() for line in self._lines(step, 0, width)]

    def _lines(self, step: Step, depth: int, width: int) -> Iterator[str]:
        plain = step.name in _PLAIN
        if not plain:
            yield "  " * depth + step.shown(width - 2 * depth)
        for number in step.inputs:
            yield from self._lines(self.by_number[number], depth + (not plain), width)


def newest(spark: SparkSession) -> int:
    """The number of the query that was started last; -1 before the first.

    Args:
        spark: The session.
    """
    store = _store(spark)
    return max((each.executionId() for each in _each(store.executionsList())), default=-1)


def queries(spark: SparkSession, after: int = -1) -> list[Query]:
    """The queries that the store still has: the newest thousand.

    Args:
        spark: The session.
        after: Number of a query; it and those before it are left out.
    """
    store = _store(spark)
    found = [each for each in _each(store.executionsList()) if each.executionId() > after]
    return sorted((_query(store, each) for each in found), key=lambda query: query.number)


def _store(spark: SparkSession) -> Any:
    """The store, once all that was done is noted there."""
    context: Any = spark.sparkContext._jsc.sc()  # noqa: SLF001 the JVM's edge
    context.listenerBus().waitUntilEmpty()
    session: Any = spark._jsparkSession  # noqa: SLF001 as above
    return session.sharedState().statusStore()


def _query(store: Any, execution: Any) -> Query:
    number, ended = execution.executionId(), execution.completionTime()
    graph = store.planGraph(number)
    inputs: dict[int, list[int]] = {}
    for edge in _each(graph.edges()):
        inputs.setdefault(edge.toId(), []).append(edge.fromId())
    started = execution.submissionTime()
    return Query(
        number,
        started,
        (ended.get().getTime() - started) / 1000 if ended.isDefined() else None,
        # What only encloses operators that are compiled as one stands there beside them.
        tuple(
            Step(node.id(), node.name(), node.desc(), tuple(sorted(inputs.get(node.id(), ()))))
            for node in _each(graph.allNodes())
            if not node.name().startswith("WholeStageCodegen")
        ),
    )


def _each(sequence: Any) -> Iterator[Any]:
    iterator = sequence.iterator()
    while iterator.hasNext():
        yield iterator.next()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
