"""A project of one's own that works at once: what `assay init` writes.

The texts are the files of the folder `files`, `%NAME%` in them the experiment's name. The example's rows are
drawn by the generators from `world.yaml`, whose truth is known; none is invented.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from assay import generators
from assay.errors import InputError
from assay.serving.export import saving
from assay.spec import Blueprint, load_blueprint
from assay.spec.model import Name
from assay.spec.truth import truth

_HERE = Path(__file__).parent
_TEXTS, _WORLD = _HERE / "files", _HERE / "world.yaml"
DATA = "data/units.csv"
_HEADINGS = ("unit", "arm", "seen_on", "spent", "spent_on")
_USUAL = "experiment"
_DOTTED = {"gitignore": ".gitignore"}
"""Files that git and packaging would take for their own under their true name."""


def make(folder: Path, name: str | None = None) -> tuple[str, ...]:
    """Write the project.

    Args:
        folder: Where; it is made if it is not there.
        name: Of the experiment; the folder's if that can be one.

    Returns:
        The files, as paths in the folder.

    Raises:
        InputError: The folder has files, or cannot be written; the name cannot be one. Nothing was written.
    """
    chosen = _named(folder, name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already, and not empty; name a new or an empty folder")
    content = dict(sorted(texts(chosen).items()))
    # Some names mean something, as those of canaries do.
    Blueprint.parse(content["experiment.yaml"], "experiment.yaml")
    for path, text in content.items():
        _write(folder / path, text)
    return tuple(content)


def texts(name: str) -> Mapping[str, str]:
    """Every file of the project.

    Args:
        name: Of the experiment.
    """
    world = load_blueprint(_WORLD)
    words = {"%NAME%": name, "%LIFT%": f"{100 * _lift(world):.0f} %"}
    files = (path for path in _TEXTS.rglob("*") if path.is_file())
    found = {_place(path): _filled(path.read_text(encoding="utf-8"), words) for path in files}
    return {**found, DATA: _rows(world)}


def _named(folder: Path, name: str | None) -> str:
    wanted = folder.resolve().name.lower().replace("-", "_") if name is None else name
    try:
        return TypeAdapter(Name).validate_python(wanted)
    except ValidationError:
        if name is None:
            return _USUAL
        raise InputError(
            f"--name is {name[:80]!r}; it must be lower-case letters, digits and underscores, beginning with "
            "a letter"
        ) from None


def _place(path: Path) -> str:
    inside = path.relative_to(_TEXTS)
    return str(inside.with_name(_DOTTED.get(inside.name, inside.name)))


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


def _lift(world: Blueprint) -> float:
    """What is planted, relative: a formula, not an estimate."""
    planned = world.round_of("example")
    return truth(world, planned, "spent", planned.end)["treatment"].relative


def _rows(world: Blueprint) -> str:
    """The first week of the world, a row per unit that saw an arm."""
    week = generators.week(world, 1)
    spent: dict[int, list[tuple[date, Decimal]]] = {}
    seen = {row["customer_id"]: row for row in week.exposures.to_pylist()}
    for row in week.trades.to_pylist():
        unit = row["customer_id"]
        if unit in seen and row["traded_at"] >= seen[unit]["exposed_at"]:
            spent.setdefault(unit, []).append((row["traded_at"].date(), row["notional"]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADINGS)
    writer.writerows(
        _row(unit, row["arm"], row["exposed_at"].date(), spent) for unit, row in sorted(seen.items())
    )
    return text.getvalue()


def _row(
    unit: int, arm: str, seen_on: date, spent: Mapping[int, list[tuple[date, Decimal]]]
) -> Iterator[object]:
    mine = spent.get(unit, [])
    yield from (unit, arm, seen_on, sum((value for _, value in mine), Decimal(0)))
    yield max([seen_on, *(day for day, _ in mine)])


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path.parent} cannot be made: {error.strerror or error}") from error
    saving.save(path, text.encode())
