"""Time, memory and bytes read of a process with all that it starts, from /proc."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PAUSE = 0.1


@dataclass(frozen=True)
class Watched:
    """A process that has ended.

    Attributes:
        seconds: From its start to its end.
        memory: Most bytes that it and its children had in memory at once; what they share counts for each.
    """

    seconds: float
    memory: int


def watch(command: Sequence[str | Path], environment: dict[str, str]) -> Watched:
    """Run a process and watch it.

    Raises:
        SystemExit: It failed.
    """
    start, most = time.perf_counter(), 0
    with subprocess.Popen(command, env=os.environ | environment) as child:
        while child.poll() is None:
            most = max(most, sum(_resident(pid) for pid in tree(child.pid)))
            time.sleep(_PAUSE)
    if child.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {child.returncode}")
    return Watched(time.perf_counter() - start, most)


def timed(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Seconds of a call and the bytes that this process and its children read meanwhile, and the answer."""
    read, start = _read(), time.perf_counter()
    answer = work()
    return {"seconds": time.perf_counter() - start, "read": _read() - read}, answer


def kept(path: Path, figures: dict[str, Any], results: list[dict[str, Any]]) -> None:
    """Leave a contestant's figures and results where the bench looks for them."""
    path.write_text(json.dumps({**figures, "results": results}), encoding="utf-8")
    sys.stdout.write(f"  {path.stem}: {figures['seconds']:.1f} s of work, {len(results)} results\n")


def tree(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:  # it has just ended
        return
    for thread in threads:
        try:
            children = (thread / "children").read_text(encoding="utf-8").split()
        except OSError:
            continue
        for child in children:
            yield from tree(int(child))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * _PAGE
    except OSError:
        return 0


def _read() -> int:
    """Bytes that were asked of files so far, from whichever cache they came; of ended children too."""
    return sum(_read_by(pid) for pid in tree(os.getpid()))


def _read_by(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/io").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return int(next(line for line in lines if line.startswith("rchar")).split()[1])
