"""Metrics with roles: the primary ones decide, the secondary ones wait at their gate, guardrails may veto.

Primary metrics form one family at alpha. Secondary metrics are tested with what the primary ones earned: with
`gate="all"` the full alpha once every primary one is rejected, else nothing; with `gate="any"` the share of
alpha of those rejected. Either way the family-wise error rate of both together is alpha. A guardrail is
tested at alpha on its own: it can only stop a launch, and all must pass, so that nothing need be paid for
their number (an intersection-union test).

References:
    Dmitrienko, Offen and Westfall (2003), Gatekeeping Strategies for Clinical Trials that do not Require All
    Primary Effects to be Significant (parallel). Westfall and Krishen (2001), Optimally Weighted, Fixed
    Sequence and Gatekeeper Multiple Testing Procedures (serial). Berger (1982), Multiparameter Hypothesis
    Testing and Acceptance Sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError, did_you_mean
from assay.stats.multiplicity.corrected import Array, Corrected, checked_family
from assay.stats.multiplicity.familywise import bonferroni, holm

Role = Literal["primary", "secondary", "guardrail"]
ROLES = ("primary", "secondary", "guardrail")
GATES = ("all", "any")


def gatekeeping(
    p_values: ArrayLike,
    roles: Sequence[str],
    *,
    alpha: float = 0.05,
    gate: Literal["all", "any"] = "all",
    axis: int = -1,
) -> Corrected:
    """Correct p-values by the roles of their metrics.

    Args:
        p_values: Along `axis`, one experiment's metrics; NaN counts as a member that is never rejected.
        roles: One of `primary`, `secondary`, `guardrail` per metric.
        alpha: Family-wise error rate of primary and secondary metrics, and level of each guardrail.
        gate: `all`: primary metrics by Holm, secondary ones by Holm once all primary are rejected. `any`:
            primary ones by Bonferroni, secondary ones by Holm at the share of alpha of those rejected.
        axis: The axis of an experiment's metrics.

    Returns:
        Corrected p-values and levels. A secondary metric behind a closed gate has the level 0; without any
        primary metric the gate stands open.

    Raises:
        InputError: An unknown role or gate, another number of roles than metrics, a p-value outside [0, 1],
            alpha outside (0, 1), or no such axis.

    Example:
        >>> found = gatekeeping([0.01, 0.2, 0.01, 0.04], ["primary", "primary", "secondary", "guardrail"])
        >>> found.p_value.tolist(), found.alpha.tolist()
        ([0.02, 0.2, 0.2, 0.04], [0.025, 0.05, 0.0, 0.05])
    """
    raw, level = checked_family(p_values, alpha, axis)
    table = np.moveaxis(raw, axis, -1)
    kinds = _checked(roles, table.shape[-1], gate)
    first, second, guard = (kinds == role for role in ROLES)
    adjusted, levels = table.copy(), np.full(table.shape, level)
    correct = holm if gate == "all" else bonferroni
    primary = correct(table[..., first], alpha=level)
    adjusted[..., first], levels[..., first] = primary.p_value, primary.alpha
    price, share = _earned(primary, level, gate)
    adjusted[..., second] = _opened(table[..., second], price)
    levels[..., second] = _shared(table[..., second], level, share)
    adjusted[..., guard] = table[..., guard]
    return Corrected(
        np.moveaxis(np.where(np.isnan(table), np.nan, adjusted), -1, axis), np.moveaxis(levels, -1, axis)
    )


def _checked(roles: Sequence[str], size: int, gate: str) -> NDArray[np.str_]:
    if gate not in GATES:
        raise InputError(f"gate is {gate!r}; {did_you_mean(gate, GATES)}")
    if len(roles) != size:
        raise InputError(f"there are {len(roles)} roles and {size} p-values; give one role per metric")
    for role in roles:
        if role not in ROLES:
            raise InputError(f"roles holds {role!r}; {did_you_mean(role, ROLES)}")
    return np.asarray(roles, dtype=np.str_)


def _earned(primary: Corrected, level: float, gate: str) -> tuple[list[tuple[Array, float]], Array]:
    """What opens the gate.

    Returns:
        Pairs of the alpha from which on a share of it is earned, and that share; and the share earned at
        `level`, of the shape of the batch.
    """
    adjusted = np.where(np.isnan(primary.p_value), 1.0, primary.p_value)
    batch, size = adjusted.shape[:-1], adjusted.shape[-1]
    if size == 0:
        return [(np.zeros(batch), 1.0)], np.ones(batch)
    needed = range(1, size + 1) if gate == "any" else (size,)
    ordered = np.sort(adjusted, axis=-1)
    price = [(ordered[..., k - 1], k / size) for k in needed]
    share = np.zeros(batch)
    for opening, earned in price:
        share = np.where(opening < level, earned, share)
    return price, share


def _opened(p: Array, price: list[tuple[Array, float]]) -> Array:
    """Corrected p-values of secondary metrics: the least alpha that opens the gate wide enough."""
    own = holm(p).p_value
    found = np.ones(p.shape)
    for opening, share in price:
        found = np.minimum(found, np.maximum(opening[..., None], own / share))
    return found


def _shared(p: Array, level: float, share: Array) -> Array:
    """Levels of secondary metrics, Holm's at the earned share of alpha; 0 behind a closed gate."""
    found = np.zeros(p.shape)
    for earned in np.unique(share[share > 0]):
        levels = holm(p, alpha=level * float(earned)).alpha
        found = np.where((share == earned)[..., None], levels, found)
    return found
