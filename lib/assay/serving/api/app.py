"""The application, and its routes that take in: blueprints and their versions, records for a source.

Under uvicorn: `uvicorn assay.serving.api.app:app`; the bucket comes from `ASSAY_LANDING_BUCKET`. Routes that
read gold are in `reading`, those that start and follow runs in `running`.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Path, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from assay.errors import TerminalError
from assay.runtime import logs
from assay.serving.api import problems, reading, running
from assay.serving.api.dropped import Drop
from assay.serving.api.limits import DEADLINE, Limited
from assay.serving.api.store import Registered, Store
from assay.spec.blueprint import Blueprint

BUCKET_VARIABLE = "ASSAY_LANDING_BUCKET"
_BLUEPRINT_NAME = r"^[a-z][a-z0-9_]{0,62}$"

Name = Annotated[str, Path(pattern=_BLUEPRINT_NAME, description="Name of the blueprint")]
Number = Annotated[int, Path(ge=1, description="Number of the version")]
Source = Annotated[str, Path(pattern=_BLUEPRINT_NAME, description="Name of the folder that a source reads")]
Record = dict[str, Any]
Records = Annotated[Record | list[Record], Body(description="A record, or a list of them")]
Document = Annotated[dict[str, Any], Body(description="A blueprint as a JSON object")]


class Version(BaseModel):
    """A registered version of a blueprint."""

    model_config = ConfigDict(from_attributes=True)

    blueprint: str
    number: int
    version: str
    document: str
    registered_at: str


class Kept(BaseModel):
    """Where posted records are kept until a source reads them."""

    key: str
    records: int


class Status(BaseModel):
    """That the API answers."""

    status: str


def bucket() -> str:
    """The bucket that the environment names.

    Raises:
        TerminalError: The environment names none.
    """
    named = os.environ.get(BUCKET_VARIABLE)
    if not named:
        raise TerminalError(f"{BUCKET_VARIABLE} is not set; set it to the name of the landing bucket")
    return named


Bucket = Annotated[str, Depends(bucket)]


def store(bucket: Bucket) -> Store:
    """The versions in that bucket."""
    return Store(bucket)


@contextlib.asynccontextmanager
async def _serving(_: FastAPI) -> AsyncIterator[None]:
    logs.configure()
    yield


Versions = Annotated[Store, Depends(store)]
app = FastAPI(
    title="Assay",
    version="1",
    docs_url=None,
    redoc_url=None,
    redirect_slashes=False,  # to an address that the request's Host header names
    lifespan=_serving,
    responses=problems.DOCUMENTED,
)
problems.install(app)
app.add_middleware(Limited)
app.include_router(reading.router)
app.include_router(running.router)


@app.get("/v1/status")
def status() -> Status:
    """Whether the API answers."""
    return Status(status="ok")


@app.post("/v1/parameters", status_code=201, responses={200: {"model": Version}})
def register(document: Document, versions: Versions, request: Request, response: Response) -> Version:
    """Register a blueprint: 201 for a new version, 200 when the newest version is the same document."""
    blueprint = Blueprint.parse(json.dumps(document), "the request")
    registered, new = versions.register(
        blueprint.name, blueprint.version, blueprint.document(), until=request.scope[DEADLINE]
    )
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"/v1/parameters/{registered.blueprint}/{registered.number}"
    return Version.model_validate(registered)


@app.post("/v1/dropped/{name}", status_code=202)
def drop(name: Source, records: Records, bucket: Bucket) -> Kept:
    """Keep records for the source that reads `dropped/<name>/`; they are in silver after the next run."""
    listed = records if isinstance(records, list) else [records]
    return Kept(key=Drop(bucket).keep(name, listed), records=len(listed))


@app.get("/v1/parameters/{name}")
def newest(name: Name, versions: Versions) -> Version:
    """The newest version of a blueprint."""
    return _found(versions.newest(name), f"no blueprint {name!r} is registered")


@app.get("/v1/parameters/{name}/{number}")
def numbered(name: Name, number: Number, versions: Versions) -> Version:
    """One version of a blueprint."""
    return _found(versions.get(name, number), f"blueprint {name!r} has no version {number}")


def _found(registered: Registered | None, otherwise: str) -> Version:
    if registered is None:
        raise HTTPException(404, otherwise)
    return Version.model_validate(registered)
