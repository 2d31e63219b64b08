"""The routes of runs: which there were, how one stands, and one more."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.exceptions import HTTPException

from assay.client.records import Job, Progress, Run
from assay.errors import InputError
from assay.runtime import workflows
from assay.runtime.journal import FAILED, STARTED, SUCCEEDED
from assay.serving.api import examples, pages, resources, workflow
from assay.serving.api.callers import caller
from assay.serving.api.problems import behind
from assay.serving.api.reading import Asked, described

_RUN = r"^[A-Za-z0-9_-]+$"
_JOBS = 100
"""More than a run has."""
Id = Annotated[str, Path(pattern=_RUN, max_length=128, description="Id of the run")]
router = APIRouter(dependencies=[Depends(caller)], tags=["runs"])


class OfRuns(Asked):
    """Filters of runs."""

    week: date | None = Field(None, description="Monday of the week worked on")
    state: Literal["SUCCEEDED", "FAILED", "STARTED"] | None = None


class Wanted(BaseModel):
    """What a new run works on."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{**examples.WANTED}]})

    week: date | None = Field(None, description="Monday of the week; the last complete one if not given")


@router.get("/v1/runs", **described(Run, examples.RUN))
def runs(request: Request, asked: Annotated[OfRuns, Query()]) -> Response:
    """Runs that gold knows, the newest first."""
    return pages.page(request, resources.RUNS, {}, asked.given(), most=asked.limit, cursor=asked.cursor)


@router.get(
    "/v1/runs/{run}", responses={200: {"content": {"application/json": {"example": examples.PROGRESS}}}}
)
def run(run: Id, response: Response) -> Progress:
    """How a run stands now."""
    response.headers["Cache-Control"] = "no-store"
    found = workflow.find(run) or _past(run)
    if found is None:
        raise HTTPException(404, f"there is no run {run!r}")
    return found


@router.post(
    "/v1/runs",
    status_code=202,
    responses={202: {"content": {"application/json": {"example": examples.PROGRESS}}}},
)
def start(wanted: Wanted, response: Response) -> Progress:
    """Start a run of the workflow; `Location` says where to follow it. 409 while one is under way."""
    if wanted.week is not None and wanted.week.weekday():
        monday = wanted.week - timedelta(days=wanted.week.weekday())
        raise InputError(f"body.week: {wanted.week} is no Monday, by which a week is named; here {monday}")
    started = _started(wanted.week)
    response.headers["Location"] = f"/v1/runs/{started}"
    return workflow.find(started) or Progress(started, wanted.week, STARTED, None, None, ())


def _started(week: date | None) -> str:
    with behind():
        try:
            return workflows.start(week)
        except workflows.BusyError as error:
            raise HTTPException(409, error.message) from error


def _past(run: str) -> Progress | None:
    """A run that the workflow does not know: one that began without it, or long ago."""
    found = pages.newest(resources.JOBS, {"run": run}, most=_JOBS)
    if not found:
        return None
    jobs = TypeAdapter(tuple[Job, ...]).validate_python(found)
    states = {job.state for job in jobs}
    ends = [job.ended_at for job in jobs if job.ended_at is not None]
    return Progress(
        run=run,
        week=None,
        state=next((state for state in (FAILED, STARTED) if state in states), SUCCEEDED),
        started_at=min(job.started_at for job in jobs if job.started_at is not None),
        ended_at=max(ends, default=None),
        jobs=jobs,
    )
