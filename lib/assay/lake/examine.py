"""Does a published table keep its whole contract? Columns and types, every rule, the key, and its checks.

What writes a table has asked most of this before it published; here it is asked of what stands there now,
under the contract as it is now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assay.lake import measures
from assay.lake.checks import Finding, Status, check
from assay.lake.contracts import Contract
from assay.lake.reading import Published


def examine(lake: Published, names: Iterable[str], now: datetime) -> list[Finding]:
    """Hold tables against their contracts, in three Spark jobs for all of them.

    Args:
        lake: The tables.
        names: Which; a table that was never made has one finding, that it is not there.
        now: Against which the age of the data counts, UTC.

    Returns:
        The findings, table by table.
    """
    wanted = list(names)
    there = [Contract.load(name) for name in wanted if lake.exists(name)]
    found: dict[str, list[Finding]] = {
        name: [Finding(name, "schema", "not checked", "the table does not exist yet")] for name in wanted
    }
    counted = _counted(lake, there)
    for contract in there:
        found[contract.name] = [
            _schema(contract, lake.read(contract.name)),
            *_rules(contract, counted[contract.name, measures.RULES]),
            *_key(contract, counted[contract.name, measures.KEY]),
        ]
    for finding in check(lake, [contract.name for contract in there], now):
        found[finding.table].append(finding)
    return [finding for name in wanted for finding in found[name]]


def _counted(lake: Published, contracts: Sequence[Contract]) -> dict[tuple[str, str], dict[str, int]]:
    asked = []
    for contract in contracts:
        rows = _complete(lake.read(contract.name), contract)
        asked.append(measures.rule_counts(rows, contract))
        if contract.keys:
            asked.append(measures.doubled_keys(rows, contract))
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for table, item, part, count in reduce(DataFrame.unionAll, asked).collect() if asked else []:
        found[table, item][part] = count
    return found


def _complete(rows: DataFrame, contract: Contract) -> DataFrame:
    """A column that the contract gained since the last write reads as null, as it will after the next."""
    new = [field for field in contract.fields if field.name not in rows.columns]
    return rows.withColumns({field.name: F.lit(None).cast(field.type) for field in new})


def _schema(contract: Contract, rows: DataFrame) -> Finding:
    stands = {field.name: field.dataType for field in rows.schema}
    wanted = {field.name: field.dataType for field in contract.schema}
    wrong = [
        f"{name} is {kind.simpleString()} and not {wanted[name].simpleString()}"
        for name, kind in stands.items()
        if name in wanted and kind != wanted[name]
    ]
    unknown = [f"{name} is not in the contract" for name in stands if name not in wanted]
    new = [f"{name} comes with the next write" for name in wanted if name not in stands]
    status: Status = "fail" if wrong else "warn" if unknown or new else "ok"
    detail = "; ".join([*wrong, *unknown, *new]) or f"{len(wanted)} columns as in the contract"
    return Finding(contract.name, "schema", status, detail)


def _rules(contract: Contract, counts: Mapping[str, int]) -> Iterator[Finding]:
    rows = counts.get(measures.ALL, 0)
    broken = [rule for rule in contract.rules if counts.get(rule.text)]
    for rule in broken:
        status: Status = "warn" if rule.severity == "warn" else "fail"
        yield Finding(
            contract.name, "rules", status, f"{counts[rule.text]:,} of {rows:,} rows break `{rule.text}`"
        )
    if not broken:
        yield Finding(contract.name, "rules", "ok", f"{rows:,} rows keep {len(contract.rules)} rules of rows")


def _key(contract: Contract, counts: Mapping[str, int]) -> Iterator[Finding]:
    if contract.keys:
        doubled, keys = counts.get(measures.DOUBLED, 0), ", ".join(contract.keys)
        status: Status = "fail" if doubled else "ok"
        yield Finding(contract.name, "key", status, f"{doubled:,} values of ({keys}) stand in several rows")
