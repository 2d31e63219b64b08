"""Which rows belong to which arm? Labels, the control, and rows that belong to none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.errors import InputError
from assay.serving.analysis import columns

_SHOWN = 12
# A column of ids given by mistake would otherwise become thousands of comparisons.
MOST_ARMS = 100
_SHARES_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Arms:
    """The rows' arms.

    Attributes:
        names: Control first, then the treatments in natural order.
        codes: Shape (rows,); index into `names`, -1 for a row without an arm.
    """

    names: tuple[str, ...]
    codes: NDArray[np.int64]

    @property
    def control(self) -> str:
        """The arm that all others are compared with."""
        return self.names[0]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows per arm, in the order of `names`."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names)).astype(np.int64)

    @property
    def without(self) -> int:
        """Rows that belong to no arm."""
        return int(np.count_nonzero(self.codes < 0))

    def rows(self, arm: str) -> NDArray[np.bool_]:
        """A mask of the rows of one arm."""
        return np.equal(self.codes, self.names.index(arm))


def group(column: pa.ChunkedArray[Any], name: str, control: str) -> Arms:
    """Read the arm column.

    Args:
        column: Text, numbers or booleans.
        name: The column's name, for messages.
        control: The control's value as the user writes it: `0` also finds `0.0`, `true` also finds `True`.

    Raises:
        InputError: No arm or only one, or none that is the control.
    """
    encoded = columns.labels(column, name).dictionary_encode()
    found = [str(label) for label in encoded.dictionary.to_pylist()]
    if not found:
        raise InputError(f"arm column {name!r} has no value in any row; it must name each unit's arm")
    if len(found) == 1:
        raise InputError(f"arm column {name!r} has only one value, {found[0]!r}; a comparison needs two arms")
    if len(found) > MOST_ARMS:
        raise InputError(
            f"arm column {name!r} has {len(found):,} different values; an experiment has at most "
            f"{MOST_ARMS} arms, so this looks like another column"
        )
    chosen = match(control, found, name)
    order = [chosen, *sorted((label for label in found if label != chosen), key=natural)]
    place = np.array([order.index(label) for label in found], dtype=np.int64)
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    codes = np.where(indices >= 0, place[indices], -1)
    return Arms(tuple(order), codes)


def shares(allocation: Mapping[str, float], names: Sequence[str]) -> NDArray[np.float64]:
    """The planned share of each arm, in the order of `names`.

    Raises:
        InputError: An arm is missing or unknown, a share is not in (0, 1), or they do not sum to 1.
    """
    planned = {match(label, list(names), "arm", "allocation"): share for label, share in allocation.items()}
    missing = [name for name in names if name not in planned]
    if missing:
        raise InputError(f"the allocation has no share for arm {missing[0]!r}; give one for each arm")
    for label, share in planned.items():
        if not 0 < share < 1:
            raise InputError(f"the allocation of {label!r} is {share}; it must lie strictly between 0 and 1")
    total = math.fsum(planned.values())
    if not abs(total - 1) <= _SHARES_SUM_TOLERANCE:
        raise InputError(f"the allocations sum to {total:.6g}; they must sum to 1")
    return np.array([planned[name] for name in names])


def match(wanted: str, found: list[str], name: str, role: str = "control") -> str:
    """The label that is meant: exact, else equal as a number, else equal but for case.

    Args:
        wanted: As the user writes it.
        found: The labels that are there.
        name: The column of the labels, for messages.
        role: What the label stands for, for messages.

    Raises:
        InputError: None of the labels is meant.
    """
    if wanted in found:
        return wanted
    number = _number(wanted)
    if number is not None:
        same = [label for label in found if _number(label) == number]
    else:
        same = [label for label in found if label.casefold() == wanted.casefold()]
    if len(same) == 1:
        return same[0]
    values = sorted(found, key=natural)
    listed = ", ".join(repr(value) for value in values[:_SHOWN])
    more = f" and {len(values) - _SHOWN:,} more" if len(values) > _SHOWN else ""
    where = f"column {name!r} has" if role == "control" else "the arms are"
    raise InputError(f"{role} {wanted!r} is not there; {where} {listed}{more}")


def _number(label: str) -> float | None:
    try:
        value = float(label)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def natural(label: str) -> tuple[int, float, str]:
    """Order of labels: numbers by size before text by alphabet."""
    number = _number(label)
    return (1, 0.0, label) if number is None else (0, number, label)
