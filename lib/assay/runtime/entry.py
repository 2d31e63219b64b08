"""How a job file runs: `if __name__ == "__main__": entry.run(main)`.

A job module exposes `main(argv)` and does nothing when imported, so that Glue, the local runner and a test
start it in the same way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from assay.errors import AssayError
from assay.runtime import logs, outages

Main = Callable[[list[str]], None]


class JobError(SystemExit):
    """The end of a job that did not do its work: its exit code, and its sentence for Glue's `ErrorMessage`.

    Glue shows the text of the exception that ends a script; a plain `SystemExit(2)` would be shown as "2".
    """

    def __init__(self, error: AssayError) -> None:
        super().__init__(error.message)
        self.code = error.exit_code


def call(main: Main, argv: list[str]) -> None:
    """Run a job, and say in our words what fails around it.

    Args:
        main: The job.
        argv: Its command line, without the script's name.

    Raises:
        AssayError: The job's own, or a `TransientError` for a service, disk or clock that failed it.
    """
    try:
        main(argv)
    except AssayError:
        raise
    except Exception as error:
        ours = outages.explained(error)
        if ours is None:
            raise
        raise ours from error


def run(main: Main, argv: Sequence[str] | None = None) -> None:
    """Run a job and turn an error of ours into one sentence and its exit code.

    Args:
        main: The job; it gets the command line without the script's name.
        argv: The command line; the process's own when None.

    Raises:
        JobError: The job raised an `AssayError`; the code is the error's. Glue marks such a run FAILED. Any
            other error is a defect and passes through with its traceback.
    """
    try:
        logs.configure()
        call(main, list(sys.argv[1:] if argv is None else argv))
    except AssayError as error:
        sys.stderr.write(f"{error.message}\n")
        raise JobError(error) from error
