"""The year of `weeks.py` as small plots: a line each, from zero, so that what is flat looks flat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

Points = Sequence[tuple[int, float]]
"""(week, value)."""
COLUMNS, WIDTH, HEIGHT, LEFT, TOP = 3, 300, 190, 46, 34
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - LEFT - 14, HEIGHT - TOP - 30


def write(path: Path, panels: Mapping[str, Points]) -> None:
    """Draw the weeks.

    Args:
        path: The SVG file.
        panels: Title → points.
    """
    rows = -(-len(panels) // COLUMNS)
    box = f"0 0 {COLUMNS * WIDTH} {rows * HEIGHT}"
    style = 'font-family="sans-serif" font-size="11" fill="#333"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {style}>',
        "<title>What each of a year of equal weeks costs</title>",
        f'<rect width="{COLUMNS * WIDTH}" height="{rows * HEIGHT}" fill="#fff"/>',
    ]
    for place, (title, points) in enumerate(panels.items()):
        row, column = divmod(place, COLUMNS)
        parts.append(f'<g transform="translate({column * WIDTH},{row * HEIGHT})">{_panel(title, points)}</g>')
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def _panel(title: str, points: Points) -> str:
    last, most = points[-1][0], max(value for _, value in points) * 1.1 or 1.0
    x = [LEFT + _PLOT_WIDTH * (week - 1) / max(last - 1, 1) for week, _ in points]
    y = [TOP + _PLOT_HEIGHT * (1 - value / most) for _, value in points]
    bottom, right = TOP + _PLOT_HEIGHT, LEFT + _PLOT_WIDTH
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    ticks = "".join(
        f'<line x1="{LEFT}" x2="{right}" y1="{bottom - share * _PLOT_HEIGHT:.1f}" '
        f'y2="{bottom - share * _PLOT_HEIGHT:.1f}" stroke="#ddd"/>'
        f'<text x="{LEFT - 5}" y="{bottom - share * _PLOT_HEIGHT + 4:.1f}" text-anchor="end">'
        f"{share * most:,.0f}</text>"
        for share in (0.0, 0.5, 1.0)
    )
    return (
        f'<text x="{LEFT}" y="20" font-size="13" font-weight="bold">{title}</text>{ticks}'
        f'<polyline fill="none" stroke="#3f51b5" stroke-width="1.8" points="{line}"/>'
        f'<text x="{LEFT}" y="{bottom + 16}">week 1</text>'
        f'<text x="{right}" y="{bottom + 16}" text-anchor="end">{last}</text>'
    )
