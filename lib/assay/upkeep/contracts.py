"""Do the published tables keep their contracts, as the contracts are now?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from pydantic import AwareDatetime

from assay.lake.contracts import names
from assay.lake.examine import examine
from assay.upkeep.action import Context, Options, Report, action


class Tables(Options):
    """Options.

    Attributes:
        tables: Which, `<layer>.<table>`; all that have a contract if empty.
        now: Against which the age of the data counts; the clock if not given.
    """

    tables: Sequence[str] = ()
    now: AwareDatetime | None = None


@action("contracts-check", Tables)
def contracts_check(context: Context, asked: Tables) -> Report:
    """Hold tables against their contracts: schema, rules, key, references, freshness, drift."""
    found = examine(context.lake, asked.tables or names(), asked.now or datetime.now(UTC))
    context.step.warnings += [each.sentence for each in found if each.status in {"warn", "fail"}]
    return {"findings": [asdict(each) for each in found]}
