"""The journal: every step of every run, as items of a DynamoDB table that is also a source of bronze.

A step writes one item when it starts and one when it ends, with the rows it read, wrote and set aside, its
seconds and its error with what caused it (`runtime.causes`: nothing of a row). The sort key begins with the
time, so one day reads in order; the index `run` gives one run in order.
"""

from __future__ import annotations

import contextlib
import time
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from assay.runtime import causes, clients, logs

if typing.TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

TABLE = "assay-journal"
KEPT = timedelta(days=90)
"""How long DynamoDB keeps an entry (`expires`, its time to live); bronze took it long before."""
STARTED, SUCCEEDED, FAILED = "STARTED", "SUCCEEDED", "FAILED"
_ERROR_LENGTH = 2_000  # an item may hold 400 KB, but a journal is read by people
_TICK = timedelta(microseconds=1)
_log = logs.get(__name__)


@dataclass(slots=True)
class Step:
    """What a step counts while it runs; what stays None is left out of the journal.

    Attributes:
        rows_in: Rows read.
        rows_out: Rows written.
        rows_quarantined: Rows set aside with a reason.
        warnings: Sentences about what is not as it should be and did not stop the step.
    """

    rows_in: int | None = None
    rows_out: int | None = None
    rows_quarantined: int | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Journal:
    """The journal of one job of one run.

    Attributes:
        run_id: The run, as every row and snapshot carries it.
        job: The job's name.
        week: The week worked on, if there is one.
        table: Name of the DynamoDB table.
        now: The clock, UTC.
    """

    run_id: str
    job: str
    week: date | None = None
    table: str = TABLE
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    client: Callable[[], DynamoDBClient] = field(default=clients.dynamodb)
    _last: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False, repr=False)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Journal the start and the end of a block.

        Args:
            name: What the step does, short: `"load rds"`. It must not contain `#`.

        Yields:
            The step's counters, to be set inside the block.

        Raises:
            TransientError: The journal did not answer: a step that cannot be journalled does not run.
            TerminalError: The journal refused, for example because the table does not exist.
        """
        if not name or "#" in name:
            raise ValueError(
                f"step is {name!r}; it must be a text without '#', which separates the journal's key"
            )
        step = Step()
        self._write(name, STARTED, step)
        began = time.perf_counter()
        try:
            yield step
        except BaseException as error:
            # The step's own error is the one to report, even when the journal fails with it.
            try:
                self._write(name, FAILED, step, time.perf_counter() - began, causes.told(error))
            except Exception:  # noqa: BLE001 the sentence above is the reason
                _log.exception("journal entry lost", extra={"step": name, "run_id": self.run_id})
            raise
        self._write(name, SUCCEEDED, step, time.perf_counter() - began)

    def _write(
        self, name: str, state: str, step: Step, seconds: float | None = None, error: str | None = None
    ) -> None:
        at = self._next_time()
        item: dict[str, AttributeValueTypeDef] = {
            "day": {"S": f"{at:%Y-%m-%d}"},
            "entry": {"S": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}#{self.run_id}#{self.job}#{name}"},
            "run_id": {"S": self.run_id},
            "job": {"S": self.job},
            "step": {"S": name},
            "state": {"S": state},
            "expires": {"N": str(int((at + KEPT).timestamp()))},
        }
        for key in ("rows_in", "rows_out", "rows_quarantined"):
            count = getattr(step, key)
            if count is not None:
                item[key] = {"N": str(int(count))}
        if seconds is not None:
            item["seconds"] = {"N": f"{seconds:.6f}"}
        if step.warnings:
            item["warnings"] = {"S": "\n".join(step.warnings)[:_ERROR_LENGTH]}
        if error is not None:
            item["error"] = {"S": error[:_ERROR_LENGTH]}
        if self.week is not None:
            item["week"] = {"S": self.week.isoformat()}
        with clients.calling(f"write to the journal {self.table}"):
            self.client().put_item(TableName=self.table, Item=item)

    def _next_time(self) -> datetime:
        """The time, but never twice the same: two entries of a fast step must not share a key."""
        self._last = max(self.now(), self._last + _TICK)
        return self._last
