"""The same digits for any number of workers, and after a kill."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from assay.certify.lab import run
from assay.certify.lab.grid import Cell, chosen
from assay.certify.lab.run import Store, Task, in_processes, measure
from assay.certify.lab.scenario import Scenario
from assay.errors import InputError

CELLS = [Cell(Scenario.parse("normal:50:50/50"), ("student", "welch"), 2_500)]


def test_two_processes_find_what_one_does() -> None:
    assert measure(CELLS, workers=in_processes(2)) == measure(CELLS)


def test_a_killed_run_goes_on_and_comes_to_the_same(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "lab.jsonl"

    class KilledError(Exception): ...

    def dies(tasks: list[Task]) -> object:
        yield run.perform(tasks[0])
        raise KilledError

    with pytest.raises(KilledError):
        measure(CELLS, workers=dies, store=Store(path))  # type: ignore[arg-type]
    with path.open("a") as file:
        file.write('\n{"task": "cut o')
    performed: list[Task] = []

    def counts(tasks: list[Task]) -> object:
        performed.extend(tasks)
        return map(run.perform, tasks)

    assert measure(CELLS, workers=counts, store=Store(path)) == measure(CELLS)  # type: ignore[arg-type]
    assert [task.block for task in performed] == [1, 2], "the first block was kept"
    performed.clear()
    measure(CELLS, workers=counts, store=Store(path), seed=1)  # type: ignore[arg-type]
    assert len(performed) == 3, "another seed has other numbers"


def test_after_an_error_nothing_more_is_begun() -> None:
    bad = Task("pareto-0.5:50:50/50", ("welch",), 0, 100, 0)
    good = [Task("normal:50:50/50", ("welch",), block, 1_000, 0) for block in range(300)]

    def perform(number: int, tasks: list[Task]) -> Store:
        store = Store()
        with suppress(InputError):
            for done in in_processes(number)(tasks):
                store.keep(done)
        return store

    with pytest.raises(InputError, match="has no finite mean"):
        list(in_processes(1)([bad]))
    assert len(perform(1, [good[0], bad, *good[1:]]).found) == 1
    assert len(perform(2, [bad, *good]).found) < len(good)


def test_a_cell_stops_when_its_error_is_small_enough() -> None:
    cells = [Cell(Scenario.parse("normal:50:50/50"), ("welch",), 20_000)]
    found = measure(cells, error=0.004)
    assert found[0].null.rows == 4_000, "0.218 / sqrt(4000) = 0.0034"
    assert found == measure(cells, error=0.004, workers=in_processes(2))


def test_progress_ends_at_all_replicates() -> None:
    seen: list[tuple[int, int]] = []
    measure(CELLS, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 5_000)
    assert seen[-1] == (5_000, 5_000)


def test_an_exact_method_holds_its_level_and_a_naive_one_does_not() -> None:
    """Welch on clusters of 20 with ICC 0.1: the variance is 2.9 times what it believes."""
    naive, robust = (
        measure(chosen(method=name, scenario="clusters:200:50/50", replicates=1_000))[0]
        for name in ("welch", "cluster_robust")
    )
    assert naive.null.rejected / naive.null.rows > 0.2
    assert robust.null.rejected / robust.null.rows < 0.05 + 5 * 0.0069
