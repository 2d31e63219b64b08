"""How the result was made: the plan, and for each metric its method, and why that one."""

from __future__ import annotations

from collections.abc import Iterator

from assay.serving.report.blocks import Block, Paragraph, Points, Section
from assay.serving.report.story import Story
from assay.spec import Anytime, Bayesian, Metric, PlannedExperiment, Sequential
from assay.stats import METHODS

_CORRECTIONS = {
    "bonferroni": "Bonferroni's correction",
    "holm": "Holm's correction",
    "hochberg": "Hochberg's correction",
    "benjamini_hochberg": "the correction of Benjamini and Hochberg",
    "none": "no correction",
}
_SPENDING = {
    "obrien_fleming": "hardly any error early (O'Brien and Fleming)",
    "pocock": "its error evenly (Pocock)",
}


def method(story: Story) -> Section:
    """The plan and the methods."""
    return Section("Plan and methods", tuple(_blocks(story)))


def _blocks(story: Story) -> Iterator[Block]:
    if story.planned is None or story.found.blueprint is None:
        yield Paragraph("The lake has no blueprint that plans this experiment: its plan is not known.")
    else:
        yield Paragraph(plan(story.planned, story.found.blueprint.alpha))
    seen = {(row["metric"], row["method"]): row for row in story.everyone}
    yield Points(tuple(_used(story, *key) for key in seen))


def plan(planned: PlannedExperiment, alpha: float) -> str:
    """The plan in sentences.

    Args:
        planned: A round of an experiment.
        alpha: The blueprint's level.
    """
    chosen, level = planned.plan, f"alpha {alpha:g}"
    weeks = (planned.end - planned.start).days // 7
    if isinstance(chosen, Bayesian):
        region = f"beyond {100 * chosen.rope:g} %" if chosen.rope else "either way"
        return (
            f"The plan is {chosen.kind}: it decides at the planned end, {planned.end}, where the posterior "
            f"probability of a lift {region} is {chosen.threshold:g} or more; guardrails at {level}."
        )
    family = (
        f"Comparisons of a family share {level} by {_CORRECTIONS[chosen.multiplicity]}; primary and "
        "secondary metrics are a family each, a guardrail stands alone."
    )
    if isinstance(chosen, Sequential):
        looks = ", ".join(map(str, chosen.looks))
        when = f"it decides after week {looks} of {weeks}, and spends {_SPENDING[chosen.spending]}"
    elif isinstance(chosen, Anytime):
        when = "it may decide at every look, by p-values that hold at all looks together"
    else:
        long = f"{weeks} week{'' if weeks == 1 else 's'}"
        when = f"it decides once, at the planned end, {planned.end}, after {long}"
    return f"The plan is {chosen.kind}: {when}. {family}"


def _used(story: Story, metric: str, name: str) -> str:
    declared = story.metrics.get(metric)
    about = METHODS[name].summary if name in METHODS else "a method that this version does not know"
    if declared is None:
        return f"{metric}: {name}. {about}"
    return f"{metric} ({story.role(metric)}, {_measured(declared)}): {name}, {_why(story, declared)}. {about}"


def _measured(metric: Metric) -> str:
    """What the metric is, in the blueprint's words."""
    measures = " / ".join(measure.key for measure in metric.measures)
    least = metric.minimum_effect
    wish = "" if least is None else f", smallest effect worth finding {100 * least:g} %"
    margin = "" if metric.margin is None else f", margin {100 * metric.margin:g} %"
    better = "" if metric.higher_is_better else ", lower is better"
    return f"{metric.type} of {measures}{wish}{margin}{better}"


def _why(story: Story, metric: Metric) -> str:
    if metric.method is not None:
        return "which the blueprint names"
    kind = "fixed" if story.planned is None else story.planned.plan.kind
    if kind in {"anytime", "bayesian"}:
        return f"which is what the plan needs for a {metric.type}"
    return f"which is the default for a {metric.type}"
