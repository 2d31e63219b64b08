"""A page of a resource, or one thing of it, as an answer: of one state of the table, with its name.

The state's name is the answer's ETag, so that who has the answer already is told so before a row is read. A
cursor carries the state as well: all pages that follow one another are of that state, whatever is written
meanwhile, until maintenance removes it.

References:
    RFC 9110, HTTP Semantics: 8.8.3 ETag, 13.1.2 If-None-Match.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Request, Response
from pydantic import BaseModel, TypeAdapter
from starlette.exceptions import HTTPException

from assay import __version__
from assay.serving.api import answers, engines, tables
from assay.serving.api.resources import Given, Resource

CURSOR = r"^[0-9a-f]{1,16}\.[0-9a-f]{1,8}\.[0-9a-f]{16}$"
NOT_MODIFIED: Mapping[int | str, Mapping[str, Any]] = {304: {"description": "You have it already"}}
_TAGS = re.compile(r'(?:W/)?("[^"]*")')
T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """Some rows, and where the next ones are: a path with its query, null on the last page."""

    items: list[T]
    next: str | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins.

    Attributes:
        snapshot: Of the table.
        offset: How many rows were on the pages before.
        question: Digest of the resource and its filters.
    """

    snapshot: int
    offset: int
    question: str

    def __str__(self) -> str:
        """As it stands in an address."""
        return f"{self.snapshot:x}.{self.offset:x}.{self.question}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """The cursor of a text that matches `CURSOR`."""
        snapshot, offset, question = text.split(".")
        return cls(int(snapshot, 16), int(offset, 16), question)


def page(
    request: Request, resource: Resource, within: Given, given: Given, *, most: int, cursor: str | None
) -> Response:
    """A page.

    Args:
        request: What was asked.
        resource: Of what.
        within: What the path names, such as an experiment; it must exist.
        given: The filters that are set.
        most: How many rows.
        cursor: Where to begin, as the page before said; at the beginning if None.

    Raises:
        HTTPException: 404 if what the path names does not exist, 410 if the cursor's state is gone, 422 if
            the cursor is of another question.
        TransientError: The catalog, the object store or the engine does not answer.
    """
    filters = {**within, **given}
    begin = _begin(resource, filters, cursor)
    if cached := _unchanged(request, begin.snapshot):
        return cached

    def made() -> bytes:
        rows = _rows(resource, filters, begin.snapshot, offset=begin.offset, most=most + 1)
        if not rows and within and not _rows(resource, within, begin.snapshot, most=1):
            raise HTTPException(404, _missing(within))
        following = Cursor(begin.snapshot, begin.offset + most, begin.question)
        more = _address(request, following) if len(rows) > most else None
        body = Page[resource.record](items=rows[:most], next=more)  # type: ignore[name-defined]
        return body.model_dump_json().encode()

    return _answer(answers.kept((str(begin), most, request.url.path), made), begin.snapshot)


def one(request: Request, resource: Resource, within: Given) -> Response:
    """One thing.

    Args:
        request: What was asked.
        resource: Of what.
        within: What the path names.

    Raises:
        HTTPException: 404 if it does not exist.
        TransientError: The catalog, the object store or the engine does not answer.
    """
    snapshot = tables.state(resource.table).newest
    if cached := _unchanged(request, snapshot):
        return cached

    def made() -> bytes:
        rows = _rows(resource, within, snapshot, most=1)
        if not rows:
            raise HTTPException(404, _missing(within))
        adapter: TypeAdapter[Any] = TypeAdapter(resource.record)
        return adapter.dump_json(adapter.validate_python(rows[0]))

    return _answer(answers.kept((snapshot, resource.digest(within)), made), snapshot)


def newest(resource: Resource, within: Given, *, most: int) -> list[engines.Row]:
    """Rows of the newest state, for an answer of another kind."""
    return _rows(resource, within, tables.state(resource.table).newest, most=most)


def _begin(resource: Resource, filters: Given, cursor: str | None) -> Cursor:
    state, question = tables.state(resource.table), resource.digest(filters)
    if cursor is None:
        return Cursor(state.newest, 0, question)
    begin = Cursor.parse(cursor)
    if begin.question != question:
        raise HTTPException(422, "query.cursor: it is of another question; follow `next` as it was given")
    if begin.snapshot not in state.kept:
        raise HTTPException(410, "the state that this cursor reads is gone; begin without a cursor")
    return begin


def _rows(
    resource: Resource, given: Given, snapshot: int, *, offset: int = 0, most: int
) -> list[engines.Row]:
    if snapshot == tables.NONE:
        return []
    found = engines.chosen()(resource.statement(given, offset=offset, most=most), snapshot)
    return [
        {name: _words(value) if name in resource.lists else value for name, value in row.items()}
        for row in found
    ]


def _words(value: object) -> list[str]:
    return str(value).split(",") if value else []


def _unchanged(request: Request, snapshot: int) -> Response | None:
    """The answer to who has this state already; None for everybody else."""
    known = ",".join(request.headers.getlist("if-none-match"))
    if known.strip() != "*" and _tag(snapshot) not in _TAGS.findall(known):
        return None
    return Response(status_code=304, headers=_headers(snapshot))


def _answer(body: bytes, snapshot: int) -> Response:
    return Response(body, media_type="application/json", headers=_headers(snapshot))


def _headers(snapshot: int) -> dict[str, str]:
    return {"ETag": _tag(snapshot), "Cache-Control": "private, no-cache"}


def _tag(snapshot: int) -> str:
    """A state's name, and that of the program that tells it: both make the answer."""
    return f'"{snapshot:x}-{__version__}"'


def _address(request: Request, cursor: Cursor) -> str:
    """The same question from there on."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', str(cursor))])}"


def _missing(within: Given) -> str:
    return "; ".join(f"there is no {name.removesuffix('_id')} {value!r}" for name, value in within.items())
