"""Where configuration is: the files that ship with Assay, in a wheel or in a checkout, and the user's own."""

from __future__ import annotations

import os
from pathlib import Path

from assay.errors import InputError

OWN = "ASSAY_CONFIGS"
"""Variable that names a folder with `contracts/` and `sources/` of the user's own, read beside ours."""
_PACKAGED = Path(__file__).parent / "_packaged"
_CHECKOUT = Path(__file__).parents[2]
_SHIPPED = "glue_configs"


def path(relative: str) -> Path:
    """The path of a shipped file or folder.

    Args:
        relative: From the repository's root, for example `"glue_configs/contracts"` or `"jobs/gold.py"`.

    Returns:
        The path inside the installed wheel if it is there, else inside the checkout.
    """
    packaged = _PACKAGED / relative
    return packaged if packaged.exists() else _CHECKOUT / relative


def files(relative: str) -> dict[str, Path]:
    """The YAML files of a folder of `glue_configs/`, the user's own ones among them.

    Args:
        relative: As for `path`, for example `"glue_configs/contracts"`.

    Returns:
        Name without `.yaml` → file, in order of name.

    Raises:
        InputError: The user's folder is not there, or has a file that ships with Assay under the same name.
    """
    found = {each.stem: each for each in path(relative).glob("*.yaml")}
    own = os.environ.get(OWN)
    if own:
        if not Path(own).is_dir():
            raise InputError(f"{OWN} is {own!r}, and there is no such folder; correct it, or unset it")
        folder = Path(own) / Path(relative).relative_to(_SHIPPED)
        mine = {each.stem: each.absolute() for each in folder.glob("*.yaml")}
        if both := sorted(found.keys() & mine.keys()):
            raise InputError(f"{folder}/{both[0]}.yaml: Assay ships a file of that name; give yours another")
        found |= mine
    return dict(sorted(found.items()))
