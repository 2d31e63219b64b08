"""What one look found of one comparison, and what it says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

Key = tuple[str, str, date]
"""Metric, contrast and look."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one look found of one comparison; None where a number does not exist.

    Attributes:
        metric: Name of the metric.
        contrast: `<treatment> vs <control>`.
        as_of: The look.
        estimate: Treatment minus control.
        p_value: Of no difference, at this look by itself.
        lower: Lower end of the interval at `alpha`.
        upper: Its upper end.
        relative_lower: Lower end of the lift's interval at `alpha`.
        relative_upper: Its upper end.
        srm: Whether the arms' sizes contradict the allocation.
    """

    metric: str
    contrast: str
    as_of: date
    estimate: float | None
    p_value: float | None
    lower: float | None
    upper: float | None
    relative_lower: float | None
    relative_upper: float | None
    srm: bool

    @property
    def key(self) -> Key:
        """What tells it from the others of its experiment."""
        return self.metric, self.contrast, self.as_of


@dataclass(frozen=True, slots=True)
class Decision:
    """What a look says of a comparison.

    Attributes:
        word: One of `words.DECISIONS`.
        decided: The look at which that was decided; None where nothing is.
        alpha_corrected: The level that the look was held to; None where it had none.
    """

    word: str
    decided: date | None
    alpha_corrected: float | None
