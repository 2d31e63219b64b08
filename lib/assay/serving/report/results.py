"""What was found: the decision in words, effects, looks, segments and arms."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from assay.serving.analysis import forest, words
from assay.serving.report import looks
from assay.serving.report.blocks import Block, Figure, Grid, Points, Section
from assay.serving.report.reading import Row
from assay.serving.report.story import ALL, Story, number


def decision(story: Story) -> Section:
    """Every comparison as a sentence, those that decide first."""
    return Section("Decision", (Points(tuple(_decided(story, row) for row in story.everyone)),))


def effects(story: Story) -> Section:
    """The differences with their intervals."""
    rows = sorted(story.everyone, key=lambda row: _order(story, row))
    plot = forest.svg(
        [story.line(row, row["contrast"]) for row in rows], title="Differences with their intervals"
    )
    table = story.grid(rows, f"Each treatment against control, as of {story.found.as_of}")
    return Section("Effects", (Figure(plot), table))


def over_looks(story: Story) -> Section | None:
    """How each estimate came to be what it is; None where there is one look only."""
    if len(story.found.looks) == 1:
        return None
    return Section("Over the looks", tuple(_comparisons_by_look(story)))


def segments(story: Story) -> Section | None:
    """The same of parts of the units; None where gold has none."""
    rows = sorted(story.parts, key=lambda row: (row["metric"], row["segment"], row["contrast"]))
    if not rows:
        return None
    several = len({row["contrast"] for row in rows}) > 1
    lines = [
        story.line(row, f"{row['segment']}, {row['contrast']}" if several else row["segment"]) for row in rows
    ]
    plot = forest.svg(lines, title="Differences by segment with their intervals", name="segments")
    caption = "By segment, without a correction for their number: of many, some will differ by chance"
    return Section("Segments", (Figure(plot), story.grid(rows, caption)))


def arms(story: Story) -> Section:
    """Units and value of each arm."""
    allocated = {} if story.planned is None else story.planned.allocations
    body = []
    for metric, group in groupby(story.everyone, key=lambda row: row["metric"]):
        mine = list(group)
        sides = [(mine[0], "control"), *((row, "treatment") for row in mine)]
        for row, side in sides:
            share = allocated.get(row[side])
            value = words.mean(number(row, f"mean_{side}"), story.kind(metric), number(row, "std_error"))
            planned = "" if share is None else f"{100 * share:.4g} %"
            body.append((metric, row[side], planned, f"{row[f'n_{side}']:,}", value))
    head = ("metric", "arm", "planned share", "units", "value")
    return Section("Arms", (Grid("Each metric in each arm", head, tuple(body), frozenset({2, 3, 4})),))


def _order(story: Story, row: Row) -> tuple[int, str]:
    """Metrics in the order of their roles, so that the lines of one stand together."""
    names = [each["metric"] for each in story.everyone]
    return names.index(row["metric"]), row["contrast"]


def _decided(story: Story, row: Row) -> str:
    role = story.role(row["metric"])
    parts = [story.sentence(row) if role == "primary" else f"{role}: {story.sentence(row)}"]
    greater = row.get("probability_greater")
    if greater is not None:
        parts.append(f"the treatment's value is the greater with a probability of {100 * greater:.1f} %")
    decided = row.get("decided")
    if decided is not None and decided != row["as_of"]:
        parts.append(f"decided at the look of {decided}")
    return "; ".join(parts) + "."


def _comparisons_by_look(story: Story) -> Iterator[Block]:
    rows = [row for row in story.found.results if row["segment"] == ALL]
    keys = [(row["metric"], row["contrast"], row["method"]) for row in story.everyone]
    for place, key in enumerate(keys, start=1):
        mine = [row for row in rows if (row["metric"], row["contrast"], row["method"]) == key]
        yield Figure(looks.svg(story, mine, name=f"looks-{place}"))
        yield _looked(story, mine)


def _looked(story: Story, rows: list[Row]) -> Grid:
    kind = story.kind(rows[0]["metric"])
    levels = {row["alpha"] for row in rows}
    body = []
    for row in rows:
        error = number(row, "std_error")
        interval = words.interval(number(row, "lower"), number(row, "upper"), kind, error)
        body.append(
            (
                str(row["as_of"]),
                f"{row['n_control'] + row['n_treatment']:,}",
                words.difference(number(row, "estimate"), kind, error),
                interval if len(levels) == 1 else f"{interval} ({words.level(row['alpha'])})",
                words.p_value(number(row, "p_value")).removeprefix("p ").removeprefix("= "),
                "" if row.get("alpha_corrected") is None else f"{row['alpha_corrected']:.3g}",
                row["decision"],
            )
        )
    shown = f"{words.level(levels.pop())} interval" if len(levels) == 1 else "interval"
    head = ("as of", "units", "difference", shown, "p", "held to", "decision")
    caption = f"{rows[0]['metric']}, {rows[0]['contrast']}, by {rows[0]['method']}"
    return Grid(caption, head, tuple(body), frozenset({1, 2, 3, 4, 5}))
