"""Trino's protocol against a server that says what a real one says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.serving.queries import trino

if TYPE_CHECKING:
    from .conftest import FolderCatalog

URL = "http://127.0.0.1:1"
Serve = Callable[[list[httpx.Response | Exception]], list[httpx.Request]]


def page(*, following: int | None = None, **more: object) -> httpx.Response:
    uri = {} if following is None else {"nextUri": f"{URL}/v1/statement/{following}"}
    return httpx.Response(200, json={"id": "q", "stats": {}, **uri, **more})


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Answers requests in order, and keeps them."""
    asked: list[httpx.Request] = []
    client = httpx.Client
    monkeypatch.setattr(trino, "_BUSY_SECONDS", 0.0)

    def play(script: list[httpx.Response | Exception]) -> list[httpx.Request]:
        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            said = script.pop(0)
            if isinstance(said, Exception):
                raise said
            return said

        transport = httpx.MockTransport(answer)
        monkeypatch.setattr(httpx, "Client", lambda **given: client(**given, transport=transport))
        return asked

    return play


def test_pages_are_read_until_the_last(serve: Serve) -> None:
    columns = [{"name": "n", "type": "bigint"}, {"name": "d", "type": "date"}]
    asked = serve([
        page(following=1),
        httpx.Response(503),
        page(following=2, columns=columns, data=[[1, "2026-01-05"]]),
        page(columns=columns, data=[[2, None]]),
    ])  # fmt: skip
    found = trino.run("SELECT n, d FROM t", URL).to_pylist()
    assert [row["n"] for row in found] == [1, 2]
    assert found[1]["d"] is None
    assert asked[0].content == b"SELECT n, d FROM t"
    assert asked[0].headers["X-Trino-Catalog"] == "awsdatacatalog"
    assert [request.method for request in asked] == ["POST", "GET", "GET", "GET"]


def test_no_rows_have_columns(serve: Serve) -> None:
    serve([page(columns=[{"name": "n", "type": "bigint"}])])
    assert trino.run("SELECT 1 AS n WHERE false", URL).column_names == ["n"]


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (
            {"errorType": "USER_ERROR", "message": "line 1:8: Column\n'x' is wrong."},
            InputError,
            "Trino refuses the query: line 1:8: Column 'x' is wrong",
        ),
        ({"errorName": "DIVISION_BY_ZERO", "errorType": "USER_ERROR"}, InputError, r"write try\(\.\.\.\)"),
        (
            {"errorType": "INSUFFICIENT_RESOURCES", "message": "Query exceeded memory"},
            InputError,
            "needs more than this Trino has: Query exceeded memory; ask for less",
        ),
        ({"errorType": "INTERNAL_ERROR"}, TerminalError, "Trino failed: no message"),
    ],
)
def test_failures_are_one_sentence(
    serve: Serve, error: dict[str, str], kind: type[AssayError], said: str
) -> None:
    serve([page(error=error)])
    with pytest.raises(kind, match=said):
        trino.run("SELECT 1", URL)


def test_a_server_that_is_not_there_or_not_ready(serve: Serve) -> None:
    serve([httpx.ConnectError("refused")])
    with pytest.raises(TransientError, match=r"Trino does not answer at 127\.0\.0\.1: refused"):
        trino.run("SELECT 1", URL)
    serve([httpx.Response(404)])
    with pytest.raises(TransientError, match="HTTP 404; is it starting"):
        trino.run("SELECT 1", URL)


def test_a_server_that_has_no_node_yet_is_asked_again(serve: Serve) -> None:
    none = {"errorName": "NO_NODES_AVAILABLE", "errorType": "INTERNAL_ERROR", "message": "No nodes available"}
    asked = serve([page(following=1), page(error=none), page(columns=[], data=[])])
    assert trino.run("SELECT 1 FROM t", URL).num_rows == 0
    assert [request.method for request in asked] == ["POST", "GET", "POST"]
    serve([page(error=none) for _ in range(trino._MOST_ATTEMPTS)])
    with pytest.raises(TransientError, match="no node that runs queries; is it starting"):
        trino.run("SELECT 1 FROM t", URL)


def test_names_are_looked_up_before_trino_is_asked(lake: FolderCatalog, serve: Serve) -> None:
    asked = serve([])
    with pytest.raises(InputError, match=r"there is no table 'silver.trade'; did you mean 'silver.trades'"):
        trino.query("SELECT 1 FROM silver.trade", URL, source=lake)
    with pytest.raises(InputError, match="there is no column 'asst'"):
        trino.query("SELECT asst FROM silver.trades", URL, source=lake)
    with pytest.raises(InputError, match="would read about"):
        trino.query("SELECT asset FROM silver.trades", URL, source=lake, most=1)
    assert asked == []


def test_macros_reach_trino_as_plain_sql(lake: FolderCatalog, serve: Serve) -> None:
    asked = serve([page(columns=[{"name": "share", "type": "double"}], data=[[0.5]])])
    sql = (
        "WITH c AS (SELECT count(*) AS successes, count(*) * 2 AS n, 0.05e0 AS alpha FROM silver.trades) "
        "SELECT share FROM {{share(c)}}"
    )
    assert trino.query(sql, URL, source=lake).to_pylist() == [{"share": 0.5}]
    assert b"{{" not in asked[0].content
    assert b"wilson_parts" in asked[0].content
    assert asked[0].headers["X-Trino-Time-Zone"] == "UTC"
