"""The gate's certificate as a page: docs/certificates/gate.md."""

from __future__ import annotations

from math import isinf

from assay.certify.gate.bets import MARGIN
from assay.certify.gate.detector import RUNS
from assay.certify.gate.finals import LEVEL
from assay.certify.gate.simulate import BURN_IN, HORIZON, Delay, GateTable, Power

_COLUMNS = (
    "fault",
    "weeks until the ledger catches it: median (90 %)",
    "weeks until the detector alone does: median (90 %)",
    f"caught by the detector within {HORIZON} weeks",
)


def page(table: GateTable) -> str:
    """Markdown that states what was measured, and how.

    Args:
        table: `gate_table`.
    """
    return "\n".join((*_introduction(table), *_faults(table), *_false_alarms(table), ""))


def _introduction(table: GateTable) -> list[str]:
    return [
        "# The gate on canaries",
        "",
        f"Simulated with the canaries of blueprint {table.blueprint}: {table.customers:,} customers a week",
        "in three experiments. Written by `assay.certify.gate.page`; the design is in",
        "[ADR 0011](../adr/0011-canaries-and-gate.md).",
        "",
        "## Faults",
        "",
        f"Each fault begins after {BURN_IN} sound weeks and stays; {table.sequences:,} sequences of runs per",
        "fault. A run fails as soon as one of the two instruments speaks: the ledger knows what the seeds",
        "give, the detector only what sampling theory says. What it catches alone is what remains where both",
        "sides of the ledger share a fault.",
        "",
    ]


def _faults(table: GateTable) -> list[str]:
    rows = [_line(*_COLUMNS), _line(*("---" for _ in _COLUMNS)), *(_row(power) for power in table.powers)]
    return [*rows, ""]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _row(power: Power) -> str:
    return _line(power.fault, _weeks(power.ledger), _weeks(power.detector), f"{power.detector.caught:.0%}")


def _weeks(delay: Delay) -> str:
    median, ninety = (f"> {HORIZON}" if isinf(n) else f"{n:.0f}" for n in (delay.median, delay.ninety))
    return f"{median} ({ninety})"


def _false_alarms(table: GateTable) -> list[str]:
    found = table.false_alarms
    rate, lower, upper = found.per_thousand
    mean, error = table.largest_mean
    runs = f"{found.runs:,}"
    interval = f"{rate:.2f} ({lower:.2f} to {upper:.2f})"
    return [
        "## False alarms",
        "",
        _line("instrument", "sound runs", "alarms", "per 1,000 runs (95 % interval)", "bound per 1,000 runs"),
        _line("---", "---", "---", "---", "---"),
        _line("detector", runs, f"{found.detector:,}", interval, f"{1000 / RUNS:.2f}"),
        _line("ledger", runs, f"{found.ledger:,}", "it compares and does not estimate", "0"),
        _line(
            "declared experiments at their end", "", "", "by Bonferroni's inequality", f"{1000 * LEVEL:.2f}"
        ),
        "",
        f"The detector begins anew after each alarm. Its bound, {RUNS:,.0f} runs on average, holds if every",
        "bet's expected factor is at most 1. Of all bets the one whose mean over the sound runs lies most",
        f"standard errors above 1 has {mean:.4f} (standard error {error:.4f}), before the {MARGIN:.0%} that",
        "each bet gives away for safety. Where a mean is larger than that, skewed data bend the far tail of",
        "a t pivot: the bound is then no proof, and the measured rate is what certifies.",
    ]
