"""An HTTP API that answers JSON: one part for each value of `each`, page after page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import requests
from dlt.common import jsonpath
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import (
    BasePaginator,
    HeaderLinkPaginator,
    JSONLinkPaginator,
    JSONResponseCursorPaginator,
    OffsetPaginator,
    PageNumberPaginator,
    SinglePagePaginator,
)
from typing_extensions import override

from assay.errors import TerminalError
from assay.sources.readers.base import Batch, Part, Record
from assay.sources.readers.web import Site, WebReader, shown
from assay.spec.asking import Pages
from assay.spec.source import Rest, filled

_WHOLE = "$"


class RestReader(WebReader[Rest]):
    """Reads an API."""

    @override
    def read(self, part: Part, since: str | None) -> Iterator[Batch]:
        """The records of all pages."""
        source, site = self._source, self._site
        query = self._query(part)
        if source.since is not None and source.since.query and since is not None:
            query[source.since.query] = since
        client = _Client(
            base_url=site.url, headers=site.headers, auth=site.auth, session=site.session, site=site
        )
        pages = client.paginate(
            filled(source.path, part.values),
            params=query,
            paginator=_paginator(source.pages),
            data_selector=source.records or _WHOLE,
            hooks={"response": []},  # an error answer is judged below, once no attempt is left
        )
        while (page := site.telling(lambda: next(pages, None))) is not None:
            yield Batch(shown(page.response.url), _records(source, page))

    @override
    def get(self, record: Record, place: str) -> tuple[bool, Any]:
        """A value by its path, such as `price.close`."""
        here: Any = record
        for step in place.split("."):
            if not isinstance(here, Mapping) or step not in here:
                return False, None
            here = here[step]
        return True, here


class _Client(RESTClient):
    """dlt's client; but a path that leads nowhere is an error, and not an empty page."""

    def __init__(self, *, site: Site, **settings: Any) -> None:
        super().__init__(**settings)
        self._site = site

    def extract_response(self, response: requests.Response, data_selector: jsonpath.TJsonPath) -> list[Any]:
        body = self._site.json(self._site.judged(response))
        response.json = lambda **_: body  # type: ignore[method-assign]  # what paginators read
        if not jsonpath.find_values(data_selector, body):
            has = ", ".join(map(str, body)) if isinstance(body, dict) else f"a {type(body).__name__}"
            raise TerminalError(
                f"source {self._site.source.name}: the answer of {shown(response.url)} has nothing at "
                f"{data_selector!r}, it has {has[:200] or 'nothing at all'}; correct 'records'"
            )
        return super().extract_response(response, data_selector)


def _records(source: Rest, page: list[Any]) -> list[Record]:
    for record in page:
        if not isinstance(record, dict):
            raise TerminalError(
                f"source {source.name}: an item at {source.records or _WHOLE!r} is a "
                f"{type(record).__name__}, not an object with fields; correct 'records'"
            )
    return list(page)


def _paginator(pages: Pages | None) -> BasePaginator:
    if pages is None:
        return SinglePagePaginator()
    if pages.by == "header":
        return HeaderLinkPaginator()
    if pages.by == "link":
        return JSONLinkPaginator(next_url_path=pages.at or "")
    if pages.by == "cursor":
        return JSONResponseCursorPaginator(cursor_path=pages.at or "", cursor_param=pages.query)
    if pages.by == "offset":
        return OffsetPaginator(
            limit=pages.size, offset_param=pages.query, limit_param=pages.size_query, total_path=pages.at
        )
    return PageNumberPaginator(base_page=pages.first, page_param=pages.query, total_path=pages.at)
