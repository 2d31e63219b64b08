"""Runs the golden books: JSON files with the answers of other implementations and of publications.

A book says where its numbers come from, and each case says what to call and what must come out:

    {"source": ..., "versions": {...}, "command": ..., "date": ..., "tolerance": 1e-12,
     "cases": [{"call": "welch", "with": {"control": {"make": "Moments.of", "with": {"y": [1, 2]}}, ...},
                "expect": {"p_value": 0.5}, "tolerance": 1e-9, "note": ...}]}

`call` and `make` are names of `assay.stats` (dots reach into them, and a name of `METHODS` stands for the
method); the keys of `expect` are attributes of the answer, dotted too, and "" is the answer itself. The
strings "inf", "-inf" and "nan" are numbers. `tolerance` bounds the relative error (absolute where 0 is
expected).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from assay import stats

FOLDER = Path(__file__).parent / "books"
_NUMBERS = {"inf": np.inf, "-inf": -np.inf, "nan": np.nan}


@dataclass(frozen=True)
class Check:
    """One expected field of one case.

    Attributes:
        call: What was called.
        field: Which attribute of the answer.
        error: Greatest relative error of its elements (absolute where 0 is expected); inf if shapes differ or
            only one of the two is NaN.
        tolerance: What the book allows.
        source: Where the expected number comes from.
    """

    call: str
    field: str
    error: float
    tolerance: float
    source: str


def books() -> list[Path]:
    """All golden books."""
    return sorted(FOLDER.glob("*.json"))


def checks(path: Path) -> Iterator[Check]:
    """Every expected field of a book, with its error."""
    book = json.loads(path.read_text())
    for case in book["cases"]:
        answer = named(case["call"])(**value(case["with"]))
        for field, expected in case["expect"].items():
            error = deviation(reach(answer, field), value(expected))
            yield Check(case["call"], field, error, case.get("tolerance", book["tolerance"]), book["source"])


def named(name: str) -> Any:
    """A method, or a public name of `assay.stats`."""
    return stats.METHODS[name] if name in stats.METHODS else reach(stats, name)


def reach(thing: Any, path: str) -> Any:
    """An attribute by its dotted path (a whole number is an index); the thing itself for an empty one."""
    steps = path.split(".") if path else []
    return reduce(lambda at, step: at[int(step)] if step.isdigit() else getattr(at, step), steps, thing)


def value(given: Any) -> Any:
    """What a piece of JSON stands for."""
    if isinstance(given, dict) and set(given) == {"make", "with"}:
        return named(given["make"])(**value(given["with"]))
    if isinstance(given, dict):
        return {key: value(item) for key, item in given.items()}
    if isinstance(given, list):
        return [value(item) for item in given]
    return _NUMBERS.get(given, given) if isinstance(given, str) else given


def deviation(actual: object, expected: object) -> float:
    """Greatest relative error; absolute where 0 is expected; inf where shapes or NaN differ."""
    a, e = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    if a.size != e.size:
        return float("inf")
    a = a.reshape(e.shape)
    same = (a == e) | (np.isnan(a) & np.isnan(e))
    with np.errstate(all="ignore"):
        error = np.abs(a - e) / np.where(e == 0, 1.0, np.abs(e))
    error = np.where(same, 0.0, np.where(np.isfinite(error), error, np.inf))
    return float(np.max(error, initial=0.0))


def assert_close(actual: object, expected: object, rtol: float, what: str = "") -> None:
    """Equal shapes and relative closeness of every element; NaN equals nothing.

    Raises:
        AssertionError: They differ.
    """
    a, e = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    assert a.shape == e.shape, f"{what}: shape {a.shape} against {e.shape}"
    good = (a == e) | np.isclose(a, e, rtol=rtol, atol=0)
    assert np.all(good), f"{what}: {a[~good]} against {e[~good]}"


def digits(actual: float, certified: float) -> float:
    """Correct digits: NIST's log relative error, 15 when equal."""
    return 15.0 if actual == certified else float(-np.log10(abs(actual - certified) / abs(certified)))
