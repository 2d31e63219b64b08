"""Several tables at a time: all are tried, the first failure is the error, the others its notes."""

from __future__ import annotations

import threading

import pytest

from assay.lake.parallel import each


def test_results_come_by_name_in_the_order_of_the_tasks() -> None:
    assert list(each({"b": lambda: 1, "a": lambda: 2}).items()) == [("b", 1), ("a", 2)]
    assert each({}) == {}


def test_tasks_run_at_the_same_time() -> None:
    barrier = threading.Barrier(2, timeout=20)
    each({"a": barrier.wait, "b": barrier.wait}, threads=2)


def test_a_failure_does_not_stop_the_others() -> None:
    done: list[str] = []

    def fail(text: str) -> None:
        raise ValueError(text)

    with pytest.raises(ValueError, match="one") as caught:
        each({"a": lambda: fail("one"), "b": lambda: fail("two"), "c": lambda: done.append("c")}, threads=1)
    assert caught.value.__notes__ == ["while working on a", "b failed too: ValueError: two"]
    assert done == ["c"]
