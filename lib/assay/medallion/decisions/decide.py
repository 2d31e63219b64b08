"""What each look says of each comparison of an experiment: better, worse, within margin, or not decided.

The primary metrics times the treatments are one family, which the plan's correction holds at alpha; the
secondary ones are another, at alpha of their own, so that they neither cost the primary ones anything nor
borrow from them. A guardrail is tested by itself at alpha: all of them must be passed, and a demand that
every test be passed needs no correction for their number (an intersection-union test). Under a Bayesian plan
each comparison is decided by its own posterior.

References:
    Berger (1982), Multiparameter Hypothesis Testing and Acceptance Sampling (intersection-union). Dmitrienko
    and D'Agostino (2013), Traditional Multiplicity Adjustment Methods in Clinical Trials. ICH E9 (1998),
    Statistical Principles for Clinical Trials, section 2.2 (primary and secondary variables).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.medallion.decisions import family, interval
from assay.medallion.decisions.result import Decision, Key, Result
from assay.medallion.decisions.words import INVALID, RUNNING
from assay.spec import Bayesian, Metric, PlannedExperiment


def decide(
    planned: PlannedExperiment, metrics: Mapping[str, Metric], alpha: float, rows: Sequence[Result]
) -> list[Decision]:
    """Decide on the results of one round of an experiment.

    Args:
        planned: The round.
        metrics: The blueprint's metrics by name.
        alpha: The blueprint's level.
        rows: Results of all its comparisons, in any order; of all looks from the first on where the plan may
            decide before the end, else of any.

    Returns:
        A decision for each result, in the same order. A look with a sample ratio mismatch says that it is
        invalid where it would have said anything.
    """
    plan = planned.plan
    found: dict[Key, Decision] = {}
    for role in ("primary", "secondary"):
        members = [row for row in rows if planned.role(row.metric) == role]
        if isinstance(plan, Bayesian):
            found |= {row.key: interval.believe(plan, planned, metrics[row.metric], row) for row in members}
        else:
            found |= family.decide(planned, plan.multiplicity, metrics, alpha, members)
    guardrails = (row for row in rows if planned.role(row.metric) == "guardrail")
    found |= {row.key: interval.guard(planned, metrics[row.metric], alpha, row) for row in guardrails}
    return [_judged(row, found[row.key]) for row in rows]


def _judged(row: Result, found: Decision) -> Decision:
    if row.srm and found.word != RUNNING:
        return Decision(INVALID, None, found.alpha_corrected)
    return found
