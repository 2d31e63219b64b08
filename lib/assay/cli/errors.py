"""How an error reaches the user: one sentence on stderr and the error's exit code, not a traceback."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from assay.errors import AssayError


class Sentences(TyperGroup):
    """A group of commands that turns Assay's errors into sentences."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            typer.Exit: With the error's code, after its sentence.
        """
        try:
            return super().invoke(ctx)
        except AssayError as error:
            typer.echo(f"assay: {error.message}", err=True)
            raise typer.Exit(error.exit_code) from error
        except BrokenPipeError:  # the reader of `assay query ... | head` has left
            sys.stderr.close()
            raise typer.Exit(1) from None
