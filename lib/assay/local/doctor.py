"""What does this machine lack, and how is it got? Looked at without starting, importing or asking anything.

It must answer on a machine where nearly everything is missing, so that whatever needs a package is imported
where it is used, and a package that is not there is a finding like any other.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path
from typing import Literal

from assay.errors import AssayError

Status = Literal["ok", "missing", "optional"]
PYTHON = (3, 11)
"""What Glue 5.1 runs, and so do we."""
MEMORY_GB, DISK_GB = 4, 5
"""The JVM has a heap of 2 GB (`spark_conf.DRIVER_MEMORY`), Python and the servers take the rest; on disk are
the Java libraries (0.4 GB), the lake and the database, with room to grow."""
DASHBOARD_PORT = 8501
_NEEDED = ("", "cli", "api", "sources", "dashboard", "local")
"""Extras without which something that the README promises does not run; the first is what all need."""
_GB = 1e9
_CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_REQUIREMENT = re.compile(r"""^(?P<name>[\w.-]+)(?:.*extra\s*==\s*['"](?P<extra>[\w-]+)['"])?""")
_AWS_NAMED = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE")
_AWS_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked for.

    Attributes:
        what: The thing.
        status: `ok`; `missing`: a run on this machine needs it; `optional`: only what the remedy names does.
        found: What there is.
        remedy: How to get it; empty where nothing is to be done.
    """

    what: str
    status: Status
    found: str
    remedy: str = ""


def examine(environment: Mapping[str, str] | None = None) -> list[Finding]:
    """Look for everything, in the order in which it is needed.

    Args:
        environment: Where variables are looked up; the process's own by default.
    """
    variables = os.environ if environment is None else environment
    looks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("Python", _python),
        ("packages", _packages),
        ("Java", lambda: _java(variables)),
        ("memory", _memory),
        ("disk", _disk),
        ("ports", _ports),
        ("local stack", _stack),
        ("Java libraries", _jars),
        ("linters of the templates", _linters),
        ("Docker", _docker),
        ("AWS credentials", lambda: _aws(variables)),
    ]
    return [finding for what, look in looks for finding in _looked(what, look)]


def _looked(what: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except ImportError as error:
        return [
            Finding(what, "missing", f"cannot be looked for: there is no module {error.name}", _pip("local"))
        ]
    except (AssayError, OSError) as error:
        return [Finding(what, "missing", str(error), "correct what the sentence names")]


def _python() -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == PYTHON:
        yield Finding("Python", "ok", found)
    else:
        wanted = ".".join(map(str, PYTHON))
        yield Finding(
            "Python", "missing", found, f"install Python {wanted}, which AWS Glue 5.1 has, then `make run`"
        )


def _packages() -> Iterator[Finding]:
    """The packages of each extra, by their metadata: nothing is imported."""
    try:
        declared = requires("assay") or []
    except PackageNotFoundError:
        yield Finding("packages", "missing", "assay is not installed", "install it: `make run` in a checkout")
        return
    extras: dict[str, list[str]] = {}
    for line in declared:
        matched = _REQUIREMENT.match(line)
        if matched is not None and matched["name"] != "assay":
            extras.setdefault(matched["extra"] or "", []).append(matched["name"])
    for extra, names in extras.items():
        absent = [name for name in names if not _is_installed(name)]
        what = f"packages of [{extra}]" if extra else "packages"
        if not absent:
            yield Finding(what, "ok", f"all {len(names)}")
        else:
            status: Status = "missing" if extra in _NEEDED else "optional"
            yield Finding(what, status, f"without {', '.join(absent)}", _pip(extra))


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _pip(extra: str) -> str:
    return f'pip install "assay[{extra}]"' if extra else "pip install assay"


def _java(environment: Mapping[str, str]) -> Iterator[Finding]:
    from assay.local import java

    try:
        home = java.java_home(environment)
    except AssayError as error:
        yield Finding("Java", "missing", str(error).split(";")[0], f"set JAVA_HOME, or {_pip('local')}")
        return
    yield Finding("Java", "ok", f"{java.major_version(home) or java.VERSION} in {home}")


def _memory() -> Iterator[Finding]:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    size = min([total, *_limits()]) / _GB
    if size >= MEMORY_GB:
        yield Finding("memory", "ok", f"{size:.1f} GB")
    else:
        yield Finding("memory", "missing", f"{size:.1f} GB", f"give this machine {MEMORY_GB} GB")


def _limits() -> Iterator[int]:
    """What a container may use."""
    for file in _CGROUPS:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdecimal():
            yield int(text)


def _disk() -> Iterator[Finding]:
    from assay.local import state

    root = state.home().root
    place = next(folder for folder in (root, *root.parents) if folder.exists())
    free = shutil.disk_usage(place).free / _GB
    if free >= DISK_GB:
        yield Finding("disk", "ok", f"{free:.1f} GB free in {place}")
    else:
        yield Finding(
            "disk", "missing", f"{free:.1f} GB free in {place}",
            f"free {DISK_GB} GB, or name a folder with more in {state.HOME_VARIABLE}",
        )  # fmt: skip


def _ports() -> Iterator[Finding]:
    from assay.local import state

    ports = state.free_ports(1)
    yield Finding("ports", "ok", f"127.0.0.1 can be listened on, for example at {ports[0]}")
    if not state.is_free(DASHBOARD_PORT):
        yield Finding(
            "port of the dashboard", "optional", f"{DASHBOARD_PORT} is taken", "`assay dashboard --port`"
        )


def _stack() -> Iterator[Finding]:
    from assay.local import stack

    found = stack.status()
    stopped = [process.name for process in found if not process.running]
    if not stopped:
        yield Finding("local stack", "ok", "running")
    elif len(stopped) == len(found):
        yield Finding("local stack", "optional", "not running", "`assay up`, or `assay run`, which starts it")
    else:
        yield Finding("local stack", "missing", f"without {', '.join(stopped)}", "`assay up`")


def _jars() -> Iterator[Finding]:
    from assay.local import jars

    if jars.are_cached():
        yield Finding("Java libraries", "ok", f"in {jars.cache_folder()}")
    else:
        yield Finding(
            "Java libraries", "optional", "not fetched yet",
            "the first run fetches 0.4 GB by Maven coordinates and needs the network for it",
        )  # fmt: skip


def _linters() -> Iterator[Finding]:
    from assay.deploy import lint

    absent = []
    for name in ("cfn-lint", "checkov"):
        try:
            lint.find(name)
        except AssayError:
            absent.append(name)
    if absent:
        yield Finding(
            "linters of the templates", "optional", f"without {', '.join(absent)}",
            "`make lint-tools`, for `assay deploy plan --dry-run`",
        )  # fmt: skip
    else:
        yield Finding("linters of the templates", "ok", "cfn-lint and checkov")


def _docker() -> Iterator[Finding]:
    found = shutil.which("docker")
    if found is None:
        yield Finding("Docker", "optional", "none", "a Docker engine, for `make docker-run` alone")
    else:
        yield Finding("Docker", "ok", found)


def _aws(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether there are credentials, never which; nobody is asked."""
    place = _aws_place(environment)
    if place is None:
        yield Finding("AWS credentials", "optional", "none", "for `assay deploy` and `--engine athena` alone")
    else:
        yield Finding("AWS credentials", "ok", place)


def _aws_place(environment: Mapping[str, str]) -> str | None:
    if {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= environment.keys():
        return "in the environment"
    named = next((name for name in (*_AWS_NAMED, *_AWS_CONTAINER) if environment.get(name)), None)
    if named is not None:
        return f"{named} is set"
    home = Path(environment.get("HOME", "~")).expanduser() / ".aws"
    files = {
        "AWS_SHARED_CREDENTIALS_FILE": home / "credentials",
        "AWS_CONFIG_FILE": home / "config",
    }
    places = (Path(environment.get(name) or usual) for name, usual in files.items())
    return next((f"in {place}" for place in places if place.is_file()), None)
