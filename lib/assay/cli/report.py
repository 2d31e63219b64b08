"""`assay report`: all that gold knows of an experiment, on a page to hand on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.export import day
from assay.errors import InputError

if TYPE_CHECKING:
    from assay.serving.report.formats import Format
    from assay.serving.report.reading import Found

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay report checkout[/bold]   on the terminal\n\n"
    "[bold]assay report checkout --html --out checkout.html[/bold]   with plots, in one file\n\n"
    "[bold]assay report checkout.2 --as-of 2026-03-02 --pdf --out checkout.pdf[/bold]"
)


def report(
    experiment: Annotated[str, typer.Argument(help="The experiment; a later round as checkout.2.")],
    html: Annotated[bool, typer.Option("--html", help="As one HTML file, with plots.")] = False,
    md: Annotated[bool, typer.Option("--md", help="As Markdown.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="As PDF, with plots; name a file with --out.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what the report is made from as one JSON document.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write here instead of to stdout.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The newest look to tell of; the newest if not given.")
    ] = None,
) -> None:
    """Report an experiment: decision, effects, looks, health, certificates, and where it all comes from.

    The same states of the tables give the same bytes.
    """
    import os

    from assay.cli import show
    from assay.local import stack
    from assay.serving import queries
    from assay.serving.export import saving
    from assay.serving.queries.states import states
    from assay.serving.report import content, reading

    chosen = _format(out, html=html, md=md, pdf=pdf, as_json=as_json)
    newest = None if as_of is None else day(as_of)
    os.environ.update(stack.environment())
    with show.working("reading the lake"):
        found = reading.read(queries.query, states, experiment, as_of=newest)
    if as_json:
        show.json(document(found))
    elif chosen is None:
        show.markdown(_text(found))
    else:
        written = chosen.content(content.report(found))
        if out is None:
            typer.echo(written.decode(), nl=False)
        else:
            saving.save(out, written)
            typer.echo(f"written: {out}")


def document(found: Found) -> dict[str, object]:
    """What `--json` prints: the rows behind the report, as gold has them."""
    from assay import __version__

    blueprint = found.blueprint
    return {
        "schema": "assay.report/1",
        "experiment": found.experiment,
        "as_of": found.as_of,
        "results": found.results,
        "health": found.health,
        "certificates": list(found.certificates.values()),
        "blueprint": None if blueprint is None else blueprint.model_dump(mode="json"),
        "blueprint_version": None if blueprint is None else blueprint.version,
        "document": found.document,
        "states": found.states,
        "assay": __version__,
    }


def _text(found: Found) -> str:
    from assay.serving.report import content, markdown

    return markdown.content(content.report(found)).decode()


def _format(out: Path | None, *, as_json: bool, **asked: bool) -> Format | None:
    """What to write; None for the terminal.

    Raises:
        InputError: Two of them, a file without any, or a PDF without a file.
        StackError: What writes a PDF is not installed.
    """
    from assay.serving.report import formats

    wanted = [name for name, given in {**asked, "json": as_json}.items() if given]
    if len(wanted) > 1:
        raise InputError(f"--{wanted[0]} and --{wanted[1]} exclude each other; leave one out")
    if as_json or not wanted:
        if out is not None:
            raise InputError(f"--out {out} needs --html, --md or --pdf")
        return None
    chosen = formats.FORMATS[wanted[0]]
    if not chosen.text:
        formats.require_pdf()
        if out is None:
            raise InputError(f"--{chosen.name} is not text; name a file with --out")
    return chosen
