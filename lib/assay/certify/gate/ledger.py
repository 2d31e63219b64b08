"""Does gold hold of every canary what the seeds say, to the last row?

Canaries are drawn, so what an analysis of them must say is known exactly: drawn again here, with NumPy and
none of the platform's code, and compared with gold number by number. A row lost, doubled, shifted or moved to
another arm changes one of them in the week in which it happens; chance has no part in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from assay.certify.gate.outcomes import FIGURES, Outcomes

EXACT = ("n_control", "n_treatment")
TOLERANCE = 1e-9
"""Relative: sums run in another order, and nothing else differs."""
_P_TOLERANCE = 1e-6
"""Of p-values near 1, which lose the digits of a pivot near 0."""


def disagreements(found: Outcomes, expected: Outcomes) -> dict[str, NDArray[np.bool_]]:
    """Where gold differs from what was drawn.

    Args:
        found: As gold says.
        expected: As it was drawn.

    Returns:
        Each of `FIGURES` → whether it differs, shape `(rounds, experiments, metrics)`.
    """
    return {name: ~_agree(name, found, expected) for name in FIGURES}


def _agree(name: str, found: Outcomes, expected: Outcomes) -> NDArray[np.bool_]:
    ours, theirs = found[name], expected[name]
    if name in EXACT:
        return np.asarray(ours == theirs)
    if name == "p_value":
        return np.isclose(ours, theirs, rtol=_P_TOLERANCE, atol=_P_TOLERANCE, equal_nan=True)
    # A difference of nearly equal means has the rounding error of the means, not of itself.
    scale = np.fmax(np.abs(expected["mean_control"]), np.abs(expected["mean_treatment"]))
    size = np.fmax(np.abs(theirs), scale) if name != "df" else np.abs(theirs)
    with np.errstate(invalid="ignore"):  # infinity (degrees of freedom of a normal law) minus itself
        close = np.abs(ours - theirs) <= TOLERANCE * size
    return np.asarray(close | (ours == theirs) | (np.isnan(ours) & np.isnan(theirs)))


def sentences(found: Outcomes, expected: Outcomes, rounds: list[str]) -> Iterator[str]:
    """One sentence for every canary that differs, with the first figure that does.

    Args:
        found: As gold says.
        expected: As it was drawn.
        rounds: What to call each round.
    """
    differ = disagreements(found, expected)
    for t, e in np.argwhere(np.any(np.stack(list(differ.values())), axis=(0, 3))):
        name, m = next(
            (name, int(np.argmax(wrong[t, e]))) for name, wrong in differ.items() if wrong[t, e].any()
        )
        ours, theirs = (float(each[name][t, e, m]) for each in (found, expected))
        yield (
            f"ledger: {found.experiments[e]} of the week {rounds[t]} has {name} {_text(ours)} in "
            f"{found.metrics[m]}, its seeds give {_text(theirs)}"
        )


def _text(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:.12g}"
