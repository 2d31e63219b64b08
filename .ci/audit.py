"""Are there known vulnerabilities in what is locked? `python .ci/audit.py`; exit code 1 if so, or unknown.

With an index of advisories in reach pip-audit asks it (`make audit`). Without one the frozen list
`audited.txt` is the answer: each locked package must stand there, and not be older than what was looked up.

`python .ci/audit.py --against FOLDER WHAT` looks every locked version up in a checkout of PyPA's advisory
database (https://github.com/pypa/advisory-database, folder `vulns`), and writes the list anew.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LIST = ROOT / ".ci" / "audited.txt"
LOCKS = (
    "requirements.lock",
    ".ci/lint-tools.txt",
    ".ci/site-tools.txt",
    "glue_configs/dags/requirements.txt",
)
ASK = [
    str(Path(sys.executable).with_name("uv")),
    "tool",
    "run",
    "--quiet",
    "pip-audit==2.10.1",
    "--no-deps",
    "--disable-pip",
    "--format",
    "json",
]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)


def pins(root: Path = ROOT) -> dict[str, set[str]]:
    """Package → the versions of it that a lock pins."""
    found: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in _PIN.findall((root / lock).read_text(encoding="utf-8")):
            found.setdefault(_normal(name), set()).add(version)
    return found


def listed(path: Path = LIST) -> dict[str, set[str]]:
    """Package → the versions that were looked up."""
    found: dict[str, set[str]] = {}
    for name, version in _PIN.findall(path.read_text(encoding="utf-8")):
        found.setdefault(name, set()).add(version)
    return found


def unknown(locked: Mapping[str, set[str]], known: Mapping[str, set[str]]) -> list[str]:
    """What is locked and was not looked up, or is older than everything that was."""
    found = []
    for name, versions in sorted(locked.items()):
        least = min(map(Version, known[name])) if name in known else None
        for version in sorted(versions):
            if least is None:
                found.append(
                    f"{name} {version} is not in .ci/audited.txt; look it up: .ci/audit.py --against"
                )
            elif Version(version) < least:
                found.append(f"{name} {version} is older than {least}, which was looked up; do not go back")
    return found


def advisories(vulns: Path, name: str) -> Iterator[Mapping[str, Any]]:
    """The advisories of a package that were not withdrawn."""
    for file in sorted((vulns / name).glob("*.yaml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        if "withdrawn" not in document:
            yield document


def affects(advisory: Mapping[str, Any], name: str, version: str) -> bool:
    """Whether an advisory is about a version of a package."""
    for affected in advisory.get("affected", []):
        if _normal(affected["package"]["name"]) != name:
            continue
        if version in affected.get("versions", []):
            return True
        events = [
            each for r in affected.get("ranges", []) if r["type"] == "ECOSYSTEM" for each in r["events"]
        ]
        if _inside(events, Version(version)):
            return True
    return False


def _inside(events: list[Mapping[str, str]], version: Version) -> bool:
    inside = False
    for event in events:
        if "introduced" in event:
            inside = inside or version >= Version(event["introduced"])
        else:
            fixed = "fixed" in event and version >= Version(event["fixed"])
            inside = inside and not fixed and version <= Version(event.get("last_affected", str(version)))
    return inside


def look_up(vulns: Path, source: str) -> int:
    """Look everything locked up and write the list; how many known vulnerabilities there are."""
    locked, seen, bad = pins(), 0, []
    for name, versions in sorted(locked.items()):
        for advisory in advisories(vulns, name):
            seen += 1
            bad += [f"{name} {v}: {advisory['id']}" for v in sorted(versions) if affects(advisory, name, v)]
    lines = [
        f"{name}=={version}" for name, versions in sorted(locked.items()) for version in sorted(versions)
    ]
    head = [
        f"# Looked up on {datetime.now(UTC):%Y-%m-%d} by .ci/audit.py in {source}.",
        f"# {seen} advisories there are about these packages; {len(bad)} are about these versions.",
        "# Of what became known after that it knows nothing: where an index is in reach, `make audit`.",
    ]
    LIST.write_text("\n".join([*head, *lines, ""]), encoding="utf-8")
    sys.stdout.write("\n".join([head[1], *bad, ""]))
    return len(bad)


def ask() -> int | None:
    """How many vulnerabilities pip-audit knows of; None if its index is out of reach."""
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "one.txt"  # one package tells whether the index answers at all
        probe.write_text("pyyaml==5.3\n", encoding="utf-8")
        if not _asked(probe):
            return None
    total = 0
    for lock in LOCKS:
        answer = _asked(ROOT / lock)
        if answer is None:
            return None
        for name, version, vulnerability in answer:
            sys.stdout.write(f"{lock}: {name} {version}: {vulnerability}\n")
            total += 1
    return total


def _asked(requirements: Path) -> list[tuple[str, str, str]] | None:
    """What pip-audit finds in a file; None if there is something that it could not look up."""
    command = [*ASK, "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return None
    if any("skip_reason" in each for each in found):
        return None
    return [(each["name"], each["version"], v["id"]) for each in found for v in each["vulns"]]


def main(argv: list[str]) -> int:
    """Audit; the exit code."""
    if argv[:1] == ["--against"]:
        if len(argv) != 3:  # noqa: PLR2004 the option, the folder, what it is
            sys.stderr.write(
                "usage: audit.py --against FOLDER WHAT, such as 'the database, commit X of DAY'\n"
            )
            return 2
        return min(look_up(Path(argv[1]), argv[2]), 1)
    asked = ask()
    if asked is not None:
        sys.stdout.write(f"pip-audit knows {asked} vulnerabilities of what is locked\n")
        return min(asked, 1)
    problems = unknown(pins(), listed())
    sys.stdout.write("\n".join(["no index of advisories answers: by .ci/audited.txt", *problems, ""]))
    return min(len(problems), 1)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
