"""How a job file runs: `if __name__ == "__main__": entry.run(main)`.

A job module exposes `main(argv)` and does nothing when imported, so that Glue, the local runner and a test
start it in the same way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from assay.errors import AssayError
from assay.runtime import causes, logs, outages

Main = Callable[[list[str]], None]
_log = logs.get(__name__)


class JobError(SystemExit):
    """The end of a job that did not do its work: its exit code, and its sentence for Glue's `ErrorMessage`.

    Glue shows the text of the exception that ends a script; a plain `SystemExit(2)` would be shown as "2".
    """

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


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
    """Run a job and turn an error into one line of the log, one sentence and an exit code.

    Args:
        main: The job; it gets the command line without the script's name.
        argv: The command line; the process's own when None.

    Raises:
        JobError: The job failed: with an error of ours, whose sentence and code it has, or by a defect, whose
            trace is in the log. Python's own trace would show what the error quotes of a row, and Glue would
            send it on. Glue marks such a run FAILED.
    """
    try:
        logs.configure()
        call(main, list(sys.argv[1:] if argv is None else argv))
    except AssayError as error:
        _log.error(error.message, extra={"causes": causes.told(error)})
        raise JobError(error.message, error.exit_code) from None
    except Exception as error:  # noqa: BLE001 the log has its trace
        sentence = causes.told(error)
        _log.exception(sentence)
        raise JobError(sentence, 1) from None
