"""May the result be believed? Certificates of its methods, the health of the experiment, and the truth."""

from __future__ import annotations

from assay.certify.diagnosis.words import between, percent
from assay.serving.analysis import words
from assay.serving.report.blocks import Grid, Paragraph, Points, Section
from assay.serving.report.reading import Row
from assay.serving.report.story import Story, number

_HEALTH = {
    "srm": "sample ratio",
    "multi_exposure": "units in several arms",
    "quarantined": "rows set aside",
    "reconciliation": "every unit accounted for",
}
_ERRORS = {
    "none": "none",
    "type I": "a false alarm (type I)",
    "type II": "an effect that was missed (type II)",
    "type S": "the wrong sign (type S)",
}


def certificates(story: Story) -> Section:
    """How often the methods err on units like these, with the Monte-Carlo interval of each rate."""
    found = story.found.certificates
    pairs = {
        (row["metric"], row["method"]): found.get(row.get("certificate_id") or "") for row in story.everyone
    }
    body = [_measured(metric, method, row) for (metric, method), row in pairs.items() if row is not None]
    missing = [f"{metric} by {method}" for (metric, method), row in pairs.items() if row is None]
    said = [row["recommendation"] for row in pairs.values() if row is not None and row["recommendation"]]
    blocks: list[Grid | Points | Paragraph] = []
    if body:
        head = (
            "metric", "method", "verdict", "nominal", "type I error (95 % interval)",
            "power (95 % interval)", "at a lift of", "coverage (95 % interval)", "replicates",
        )  # fmt: skip
        caption = "Measured by assigning these very units again at random; intervals are Monte Carlo's"
        blocks.append(Grid(caption, head, tuple(body), frozenset({3, 4, 5, 6, 7, 8})))
        blocks.append(Points(tuple(f"{each.rstrip('.')}." for each in dict.fromkeys(said))))
    if missing:
        blocks.append(Paragraph(f"Not certified: {', '.join(missing)}."))
    return Section("Certificates", tuple(blocks))


def health(story: Story) -> Section:
    """The checks of the newest look."""
    rows = [row for row in story.found.health if row["as_of"] == story.found.as_of]
    if not rows:
        return Section("Health", (Paragraph("The lake has no checks of this look."),))
    body = tuple(
        (
            _HEALTH.get(row["check"], row["check"].replace("_", " ")),
            row["status"],
            row["detail"] or "",
            ""
            if row["p_value"] is None
            else words.p_value(row["p_value"]).removeprefix("p ").removeprefix("= "),
        )
        for row in rows
    )
    caption = f"What could undermine the comparison, as of {story.found.as_of}"
    return Section("Health", (Grid(caption, ("check", "status", "finding", "p"), body, frozenset({3})),))


def truth(story: Story) -> Section | None:
    """What was planted beside what was found; None where the data are real."""
    rows = [row for row in story.everyone if row.get("truth") is not None]
    if not rows:
        return None
    body = tuple(
        (
            row["metric"],
            row["contrast"],
            words.difference(row["truth"], story.kind(row["metric"]), number(row, "std_error")),
            _lift(row["relative_truth"]),
            "" if row["covered"] is None else "yes" if row["covered"] else "no",
            _ERRORS.get(row["error_kind"] or "", ""),
        )
        for row in rows
    )
    head = ("metric", "contrast", "planted", "planted lift", "in the interval", "error")
    caption = "The blueprint planted the effects: found against planted, at this look"
    return Section("Planted truth", (Grid(caption, head, body, frozenset({2, 3})),))


def _measured(metric: str, method: str, row: Row) -> tuple[str, ...]:
    return (
        metric,
        method,
        row["verdict"],
        percent(row["alpha"]),
        f"{percent(row['type_i_error'])} ({between(row['lower'], row['upper'])})",
        _rate(row, "power"),
        "" if row["lift"] is None else _lift(row["lift"]),
        _rate(row, "coverage"),
        f"{row['replicates']:,}",
    )


def _rate(row: Row, name: str) -> str:
    if row[name] is None:
        return ""
    return f"{percent(row[name])} ({between(row[f'{name}_lower'], row[f'{name}_upper'])})"


def _lift(value: float | None) -> str:
    return "" if value is None else f"{100 * value:+.3g} %"
