"""The error tree: one root, terminal or transient, because a Glue retry is a decision.

Every message says what was asked, the value, what is allowed and what to do. Fields travel as
arguments of the exception, so that errors survive pickling between Python workers.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AssayError(Exception):
    """Root of every error that Assay raises on purpose.

    Attributes:
        exit_code: What the command line and a job exit with.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TerminalError(AssayError):
    """Trying again will not help: the input, the data or the configuration must change."""


class TransientError(AssayError):
    """Trying again may help: a service did not answer, a commit lost a race, data is not there yet."""


class InputError(TerminalError, ValueError):
    """Something the user wrote is not acceptable; nothing was changed."""

    exit_code = 2


class ContractError(TerminalError):
    """Data breaks its contract so badly that publishing stopped."""


class ReconciliationError(TerminalError):
    """Rows in do not equal rows out, quarantined and de-duplicated: something would have been lost."""


class StackError(TerminalError):
    """The local stack is not in the state that a command needs."""

    exit_code = 2


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """The nearest allowed word as a hint, or the list of what is allowed.

    Example:
        >>> did_you_mean("revenu", ["revenue", "trades"])
        "did you mean 'revenue'?"
        >>> did_you_mean("x", ["revenue", "trades"])
        "allowed: 'revenue', 'trades'"
    """
    words = sorted(allowed)
    near = difflib.get_close_matches(word, words, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return "allowed: " + ", ".join(repr(w) for w in words) if words else "none is allowed here"
