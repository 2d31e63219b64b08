"""`assay analyze`: an experiment in one CSV or Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.export import Out, Output, exported, refuse_mixed
from assay.errors import InputError
from assay.serving.export import saving

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay analyze trial.csv --arm group --control placebo --metric cured --metric cost:mean[/bold]\n\n"
    "[bold]assay analyze visits.parquet --arm variant --control A --metric revenue/visits:ratio "
    "--allocation A=0.5 --allocation B=0.5 --html report.html[/bold]"
)


def analyze(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file, one row per randomised unit.")],
    arm: Annotated[str, typer.Option("--arm", help="Column that names each unit's arm.")],
    control: Annotated[str, typer.Option("--control", help="The arm that all others are compared with.")],
    metric: Annotated[
        list[str],
        typer.Option(
            "--metric",
            help="COLUMN, COLUMN:mean, COLUMN:proportion, or NUMERATOR/DENOMINATOR:ratio; repeat for more. "
            "Without a type a column of 0 and 1 is a proportion, any other a mean.",
        ),
    ],
    alpha: Annotated[
        float, typer.Option("--alpha", help="Level of the tests; intervals are at 1 - alpha.")
    ] = 0.05,
    allocation: Annotated[
        list[str] | None,
        typer.Option("--allocation", help="ARM=SHARE as planned, for every arm; checks the sample ratio."),
    ] = None,
    diagnose: Annotated[
        bool,
        typer.Option(help="Measure the methods' error rates on these very units, assigned again at random."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, full precision.")] = False,
    output: Output = None,
    out: Out = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write a self-contained page here.")
    ] = None,
) -> None:
    """Compare the arms of an experiment that lies in a file, and say what the result means."""
    from assay.cli import show
    from assay.serving.analysis import analyze_file

    refuse_mixed(output, out, as_json=as_json)
    result = analyze_file(
        file,
        arm=arm,
        control=control,
        metrics=metric,
        alpha=alpha,
        allocation=shares(allocation) if allocation else None,
        diagnose=diagnose,
    )
    if html is not None:
        saving.save(html, result.to_html().encode())
    if output is not None:
        exported(result.to_arrow(), output, out)
    elif as_json:
        typer.echo(result.to_json())
    else:
        show.analysis(result)
        if html is not None:
            typer.echo(f"written: {html}")


def shares(texts: list[str]) -> dict[str, float]:
    """`["A=0.5", "B=1/2"]` as numbers by arm.

    Args:
        texts: As given to `--allocation`.

    Raises:
        InputError: A text is not ARM=SHARE, or names an arm again.
    """
    shares: dict[str, float] = {}
    for text in texts:
        label, equals, number = text.rpartition("=")
        if not equals or not label:
            raise InputError(f"allocation {text!r} is not of the form ARM=SHARE, for example control=0.5")
        if label in shares:
            raise InputError(f"allocation names arm {label!r} twice; give each arm one share")
        shares[label] = _share(text, number)
    return shares


def _share(text: str, number: str) -> float:
    from fractions import Fraction

    try:
        return float(Fraction(number))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"allocation {text!r}: {number!r} is not a share; write 0.5 or 1/2") from None
