"""Where the files that ship with Assay are: `glue_configs/` and `jobs/`, in a wheel or in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).parent / "_packaged"
_CHECKOUT = Path(__file__).parents[2]


def path(relative: str) -> Path:
    """The path of a shipped file or folder.

    Args:
        relative: From the repository's root, for example `"glue_configs/contracts"` or `"jobs/gold.py"`.

    Returns:
        The path inside the installed wheel if it is there, else inside the checkout.
    """
    packaged = _PACKAGED / relative
    return packaged if packaged.exists() else _CHECKOUT / relative
