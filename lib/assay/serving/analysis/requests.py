"""What does the user ask for? `COLUMN`, `COLUMN:type`, `NUM/DEN:ratio` become requests on known columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.errors import InputError, did_you_mean

MEAN, PROPORTION, RATIO = "mean", "proportion", "ratio"
TYPES = {MEAN: MEAN, PROPORTION: PROPORTION, "binary": PROPORTION, RATIO: RATIO}


@dataclass(frozen=True, slots=True)
class MetricRequest:
    """A metric as asked for.

    Attributes:
        name: How the metric is called in the result: its column, or `numerator/denominator`.
        type: `mean`, `proportion`, `ratio`, or None when the data shall decide.
        numerator: Column of the value per unit.
        denominator: Column that a ratio divides by, else None.
    """

    name: str
    type: str | None
    numerator: str
    denominator: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the metric reads."""
        return (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)


def parse(text: str, names: Sequence[str]) -> MetricRequest:
    """The request that a text stands for; a column's own name wins over the notation.

    Args:
        text: `COLUMN`, `COLUMN:mean`, `COLUMN:proportion` (or `binary`), `NUMERATOR/DENOMINATOR:ratio`.
        names: The table's columns.

    Raises:
        InputError: Unknown column or type, or a ratio without its two columns.
    """
    if text in names:
        return MetricRequest(text, None, text)
    head, colon, word = text.rpartition(":")
    if not colon:
        head, word = text, ""
    if colon and word not in TYPES:
        raise InputError(f"metric {text!r}: the type is {word!r}; {did_you_mean(word, TYPES)}")
    kind = TYPES.get(word)
    if kind == RATIO or (kind is None and "/" in head):
        return _ratio(text, head, names)
    return MetricRequest(head, kind, known(head, names, "metric column"))


def known(name: str, names: Sequence[str], role: str) -> str:
    """The name itself, if the table has it.

    Raises:
        InputError: It has not.
    """
    if name not in names:
        raise InputError(f"there is no {role} {name!r}; {did_you_mean(name, names)}")
    return name


def _ratio(text: str, head: str, names: Sequence[str]) -> MetricRequest:
    # Column names may hold a slash themselves: the split that gives two known columns is meant.
    cuts = [i for i, letter in enumerate(head) if letter == "/"]
    pairs = [(head[:i], head[i + 1 :]) for i in cuts]
    both = [pair for pair in pairs if pair[0] in names and pair[1] in names]
    if both:
        return MetricRequest(head, RATIO, *both[0])
    if not pairs or not all(pairs[0]):
        raise InputError(f"metric {text!r}: a ratio names two columns, as NUMERATOR/DENOMINATOR:ratio")
    numerator, denominator = pairs[0]
    return MetricRequest(
        head,
        RATIO,
        known(numerator, names, "numerator column"),
        known(denominator, names, "denominator column"),
    )
