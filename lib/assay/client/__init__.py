"""A typed client of the API: `Client(url, token).results("checkout")`.

What the API gives is told once, in `assay.client.records`, which the server writes and the client reads.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.client.api import Client
    from assay.client.rows import Rows

__all__ = ["Client", "Rows"]

# The server reads the records alone and is packed without an HTTP client.
_HOMES = {"Client": "assay.client.api", "Rows": "assay.client.rows"}


def __getattr__(name: str) -> object:
    """The class of that name, from the module that has it.

    Raises:
        AttributeError: There is none.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
