"""What the emulator keeps in memory, made safe: a saved state and a log of the requests since.

On disk stand numbered *generations*, each a folder with the saved state and the log that follows it; a file
names the current one. A checkpoint saves the next generation beside it and then changes that name, in
one atomic step: whenever the process dies, exactly one generation counts, and replaying its log over its
state gives what every acknowledged request had left, each applied once.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from assay.errors import StackError
from assay.local.state import write_text

_LOG = "wal.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that changed something and was answered with success.

    Attributes:
        method: HTTP method.
        path: Path of the URL.
        query: Query string of the URL.
        headers: Those that decide what the request does (target, content type, region by signature).
        body: Its body; bytes that are not UTF-8 as surrogates.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str

    @property
    def payload(self) -> bytes:
        """The body as it was sent."""
        return self.body.encode("utf-8", "surrogateescape")


@dataclass(slots=True)
class Generations:
    """The generations under one folder.

    Attributes:
        root: The folder.
        number: The current generation's.
    """

    root: Path
    number: int = 0
    _file: int | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._pointer.exists():
            self.number = int(self._pointer.read_text(encoding="utf-8"))
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        for other in self.root.glob("[0-9]*"):  # what a crash during a checkpoint left behind
            if other.name != str(self.number):
                shutil.rmtree(other)

    @property
    def state(self) -> Path:
        """The folder of the current generation's saved state."""
        return self.root / str(self.number) / "state"

    @property
    def log(self) -> Path:
        """The log of requests since that state was saved."""
        return self.root / str(self.number) / _LOG

    @property
    def size(self) -> int:
        """Bytes in the log."""
        return self.log.stat().st_size if self.log.exists() else 0

    def append(self, entry: Entry) -> None:
        """Add a request to the log; it is with the operating system when this returns.

        That survives the death of the process, not a power failure: no fsync, as one would cost more
        than the request itself.
        """
        line = json.dumps(asdict(entry), separators=(",", ":")).encode() + b"\n"
        if self._file is None:
            self._file = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        written = os.write(self._file, line)
        if written != len(line):
            message = f"{self.log}: only {written} of {len(line)} bytes could be written; is the disk full?"
            raise StackError(message)

    def entries(self) -> Iterator[Entry]:
        """The logged requests in order. A torn last line, never acknowledged, is cut off.

        Raises:
            StackError: A line before the last is damaged.
        """
        if not self.log.exists():
            return
        good = 0
        with self.log.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                yield self._parse(line, good)
                good += len(line)
        os.truncate(self.log, good)

    def checkpoint(self, save: Callable[[Path], None]) -> None:
        """Save the present state as the next generation and begin an empty log.

        Args:
            save: Writes the state into a folder, or raises; then the current generation goes on.
        """
        following = self.root / str(self.number + 1)
        shutil.rmtree(following, ignore_errors=True)
        (following / "state").mkdir(mode=0o700, parents=True)
        try:
            save(following / "state")
        except BaseException:
            shutil.rmtree(following)
            raise
        self.close()
        retired = self.root / str(self.number)
        write_text(self._pointer, str(self.number + 1))
        self.number += 1
        shutil.rmtree(retired)

    def close(self) -> None:
        """Close the log's file; the next append opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @property
    def _pointer(self) -> Path:
        return self.root / "CURRENT"

    def _parse(self, line: bytes, offset: int) -> Entry:
        try:
            return Entry(**json.loads(line))
        except (ValueError, TypeError) as error:
            message = f"{self.log}, byte {offset}: not a log entry ({error}); `assay reset` starts afresh"
            raise StackError(message) from error
