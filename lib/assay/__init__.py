"""Assay: a lakehouse for experiments whose statistics are held to account.

`from assay import analyze, certificates, compare, plan` has the library's four questions on frames; each is
imported when it is first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.serving.analysis import analyze
    from assay.serving.python import certificates, plan
    from assay.serving.summaries import compare

__version__ = "0.1.0"
__all__ = ["__version__", "analyze", "certificates", "compare", "plan"]

_HOMES = {
    "analyze": "assay.serving.analysis",
    "certificates": "assay.serving.python",
    "compare": "assay.serving.summaries",
    "plan": "assay.serving.python",
}


def __getattr__(name: str) -> object:
    """The function of that name, from the module that has it.

    Raises:
        AttributeError: There is none.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
