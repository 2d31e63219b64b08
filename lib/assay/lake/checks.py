"""What a contract promises of a table as a whole: references, freshness, growth, distributions.

They are asked of what is published, after the rows have been merged: only then are both sides of a reference
there. Two Spark jobs answer for all tables: one for the newest values, and one for everything that is counted
(which weeks a distribution compares depends on the newest).
"""

from __future__ import annotations

import typing
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import islice

from pyspark.sql import DataFrame

from assay.errors import ContractError
from assay.lake import measures
from assay.lake.contracts import Contract
from assay.lake.drift import growth, shift, usual
from assay.lake.reading import Published
from assay.lake.terms import DistributionDrift, Reference, TableSeverity

Status = typing.Literal["ok", "warn", "fail", "not checked"]
_DAY = timedelta(days=1)
_MINUTE = "%Y-%m-%d %H:%M"
HISTORY = 200
"""States of a table that are looked through for commits of new data; compactions and replays lie between."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of one table.

    Attributes:
        table: `<layer>.<table>`.
        check: `references`, `freshness`, `row count` or `distribution`; for `examine` also `schema`, `rules`
            and `key`.
        status: `fail` where the contract says that a broken check halts, `warn` where it only warns.
        detail: A sentence.
    """

    table: str
    check: str
    status: Status
    detail: str

    @property
    def sentence(self) -> str:
        """The finding by itself, as the journal has it."""
        return f"{self.table}: {self.detail} ({self.status})"


def check(lake: Published, names: Iterable[str], now: datetime) -> list[Finding]:
    """Check tables as wholes.

    Args:
        lake: The tables.
        names: Which; those that were never made are left out.
        now: Against which the age of the data counts, UTC; what claims to be later is not looked at.

    Returns:
        A finding for every check that their contracts state.
    """
    contracts = [Contract.load(name) for name in names if lake.exists(name)]
    newest = _newest(lake, contracts, now)
    counted = _counted(lake, contracts, newest)
    found: list[Finding] = []
    for contract in contracts:
        found += _freshness(contract, newest, now)
        found += [_reference(contract, each, counted) for each in contract.references]
        found += _row_count(lake, contract)
        found += [_distribution(contract, each, counted) for each in contract.distributions]
    return found


def refuse_failed(findings: Iterable[Finding]) -> None:
    """Stop where a check that halts is broken.

    Raises:
        ContractError: One is; the message has all of them.
    """
    failed = [each.sentence for each in findings if each.status == "fail"]
    if failed:
        raise ContractError(
            f"{'; '.join(failed)}. The rows are published in silver, gold was not made of them: correct the "
            "data at the source, or the check in the contract, and run the job again"
        )


Newest = Mapping[tuple[str, str], datetime]


def _newest(lake: Published, contracts: Sequence[Contract], now: datetime) -> Newest:
    """(table, column) → newest value, of the columns that tell an age or a week, in one job."""
    columns = {(c.name, c.newest) for c in contracts if c.newest}
    columns |= {(c.name, drift.over) for c in contracts for drift in c.distributions}
    asked = [measures.newest(lake.read(table), table, column, now) for table, column in sorted(columns)]
    rows = reduce(DataFrame.unionAll, asked).collect() if asked else []
    return {(row[0], row[1]): measures.moment(row[2]) for row in rows if row[2] is not None}


def _counted(
    lake: Published, contracts: Sequence[Contract], newest: Newest
) -> dict[tuple[str, str], dict[str, int]]:
    """(table, what is counted) → part → rows, in one job."""
    asked = []
    for contract in contracts:
        rows = lake.read(contract.name)
        asked += [
            measures.lacking(rows, each, lake.read(each.table), contract.name) for each in contract.references
        ]
        for drift in contract.distributions:
            last = newest.get((contract.name, drift.over))
            if last is not None:
                asked.append(measures.histogram(rows, drift, contract, last))
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for table, item, part, count in reduce(DataFrame.unionAll, asked).collect() if asked else []:
        found[table, item][part] = count
    return found


def _freshness(contract: Contract, newest: Newest, now: datetime) -> Iterator[Finding]:
    if contract.newest is None:
        return
    last = newest.get((contract.name, contract.newest))
    if last is None:
        yield Finding(contract.name, "freshness", "not checked", f"no row has a {contract.newest}")
        return
    age = now - last
    yield Finding(
        contract.name,
        "freshness",
        _status(age > contract.freshness, contract.stale),
        f"the newest {contract.newest} is {last:{_MINUTE}}, {age / _DAY:.1f} days before {now:{_MINUTE}}; "
        f"{contract.freshness / _DAY:g} are allowed",
    )


def _reference(
    contract: Contract, reference: Reference, counted: Mapping[tuple[str, str], Mapping[str, int]]
) -> Finding:
    parts = counted.get((contract.name, reference.text), {})
    lacking, rows = parts.get(measures.LACKING, 0), parts.get(measures.ALL, 0)
    detail = f"{lacking:,} of {rows:,} rows have a {reference.column} that {reference.table} lacks"
    return Finding(contract.name, "references", _status(lacking > 0, reference.severity), detail)


def _row_count(lake: Published, contract: Contract) -> Iterator[Finding]:
    drift = contract.row_count
    if drift is None:
        return
    grown = growth(lake.history(contract.name, HISTORY))
    now, *past = [*islice(grown, drift.commits + 1)] or [0]
    allowed = usual(past, drift.factor)
    if allowed is None:
        yield Finding(contract.name, "row count", "not checked", "too few commits to compare with")
        return
    least, most = allowed
    yield Finding(
        contract.name,
        "row count",
        _status(not least <= now <= most, drift.severity),
        f"the newest commit added {now:,} rows; after {len(past)} before it, {least:,.0f} to {most:,.0f} are "
        "expected",
    )


def _distribution(
    contract: Contract, drift: DistributionDrift, counted: Mapping[tuple[str, str], Mapping[str, int]]
) -> Finding:
    parts = counted.get((contract.name, drift.column), {})
    now, past = measures.split(parts)
    field = contract.field(drift.column)
    found = shift(now, past, ordered=field is not None and measures.is_number(field.type))
    if found is None:
        rows = f"{sum(now.values()):,} and {sum(past.values()):,}"
        detail = f"too few rows of {drift.column} to compare: {rows}"
        return Finding(contract.name, "distribution", "not checked", detail)
    return Finding(
        contract.name,
        "distribution",
        _status(found.exceeds(drift.limit), drift.severity),
        f"{drift.column} of the newest week lies {found.index:.3f} (population stability index) from the "
        f"{drift.weeks} weeks before; {drift.limit:g} is allowed",
    )


def _status(broken: bool, severity: TableSeverity) -> Status:
    return "ok" if not broken else "fail" if severity == "halt" else "warn"
