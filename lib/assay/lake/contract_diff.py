"""What changed between two contracts, and whether it breaks anything.

A change is breaking where data that kept the old contract may be refused by the new one, or where a query
that ran may not run any more. What promises less to readers (a rule that goes, a null that is allowed) is
named, and is not breaking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from assay.lake.contracts import Contract
from assay.lake.terms import Field, Rule

_WIDER = {("int", "bigint"), ("float", "double"), ("tinyint", "smallint"), ("tinyint", "int"),
          ("tinyint", "bigint"), ("smallint", "int"), ("smallint", "bigint")}  # fmt: skip
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_SEVERITIES = ("warn", "quarantine", "halt")
_MODES = ("evolve", "discard_value", "discard_row", "freeze")
_SUBJECTS = {
    "minimum": "lower bound",
    "exclusiveMinimum": "lower bound",
    "maximum": "upper bound",
    "exclusiveMaximum": "upper bound",
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        table: `<layer>.<table>`.
        what: A sentence without the table.
        breaking: Whether it breaks writers or readers.
    """

    table: str
    what: str
    breaking: bool


def compare(old: Mapping[str, Contract], new: Mapping[str, Contract]) -> list[Change]:
    """The differences of two sets of contracts, table by table.

    Args:
        old: Name → contract, before.
        new: The same, after.
    """
    changes = []
    for name in sorted({*old, *new}):
        if name not in new:
            changes.append(Change(name, "the contract is gone", breaking=True))
        elif name not in old:
            changes.append(Change(name, "the contract is new", breaking=False))
        else:
            found = list(_changes(old[name], new[name]))
            changes += found
            changes += _version(old[name], new[name], found)
    return changes


def _changes(old: Contract, new: Contract) -> Iterator[Change]:
    yield from _columns(old, new)
    if old.keys != new.keys:
        what = f"the key is ({', '.join(new.keys)}) and was ({', '.join(old.keys)})"
        yield Change(new.name, what, breaking=True)
    if old.partitions != new.partitions:
        what = f"partitioned by ({', '.join(new.partitions)}), was ({', '.join(old.partitions)})"
        yield Change(new.name, f"{what}; a table that stands keeps its partitions", breaking=False)
    yield from _rules(old, new)
    yield from _checks(old, new)
    if old.schema_mode != new.schema_mode:
        stricter = _MODES.index(new.schema_mode) > _MODES.index(old.schema_mode)
        yield Change(new.name, f"schema mode {new.schema_mode}, was {old.schema_mode}", breaking=stricter)
    for label, before, after in (("owner", old.owner, new.owner), ("purpose", old.purpose, new.purpose)):
        if before != after:
            yield Change(new.name, f"{label} is {after!r}, was {before!r}", breaking=False)


