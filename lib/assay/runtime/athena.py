"""Asks Athena one query: start it, wait for it, read every page of the answer.

Texts come back as Athena writes them; `assay.serving.queries.athena` gives them their types.
"""

from __future__ import annotations

import time
import typing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.runtime import clients

WORKGROUP = "assay-queries"
WAIT_SECONDS = 600.0
_POLLS = (0.1, 0.2, 0.4, 0.8, 1.5)
_USER = 2
"""The category of errors that are the query's own."""
Answer = Mapping[str, typing.Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an answer.

    Attributes:
        name: Its name.
        type: Athena's type, without parameters.
        precision: Digits of a decimal, else of no meaning.
        scale: Decimals of a decimal, else of no meaning.
    """

    name: str
    type: str
    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class Result:
    """What Athena answered.

    Attributes:
        columns: In order.
        rows: Their texts; None is NULL.
        scanned: Bytes that Athena read, which it bills.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    scanned: int


class _Athena(typing.Protocol):
    """The calls of Athena that are made here."""

    def start_query_execution(self, **request: object) -> Answer:
        """Begin a query."""

    def get_query_execution(self, **request: object) -> Answer:
        """How it stands."""

    def stop_query_execution(self, **request: object) -> Answer:
        """End it."""

    def get_query_results(self, **request: object) -> Answer:
        """One page of its answer."""


def ask(
    sql: str, *, workgroup: str = WORKGROUP, seconds: float = WAIT_SECONDS, values: Sequence[str] = ()
) -> Result:
    """The answer to one query.

    Args:
        sql: Athena SQL.
        workgroup: Says where results go and how much a query may read.
        seconds: How long to wait for it.
        values: For the question marks of the SQL, in order, each a literal of SQL.

    Returns:
        The answer, all of it.

    Raises:
        InputError: The query is not accepted, reads too much, or fails by its own fault.
        TransientError: Athena does not answer, or not in time; the query is stopped.
        TerminalError: Everything else that Athena refuses.
    """
    client = typing.cast("_Athena", clients.client("athena"))
    with clients.calling(f"ask Athena in workgroup {workgroup}"):
        bound: dict[str, object] = {"ExecutionParameters": list(values)} if values else {}
        started = client.start_query_execution(QueryString=sql, WorkGroup=workgroup, **bound)
        execution = str(started["QueryExecutionId"])
        with _stopped_if_left(client, execution):
            ended = _wait(client, execution, seconds)
        pages = list(_pages(client, execution))
    described = pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    columns = tuple(
        Column(c["Name"], c["Type"], int(c.get("Precision", 0)), int(c.get("Scale", 0))) for c in described
    )
    texts = [_texts(row) for page in pages for row in page["ResultSet"]["Rows"]]
    # The first row of the first page repeats the names.
    return Result(columns, tuple(texts[1:]), int(ended.get("Statistics", {}).get("DataScannedInBytes", 0)))


def _wait(client: _Athena, execution: str, seconds: float) -> Answer:
    deadline, polls = time.monotonic() + seconds, iter(_POLLS)
    while True:
        found: Answer = client.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
        state = found["Status"]["State"]
        if state == "SUCCEEDED":
            return found
        if state in {"FAILED", "CANCELLED"}:
            raise _failure(found["Status"])
        if time.monotonic() > deadline:
            raise TransientError(f"Athena did not answer within {seconds:.0f} s; the query was stopped")
        time.sleep(next(polls, _POLLS[-1]))


def _failure(status: Answer) -> AssayError:
    reason = " ".join(str(status.get("StateChangeReason") or "no reason given").split()).rstrip(".")
    error = status.get("AthenaError", {})
    if "limit" in reason and "scan" in reason.lower():
        return InputError(
            f"Athena stopped the query: {reason}; name fewer columns, bound the rows by WHERE, or raise the "
            f"parameter ScanLimit of the stack catalog"
        )
    if error.get("Retryable"):
        return TransientError(f"Athena failed: {reason}; try again")
    if error.get("ErrorCategory", _USER) == _USER:
        return InputError(f"Athena refuses the query: {reason}")
    return TerminalError(f"Athena failed: {reason}")


@contextmanager
def _stopped_if_left(client: _Athena, execution: str) -> Iterator[None]:
    """Stop the query if nobody waits for it any more: it would be billed all the same."""
    try:
        yield
    except (TransientError, KeyboardInterrupt):
        client.stop_query_execution(QueryExecutionId=execution)
        raise


def _pages(client: _Athena, execution: str) -> Iterator[Answer]:
    request: dict[str, object] = {"QueryExecutionId": execution}
    while True:
        page = client.get_query_results(**request)
        yield page
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _texts(row: Answer) -> tuple[str | None, ...]:
    return tuple(cell.get("VarCharValue") for cell in row["Data"])
