"""An analysis as HTML that stands alone: no script, no font, no image from elsewhere; light and dark.

Everything from the user's file is escaped. The plot is never the only place of a number: the tables say it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from assay.certify.diagnosis.words import between, percent
from assay.serving.analysis import forest, words

if TYPE_CHECKING:
    from assay.certify.diagnosis.diagnose import Diagnosis
    from assay.serving.analysis.result import Analysis, Comparison, Summary

_STYLE = """
.assay{--ink:#1b1f24;--soft:#5b6470;--line:#d5dae0;--mark:#0b62b8;--warn:#9a3a00;color:var(--ink);
font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto}
@media (prefers-color-scheme:dark){
.assay{--ink:#e8eaed;--soft:#a3abb5;--line:#3d444d;--mark:#6cb2ff;--warn:#ffb27a}}
.assay h1{font-size:1.5rem}.assay h2{font-size:1.15rem;margin-top:2rem}
.assay table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
.assay th,.assay td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--line)}
.assay .n{text-align:right}.assay .scroll{overflow-x:auto}
.assay caption{text-align:left;color:var(--soft);padding-bottom:.3rem}
.assay .warn{color:var(--warn);font-weight:600}
.assay svg{width:100%;height:auto;font:13px system-ui,sans-serif}
.assay svg text{fill:var(--ink)}.assay svg .h{font-weight:600}.assay svg .t{fill:var(--soft);font-size:12px}
.assay svg .g{stroke:var(--line)}.assay svg .z{stroke:var(--soft);stroke-width:1.5}
.assay svg .i{stroke:var(--mark);stroke-width:2.5}.assay svg .e{fill:var(--mark)}
"""
_PAGE = "<style>:root{color-scheme:light dark}body{margin:2rem 1rem}</style>"


def document(analysis: Analysis) -> str:
    """The analysis as a whole page."""
    title = escape(f"Analysis of {analysis.source}")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>{_PAGE}'
        f"</head><body><main>{fragment(analysis)}</main></body></html>\n"
    )


def fragment(analysis: Analysis) -> str:
    """The analysis as one element with its own style, for a page or a notebook."""
    sentences = "".join(f"<li>{escape(row.sentence)}</li>" for row in analysis.comparisons)
    plot = forest.svg(analysis.comparisons, title=f"Differences from {analysis.control} with intervals")
    return (
        f'<section class="assay"><style>{_STYLE}</style><h1>Analysis of {escape(analysis.source)}</h1>'
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
    return _table("Each treatment against control", head, body, numeric=(2, 3, 4))


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
    return _table("Each metric in each arm", head, body, numeric=(2, 3, 4, 5))


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
    return _table(caption, head, body, numeric=(2, 3, 4, 5))


def _checks(analysis: Analysis) -> str:
    body = [(check.status, check.detail) for check in analysis.checks]
    return _table("What could undermine the comparison", ("status", "finding"), body, numeric=())


def _table(
    caption: str, head: Sequence[str], body: Sequence[Sequence[str]], *, numeric: tuple[int, ...]
) -> str:
    titles = "".join(f'<th scope="col"{_class(t, i in numeric)}>{escape(t)}</th>' for i, t in enumerate(head))
    rows = "".join(
        "<tr>"
        + "".join(f"<td{_class(t, i in numeric)}>{escape(t)}</td>" for i, t in enumerate(row))
        + "</tr>"
        for row in body
    )
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>{titles}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _class(text: str, numeric: bool) -> str:
    if text in {"warn", "fail", "liberal"} or text.endswith(" liberal") or text.startswith("invalid:"):
        return ' class="warn"'
    return ' class="n"' if numeric else ""
