"""One run of a source: read what is new, and land it as a whole or not at all.

dlt carries it: what was read becomes a load package, whose files are written to the landing bucket before the
state that says how far the source was read. A run that dies leaves at most files that no reader looks at, for
their load is not complete; the next run reads the same again. The state stands beside the data, so that any
machine can go on.

Files: `sources/<source>/<table>/<load>.<file>.parquet`. A load is complete once its name stands in
`_dlt_loads/` or `_dlt_pipeline_state/`: the state is written first, and with it the data count.
"""

from __future__ import annotations

import importlib
import itertools
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from assay.errors import AssayError, TerminalError
from assay.lake.contracts import Contract
from assay.medallion.lineage import CAPTURE
from assay.runtime import clients, outages
from assay.sources.landing import SOURCES
from assay.sources.readers import Asked, Batch, Part, Reader, reader
from assay.sources.shape import Row, Shape
from assay.spec.source import Source

if TYPE_CHECKING:
    import dlt

_DLT = (
    "dlt.common.libs.pyarrow",
    "dlt.extract.extract",
    "dlt.normalize.normalize",
    "dlt.load.load",
    "dlt.destinations.impl.filesystem.filesystem",
)
"""What a run of a source imports, some of it only when it is used."""
_IMPORTING = threading.Lock()
"""Modules of dlt import each other in a circle: two threads that do it at once see half of them."""
_OPERATION, _AT, _SEQUENCE = CAPTURE
_MARKS = "parts"
_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a run of a source brought.

    Attributes:
        source: Its name.
        rows: Rows that were landed.
        parts: Parts that were read.
        requests: Requests, connections or files that it took.
        again: Requests that repeated one that had failed.
    """

    source: str
    rows: int
    parts: int
    requests: int
    again: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where sources are read from and landed.

    Attributes:
        bucket: The landing bucket.
        secrets: How the names of sources' secrets begin in Secrets Manager, for example `assay/sources/`.
        week: Monday of the week that is worked on; None where none is.
        as_of: End of that week, exclusive: what is later at a source waits for a later week.
    """

    bucket: str
    secrets: str
    week: date | None = None
    as_of: date | None = None


def left_out(source: Source, place: Place) -> bool:
    """Whether a source is optional and its secret does not exist.

    Args:
        source: As declared.
        place: Where its secret would be. Where that cannot be found out, reading the source says why.
    """
    if not source.optional or source.secret is None:
        return False
    try:
        clients.secret(place.secrets + source.secret)
    except clients.MissingError:
        return True
    except AssayError:
        return False
    return False


def opened(source: Source, contract: Contract, place: Place) -> tuple[Reader, Shape, Asked]:
    """A source's reader, its shape, and what reading takes.

    Args:
        source: As declared.
        contract: Of its silver table.
        place: Where its secret is, and files are dropped.

    Raises:
        InputError: The source and the contract, or the secret, do not fit.
        TransientError: Secrets Manager did not answer.
    """
    secret = clients.secret(place.secrets + source.secret) if source.secret else {}
    taken = Asked(secret, place.bucket, place.week, place.as_of)
    found = reader(source, taken)
    return found, Shape(source, contract, found), taken


def fetch(source: Source, place: Place, *, full: bool = False) -> Fetched:
    """Read what is new in a source and land it.

    Args:
        source: As declared.
        place: Where to.
        full: Whether everything is read again, as if for the first time.

    Raises:
        AssayError: The source or the landing bucket; nothing that a reader looks at was written.
    """
    contract = Contract.load(f"silver.{source.table}")
    with _IMPORTING:
        for module in _DLT:
            importlib.import_module(module)
        read, shape, taken = opened(source, contract, place)
    with closing(read), tempfile.TemporaryDirectory(prefix="assay-source-") as folder:
        pipeline = _pipeline(source, place.bucket, folder)
        rows = _rows(read, shape, full=full)
        try:
            pipeline.run(rows, schema=_schema(source), loader_file_format="parquet")
        except Exception as error:
            raise _own(error, source) from error
    return Fetched(source.name, shape.rows, shape.parts, taken.requests, taken.again)


