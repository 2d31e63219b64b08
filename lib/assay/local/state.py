"""The `.assay/` folder: where the local stack keeps its data, its ports and the identity of its processes.

The folder is private to its owner (0700, files 0600): it holds generated credentials. Every file is
replaced atomically, and whoever changes the stack holds the folder's lock, so that two commands at
once cannot start the same server twice.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import StackError

HOME_VARIABLE = "ASSAY_HOME"
LOCK_SECONDS = 180.0
"""How long a command waits for another one that is changing the stack."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Home:
    """The state folder of one local stack.

    Attributes:
        root: Absolute path of the folder.
    """

    root: Path

    @property
    def file(self) -> Path:
        """The JSON file with ports, process identities and the database's password."""
        return self.root / "state.json"

    @property
    def logs(self) -> Path:
        """The folder with one log file per process."""
        return self.root / "logs"

    @property
    def emulator(self) -> Path:
        """The emulator's data: objects, saved states and the write-ahead log."""
        return self.root / "emulator"

    @property
    def spark(self) -> Path:
        """Spark's configuration and scratch space."""
        return self.root / "spark"

    @property
    def report(self) -> Path:
        """What the change capture last reported: `error` (or null), `changes` landed, and when (`at`)."""
        return self.root / "capture.json"

    @property
    def market(self) -> Path:
        """What the stand-in market replays."""
        return self.root / "market.json"

    @property
    def tokens(self) -> Path:
        """Whose tokens the API takes, by their hashes."""
        return self.root / "tokens.json"

    @property
    def workflow(self) -> Path:
        """One JSON file per workflow run, written by the runner."""
        return self.root / "workflow"

    def create(self) -> None:
        """Make the folder and its parts, readable by the owner only."""
        for folder in (self.root, self.logs, self.emulator, self.spark, self.workflow):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)

    def read(self) -> Document:
        """The content of `file`, or an empty document if there is none.

        Raises:
            StackError: The file is not JSON.
        """
        return read_json(self.file)

    def update(self, **entries: Any) -> Document:
        """Set top-level entries of `file`; the caller holds the lock.

        Returns:
            The whole document as it now is.
        """
        document = self.read() | entries
        write_json(self.file, document)
        return document

    def port(self, name: str) -> int:
        """The port chosen for a process.

        Raises:
            StackError: None was chosen yet: the stack was never started here.
        """
        chosen: Mapping[str, int] = self.read().get("ports", {})
        if name not in chosen:
            message = f"the local stack has no port for {name!r} in {self.file}: start it with `assay up`"
            raise StackError(message)
        return chosen[name]

    def choose_ports(self, names: tuple[str, ...], *, anew: frozenset[str] = frozenset()) -> dict[str, int]:
        """Choose a free port of 127.0.0.1 for each name once, and keep it.

        Args:
            names: Of the processes.
            anew: Those whose kept port must be dropped because somebody else listens on it.

        Returns:
            The port of each name.
        """
        kept: dict[str, int] = self.read().get("ports", {})
        ports = {name: port for name, port in kept.items() if name not in anew}
        missing = [name for name in names if name not in ports]
        ports.update(zip(missing, free_ports(len(missing)), strict=True))
        if ports != kept:
            self.update(ports=ports)
        return {name: ports[name] for name in names}

    def remove(self) -> None:
        """Delete the folder and everything in it."""
        if self.root.exists():
            shutil.rmtree(self.root)

    @contextlib.contextmanager
    def locked(self, seconds: float = LOCK_SECONDS) -> Iterator[None]:
        """Hold the folder's lock; the kernel releases it should this process die.

        Args:
            seconds: How long to wait for another holder.

        Raises:
            StackError: Another command held the lock for all that time.
        """
        self.create()
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _acquire(descriptor, seconds, self.root)
            yield
        finally:
            os.close(descriptor)


def home() -> Home:
    """The state folder in use: `$ASSAY_HOME`, else `.assay` under the working directory."""
    named = os.environ.get(HOME_VARIABLE)
    return Home(Path(named).absolute() if named else Path.cwd() / ".assay")


def read_json(path: Path) -> Document:
    """A JSON object from a file, or an empty one if there is no such file.

    Raises:
        StackError: The file exists and is not a JSON object.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    try:
        document = json.loads(text)
    except ValueError as error:
        message = (
            f"{path} is not valid JSON ({error}): remove the local stack with `assay reset` and start again"
        )
        raise StackError(message) from error
    if not isinstance(document, dict):
        message = f"{path} holds a {type(document).__name__}, not an object: remove it with `assay reset`"
        raise StackError(message)
    return document


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Replace a file by a JSON object, atomically and readable by the owner only."""
    write_text(path, json.dumps(document, indent=1, sort_keys=True) + "\n")


def write_text(path: Path, text: str) -> None:
    """Replace a file by a text, atomically and readable by the owner only (mkstemp makes 0600)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def free_ports(count: int) -> list[int]:
    """Distinct ports of 127.0.0.1 on which nobody listens now.

    Args:
        count: How many.
    """
    with contextlib.ExitStack() as stack:  # all are held until the last is known: no duplicates
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _acquire(descriptor: int, seconds: float, root: Path) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                message = (
                    f"another command has been changing the local stack in {root} for {seconds:.0f} s: "
                    "wait for it to end and try again"
                )
                raise StackError(message) from None
            time.sleep(0.05)
        else:
            return
