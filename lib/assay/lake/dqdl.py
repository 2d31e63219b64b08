"""A contract as a ruleset of AWS Glue Data Quality, in its language DQDL.

DQDL has no severities: each rule carries its own as a label. It fails a null where ours keep it, so that a
rule of a column that may be null allows null. What the language cannot say is listed in comments above the
rules.

References:
    AWS Glue developer guide, "Data Quality Definition Language (DQDL) reference"; the grammar is published
    as github.com/awslabs/dqdl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from assay.lake.contracts import Contract
from assay.lake.terms import Reference, Rule

_SIGNS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_DEFAULT = "quarantine"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What of a contract DQDL can say, and what it cannot.

    Attributes:
        table: `<layer>.<table>`.
        rules: DQDL rules.
        sources: Alias in the rules → table that must be given as an additional data source.
        unsaid: What the language has no rule for, one sentence each.
    """

    table: str
    rules: tuple[str, ...]
    sources: Mapping[str, str]
    unsaid: tuple[str, ...]

    @property
    def text(self) -> str:
        """The ruleset's text."""
        notes = [f"# {self.table}"]
        notes += [f"# additional data source {alias}: {table}" for alias, table in self.sources.items()]
        notes += [f"# not in DQDL: {each}" for each in self.unsaid]
        rules = ",\n".join(f"    {rule}" for rule in self.rules)
        labels = f'DefaultLabels = ["severity"="{_DEFAULT}"]'
        return "\n".join([*notes, labels, "Rules = [", rules, "]", ""])


def export(contract: Contract) -> Ruleset:
    """The ruleset of a contract.

    Args:
        contract: Of any table.
    """
    lists = {field.name for field in contract.fields if "<" in field.type}
    rules = [f'ColumnExists "{name}"' for name in contract.columns if name not in lists]
    if contract.keys:
        rules.append(f"IsPrimaryKey {' '.join(_quoted(key) for key in contract.keys)}")
    unsaid = [
        "the columns' types, which it compares only with another data set (SchemaMatch)",
        f"the schema mode {contract.schema_mode}",
    ]
    required = {rule.column for rule in contract.rules if rule.kind == "required"}
    for rule in contract.rules:
        said = _rule(rule, nullable=rule.column not in required, is_list=rule.column in lists)
        if said is None:
            unsaid.append(f"`{rule.text}` ({rule.severity}), whose SQL has a double quote")
        else:
            rules.append(_labelled(said, rule.severity))
    rules += [_labelled(_reference(each), each.severity) for each in contract.references]
    rules += _freshness(contract)
    unsaid += _beyond(contract)
    sources = {_alias(each.table): each.table for each in contract.references}
    return Ruleset(contract.name, tuple(rules), sources, tuple(unsaid))


def _rule(rule: Rule, *, nullable: bool, is_list: bool) -> str | None:
    simple = None if is_list else _column_rule(rule)
    if simple is None:
        return _sql(rule)
    if nullable and rule.kind != "required":
        return f"({simple}) or (ColumnValues {_quoted(rule.column or '')} = NULL)"
    return simple


def _column_rule(rule: Rule) -> str | None:
    """A rule of one column, where DQDL has it as such."""
    column = _quoted(rule.column or "")
    if rule.kind == "required":
        return f"IsComplete {column}"
    if rule.kind in _SIGNS and "e" not in str(rule.value):
        return f"ColumnValues {column} {_SIGNS[rule.kind]} {rule.value}"
    if rule.kind == "enum" and isinstance(rule.value, tuple):
        return f"ColumnValues {column} in [{', '.join(_value(each) for each in rule.value)}]"
    # Whether an unanchored pattern must match the whole value is not written anywhere; these must anyway.
    text = str(rule.value)
    if rule.kind == "pattern" and text.startswith("^") and text.endswith("$") and '"' not in text:
        return f'ColumnValues {column} matches "{text}"'
    return None


def _sql(rule: Rule) -> str | None:
    expression = " ".join(rule.expression.split())
    if '"' in expression:
        return None
    return f'CustomSql "select count(*) from primary where not coalesce(({expression}), true)" = 0'


def _reference(reference: Reference) -> str:
    target = f"{_alias(reference.table)}.{reference.target}"
    return f"ReferentialIntegrity {_quoted(reference.column)} {_quoted(target)} = 1.0"


def _freshness(contract: Contract) -> Iterator[str]:
    if contract.newest is not None:
        whole = contract.freshness % _DAY == timedelta()
        age = f"{contract.freshness // _DAY} days" if whole else f"{contract.freshness // _HOUR} hours"
        yield _labelled(f"DataFreshness {_quoted(contract.newest)} <= {age}", contract.stale)


def _beyond(contract: Contract) -> Iterator[str]:
    if contract.newest is None:
        yield "how fresh the table is: no column tells it"
    if contract.row_count is not None:
        yield (
            f"the growth against the {contract.row_count.commits} commits before: its last(n) looks at "
            "earlier evaluations, not at commits"
        )
    for drift in contract.distributions:
        yield f"the distribution of {drift.column} against the {drift.weeks} weeks before"


def _labelled(rule: str, severity: str) -> str:
    if severity == _DEFAULT:
        return rule
    whole = f"({rule})" if rule.startswith("(") else rule
    return f'{whole} labels = ["severity"="{severity}"]'


def _alias(table: str) -> str:
    return table.replace(".", "_")


def _value(value: object) -> str:
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if isinstance(value, str) else str(value)


def _quoted(name: str) -> str:
    return f'"{name}"'
