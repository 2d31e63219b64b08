"""Measure cells of the grid: in rounds of blocks, by any number of workers, and on after a kill.

A task is one block of one cell. What it gives depends on the task alone, and tallies are added in the order
of blocks, so that one process, many, or a Spark cluster come to the same digits. Finished tasks are kept in
a file; a run that finds it goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import astuple, dataclass, field
from multiprocessing import get_context
from pathlib import Path

from assay.certify.lab.diagnose import Tally, diagnose
from assay.certify.lab.grid import OPTIONS, Cell
from assay.certify.lab.rows import BLOCK, rows
from assay.certify.lab.scenario import Scenario
from assay.stats import named

ROUND = 4
"""Blocks of a cell after which it is asked whether its error is small enough."""
Tallies = tuple[Tally, Tally]
"""Without an effect, and with the planted one."""


@dataclass(frozen=True, slots=True)
class Task:
    """One block of one cell.

    Attributes:
        scenario: Key of the scenario.
        methods: Names of the registry.
        block: Its number.
        replicates: In the block.
        seed: Of the run.
    """

    scenario: str
    methods: tuple[str, ...]
    block: int
    replicates: int
    seed: int

    @property
    def key(self) -> str:
        """Names the task and everything its numbers depend on."""
        versions = ",".join(f"{name} {named(name).version}" for name in self.methods)
        return f"{self.scenario}|{versions}|{self.block}|{self.replicates}|{self.seed}"


Done = tuple[Task, dict[str, Tallies]]
Workers = Callable[[Sequence[Task]], Iterable[Done]]
"""Perform tasks, in any order."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a cell showed of one method.

    Attributes:
        scenario: Under which conditions.
        method: Name in the registry.
        null: Tally without an effect.
        planted: Tally with the scenario's lift.
        seed: Of the run.
    """

    scenario: Scenario
    method: str
    null: Tally
    planted: Tally
    seed: int


def perform(task: Task) -> Done:
    """Simulate one block and add up its rows."""
    found = rows(
        Scenario.parse(task.scenario),
        task.methods,
        block=task.block,
        seed=task.seed,
        replicates=task.replicates,
        options=OPTIONS,
    )
    return task, {name: (Tally.of(null), Tally.of(planted)) for name, (null, planted) in found.items()}


def in_processes(number: int) -> Workers:
    """Workers in processes of this machine.

    Args:
        number: Of processes; with 1 the tasks are performed here.
    """

    def run(tasks: Sequence[Task]) -> Iterator[Done]:
        if number == 1:
            yield from map(perform, tasks)
            return
        # Not forked: threads of the numerical libraries would be copied in mid-flight.
        with ProcessPoolExecutor(number, mp_context=get_context("spawn")) as pool:
            try:
                for done in as_completed([pool.submit(perform, task) for task in tasks]):
                    yield done.result()
            finally:  # after an error, or when nobody asks for more, nothing is begun
                pool.shutdown(wait=False, cancel_futures=True)

    return run


@dataclass(slots=True)
class Store:
    """Finished tasks, one line of JSON each, in a file that may be cut off by a kill.

    Attributes:
        path: The file; None keeps nothing.
        found: Key of a task to its tallies.
    """

    path: Path | None = None
    found: dict[str, dict[str, Tallies]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path is not None and self.path.exists():
            for line in self.path.read_text().splitlines():
                self._read(line)

    def keep(self, done: Done) -> None:
        """Remember a finished task."""
        task, tallies = done
        self.found[task.key] = tallies
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            record = {"task": task.key, "tallies": {m: [astuple(t) for t in ts] for m, ts in tallies.items()}}
            with self.path.open("a") as file:
                file.write("\n" + json.dumps(record))

    def _read(self, line: str) -> None:
        try:
            record = json.loads(line)
        except ValueError:
            return  # empty, or the last line of a run that was killed
        self.found[record["task"]] = {
            name: (Tally(*pair[0]), Tally(*pair[1])) for name, pair in record["tallies"].items()
        }


def measure(
    cells: Sequence[Cell],
    *,
    seed: int = 0,
    error: float | None = None,
    workers: Workers | None = None,
    store: Store | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Measured]:
    """Measure methods in scenarios.

    Args:
        cells: What to measure.
        seed: 0 or greater.
        error: Stop a cell after a round in which every method's type I error has at most this Monte-Carlo
            standard error (0.002, say); left out, all replicates are drawn.
        workers: Who does the work; this process if left out.
        store: Finished tasks, to go on from.
        progress: Told of finished and all planned replicates (times methods).

    Returns:
        One element per cell and method, in the order of the cells.
    """
    kept, run = store or Store(), workers or in_processes(1)
    tasks = {i: list(_tasks(cell, seed)) for i, cell in enumerate(cells)}
    total = sum(cell.replicates * len(cell.methods) for cell in cells)
    performed = dict.fromkeys(tasks, 0)
    open_cells, done = list(tasks), 0
    while open_cells:
        # Without an error to reach there is nothing to ask after a round: all blocks go at once.
        step = ROUND if error is not None else max(len(t) for t in tasks.values())
        wanted = [t for i in open_cells for t in tasks[i][performed[i] : performed[i] + step]]
        done += sum(t.replicates * len(t.methods) for t in wanted if t.key in kept.found)
        progress(done, total)
        for finished in run([t for t in wanted if t.key not in kept.found]):
            kept.keep(finished)
            done += finished[0].replicates * len(finished[0].methods)
            progress(done, total)
        for i in open_cells:
            performed[i] = min(performed[i] + step, len(tasks[i]))
        open_cells = [
            i
            for i in open_cells
            if performed[i] < len(tasks[i])
            and not (error is not None and _exact(tasks[i][: performed[i]], kept.found, error))
        ]
    return [
        Measured(cell.scenario, method, *_total(method, tasks[i][: performed[i]], kept.found), seed)
        for i, cell in enumerate(cells)
        for method in cell.methods
    ]


def _tasks(cell: Cell, seed: int) -> Iterator[Task]:
    for block, first in enumerate(range(0, cell.replicates, BLOCK)):
        size = min(BLOCK, cell.replicates - first)
        yield Task(cell.scenario.key, cell.methods, block, size, seed)


def _total(method: str, tasks: Sequence[Task], found: Mapping[str, Mapping[str, Tallies]]) -> Tallies:
    pairs = [found[task.key][method] for task in tasks]
    return Tally.total(null for null, _ in pairs), Tally.total(planted for _, planted in pairs)


def _exact(tasks: Sequence[Task], found: Mapping[str, Mapping[str, Tallies]], error: float) -> bool:
    """Whether the half-width of every method's interval is at most 1.96 of the wanted standard errors."""
    figures = (diagnose(_total(method, tasks, found)[0]).rejection for method in tasks[0].methods)
    return all(figure.upper - figure.lower <= 2 * 1.96 * error for figure in figures)
