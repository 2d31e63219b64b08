"""The bill of materials of a release: which packages of which versions it carries, and what needs what.

The same sources give the same bytes: there is neither a time nor a serial number in it.

References:
    CycloneDX 1.6, JSON. Package URL specification, type `pypi`.
"""

from __future__ import annotations

import json
from pathlib import Path

from assay.deploy.release import pins
from assay.serving.api import package

KEY = "bom.cdx.json"
_VERSION = "1.6"


def document(root: Path, version: str) -> bytes:
    """The bill of what a checkout's release carries on Glue and on Lambda, as JSON.

    Args:
        root: The checkout.
        version: Of the library.

    Raises:
        InputError: The checkout has no lock, or a package is not in it.
    """
    lock = pins.read(root / "requirements.lock")
    on_glue = {*pins.for_glue(root), *pins.for_sources(root)}
    names = lock.closure({*on_glue, *package.REQUIREMENTS, *package.LAYER})
    reference = {name: f"pkg:pypi/{name}@{lock.versions[name]}" for name in names}
    ours = f"pkg:pypi/assay@{version}"
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": _VERSION,
        "version": 1,
        "metadata": {"component": _component("application", "assay", version)},
        "components": [_component("library", name, lock.versions[name]) for name in names],
        "dependencies": [
            {"ref": ours, "dependsOn": sorted(reference.values())},
            *(
                {"ref": reference[name], "dependsOn": sorted(reference[n] for n in needs)}
                for name in names
                if (needs := lock.brought.get(name, frozenset()) & reference.keys())
            ),
        ],
    }
    return (json.dumps(bill, indent=1, sort_keys=True) + "\n").encode()


def _component(kind: str, name: str, version: str) -> dict[str, str]:
    url = f"pkg:pypi/{name}@{version}"
    return {"type": kind, "bom-ref": url, "name": name, "version": version, "purl": url}