def _pipeline(source: Source, bucket: str, folder: str) -> dlt.Pipeline:
    import dlt
    from dlt.common.configuration.specs import AwsCredentials

    dlt.config["runtime.dlthub_telemetry"] = False
    target = dlt.destinations.filesystem(
        bucket_url=f"s3://{bucket}/{SOURCES}",
        credentials=AwsCredentials.from_init_value(clients.credentials()),
        layout="{table_name}/{load_id}.{file_id}.{ext}",
        max_state_files=1000,
        warn_unsafe_layout_separators=False,  # names of tables have neither / nor .
    )
    return dlt.pipeline(
        pipeline_name=f"assay_{source.name}",
        pipelines_dir=folder,
        destination=target,
        dataset_name=source.name,
    )


def _schema(source: Source) -> Any:
    """Names of columns as they are: those of our rows are in order already."""
    import dlt

    return dlt.Schema(source.name, {"names": "direct"})


def _rows(read: Reader, shape: Shape, *, full: bool) -> Any:
    import dlt

    source = shape.source

    @dlt.resource(name=source.table, write_disposition="append")
    def landed() -> Iterator[pa.Table]:
        state = dlt.current.resource_state()
        marks: dict[str, str] = dict({} if full else state.get(_MARKS, {}))
        begun = datetime.now(UTC)
        number = itertools.count(1)
        begins = [(part, shape.begin(marks.get(part.name))) for part in read.parts(marks)]
        for part, found in _ahead(read, begins, source.limits.parallel):
            latest = marks.get(part.name)
            for batch in found:
                rows = shape.shaped(part, batch)
                latest = shape.latest(latest, rows)
                if rows:
                    yield _table(shape, rows, begun, number)
            mark = part.mark if part.mark is not None else latest
            if mark is not None:
                marks[part.name] = mark
            shape.parts += 1
        shape.complete()
        state[_MARKS] = marks

    return landed()


def _ahead(
    read: Reader, begins: Sequence[tuple[Part, str | None]], parallel: int
) -> Iterator[tuple[Part, Iterator[Batch]]]:
    """Every part in order with what it brings; while one is taken, as many others as allowed are read.

    Args:
        read: The reader.
        begins: Parts, and where each is read from.
        parallel: How many are read at a time; one alone is not held in memory as a whole.
    """
    if parallel == 1 or len(begins) == 1:
        yield from ((part, read.read(part, since)) for part, since in begins)
        return
    waiting: deque[tuple[Part, Future[list[Batch]]]] = deque()
    with ThreadPoolExecutor(parallel) as pool:
        try:
            for part, since in begins:
                waiting.append((part, pool.submit(lambda *what: [*read.read(*what)], part, since)))
                if len(waiting) > parallel:
                    done, future = waiting.popleft()
                    yield done, iter(future.result())
            for done, future in waiting:
                yield done, iter(future.result())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _table(shape: Shape, rows: list[Row], at: datetime, number: Iterator[int]) -> pa.Table:
    """Rows in the form of change capture: operation first, then the columns, time and a number that grows."""
    moment = f"{at:%Y-%m-%d %H:%M:%S.%f}"
    sequence = [f"{at:%Y%m%d%H%M%S%f}{next(number):0{_DIGITS}d}" for _ in rows]
    columns = {
        _OPERATION: ["I"] * len(rows),
        **{name: [row[name] for row in rows] for name in shape.columns},
        _AT: [moment] * len(rows),
        _SEQUENCE: sequence,
    }
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _own(error: Exception, source: Source) -> AssayError:
    """The error of ours inside those that dlt puts around it."""
    seen: list[BaseException] = []
    here: BaseException | None = error
    while here is not None and here not in seen:
        seen.append(here)
        if isinstance(here, AssayError):
            return here
        here = here.__cause__ or here.__context__ or getattr(here, "exception", None)
    told = outages.explained(error)
    return told or TerminalError(
        f"source {source.name}: {type(seen[-1]).__name__}: {' '.join(str(seen[-1]).split())[:300]}"
    )