def _columns(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = ({field.name: field for field in each.fields} for each in (old, new))
    for name in before:
        if name not in after:
            yield Change(new.name, f"column {name} is removed", breaking=True)
    for name, field in after.items():
        if name not in before:
            kind = "required" if field.required else "optional"
            yield Change(new.name, f"column {name} is new and {kind}", breaking=field.required)
        elif before[name].type != field.type:
            yield _retyped(new.name, before[name], field)


def _retyped(table: str, old: Field, new: Field) -> Change:
    wider = _is_wider(old.type, new.type)
    how = "wider" if wider else "narrower or another"
    return Change(table, f"column {new.name} is {new.type}, was {old.type}: {how}", breaking=not wider)


def _is_wider(old: str, new: str) -> bool:
    """Whether Iceberg takes the new type for a column that stands: every old value fits as it is."""
    decimals = _DECIMAL.fullmatch(old), _DECIMAL.fullmatch(new)
    if decimals[0] and decimals[1]:
        return int(decimals[1][1]) >= int(decimals[0][1]) and decimals[0][2] == decimals[1][2]
    return (old, new) in _WIDER


def _rules(old: Contract, new: Contract) -> Iterator[Change]:
    """Rules by what they are about: one of a column's options, or the text of an expression."""
    # What becomes of the rules of a column that comes or goes is said with the column.
    common = {None, *old.columns} & {None, *new.columns}
    before, after = (
        {subject: rule for subject, rule in _by_subject(each).items() if rule.column in common}
        for each in (old, new)
    )
    for subject, rule in before.items():
        if subject not in after:
            yield Change(new.name, f"rule `{rule.text}` is gone", breaking=False)
    for subject, rule in after.items():
        if subject in before:
            yield from _rule(new.name, before[subject], rule)
        else:
            what = f"rule `{rule.text}` is new ({rule.severity})"
            yield Change(new.name, what, breaking=rule.severity != "warn")


def _by_subject(contract: Contract) -> dict[tuple[str, str], Rule]:
    return {
        ("", rule.text)
        if rule.kind == "expression"
        else (rule.column or "", _SUBJECTS.get(rule.kind, rule.kind)): rule
        for rule in contract.rules
    }


def _rule(table: str, old: Rule, new: Rule) -> Iterator[Change]:
    if (old.kind, old.value) != (new.kind, new.value):
        narrower = _is_narrower(old, new)
        how = "narrower" if narrower else "wider"
        breaking = narrower and new.severity != "warn"
        yield Change(table, f"rule `{new.text}` was `{old.text}`: {how}", breaking=breaking)
    if old.severity != new.severity:
        stricter = _SEVERITIES.index(new.severity) > _SEVERITIES.index(old.severity)
        yield Change(table, f"rule `{new.text}` is {new.severity}, was {old.severity}", breaking=stricter)


def _is_narrower(old: Rule, new: Rule) -> bool:
    """Whether a value may keep the old rule and break the new one; of patterns that cannot be told."""
    if isinstance(old.value, tuple) and isinstance(new.value, tuple):
        return not {*old.value} <= {*new.value}
    if not isinstance(old.value, int | float) or not isinstance(new.value, int | float):
        return True
    if old.value == new.value:
        return new.kind.startswith("exclusive")
    return (new.value > old.value) == (_SUBJECTS[new.kind] == "lower bound")


def _checks(old: Contract, new: Contract) -> Iterator[Change]:
    if old.freshness != new.freshness or (old.newest, old.stale) != (new.newest, new.stale):
        what = f"data of {new.newest} may be {new.freshness} old ({new.stale})"
        yield Change(
            new.name,
            f"{what}, was {old.newest}, {old.freshness} ({old.stale})",
            breaking=new.stale == "halt",
        )
    pairs: list[tuple[str, object, object]] = [
        ("what the growth is compared with", old.row_count, new.row_count),
        *_paired("reference", {r.text: r for r in old.references}, {r.text: r for r in new.references}),
        *_paired(
            "the distribution of",
            {d.column: d for d in old.distributions},
            {d.column: d for d in new.distributions},
        ),
    ]
    for label, before, after in pairs:
        if before != after:
            how = "is gone" if after is None else "is new" if before is None else "has changed"
            halts = getattr(after, "severity", None) == "halt"
            yield Change(new.name, f"{label} {how}", breaking=halts)


def _paired(
    label: str, old: Mapping[str, T], new: Mapping[str, T]
) -> Iterator[tuple[str, T | None, T | None]]:
    return ((f"{label} {key}", old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new]))


def _version(old: Contract, new: Contract, found: list[Change]) -> Iterator[Change]:
    """Whether the version says that the contract changed."""
    if not found:
        return
    part = 0 if any(change.breaking for change in found) else 1
    before, after = ([int(n) if n.isdigit() else 0 for n in each.version.split(".")] for each in (old, new))
    if after[: part + 1] <= before[: part + 1]:
        what = ("major", "minor")[part]
        yield Change(
            new.name,
            f"the version is {new.version}, was {old.version}: raise its {what} number",
            breaking=False,
        )
