"""Charts of the pipeline: the workflow as a graph, and how long runs took."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from assay.runtime.workflows import Graph, JobState
from assay.serving.dashboard.charts import marks

_UNKNOWN = ("#666666", "not started")


def seconds(runs: pd.DataFrame) -> alt.Chart:
    """How long each run took, by job.

    Args:
        runs: Rows of `reading.pipeline.RUNS`.
    """
    bars: alt.Chart = alt.Chart(runs).mark_bar()
    found: alt.Chart = bars.encode(
        x=alt.X("seconds:Q", title="seconds"),
        y=alt.Y(
            "run_id:N",
            title=None,
            sort=list(dict.fromkeys(runs["run_id"])),
            axis=alt.Axis(labelLimit=240, labelOverlap=False),
        ),
        color=marks.colour("job"),
        tooltip=["run_id", "job", "state", "seconds", "rows_in", "rows_out", "dollars"],
    ).properties(height=marks.height(runs["run_id"].nunique()))
    return found


def graph(workflow: Graph, states: Mapping[str, JobState]) -> str:
    """The workflow in Graphviz's language: which job follows which, and how each one stands.

    Args:
        workflow: The jobs and what follows what.
        states: Job → its state in a run; a job that is not there has not started.

    Returns:
        Each job's box has its state in words; the colour of its border says the same.
    """
    boxes = [_box(job, states.get(job)) for job in workflow.jobs]
    arrows = [f'"{before}" -> "{after}";' for before, after in workflow.edges]
    style = 'rankdir=LR; bgcolor="transparent"; node [shape=box, style="rounded,filled", fillcolor=white];'
    return "\n".join(("digraph workflow {", style, *boxes, *arrows, "}"))


def _box(job: str, found: JobState | None) -> str:
    colour, word = _UNKNOWN if found is None else marks.STATES.get(found.state, (_UNKNOWN[0], found.state))
    took = "" if found is None or not found.seconds else f", {found.seconds:,.0f} s"
    return f'"{job}" [label="{job}\\n{word}{took}", color="{colour}", penwidth=2];'
