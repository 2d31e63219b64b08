"""A report in its order: what was decided, what was found, how, how far to trust it, and whence it comes."""

from __future__ import annotations

from assay import __version__
from assay.serving.report import method, results, trust
from assay.serving.report.blocks import Grid, Report, Section
from assay.serving.report.reading import Found
from assay.serving.report.story import Story


def report(found: Found) -> Report:
    """The report of an experiment.

    Args:
        found: What gold has of it.
    """
    story = Story.of(found)
    sections = (
        results.decision(story),
        results.effects(story),
        results.over_looks(story),
        results.segments(story),
        results.arms(story),
        trust.health(story),
        method.method(story),
        trust.certificates(story),
        trust.truth(story),
        origin(story),
    )
    return Report(
        title=f"Experiment {found.experiment}",
        as_of=found.as_of,
        lead=_lead(story),
        sections=tuple(section for section in sections if section is not None),
    )


def origin(story: Story) -> Section:
    """Seeds, versions and states: what the report was made from, and what it takes to make it again."""
    found, blueprint = story.found, story.found.blueprint
    rows: list[tuple[str, str]] = []
    if blueprint is not None:
        rows += [
            ("blueprint", f"{blueprint.name}, version {blueprint.version}"),
            ("its stored document", found.document or ""),
            ("its seed", str(blueprint.seed)),
        ]
    seeds = sorted({row["seed"] for row in found.certificates.values()})
    runs = {row["as_of"]: row["_run_id"] for row in found.results}
    rows += [("seed of the certificates", ", ".join(map(str, seeds)))] if seeds else []
    rows += [(f"run that wrote the look of {look}", runs[look]) for look in found.looks]
    rows += [(f"state of {table}", state) for table, state in sorted(found.states.items())]
    rows += [("assay", __version__)]
    caption = "The same states of these tables give the same bytes"
    return Section("Where this comes from", (Grid(caption, ("what", "value"), tuple(rows)),))


def _lead(story: Story) -> str:
    found = story.found
    looks, final = len(found.looks), found.newest[0]["final"]
    said = f"As of {found.as_of}, the exclusive end of the data looked at: look {looks}"
    if story.planned is not None:
        weeks = (story.planned.end - story.planned.start).days // 7
        said += f" of {weeks}, {story.planned.start} to {story.planned.end}"
    return f"{said}; {'the planned end' if final else 'the experiment is running'}."
