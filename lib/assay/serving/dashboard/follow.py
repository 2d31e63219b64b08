"""A run of the workflow as it stands: the graph with states, a line per job, and what the journal says.

Glue and the journal are asked once every two seconds, however many readers look; nobody changes the answers.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from assay.runtime import clients, workflows
from assay.runtime.workflows import Graph, JobState, Run
from assay.serving.dashboard import page
from assay.serving.dashboard.asking import SECONDS
from assay.serving.dashboard.charts import pipeline as charts
from assay.sources.entries import Entries
from assay.sources.runs import runs as of_journal

_JOBS: page.Columns = {
    "job": "job",
    "state": "state",
    "attempts": st.column_config.NumberColumn("attempts"),
    "seconds": st.column_config.NumberColumn("seconds", format="%.0f"),
    "after": "starts after",
    "error": "error",
}


@st.cache_resource(ttl=SECONDS, show_spinner=False)
def runs() -> list[Run]:
    """The runs that Glue knows, newest first.

    Raises:
        TransientError: Glue did not answer.
        TerminalError: Glue knows no such workflow.
    """
    return workflows.runs()


def look_again() -> None:
    """Ask Glue at the next look: a run was started, or ended, which the answers kept do not know yet."""
    runs.clear()


def drawn(run: Run | None) -> None:
    """Show the workflow's graph and a table of its jobs.

    Args:
        run: Whose states are shown; None where nothing ran yet.

    Raises:
        TransientError: Glue did not answer.
        TerminalError: Glue knows no such workflow.
    """
    graph = _graph()
    states = {} if run is None else run.jobs
    st.graphviz_chart(
        charts.graph(graph, states), width="stretch", alt="The jobs of the workflow, as in the table below"
    )
    rows = [
        _line(job, states, [before for before, after in graph.edges if after == job]) for job in graph.jobs
    ]
    page.table(pd.DataFrame(rows), _JOBS, "jobs")


@st.cache_resource(ttl=SECONDS, show_spinner=False)
def _graph() -> Graph:
    return workflows.graph()


@st.cache_resource(ttl=SECONDS, show_spinner=False)
def steps(run_id: str) -> pd.DataFrame:
    """Every step of a run, as the journal has it now.

    Args:
        run_id: Its id.

    Returns:
        A row per step, in the order of their start; none where the journal knows no such run.

    Raises:
        TransientError: DynamoDB did not answer.
    """
    entries = Entries(clients.dynamodb(), f"{workflows.name()}-journal").of_run(run_id)
    found = [step for run in of_journal(entries, {}) for job in run.jobs for step in job.steps]
    return pd.DataFrame([
        {
            "job": step.job,
            "step": step.name,
            "state": step.span.state,
            "rows_in": step.span.rows_in,
            "rows_out": step.span.rows_out,
            "rows_quarantined": step.span.rows_quarantined,
            "seconds": step.span.seconds,
            "error": step.span.error,
            "warnings": "; ".join(step.span.warnings),
        }
        for step in found
    ])  # fmt: skip


def _line(job: str, states: Mapping[str, JobState], after: list[str]) -> dict[str, object]:
    found = states.get(job)
    return {
        "job": job,
        "state": "not started" if found is None else found.state,
        "attempts": 0 if found is None else found.attempts,
        "seconds": None if found is None else found.seconds,
        "after": ", ".join(after),
        "error": None if found is None else found.error,
    }
