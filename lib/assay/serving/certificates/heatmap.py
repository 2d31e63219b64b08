"""One look at all certificates of a figure: methods down, kinds of data across, sizes within each.

Plain SVG: one path per colour, so that a thousand cells stay small. The colours tell apart without red and
green (after ColorBrewer's PuOr): orange where a method errs too often, purple where it is too careful.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_CELL, _ROW, _LEFT, _TOP, _GAP = 13, 15, 190, 150, 7
_FONT = "font-family='system-ui,sans-serif' font-size='11'"


@dataclass(frozen=True, slots=True)
class Scale:
    """Colours of a figure.

    Attributes:
        title: What is shown.
        bounds: Ascending; a value below the first has the first colour.
        colours: One more than bounds.
        labels: What each colour means.
    """

    title: str
    bounds: tuple[float, ...]
    colours: tuple[str, ...]
    labels: tuple[str, ...]

    def bucket(self, value: float) -> int:
        """The number of the value's colour."""
        return sum(value >= bound for bound in self.bounds)


_COLOURS = ("#542788", "#998ec3", "#d8daeb", "#f7f7f7", "#fee0b6", "#f1a340", "#b35806", "#5a2d04")
TYPE_I = Scale(
    "Type I error at a nominal 5 %",
    (0.01, 0.03, 0.045, 0.055, 0.07, 0.10, 0.20),
    _COLOURS,
    ("< 1 %", "1–3", "3–4.5", "4.5–5.5: holds", "5.5–7", "7–10", "10–20", "≥ 20 %"),
)
COVERAGE = Scale(
    "Share of 95 % intervals that miss the planted effect",
    TYPE_I.bounds,
    _COLOURS,
    TYPE_I.labels,
)


def svg(
    scale: Scale,
    rows: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    values: Mapping[tuple[str, str, str], float],
) -> str:
    """The heat map.

    Args:
        scale: What is shown, and in which colours.
        rows: Labels from top to bottom.
        columns: Group to its columns, from left to right.
        values: (row, group, column) → value; cells without one stay empty.

    Returns:
        One `<svg>` element with a description for screen readers.
    """
    places = _places(columns)
    width = max(places.values()) + _CELL + 60
    height = _TOP + _ROW * len(rows) + 20
    paths: dict[int, list[str]] = {}
    for y, row in enumerate(rows):
        for (group, column), x in places.items():
            if (row, group, column) in values:
                corner = f"M{x} {_TOP + y * _ROW}h{_CELL - 1}v{_ROW - 1}h-{_CELL - 1}z"
                paths.setdefault(scale.bucket(values[row, group, column]), []).append(corner)
    cells = "".join(
        f"<path fill='{scale.colours[k]}' stroke='#bbb' stroke-width='.4' d='{''.join(paths[k])}'/>"
        for k in sorted(paths)
    )
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' "
        f"height='{height}' role='img' {_FONT}><title>{escape(scale.title)}</title>"
        f"<desc>{escape(_description(scale, values))}</desc>"
        f"<rect width='100%' height='100%' fill='#fff'/>{_legend(scale)}{_heads(columns, places)}"
        f"{_labels(rows)}{cells}</svg>\n"
    )


def _places(columns: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], int]:
    places, x = {}, _LEFT
    for group, names in columns.items():
        for name in names:
            places[group, name] = x
            x += _CELL
        x += _GAP
    return places


def _heads(columns: Mapping[str, Sequence[str]], places: Mapping[tuple[str, str], int]) -> str:
    parts = []
    for group, names in columns.items():
        x = places[group, names[0]]
        parts.append(_turned(x + len(names) * _CELL / 2, _TOP - 34, group, "bold"))
        parts += [_turned(places[group, name] + _CELL / 2, _TOP - 4, name, "normal") for name in names]
    return "".join(parts)


def _turned(x: float, y: float, text: str, weight: str) -> str:
    size = 11 if weight == "bold" else 8
    angle = -35 if weight == "bold" else -90
    return (
        f"<text transform='translate({x + 3:g},{y:g}) rotate({angle})' font-size='{size}' "
        f"font-weight='{weight}'>{escape(text)}</text>"
    )


def _labels(rows: Sequence[str]) -> str:
    return "".join(
        f"<text x='{_LEFT - 6}' y='{_TOP + y * _ROW + 11}' text-anchor='end'>{escape(row)}</text>"
        for y, row in enumerate(rows)
    )


def _legend(scale: Scale) -> str:
    parts = [f"<text x='8' y='18' font-size='14' font-weight='bold'>{escape(scale.title)}</text>"]
    for k, (colour, label) in enumerate(zip(scale.colours, scale.labels, strict=True)):
        x = 10 + 110 * k
        parts.append(
            f"<rect x='{x}' y='28' width='14' height='12' fill='{colour}' stroke='#999'/>"
            f"<text x='{x + 19}' y='38'>{escape(label)}</text>"
        )
    return "".join(parts)


def _description(scale: Scale, values: Mapping[tuple[str, str, str], float]) -> str:
    counts = [0] * len(scale.colours)
    for value in values.values():
        counts[scale.bucket(value)] += 1
    listed = ", ".join(f"{label}: {count}" for label, count in zip(scale.labels, counts, strict=True))
    return f"{len(values)} cells; {listed}. The numbers are in the CSV file beside this page."
