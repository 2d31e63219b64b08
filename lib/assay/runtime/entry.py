"""How a job file runs: `if __name__ == "__main__": entry.run(main)`.

A job module exposes `main(argv)` and does nothing when imported, so that Glue, the local runner and a test
start it in the same way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from assay.errors import AssayError
from assay.runtime import logs

Main = Callable[[list[str]], None]


def run(main: Main, argv: Sequence[str] | None = None) -> None:
    """Run a job and turn an error of ours into one sentence and its exit code.

    Args:
        main: The job; it gets the command line without the script's name.
        argv: The command line; the process's own when None.

    Raises:
        SystemExit: The job raised an `AssayError`; the code is the error's. Glue marks such a run FAILED. Any
            other error is a defect and passes through with its traceback.
    """
    try:
        logs.configure()
        main(list(sys.argv[1:] if argv is None else argv))
    except AssayError as error:
        sys.stderr.write(f"{error.message}\n")
        raise SystemExit(error.exit_code) from error
