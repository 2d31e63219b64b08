"""Compute once what a batch asks many times: tests on counts repeat each other's inputs.

An exact method pays for each test with a sum or a search, and a batch of counts holds few different tables:
each row of inputs is answered once, and its answer is handed to every test that has the same row.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def distinct(answer: Callable[..., Array], *columns: Array) -> Array:
    """Answers of all tests from those of the different ones.

    Args:
        answer: From columns of shape (rows,) to an array of shape (answers, rows); no row's answer may
            depend on another row.
        columns: Inputs, which broadcast; one element per test.

    Returns:
        Array of shape (answers, *shape of the batch), to the last bit what `answer` gives for each row.

    Example:
        >>> distinct(lambda a, b: np.stack([a + b]), np.array([1.0, 2.0, 1.0]), np.array(5.0)).tolist()
        [[6.0, 7.0, 6.0]]
    """
    given = np.broadcast_arrays(*columns)
    order = np.lexsort([column.ravel() for column in given])
    rows = [column.ravel()[order] for column in given]
    fresh = np.ones(order.shape, dtype=bool)
    if order.size:
        fresh[1:] = np.any([row[1:] != row[:-1] for row in rows], axis=0)
    found = answer(*(row[fresh] for row in rows))
    place = np.empty(order.shape, dtype=np.intp)
    place[order] = np.cumsum(fresh) - 1
    return np.asarray(found[:, place].reshape(len(found), *given[0].shape))
