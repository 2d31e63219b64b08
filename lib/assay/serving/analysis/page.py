"""An analysis as HTML that stands alone: no script, no font, no image from elsewhere; light and dark.

Everything from the user's file is escaped. The plot is never the only place of a number: the tables say it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from assay.certify.diagnosis.words import between, percent
from assay.serving.analysis import elements, forest, words

if TYPE_CHECKING:
    from assay.certify.diagnosis.diagnose import Diagnosis
    from assay.serving.analysis.result import Analysis, Comparison, Summary


def document(analysis: Analysis) -> str:
    """The analysis as a whole page."""
    return elements.page(f"Analysis of {analysis.source}", fragment(analysis))


def fragment(analysis: Analysis) -> str:
    """The analysis as one element with its own style, for a page or a notebook."""
    sentences = "".join(f"<li>{escape(row.sentence)}</li>" for row in analysis.comparisons)
    lines = [forest.Line.of(row) for row in analysis.comparisons]
    plot = forest.svg(lines, title=f"Differences from {analysis.control} with intervals")
    return (
        f'<section class="assay"><style>{elements.STYLE}</style><h1>Analysis of '
        f"{escape(analysis.source)}</h1>"
        f"<p>{escape(words.base(analysis))}</p><ul>{sentences}</ul>"
        f"<h2>Differences</h2><figure>{plot}</figure>"
        f"{_comparisons(analysis.comparisons, analysis.alpha, analysis.diagnoses)}"
        f"<p>{escape(words.correction(analysis))}</p>"
        f"<h2>Arms</h2>{_summaries(analysis.summaries)}"
        f"{_diagnoses(analysis)}<h2>Checks</h2>{_checks(analysis)}</section>"
    )


def _comparisons(rows: Sequence[Comparison], alpha: float, found: Sequence[Diagnosis]) -> str:
    head = (
        "metric",
        "contrast",
        "difference",
        f"{words.level(alpha)} interval",
        "relative",
        "p",
        "Holm",
        "decision",
        "method",
        *(["type I error here"] if found else []),
    )
    body = [
        (
            row.metric,
            row.contrast,
            words.difference(row.estimate, row.type, row.std_error),
            words.interval(row.lower, row.upper, row.type, row.std_error),
            words.relative(row.relative_estimate, row.relative_lower, row.relative_upper),
            words.p_value(row.p_value),
            words.p_value(row.p_holm),
            row.decision,
            row.method,
            *(f"{percent(each.chosen.type_i_error)} {each.chosen.verdict}" for each in found[i : i + 1]),
        )
        for i, row in enumerate(rows)
    ]
    return elements.table("Each treatment against control", head, body, numeric=(2, 3, 4))


def _summaries(rows: Sequence[Summary]) -> str:
    body = [
        (
            row.metric,
            row.arm,
            f"{row.n:,}",
            f"{row.missing:,}",
            mean,
            "" if row.std_dev is None else f"{row.std_dev:.4g}",
        )
        for row, mean in zip(rows, words.arm_means(rows), strict=True)
    ]
    head = ("metric", "arm", "units", "missing", "mean", "standard deviation")
    return elements.table("Each metric in each arm", head, body, numeric=(2, 3, 4, 5))


def _diagnoses(analysis: Analysis) -> str:
    if not analysis.diagnoses:
        return ""
    parts = [
        f"<h3>{escape(words.heading(each))}</h3>"
        + "".join(f"<p>{escape(line)}</p>" for line in words.diagnosis(each))
        + _methods(each)
        for each in analysis.diagnoses
    ]
    return f"<h2>Error rates on these very data</h2>{''.join(parts)}"


def _methods(found: Diagnosis) -> str:
    body = [
        (
            rates.method,
            rates.verdict,
            percent(rates.type_i_error),
            between(rates.lower, rates.upper),
            percent(rates.power),
            percent(rates.coverage),
        )
        for rates in found.methods
    ]
    head = ("method", "verdict", "type I error", "its interval", "power", "coverage")
    caption = (
        f"{found.replicates:,} random assignments of {found.units:,} units; power and coverage at a lift of "
        f"{100 * found.lift:+.3g} %; the method of the result first"
    )
    return elements.table(caption, head, body, numeric=(2, 3, 4, 5))


def _checks(analysis: Analysis) -> str:
    body = [(check.status, check.detail) for check in analysis.checks]
    return elements.table("What could undermine the comparison", ("status", "finding"), body, numeric=())
