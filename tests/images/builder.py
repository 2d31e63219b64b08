"""Builds and starts images with buildah, where no Docker engine is, on a stand-in of `python:3.11-slim`.

No registry of base images is asked: the stand-in is Debian's minimal system, made by debootstrap, with a copy
of the Python that runs the tests. That shows that a Dockerfile builds and that its image starts; it says
nothing of the official image's patch level, nor of a container's isolation (`chroot` has none).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BASE = "localhost/assay-base:3.11"
PACKAGES = (
    "ca-certificates,libssl3,libffi8,libsqlite3-0,zlib1g,libbz2-1.0,liblzma5,libreadline8,libncursesw6,"
    "libuuid1,libexpat1"
)
_LEFT_OUT = ("test", "site-packages", "__pycache__", "config-3.11*", "idlelib", "tkinter")
_PIP = {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


class ImageError(Exception):
    """A tool is missing, or an image does not build or start."""


@dataclass(frozen=True, slots=True)
class Built:
    """An image.

    Attributes:
        name: Its name in the store.
        seconds: How long it took to build.
        megabytes: Its size; layers that images share count in each.
    """

    name: str
    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Builder:
    """Buildah with a store of its own.

    Attributes:
        folder: Where the store and the base's files are.
    """

    folder: Path

    def buildah(self, *arguments: str) -> str:
        """What a command of buildah prints.

        Raises:
            ImageError: It fails; the message ends as its output does.
        """
        return _run([*self.command, *arguments])

    @property
    def command(self) -> list[str]:
        """Buildah's command line up to its own command."""
        store = ["--root", str(self.folder / "store"), "--runroot", str(self.folder / "run")]
        return ["buildah", *store, "--storage-driver", "overlay"]

    def base(self) -> Built:
        """Make the stand-in of the base image, once per store."""
        began = time.perf_counter()
        if BASE.partition(":")[0] not in self.buildah("images", "--format", "{{.Name}}").splitlines():
            root = self.folder / "rootfs"
            shutil.rmtree(root, ignore_errors=True)
            packages = f"--include={PACKAGES}"
            _run(["debootstrap", "--variant=minbase", packages, "bookworm", str(root), *_mirror()])
            _copy_python(root / "usr/local")
            shutil.copyfile(_CERTIFICATES, root / _CERTIFICATES[1:])
            for command in (["ldconfig"], ["python3.11", "-m", "ensurepip"]):
                _run(["chroot", str(root), *command])
            for link, target in {"python": "python3.11", "pip": "pip3"}.items():
                (root / "usr/local/bin" / link).symlink_to(target)
            variables = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"} | _pip()
            lines = [f'ENV {name}="{value}"' for name, value in variables.items()]
            file = self.folder / "Base.Dockerfile"
            file.write_text("\n".join(["FROM scratch", "COPY rootfs/ /", *lines, 'CMD ["python3"]', ""]))
            self.buildah("bud", "--isolation", "chroot", "-f", str(file), "-t", BASE, str(self.folder))
            shutil.rmtree(root)
        return Built(BASE, time.perf_counter() - began, self.megabytes(BASE))

    def build(self, file: Path, context: Path, name: str, arguments: Mapping[str, str]) -> Built:
        """Build a Dockerfile as Docker would, with `.dockerignore`; nothing is pulled.

        Raises:
            ImageError: It does not build.
        """
        began = time.perf_counter()
        given = [part for pair in arguments.items() for part in ("--build-arg", "=".join(pair))]
        options = ["--isolation", "chroot", "--network", "host", "--format", "docker", "--pull-never"]
        self.buildah("bud", *options, *given, "-f", str(file), "-t", name, str(context))
        return Built(name, time.perf_counter() - began, self.megabytes(name))

    def config(self, name: str) -> dict[str, object]:
        """What an image declares: User, Entrypoint, Cmd, Env, Healthcheck ..."""
        described = json.loads(self.buildah("inspect", "--type", "image", name))
        found: dict[str, object] = described["Docker"]["config"]
        return found

    def create(self, name: str) -> str:
        """A container of an image, as root of what runs; its id."""
        return self.buildah("from", "--pull-never", name).strip()

    def run(self, container: str, command: Sequence[str], variables: Mapping[str, str]) -> list[str]:
        """The command line that runs a command in a container, in the network of this machine.

        Buildah applies an image's user, folder and variables, but no entrypoint and no health check.
        """
        given = [part for pair in variables.items() for part in ("--env", "=".join(pair))]
        # Docker makes a container's own name known inside it; buildah names it and does not.
        options = ["--isolation", "chroot", "--hostname", "localhost"]
        return [*self.command, "run", *options, *given, container, "--", *command]

    def remove(self, container: str) -> None:
        """Delete a container."""
        self.buildah("rm", container)

    def megabytes(self, name: str) -> float:
        """The size of an image."""
        (image,) = json.loads(self.buildah("images", "--json", name))
        size, unit = image["size"].split()
        return float(size) * {"KB": 1e-3, "MB": 1.0, "GB": 1e3}[unit]


def install() -> None:
    """Install buildah and debootstrap from Debian, unless they are there.

    Raises:
        ImageError: They cannot be installed.
    """
    missing = [tool for tool in ("buildah", "debootstrap") if shutil.which(tool) is None]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        tools = " and no ".join(missing)
        raise ImageError(f"no {tools}, and no apt-get to install them with; use Debian or Ubuntu")
    _run(["apt-get", "update", "--quiet"])
    _run(["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *missing])


def _copy_python(target: Path) -> None:
    """This Python without its tests and what is installed in it."""
    source = Path(sys.base_prefix)
    for part in ("bin", "lib", "include"):
        ignored = shutil.ignore_patterns(*_LEFT_OUT)
        shutil.copytree(source / part, target / part, symlinks=True, dirs_exist_ok=True, ignore=ignored)
    (target / "lib/python3.11/site-packages").mkdir()
    for script in (target / "bin").iterdir():
        if not script.name.startswith("python3"):  # they name the folder that they were installed in
            script.unlink()


def _pip() -> dict[str, str]:
    """How pip reaches the index of this machine, from inside a build."""
    names = ("PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
    given = {name: os.environ[name] for name in names if name in os.environ}
    return _PIP | given | {"PIP_CERT": _CERTIFICATES, "SSL_CERT_FILE": _CERTIFICATES}


def _mirror() -> list[str]:
    """Debian's mirror that this machine is set to use; where none is set, debootstrap knows its own."""
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    lines = sources.read_text().splitlines() if sources.exists() else []
    return [line.split()[1] for line in lines if line.startswith("URIs:")][:1]


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise ImageError(f"{' '.join(command)}\nended with {done.returncode}:\n{said}")
    return done.stdout
