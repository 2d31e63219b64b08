"""A contract's rules as one column expression: which reasons does a row give to be set aside?"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from assay.lake.contracts import Contract


def violations(contract: Contract) -> Column:
    """The rules that a row breaks, in the order of the contract; empty for a row that keeps all.

    One pass over the data, whatever the number of rules.

    Returns:
        An array of texts such as `"notional >= 0"`, never null.
    """
    reasons = [F.when(broken(rule.expression), F.lit(rule.text)) for rule in contract.rules]
    return F.array_compact(F.array(*reasons)) if reasons else F.array().cast("array<string>")


def broken(expression: str) -> Column:
    """Whether a rule is broken: its expression is false. Null keeps it (absence is a rule of its own)."""
    return ~F.coalesce(F.expr(expression), F.lit(True))
