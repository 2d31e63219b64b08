"""Asks a Trino server, by its protocol of HTTP and JSON, what `engine` asks DuckDB.

References:
    Trino documentation, "Trino client REST API".
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import pyarrow as pa
from pyiceberg.catalog import Catalog

from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.serving.queries import plan, scan, wire

CATALOG = "awsdatacatalog"
_HEADERS: Final = {
    "X-Trino-User": "assay",
    "X-Trino-Source": "assay",
    "X-Trino-Catalog": CATALOG,
    "X-Trino-Time-Zone": "UTC",
    # Without it times come with three digits behind the second.
    "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
}
_BUSY = frozenset({429, 502, 503, 504})
_BUSY_SECONDS = 0.2
_MOST_ATTEMPTS = 50
_NO_NODES = "NO_NODES_AVAILABLE"
"""For some 5 s after it says that it started, a server has no node for a catalog, but one for `SELECT 1`."""
_SECONDS = 60.0
Page = Mapping[str, Any]


def query(sql: str, url: str, *, source: Catalog | None = None, most: int = scan.LIMIT) -> pa.Table:
    """The answer of a Trino server to one Athena query over the Iceberg tables.

    Args:
        sql: Athena (Trino) SQL that only reads; macros and views of Assay.
        url: Of the server.
        source: The catalog by which names are looked up first; Glue's, as the environment names it, if not
            given.
        most: Bytes that it may read.

    Returns:
        The result as an Arrow table.

    Raises:
        InputError: The query is not one, names what does not exist, would read too much, or fails by its
            fault.
        TransientError: The catalog or the server does not answer.
        TerminalError: The server fails.
    """
    plan.plan(sql, source).bounded(most)
    return run(plan.plain(sql), url)


def run(sql: str, url: str) -> pa.Table:
    """The answer to a query as it is.

    Args:
        sql: Trino SQL.
        url: Of the server.

    Raises:
        InputError: The query fails by its fault.
        TransientError: The server does not answer.
        TerminalError: The server fails.
    """
    for _ in range(_MOST_ATTEMPTS):
        columns, rows, error = _answer(sql, url)
        if error.get("errorName") != _NO_NODES:
            break
        time.sleep(_BUSY_SECONDS)
    if error:
        raise _failure(error)
    kinds = [wire.arrow_type(column["type"]) for column in columns]
    return wire.table([column["name"] for column in columns], kinds, rows)


def _answer(sql: str, url: str) -> tuple[list[Mapping[str, str]], list[list[Any]], Page]:
    """Columns, rows, and the error if there is one."""
    columns: list[Mapping[str, str]] = []
    rows: list[list[Any]] = []
    for page in _pages(sql, url):
        if "error" in page:
            return columns, rows, page["error"]
        columns = page.get("columns") or columns
        rows.extend(page.get("data") or [])
    return columns, rows, {}


def _pages(sql: str, url: str) -> Iterator[Page]:
    """What the server says until it has said all."""
    # The server is this machine's: no proxy lies between.
    with httpx.Client(headers=_HEADERS, timeout=_SECONDS, trust_env=False) as client:
        page = _said(client, client.build_request("POST", f"{url}/v1/statement", content=sql.encode()))
        yield page
        while "nextUri" in page:
            page = _said(client, client.build_request("GET", page["nextUri"]))
            yield page


def _said(client: httpx.Client, request: httpx.Request) -> Page:
    """The answer to one request, which is repeated while the server is busy."""
    for _ in range(_MOST_ATTEMPTS):
        try:
            answer = client.send(request)
        except httpx.HTTPError as error:
            raise TransientError(f"Trino does not answer at {request.url.host}: {error}") from error
        if answer.status_code not in _BUSY:
            break
        time.sleep(_BUSY_SECONDS)
    if answer.is_error:
        raise TransientError(f"Trino answers with HTTP {answer.status_code}; is it starting? Try again")
    found: Page = answer.json()
    return found


def _failure(error: Page) -> AssayError:
    text = " ".join(str(error.get("message", "no message")).split()).rstrip(".")
    if error.get("errorName") == "DIVISION_BY_ZERO":
        return InputError("the query divides by zero; write try(...) to get NULL there")
    if error.get("errorName") == _NO_NODES:
        return TransientError("Trino has no node that runs queries; is it starting? Try again")
    if error.get("errorType") == "USER_ERROR":
        return InputError(f"Trino refuses the query: {text}")
    if error.get("errorType") == "INSUFFICIENT_RESOURCES":
        return InputError(f"the query needs more than this Trino has: {text}; ask for less, or with DuckDB")
    return TerminalError(f"Trino failed: {text}")
