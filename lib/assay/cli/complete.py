"""What the shell completes: names that can be looked up without starting anything.

Each function gets what was typed so far. Where names cannot be looked up, nothing is completed: a sentence
has no place there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from assay import configs
from assay.errors import AssayError

_CERTIFICATES = Path(configs.__file__).parent / "certify" / "lab" / "certificates.csv"


def questions(incomplete: str) -> list[str]:
    """Questions of `assay query`."""
    folder = configs.path("glue_configs/athena")
    return _beginning(incomplete, (file.stem for file in folder.glob("*.sql")))


def tables(incomplete: str) -> list[str]:
    """Tables that have a contract."""
    return _files(incomplete, "glue_configs/contracts")


def sources(incomplete: str) -> list[str]:
    """Declared sources."""
    return _files(incomplete, "glue_configs/sources")


def methods(incomplete: str) -> list[str]:
    """Methods that ship with certificates; read from these, for importing the statistics takes long."""
    with _CERTIFICATES.open(encoding="utf-8", newline="") as file:
        return _beginning(incomplete, {row["method"] for row in csv.DictReader(file)})


def _files(incomplete: str, folder: str) -> list[str]:
    try:
        return _beginning(incomplete, configs.files(folder))
    except AssayError:
        return []


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
