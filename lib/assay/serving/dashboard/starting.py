"""The page *Start a run*: choose weeks and blueprint, start the workflow, watch it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final

import streamlit as st

from assay import configs
from assay.errors import InputError
from assay.runtime import workflows
from assay.runtime.workflows import Run
from assay.serving.dashboard import follow, page
from assay.serving.dashboard.reading import Query
from assay.spec import load_blueprint

OWN: Final = "the workflow's own"
_MOST_WEEKS = 8
_SECONDS = 3.0
"""Between two looks at a run that is under way."""
_WEEK = timedelta(weeks=1)
_RUN, _LEFT = "started_run", "weeks_left"
"""What the browser's session keeps: the run that is watched, and (week, blueprint) of those to follow."""
Left = list[tuple[date, str]]


def show(_query: Query) -> None:
    """Show the page.

    Args:
        _query: Not asked: runs are Glue's to tell.
    """
    st.title("Start a run")
    with page.told():
        past = follow.runs()
        going = next((run for run in past if run.live), None)
        _form(past, going)
        watched = going.id if going else st.session_state.get(_RUN) or (past[0].id if past else None)
        if watched is None:
            st.info("Nothing has run yet.")
            return
        moving = going is not None or bool(st.session_state.get(_LEFT))
        watch = partial(_watch, str(watched), moving=moving)
        st.fragment(watch, run_every=_SECONDS if moving else None)()


def next_week(past: Sequence[Run], first: date) -> date:
    """The week after the last one that succeeded.

    Args:
        past: Runs.
        first: The first week, where none has.
    """
    done = [date.fromisoformat(run.week) for run in past if run.succeeded and run.week]
    return max(done) + _WEEK if done else first


def blueprints(past: Sequence[Run]) -> list[str]:
    """The workflow's own blueprint, and those that earlier runs were started with.

    Args:
        past: Runs.
    """
    return [OWN, *sorted({run.properties["blueprint"] for run in past if run.properties.get("blueprint")})]


def _form(past: Sequence[Run], going: Run | None) -> None:
    with st.form("start"):
        left, middle, right = st.columns(3)
        known = str(left.selectbox("Blueprint", blueprints(past)))
        other = left.text_input("Or another: a path, or an s3:// URI").strip()
        week = middle.date_input("Week, by its Monday", next_week(past, _first()))
        count = right.number_input("Weeks, one after the other", min_value=1, max_value=_MOST_WEEKS, value=1)
        asked = st.form_submit_button("Start", type="primary")
    if going is not None:
        st.info(f"Run {going.id} of week {going.week} is under way; the next can start when it has ended.")
    if asked:
        with page.told():
            _start(week, other or ("" if known == OWN else known), int(count))


def _first() -> date:
    """The first week of the blueprint that ships."""
    return load_blueprint(configs.path("glue_configs/blueprints/brokerage.yaml")).start


def _start(week: object, blueprint: str, count: int) -> None:
    if not isinstance(week, date):
        raise InputError("no week is chosen; choose the Monday that names it")
    run_id = workflows.start(week, blueprint)
    st.session_state[_RUN] = run_id
    st.session_state[_LEFT] = [(week + number * _WEEK, blueprint) for number in range(1, count)]
    follow.look_again()
    st.rerun()


def _watch(run_id: str, *, moving: bool) -> None:
    """One look at a run; when it has ended well, the next week that was asked for starts.

    Args:
        run_id: The run.
        moving: Whether it was under way, or weeks were left, when the page was drawn.
    """
    with page.told():
        run = workflows.run(run_id)
        left: Left = st.session_state.get(_LEFT, [])
        st.subheader(f"Run {run.id}")
        st.markdown(_said(run, len(left)))
        follow.drawn(run)
        if run.live or not moving:
            return
        st.session_state[_LEFT] = []  # what cannot be started is not tried again and again
        if left and run.succeeded:
            (week, blueprint), *rest = left
            st.session_state[_RUN] = workflows.start(week, blueprint)
            st.session_state[_LEFT] = rest
        follow.look_again()
        st.rerun()


def _said(run: Run, left: int) -> str:
    week = f"Week {run.week}" if run.week else "No week"
    began = f"started {run.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    more = f"; {left} more week{'' if left == 1 else 's'} will follow while this page is open" if left else ""
    if run.live:
        took = datetime.now(UTC) - run.started_at
        return f"{week}: {run.status}, {began}, {took.total_seconds():,.0f} s ago{more}."
    ended = "all jobs succeeded" if run.succeeded else "not every job succeeded"
    seconds = 0.0 if run.ended_at is None else (run.ended_at - run.started_at).total_seconds()
    return f"{week}: {run.status}, {ended}; {began}, {seconds:,.0f} s long{more}."
