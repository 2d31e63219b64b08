"""Templates that know each other by exports only, read in the order in which they would be deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from assay.errors import InputError, did_you_mean
from assay.stacks import template_yaml
from assay.stacks.template import Template


def read(
    paths: Sequence[Path],
    parameters: Mapping[str, str] | None = None,
    *,
    exports: Mapping[str, str] | None = None,
    pseudo: Mapping[str, str] | None = None,
) -> tuple[Template, ...]:
    """Read templates one after the other; each may import what those before it export.

    Args:
        paths: The templates, in order.
        parameters: Parameter → value; a template takes those that it declares.
        exports: What stacks that are not read here export.
        pseudo: Pseudo parameters that differ from the local stack's.

    Raises:
        InputError: A template cannot be read, or no template declares one of the parameters.
    """
    given, known = dict(parameters or {}), dict(exports or {})
    declared = {path: template_yaml.read(path).get("Parameters", {}) for path in paths}
    for name in given:
        if not any(name in names for names in declared.values()):
            hint = did_you_mean(name, {each for names in declared.values() for each in names})
            raise InputError(f"{', '.join(path.name for path in paths)}: no parameter {name!r}; {hint}")
    found = []
    for path in paths:
        mine = {name: value for name, value in given.items() if name in declared[path]}
        template = Template(path, mine, exports=known, pseudo=pseudo)
        known = known | template.exports()
        found.append(template)
    return tuple(found)
