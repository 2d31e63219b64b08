# ruff: noqa: E501 - cases as a table
"""Athena's calls, in the order and with the answers of the service model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest

from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.runtime import athena, clients
from assay.serving.queries import athena as asked_athena

COLUMNS = [
    {"Name": "n", "Type": "bigint", "Precision": 19, "Scale": 0},
    {"Name": "money", "Type": "decimal", "Precision": 18, "Scale": 2},
    {"Name": "tags", "Type": "array"},
]


class Service:
    """Says what is written down for it, and keeps what it was asked."""

    def __init__(self, *states: Mapping[str, Any], pages: list[list[list[str | None]]] | None = None) -> None:
        self.states = list(states)
        self.pages = pages or []
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def start_query_execution(self, **request: Any) -> dict[str, Any]:
        self.asked.append(("start", request))
        return {"QueryExecutionId": "q1"}

    def get_query_execution(self, **request: Any) -> dict[str, Any]:
        self.asked.append(("look", request))
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"QueryExecution": {"Status": state, "Statistics": {"DataScannedInBytes": 1234}}}

    def stop_query_execution(self, **request: Any) -> dict[str, Any]:
        self.asked.append(("stop", request))
        return {}

    def get_query_results(self, **request: Any) -> dict[str, Any]:
        self.asked.append(("read", request))
        place = int(request.get("NextToken", 0))
        rows = [
            {"Data": [{} if c is None else {"VarCharValue": c} for c in row]} for row in self.pages[place]
        ]
        more = {"NextToken": str(place + 1)} if place + 1 < len(self.pages) else {}
        return {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": COLUMNS}}, **more}


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(athena, "_POLLS", (0.0,))

    def play(*states: Mapping[str, Any], **given: Any) -> Service:
        service = Service(*states, **given)
        monkeypatch.setattr(clients, "client", lambda name: {"athena": service}[name])
        return service

    return play


def test_every_page_is_read_and_typed(serve: Any) -> None:
    head: list[str | None] = ["n", "money", "tags"]
    service = serve(
        {"State": "QUEUED"}, {"State": "RUNNING"}, {"State": "SUCCEEDED"},
        pages=[[head, ["1", "2.50", "[a, b]"]], [[None, "0.10", None]]],
    )  # fmt: skip
    found = asked_athena.query("SELECT n, money, tags FROM gold.t", workgroup="w")
    assert [row["n"] for row in found.to_pylist()] == [1, None]
    assert found.schema.field("money").type == pa.decimal128(18, 2)
    assert found.column("tags").to_pylist() == ["[a, b]", None]
    assert service.asked[0] == (
        "start", {"QueryString": "SELECT n, money, tags FROM gold.t", "WorkGroup": "w"},
    )  # fmt: skip
    assert [what for what, _ in service.asked] == ["start", "look", "look", "look", "read", "read"]
    assert athena.ask("SELECT 1").scanned == 1234


def test_macros_and_views_reach_athena_written_out(serve: Any) -> None:
    service = serve({"State": "SUCCEEDED"}, pages=[[["n", "money", "tags"]]])
    assert asked_athena.query("SELECT method FROM gold.canary_rates").num_rows == 0
    sent = service.asked[0][1]["QueryString"]
    assert "gold.canary_rates" not in sent
    assert "wilson_parts" in sent


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (
            {"State": "FAILED", "StateChangeReason": "line 1:8:\nColumn 'x'.", "AthenaError": {"ErrorCategory": 2}},
            InputError,
            "Athena refuses the query: line 1:8: Column 'x'",
        ),
        (
            {"State": "CANCELLED", "StateChangeReason": "Query cancelled! : Bytes scanned limit was exceeded"},
            InputError,
            r"Athena stopped the query: .* raise the parameter ScanLimit of the stack catalog",
        ),
        (
            {"State": "FAILED", "StateChangeReason": "busy", "AthenaError": {"ErrorCategory": 1, "Retryable": True}},
            TransientError,
            "Athena failed: busy; try again",
        ),
        ({"State": "FAILED", "AthenaError": {"ErrorCategory": 1}}, TerminalError, "Athena failed: no reason given"),
    ],
)  # fmt: skip
def test_failures_are_one_sentence(
    serve: Any, status: dict[str, Any], kind: type[AssayError], said: str
) -> None:
    serve(status)
    with pytest.raises(kind, match=said):
        athena.ask("SELECT x")


def test_a_query_that_nobody_waits_for_is_stopped(serve: Any) -> None:
    service = serve({"State": "RUNNING"})
    with pytest.raises(TransientError, match="did not answer within -1 s; the query was stopped"):
        athena.ask("SELECT 1", seconds=-1)
    assert service.asked[-1] == ("stop", {"QueryExecutionId": "q1"})


def test_only_queries_are_sent(serve: Any) -> None:
    service = serve({"State": "SUCCEEDED"})
    with pytest.raises(InputError, match="DROP is not a query"):
        asked_athena.query("DROP TABLE gold.runs")
    assert service.asked == []
