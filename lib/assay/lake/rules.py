"""A contract's rules as column expressions: which rules does a row break, and what does that mean for it?"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from assay.lake.contracts import Contract
from assay.lake.terms import Severity


def violations(contract: Contract, *severities: Severity) -> Column:
    """The rules that a row breaks, in the order of the contract; empty for a row that keeps all.

    One pass over the data, whatever the number of rules and of severities asked for.

    Args:
        contract: Whose rules.
        severities: Of the rules; all where none is given.

    Returns:
        An array of texts such as `"notional >= 0"`, never null.
    """
    rules = [rule for rule in contract.rules if not severities or rule.severity in severities]
    reasons = [F.when(broken(rule.expression), F.lit(rule.text)) for rule in rules]
    return F.array_compact(F.array(*reasons)) if reasons else F.array().cast("array<string>")


def unacceptable(contract: Contract) -> Column:
    """Whether a row may not stand in the table: it breaks a rule that does more than warn."""
    strict = [_broken(rule.expression) for rule in contract.rules if rule.severity != "warn"]
    return F.expr(" OR ".join(strict) or "false")


def broken(expression: str) -> Column:
    """Whether a rule is broken: its expression is false. Null keeps it (absence is a rule of its own)."""
    return F.expr(_broken(expression))


def _broken(expression: str) -> str:
    return f"(NOT coalesce(({expression}), true))"
