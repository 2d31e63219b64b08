"""What differs between two states of a table: rows added, removed and changed, by the contract's key.

Columns that begin with `_` say which run wrote a row, not what it says, and are left out. Decimals, texts and
times must be equal; of two floating-point numbers the difference may be a 10⁻¹² of the larger one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, FloatType

from assay.errors import InputError
from assay.lake.contracts import Contract, names
from assay.lake.iceberg import MAIN
from assay.lake.states import branched, branches
from assay.lake.tables import Lake
from assay.upkeep.action import Context, Options, Report, action

TOLERANCE = 1e-12
SHOWN = 3
_BEFORE, _AFTER, _HERE = "_before", "_after", "_here"


@dataclass(frozen=True, slots=True)
class Difference:
    """How one state of a table differs from another.

    Attributes:
        before: Rows in the first state.
        after: Rows in the second one.
        added: Rows whose key only the second state has (without a key: whole rows, as often as they stand).
        removed: Rows whose key only the first state has.
        changed: Rows that both have, with other values.
        columns: Column → rows in which it differs.
        examples: A few of the differing rows.
    """

    before: int
    after: int
    added: int
    removed: int
    changed: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed)


class Which(Options):
    """Options.

    Attributes:
        table: `<layer>.<table>`; with a branch it may be left out for all tables that have the branch.
        branch: The branch to compare main with.
        from_snapshot: The first state, where two states of a table are compared.
        to_snapshot: The second one.
    """

    table: str | None = None
    branch: str | None = None
    from_snapshot: int | None = None
    to_snapshot: int | None = None


@action("diff", Which)
def diff(context: Context, which: Which) -> Report:
    """Compare main with a branch, or two states of a table."""
    lake = context.lake
    states = (which.from_snapshot, which.to_snapshot)
    if which.branch and states == (None, None):
        return compare_branch(lake, which.branch, [which.table] if which.table else names())
    if which.branch or which.table is None or None in states:
        raise InputError("give either a branch, or a table and both of its states (from and to)")
    for state in states:
        _require(lake, which.table, state)
    first, second = (lake.read(which.table, state) for state in states)
    found = compare(first, second, Contract.load(which.table).keys)
    return _report({which.table: found})


def compare_branch(lake: Lake, branch: str, tables: Iterable[str]) -> Report:
    """Compare main with a branch.

    Args:
        lake: The lake, on main.
        branch: The branch.
        tables: Those of them that have the branch are compared.

    Raises:
        InputError: None has it.
    """
    mine = [name for name in tables if branched(lake, name, branch)]
    if not mine:
        raise InputError(f"no such table has a branch {branch!r}; {there_are(lake)}")
    other = lake.on(branch)
    return {
        "branch": branch,
        **_report({n: compare(lake.read(n), other.read(n), Contract.load(n).keys) for n in mine}),
    }


def there_are(lake: Lake) -> str:
    """The branches that there are, for a message."""
    found = sorted({branch for name in names() for branch in branches(lake, name)})
    return f"there are {', '.join(found)}" if found else f"there is none beside {MAIN}"


def compare(before: DataFrame, after: DataFrame, keys: Sequence[str]) -> Difference:
    """Compare two states of a table.

    Args:
        before: The first state.
        after: The second one; a column that only one of the two has is null in the other.
        keys: Columns that tell rows apart; without any, whole rows are compared.
    """
    columns = {f.name: f.dataType for frame in (before, after) for f in frame.schema if f.name[0] != "_"}
    first, second = (
        frame.select(*(_or_null(frame, name, kind) for name, kind in columns.items()))
        for frame in (before, after)
    )
    if not keys:
        return _rows(first, second)
    values = {name: kind for name, kind in columns.items() if name not in keys}
    joined = _side(first, keys, _BEFORE).join(_side(second, keys, _AFTER), list(keys), "full")
    differs = {
        name: ~_same(name, floating=isinstance(kind, DoubleType | FloatType)) for name, kind in values.items()
    }
    absent = {side: F.col(side).isNull() for side in (_BEFORE, _AFTER)}
    both = ~absent[_BEFORE] & ~absent[_AFTER]
    kinds = {
        "added": absent[_BEFORE],
        "removed": absent[_AFTER],
        "changed": both & reduce(or_, differs.values(), F.lit(False)),
    }
    counted = [*kinds.values(), *(both & each for each in differs.values())]
    sizes = [F.count(_BEFORE), F.count(_AFTER)]
    row = joined.agg(*sizes, *(F.count_if(each) for each in counted)).collect()[0]
    counts = dict(zip(kinds, row[2:], strict=False))
    return Difference(
        before=row[0],
        after=row[1],
        **counts,
        columns={name: n for name, n in zip(differs, row[5:], strict=True) if n},
        examples=[
            _example(found.asDict(recursive=True), kind, keys)
            for kind, condition in kinds.items()
            if counts[kind]
            for found in joined.where(condition).orderBy(*keys).head(SHOWN)
        ],
    )


def _rows(before: DataFrame, after: DataFrame) -> Difference:
    """As bags of whole rows."""
    signed = before.withColumn("_sign", F.lit(-1)).unionByName(after.withColumn("_sign", F.lit(1)))
    net = signed.groupBy(*before.columns).agg(F.sum("_sign").alias("_net"))
    row = net.agg(F.sum(F.greatest("_net", F.lit(0))), F.sum(F.greatest(-F.col("_net"), F.lit(0)))).collect()[
        0
    ]
    added, removed = (int(value or 0) for value in row)
    shown = net.where("_net <> 0").orderBy(*before.columns).head(SHOWN) if added or removed else []
    return Difference(
        before=before.count(),
        after=after.count(),
        added=added,
        removed=removed,
        examples=[
            {
                "kind": "added" if row["_net"] > 0 else "removed",
                "row": {name: _text(row[name]) for name in before.columns},
            }
            for row in shown
        ],
    )


def _or_null(frame: DataFrame, name: str, kind: Any) -> Column:
    return (F.col(name) if name in frame.columns else F.lit(None).cast(kind)).alias(name)


def _side(rows: DataFrame, keys: Sequence[str], side: str) -> DataFrame:
    values = [name for name in rows.columns if name not in keys]
    return rows.select(*keys, F.struct(F.lit(True).alias(_HERE), *values).alias(side))


def _same(name: str, *, floating: bool) -> Column:
    x, y = F.col(f"{_BEFORE}.{name}"), F.col(f"{_AFTER}.{name}")
    if not floating:
        return x.eqNullSafe(y)
    near = F.abs(x - y) <= TOLERANCE * F.greatest(F.abs(x), F.abs(y))
    return x.eqNullSafe(y) | F.coalesce(near, F.lit(False))


def _example(row: dict[str, Any], kind: str, keys: Sequence[str]) -> dict[str, Any]:
    before, after = row[_BEFORE] or {}, row[_AFTER] or {}
    example: dict[str, Any] = {"kind": kind, "key": {key: _text(row[key]) for key in keys}}
    if kind == "changed":
        example["columns"] = {
            name: [_text(before[name]), _text(after[name])]
            for name in before
            if name != _HERE and before[name] != after[name]
        }
    return example


def _text(value: object) -> object:
    """A value that JSON has."""
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _require(lake: Lake, name: str, snapshot: int | None) -> None:
    from assay.lake.states import kept

    if snapshot not in kept(lake, name):
        raise InputError(
            f"{name} has no state {snapshot}; `assay snapshots {name}` lists those that are kept"
        )


def _report(found: dict[str, Difference]) -> Report:
    from dataclasses import asdict

    return {
        "equal": all(each.equal for each in found.values()),
        "tables": [{"table": name, "equal": each.equal, **asdict(each)} for name, each in found.items()],
    }
