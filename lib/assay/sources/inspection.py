"""Which of the new files may be read, and which are read together: from their footers, before Spark starts.

Files whose columns are exactly the contract's are read in one go. The others are read in groups of equal
columns. A file that cannot be read stops its table, with all that is wrong in one sentence: nothing is taken
in beside it, so that no later file overtakes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial

from assay.errors import InputError, TerminalError
from assay.lake.contracts import Contract, names
from assay.medallion.bronze import data_columns
from assay.medallion.lineage import CAPTURE
from assay.sources import parquet
from assay.sources.landing import File, Landing
from assay.sources.parquet import Footer

_THREADS = 8
_SHOWN = 3
AGAIN = "and run the job again; nothing of this table was taken in"
_REMEDY = f"put each right at the same key, or move away what does not belong to the table, {AGAIN}"
_READING = "Encountered error while reading file "


@dataclass(frozen=True, slots=True)
class Group:
    """Files with the same columns.

    Attributes:
        files: Their URIs, in order.
        is_plain: Whether the columns are exactly the contract's.
        texts: The columns' names, where each is a text and so needs no further look at its type.
    """

    files: tuple[str, ...]
    is_plain: bool
    texts: tuple[str, ...] | None = None


def inspect(
    landing: Landing, files: Sequence[File], strange: Sequence[str], contract: Contract
) -> list[Group]:
    """Look at the footers of files and group what may be read.

    Args:
        landing: The landing bucket.
        files: The files.
        strange: URIs in the folder that change capture does not write.
        contract: Of the bronze table.

    Returns:
        Groups of equal columns, in the order of their first file.

    Raises:
        TerminalError: Files cannot be read, or do not belong to the table.
        TransientError: S3 did not answer.
    """
    wrong = [
        f"{uri} has a name that change capture does not write (to Parquet, without date folders)"
        for uri in strange
    ]
    data = [(field.name, field.dataType.simpleString()) for field in data_columns(contract.schema)]
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    with ThreadPoolExecutor(_THREADS) as pool:
        for file, found in zip(files, pool.map(partial(_looked_at, landing), files), strict=True):
            problem = found if isinstance(found, str) else _mismatch(file, found, data)
            if problem:
                wrong.append(f"{file.uri} {problem}")
            elif isinstance(found, Footer):
                groups.setdefault(_columns(found, data), []).append(file.uri)
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise TerminalError(
            f"{contract.name}: of {len(files) + len(strange)} new files {len(wrong)} cannot be taken in: "
            f"{'; '.join(wrong[:_SHOWN])}{more}; {_REMEDY}"
        )
    return [Group(tuple(uris), columns == (), _texts(columns)) for columns, uris in groups.items()]


def _texts(columns: Sequence[tuple[str, str]]) -> tuple[str, ...] | None:
    return tuple(name for name, _ in columns) if {kind for _, kind in columns} == {"string"} else None


def _looked_at(landing: Landing, file: File) -> Footer | str:
    try:
        return parquet.footer(partial(landing.read, file.uri), file.size)
    except InputError as error:
        return error.message


def _mismatch(file: File, footer: Footer, data: Sequence[tuple[str, str]]) -> str | None:
    """Why a whole file is none of this table; None if it may be."""
    columns = dict(footer.columns)
    for name in CAPTURE:
        if name not in columns and not file.is_load:
            return f"has no column {name}, without which changes have no order"
        if name in columns and columns[name] != "string":
            return f"has a column {name} of type {columns[name]}; change capture writes a string"
    here = {name.lower() for name in columns}
    lacking = sum(name not in here for name, _ in data)
    if lacking and (2 * lacking > len(data) or any(other <= here for other in _captured_tables(names()))):
        return f"is of another table: it has the columns {', '.join(columns)[:200]}"
    return None


@lru_cache(maxsize=4)
def _captured_tables(tables: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    """The source's columns of every table that is captured."""
    contracts = (Contract.load(name) for name in tables if name.startswith("bronze."))
    return tuple(
        frozenset(field.name for field in data_columns(contract.schema))
        for contract in contracts
        if "_op" in contract.columns
    )


def _columns(footer: Footer, data: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """What a file is grouped by: nothing where its columns are the contract's, in whatever order."""
    own = [column for column in footer.columns if column[0] not in CAPTURE]
    return () if sorted(own) == sorted(data) else footer.columns


def unreadable(error: BaseException) -> str | None:
    """The file that an engine could not read although its footer is in order; None for other errors.

    Args:
        error: What the engine raised.
    """
    _, found, rest = str(error).partition(_READING)
    return rest.split()[0].rstrip(".") if found else None
