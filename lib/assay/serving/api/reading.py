"""The routes that read gold: experiments and their results, certificates, assets and their prices.

Lists come in pages, sorted, with `next`; each has an ETag. Nothing is read for a caller who is not known.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from assay.client.records import Asset, Certificate, Experiment, Price, Result
from assay.serving.api import examples, pages, resources
from assay.serving.api.callers import caller
from assay.serving.api.pages import Page

MOST, USUAL = 500, 100
"""Rows of a page: at most, and if nothing is said."""
_NAME = r"^[A-Za-z0-9_.:-]+$"
_WORDS = r"^[^\x00-\x1f\x7f]+$"  # a contrast has spaces, a segment what a dimension's values have
_TICKER = r"^[A-Za-z0-9^][A-Za-z0-9^.=:_-]*$"
_LONGEST = 128

Name = Annotated[str, Field(pattern=_NAME, max_length=_LONGEST)]
Words = Annotated[str, Field(pattern=_WORDS, max_length=_LONGEST)]
Id = Annotated[str, Path(pattern=_NAME, max_length=_LONGEST)]
Ticker = Annotated[str, Path(pattern=_TICKER, max_length=_LONGEST)]
router = APIRouter(dependencies=[Depends(caller)], tags=["read"])


class Asked(BaseModel):
    """What every list takes; names that it does not have are refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(USUAL, ge=1, le=MOST, description="Rows of a page")
    cursor: str | None = Field(None, pattern=pages.CURSOR, description="Of `next`, as it was given")

    def given(self) -> dict[str, str]:
        """The filters that are set, as texts."""
        found = self.model_dump(mode="json", exclude={"limit", "cursor"}, exclude_none=True)
        return {
            name: str(value).lower() if isinstance(value, bool) else value for name, value in found.items()
        }


class OfExperiments(Asked):
    """Filters of experiments."""

    final: bool | None = Field(None, description="Whether the planned end has come")
    canary: bool | None = Field(None, description="Whether it is one that Assay planted to judge itself")


class OfResults(Asked):
    """Filters of results."""

    metric: Name | None = None
    segment: Words | None = Field(None, description="`all` is everybody")
    contrast: Words | None = Field(None, description="Such as `treatment vs control`")
    method: Name | None = None
    as_of: date | None = Field(None, description="Of one look")
    final: bool | None = Field(None, description="Only the look at the planned end, or only those before")


class OfCertificates(Asked):
    """Filters of certificates."""

    method: Name | None = None
    metric: Name | None = None
    verdict: Literal["holds", "liberal", "conservative"] | None = None
    kind: Literal["re-randomised", "simulated"] | None = None


class OfAssets(Asked):
    """Filters of assets."""

    exchange: Name | None = Field(None, description="Market identifier code (ISO 10383)")


class OfPrices(Asked):
    """Filters of prices."""

    since: date | None = Field(None, description="First day")
    until: date | None = Field(None, description="Last day")


def described(record: type[Any], example: object, *, paged: bool = True) -> dict[str, Any]:
    """What a route says of its answer: its model, an example, and that a caller may have it already."""
    shown = {"items": [example], "next": None} if paged else example
    content = {"application/json": {"example": shown}}
    model = Page[record] if paged else record  # type: ignore[valid-type]
    return {"response_model": model, "responses": {200: {"content": content}, **pages.NOT_MODIFIED}}


@router.get("/v1/experiments", **described(Experiment, examples.EXPERIMENT))
def experiments(request: Request, asked: Annotated[OfExperiments, Query()]) -> Response:
    """Every experiment at its newest look."""
    return _page(request, resources.EXPERIMENTS, {}, asked)


@router.get("/v1/experiments/{experiment}", **described(Experiment, examples.EXPERIMENT, paged=False))
def experiment(request: Request, experiment: Id) -> Response:
    """One experiment at its newest look."""
    return pages.one(request, resources.EXPERIMENTS, {"experiment": experiment})


@router.get("/v1/experiments/{experiment}/results", **described(Result, examples.RESULT))
def results(request: Request, experiment: Id, asked: Annotated[OfResults, Query()]) -> Response:
    """Results of an experiment: a row per look, metric, segment, contrast and method."""
    return _page(request, resources.RESULTS, {"experiment": experiment}, asked)


@router.get("/v1/certificates", **described(Certificate, examples.CERTIFICATE))
def certificates(request: Request, asked: Annotated[OfCertificates, Query()]) -> Response:
    """Measured error rates of methods."""
    return _page(request, resources.CERTIFICATES, {}, asked)


@router.get("/v1/certificates/{certificate_id}", **described(Certificate, examples.CERTIFICATE, paged=False))
def certificate(request: Request, certificate_id: Id) -> Response:
    """One certificate."""
    return pages.one(request, resources.CERTIFICATES, {"certificate_id": certificate_id})


@router.get("/v1/assets", **described(Asset, examples.ASSET))
def assets(request: Request, asked: Annotated[OfAssets, Query()]) -> Response:
    """Every asset, over all its days."""
    return _page(request, resources.ASSETS, {}, asked)


@router.get("/v1/assets/{asset}/prices", **described(Price, examples.PRICE))
def prices(
    request: Request,
    asset: Ticker,
    asked: Annotated[OfPrices, Query()],
) -> Response:
    """An asset's days."""
    return _page(request, resources.PRICES, {"asset": asset}, asked)


def _page(request: Request, resource: resources.Resource, within: resources.Given, asked: Asked) -> Response:
    return pages.page(request, resource, within, asked.given(), most=asked.limit, cursor=asked.cursor)
