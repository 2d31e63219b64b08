"""Reads the golden numbers that `tests/reference/make_stats.py` made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parents[2] / "reference" / "stats"


def cases(book: str) -> list[dict[str, Any]]:
    """The cases of one book."""
    loaded: list[dict[str, Any]] = json.loads((FOLDER / f"{book}.json").read_text())["cases"]
    return loaded


def assert_close(actual: object, expected: object, rtol: float, what: str = "") -> None:
    """Equal shapes and relative closeness of every element; NaN equals nothing."""
    a, e = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    assert a.shape == e.shape, f"{what}: shape {a.shape} against {e.shape}"
    good = (a == e) | np.isclose(a, e, rtol=rtol, atol=0)
    assert np.all(good), f"{what}: {a[~good]} against {e[~good]}"


def digits(actual: float, certified: float) -> float:
    """Correct digits: NIST's log relative error, 15 when equal."""
    return 15.0 if actual == certified else float(-np.log10(abs(actual - certified) / abs(certified)))
