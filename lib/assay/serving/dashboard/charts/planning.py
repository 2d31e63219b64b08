"""Charts of a plan: power over units, and the effect that can be found over weeks."""

from __future__ import annotations

import altair as alt
import pandas as pd

from assay.serving.dashboard.charts import marks


def power(curve: pd.DataFrame, n: int) -> alt.LayerChart:
    """Power over the number of units.

    Args:
        curve: Rows with `units` and `power`.
        n: The plan's units, marked.
    """
    line = (
        alt.Chart(curve)
        .mark_line(color="#0072B2")
        .encode(
            x=alt.X("units:Q", title="units of both arms"),
            y=alt.Y("power:Q", title="power", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
            tooltip=["units", alt.Tooltip("power:Q", format=".1%")],
        )
    )
    plot: alt.LayerChart = (line + marks.level(float(n), vertical=True)).properties(height=marks.HEIGHT)
    return plot


def effects(weeks: pd.DataFrame) -> alt.Chart:
    """The smallest lift that is found after each number of weeks.

    Args:
        weeks: Rows with `weeks` and `lift`.
    """
    line: alt.Chart = alt.Chart(weeks).mark_line(point=True, color="#0072B2")
    found: alt.Chart = line.encode(
        x=alt.X("weeks:O", title="weeks"),
        y=alt.Y("lift:Q", title="smallest lift that is found", axis=alt.Axis(format="%")),
        tooltip=["weeks", "units", alt.Tooltip("lift:Q", format=".2%")],
    ).properties(height=marks.HEIGHT)
    return found
