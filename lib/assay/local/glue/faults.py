"""The errors that Glue answers with."""

from __future__ import annotations

from assay.errors import TerminalError

_SERVER = "InternalServiceException"


class GlueError(TerminalError):
    """A request that Glue refuses.

    Attributes:
        code: The exception's name in Glue's model, for example `"EntityNotFoundException"`.
    """

    def __init__(self, code: str, message: str) -> None:
        """An error with its code and its sentence."""
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[GlueError], tuple[str, str]]:
        """Picklable, as all errors are."""
        return GlueError, (self.code, self.message)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return 500 if self.code == _SERVER else 400
