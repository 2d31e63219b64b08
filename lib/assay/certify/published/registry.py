"""The registry of publications: adding one is a function under `@publication(...)` that makes its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assay.certify.published.simulation import Simulation
from assay.certify.published.table import Row, Table
from assay.errors import InputError, did_you_mean

FEWEST = 100
"""Fewer replicates show nothing."""
SEED = 2026
"""The seed of the tables that the documentation shows."""

Rows = Callable[[Simulation], tuple[Row, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A publication whose figures can be made again.

    Attributes:
        name: What the command line calls it.
        title: What it is about.
        source: Authors, year, title and place.
        compares: What is compared and how ours is made.
        replicates: How many to simulate if nothing else is asked for.
        rows: Makes the rows.
    """

    name: str
    title: str
    source: str
    compares: str
    replicates: int
    rows: Rows


PUBLICATIONS: dict[str, Publication] = {}


def publication(
    *, name: str, title: str, source: str, compares: str, replicates: int
) -> Callable[[Rows], Rows]:
    """Register a function as the maker of a publication's rows.

    Args:
        name: Unique name.
        title: What it is about.
        source: Authors, year, title and place.
        compares: What is compared and how ours is made.
        replicates: How many to simulate by default.

    Returns:
        The decorator.

    Raises:
        InputError: The name is taken.
    """

    def register(rows: Rows) -> Rows:
        if name in PUBLICATIONS:
            raise InputError(f"a published table {name!r} is registered already; choose another name")
        PUBLICATIONS[name] = Publication(
            name=name, title=title, source=source, compares=compares, replicates=replicates, rows=rows
        )
        return rows

    return register


def chosen(*names: str) -> tuple[Publication, ...]:
    """The publications of these names, or all without a name, each once.

    Raises:
        InputError: There is none of that name; the message hints at the nearest.
    """
    for name in names:
        if name not in PUBLICATIONS:
            raise InputError(f"no published table {name!r}; {did_you_mean(name, PUBLICATIONS)}")
    return tuple(PUBLICATIONS[name] for name in dict.fromkeys(names or PUBLICATIONS))


def reproduce(
    *names: str,
    replicates: int | None = None,
    seed: int = SEED,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[Table, ...]:
    """Make published tables again.

    Args:
        names: Which ones; all if none is named.
        replicates: Simulated experiments behind each row, 100 or more; None for each table's own number.
        seed: Equal seeds give equal digits; 0 or greater.
        progress: Told the name of the table that is being made and the share of it that is done, in [0, 1].

    Returns:
        The tables, in the order asked for.

    Raises:
        InputError: No such table, fewer than 100 replicates, or a negative seed.
    """
    wanted = chosen(*names)
    if replicates is not None and replicates < FEWEST:
        raise InputError(f"replicates is {replicates}; a published table needs {FEWEST} or more")
    if seed < 0:
        raise InputError(f"seed is {seed}; it must be 0 or greater")
    return tuple(_made(each, replicates or each.replicates, seed, progress) for each in wanted)


def _made(
    publication: Publication, replicates: int, seed: int, progress: Callable[[str, float], None] | None
) -> Table:
    def tell(share: float) -> None:
        if progress is not None:
            progress(publication.name, share)

    rows = publication.rows(
        Simulation(name=publication.name, replicates=replicates, seed=seed, progress=tell)
    )
    return Table(
        name=publication.name,
        title=publication.title,
        source=publication.source,
        compares=publication.compares,
        replicates=replicates,
        seed=seed,
        rows=rows,
    )
