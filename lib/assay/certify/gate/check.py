"""May the results of this run be shown? Not if what was planted does not come out as planted.

Three instruments, each a function of gold's tables, so that a repeat of a run gives the same answer:

* completeness: every planted experiment that has ended has its final results; what is missing fails the gate,
  for a check that cannot run has not passed;
* the ledger: gold holds of each canary what its seeds say, exactly;
* the detector: over all runs, no evidence that canaries are off in bias, coverage or the distribution of
  p-values; and the declared planted experiments, when they end, pass the checks of `finals`.

The last two may be wrong by chance, together at most once in a thousand runs on average.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from assay.certify.compare import planted
from assay.certify.gate import bets, finals, ledger, outcomes
from assay.certify.gate.detector import RUNS, alarm
from assay.certify.gate.outcomes import Outcomes, Result
from assay.certify.gate.records import drawn
from assay.errors import TerminalError
from assay.spec import Blueprint
from assay.spec.canaries import is_canary
from assay.spec.segment import ALL

Finals = dict[tuple[str, str, str], Result]
_NEEDED = ("estimate", "std_error", "truth", "covered")
_WEEK = timedelta(weeks=1)
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Passed:
    """What the gate has judged and let pass.

    Attributes:
        results: Final results of declared planted experiments.
        canaries: Final results of canaries.
        evidence: The detector's value against them; an alarm from `RUNS` on.
    """

    results: int
    canaries: int
    evidence: float


def check(
    blueprint: Blueprint,
    results: Iterable[Result],
    certificates: Iterable[str],
    *,
    until: date,
    loaded: date | None = None,
    judge_from: date = date.min,
) -> Passed:
    """Judge the final looks of planted experiments.

    Args:
        blueprint: The blueprint in force.
        results: Rows of gold.experiment_results, by column; looks that are not final are left out, as are
            segments.
        certificates: Ids of gold.certificates.
        until: End of the newest week, exclusive: experiments planned to end by then must have final results.
        loaded: Monday of the newest week whose rows have arrived, and with them the late ones of the week
            before; the week that ends with `until` if left out.
        judge_from: Experiments that ended before this date are not judged: what came before an alarm that
            was explained.

    Returns:
        What was judged.

    Raises:
        TerminalError: Something is off beyond chance, or missing; the message lists what was found.
    """
    found: Finals = {_key(row): row for row in results if row["final"] and row["segment"] == ALL}
    wanted = list(_wanted(blueprint, until, judge_from))
    absent = list(_absent(found, wanted, set(certificates)))
    if absent:
        raise _closed(absent)
    declared = [found[key] for key in wanted if not is_canary(key[0])]
    findings = list(finals.findings(blueprint, declared))
    evidence = 0.0
    weeks = _weeks(blueprint, until, judge_from)
    if weeks:
        gold = outcomes.read(blueprint, {key[:2]: row for key, row in found.items()}, weeks)
        newest = blueprint.week_number(until - _WEEK if loaded is None else loaded)
        complete = sum(n < newest for n in weeks)
        findings += _off_the_ledger(blueprint, gold, weeks, complete)
        if complete:
            # The newest round still waits for its late rows: the detector bets on those before it.
            evidence, said = _suspicious(blueprint, gold.rounds(0, complete), weeks)
            findings += said
    if findings:
        raise _closed(findings)
    return Passed(len(declared), len(wanted) - len(declared), evidence)


def _closed(findings: list[str]) -> TerminalError:
    more = f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
    return TerminalError(
        "the planted experiments do not come out as planted: "
        + "; ".join(findings[:_SHOWN])
        + more
        + ". Do not use this week's results; find what changed in the jobs or tables since the last run that "
        "passed, mend it, and run the week again"
    )


def _wanted(blueprint: Blueprint, until: date, judge_from: date) -> Iterator[tuple[str, str, str]]:
    """Every final result that must be there."""
    for planned_round in blueprint.rounds(until):
        if not judge_from <= planned_round.end <= until:
            continue
        control, *treatments = [arm.name for arm in planned_round.arms]
        for metric in planned_round.metrics:
            if is_canary(planned_round.id) or planted(blueprint, planned_round.id, metric, planned_round.end):
                yield from (
                    (planned_round.id, metric, f"{treatment} vs {control}") for treatment in treatments
                )


def _key(row: Result) -> tuple[str, str, str]:
    return str(row["experiment"]), str(row["metric"]), str(row["contrast"])


def _absent(found: Finals, wanted: list[tuple[str, str, str]], certificates: set[str]) -> Iterator[str]:
    for key in wanted:
        name = f"{key[0]} {key[1]} ({key[2]})"
        if key not in found:
            yield f"{name} has no final result"
            continue
        row = found[key]
        needed = _NEEDED if is_canary(key[0]) else (*_NEEDED, "certificate_id")
        missing = [column for column in needed if row[column] is None]
        if missing:
            yield f"{name} has no {', '.join(missing)}"
        elif row["certificate_id"] is not None and row["certificate_id"] not in certificates:
            yield f"{name} names certificate {row['certificate_id']}, which does not exist"


def _weeks(blueprint: Blueprint, until: date, judge_from: date) -> list[int]:
    """Numbers of the weeks whose canaries have ended and are judged."""
    if blueprint.canaries is None:
        return []
    last = blueprint.week_number(until - _WEEK)
    weeks = range(blueprint.canaries.first_week, last + 1)
    return [n for n in weeks if blueprint.week_start(n) + _WEEK >= judge_from]


def _off_the_ledger(blueprint: Blueprint, gold: Outcomes, weeks: list[int], complete: int) -> list[str]:
    """What the ledger says of all rounds, of which the first `complete` have their late rows."""
    records = drawn(blueprint, weeks)
    arrived = records.trades(~(records.late & (records.round[records.unit] >= complete)))
    expected = outcomes.analysed(blueprint, arrived)
    return list(ledger.sentences(gold, expected, [f"{blueprint.week_start(n)}" for n in weeks]))


def _suspicious(blueprint: Blueprint, gold: Outcomes, weeks: list[int]) -> tuple[float, list[str]]:
    found = alarm(bets.place(gold, outcomes.truths(blueprint), alpha=blueprint.alpha))
    if found.evidence < RUNS:
        return found.evidence, []
    who = found.experiment or "all canaries"
    since = blueprint.week_start(weeks[found.since])
    sentence = (
        f"detector: evidence {found.evidence:,.0f} against canaries as planted ({RUNS:,.0f} is the limit); "
        f"most of it: {found.metric} of {who}, {found.wrong} since the week {since}"
    )
    return found.evidence, [sentence]
