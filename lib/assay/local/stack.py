"""The local stack: five processes that stand in for AWS, started, watched and stopped together.

Example:
    >>> from assay.local import stack
    >>> running = stack.up()                     # doctest: +SKIP
    >>> os.environ.update(running.environment())  # doctest: +SKIP
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from assay.errors import StackError
from assay.local import postgres, process, starters, state
from assay.local.history import History
from assay.local.process import Record
from assay.local.running import Stack
from assay.local.starters import Server
from assay.local.state import Home
from assay.local.trino import server as trino

if TYPE_CHECKING:
    from assay.local.glue.status import GlueStatus

_BASE = (starters.EMULATOR, starters.POSTGRES, starters.MARKET)
_ABOVE = (starters.CAPTURE, starters.API)
"""They hold the emulator's address, and state that may be older than its own after a crash."""
PROCESSES = tuple(server.name for server in (*_BASE, *_ABOVE))
"""In the order of starting; stopping goes the other way."""
SERVERS = tuple(server.name for server in (*_BASE, *_ABOVE) if server.question is not None)
"""The processes that listen on a port."""
_RUN_SECONDS = 10.0
"""How long a run may take to note that it was stopped, until it is killed."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """What is known of one process.

    Attributes:
        name: One of `PROCESSES`.
        running: Whether it runs and, if it is a server, answers.
        pid: Its process id, if it runs.
        port: The port of 127.0.0.1 that it serves on, if it is a server that was started once.
        log: Its log file.
    """

    name: str
    running: bool
    pid: int | None
    port: int | None
    log: str


def up() -> Stack:
    """Start what does not run, and set up what is missing; quick when everything runs.

    Returns:
        The running stack.

    Raises:
        StackError: Something could not be started; the message says what and shows the end of its log.
    """
    home = state.home()
    with home.locked():
        missing = _missing(home)
        if "emulator" in missing:
            dependent = {server.name for server in _ABOVE}
            missing = [name for name in PROCESSES if name in missing or name in dependent]
        _stop(home, missing)  # what hangs, and what would hold on to an emulator that is gone
        stack = Stack(home, home.choose_ports(SERVERS, anew=_taken(home, missing)))
        starters.write_spark_conf(stack)
        if "password" not in home.read():
            home.update(password=secrets.token_urlsafe(24))
        _start(stack, missing)
        return stack


def down() -> bool:
    """Stop every process, each saving what it holds.

    Returns:
        Whether anything ran.
    """
    home = state.home()
    if not home.root.exists():
        return False
    with home.locked():
        _stop_runs(home)
        asked = trino.stop(home)  # first: it holds on to the emulator
        return _stop(home, PROCESSES) or asked


def status() -> list[ProcessStatus]:
    """What runs, in the order of `PROCESSES`; a Trino only if one does."""
    home = state.home()
    document = home.read()
    missing = _missing(home)
    found = []
    for name in PROCESSES:
        record, running = _record(document, name), name not in missing
        pid = record.pid if record is not None and running else None
        port = document.get("ports", {}).get(name)
        found.append(ProcessStatus(name, running, pid, port, str(home.logs / f"{name}.log")))
    return [*found, *_trino(home, document)]


def glue() -> GlueStatus | None:
    """What is known of the local Glue; None when the stack was never started."""
    from assay.local.glue.status import status

    home = state.home()
    ports = home.read().get("ports", {})
    return status(Stack(home, ports)) if "emulator" in ports else None


def reset() -> bool:
    """Stop every process and delete the stack's folder with all data.

    Returns:
        Whether there was anything to delete.
    """
    home = state.home()
    if not home.root.exists():
        return False
    with home.locked():
        with contextlib.suppress(StackError):  # a damaged state file must not block the way out
            _stop_runs(home)
            trino.stop(home)
            _stop(home, PROCESSES)
            postgres.remove(home)
        shutil.rmtree(home.root)
    return True


def require_running() -> Stack:
    """The stack, if all of it runs.

    Raises:
        StackError: It does not; the message has the remedy.
    """
    home = state.home()
    missing = _missing(home)
    if len(missing) == len(PROCESSES):
        message = "the local stack is not running: start it with `assay up`"
        raise StackError(message)
    if missing:
        message = f"the local stack lacks {', '.join(missing)}: start what is missing with `assay up`"
        raise StackError(message)
    return Stack(home, home.read()["ports"])


def environment() -> dict[str, str]:
    """`Stack.environment` of the running stack.

    Raises:
        StackError: It does not run.
    """
    return require_running().environment()


def exports() -> dict[str, str]:
    """`Stack.exports` of the running stack.

    Raises:
        StackError: It does not run.
    """
    return require_running().exports()


def wait_for_capture(seconds: float = 120.0) -> float:
    """Wait until every change committed to the database before this call is in the landing bucket.

    Args:
        seconds: The longest wait.

    Returns:
        How long it took, in seconds.

    Raises:
        StackError: It took longer; the message says what the change capture last reported.
    """
    from assay.local import capture

    stack = require_running()
    begun = time.monotonic()
    if not capture.wait_until_landed(stack.database.dsn, seconds):
        report = state.read_json(stack.home.report).get("error") or "it reported no error"
        log = stack.home.logs / "capture.log"
        message = f"the change capture is more than {seconds:.0f} s behind ({report}): see {log}"
        raise StackError(message)
    return time.monotonic() - begun


def _start(stack: Stack, missing: list[str]) -> None:
    if missing:
        _start_together(stack, [server for server in _BASE if server.name in missing])
        starters.set_up(stack, mend=starters.EMULATOR.name in missing)
        _start_together(stack, [server for server in _ABOVE if server.name in missing])


def _start_together(stack: Stack, servers: list[Server]) -> None:
    """Start some processes and wait for all; each is remembered at once, so that no failure loses its pid."""
    started = []
    for server in servers:
        record = server.start(stack)
        _remember(stack.home, server.name, record)
        started.append((server, record))
    for server, record in started:
        server.wait(stack, record)


def _missing(home: Home) -> list[str]:
    """The processes that do not run, or run and do not answer."""
    document = home.read()
    ports = document.get("ports", {})
    return [
        server.name
        for server in (*_BASE, *_ABOVE)
        if not (process.is_alive(_record(document, server.name)) and server.is_well(ports))
    ]


def _trino(home: Home, document: state.Document) -> list[ProcessStatus]:
    """The Trino, if it was asked for and runs."""
    record = _record(document, trino.NAME)
    if record is None or not process.is_alive(record):
        return []
    log = str(home.logs / f"{trino.NAME}.log")
    return [ProcessStatus(trino.NAME, True, record.pid, document["ports"][trino.NAME], log)]


def _record(document: state.Document, name: str) -> Record | None:
    kept = document.get("processes", {}).get(name)
    return Record(**kept) if kept else None


def _remember(home: Home, name: str, record: Record | None) -> None:
    processes = home.read().get("processes", {})
    home.update(processes=processes | {name: asdict(record) if record else None})


def _taken(home: Home, missing: list[str]) -> frozenset[str]:
    """The servers that do not run and whose port somebody else took meanwhile."""
    kept: dict[str, int] = home.read().get("ports", {})
    return frozenset(name for name in missing if name in kept and not state.is_free(kept[name]))


def _stop_runs(home: Home) -> None:
    """End what Glue's clients started: it would go on in vain."""
    with History(home.workflow) as history:
        runners = history.runners()
    for runner in runners:
        process.stop(runner, seconds=_RUN_SECONDS)


def _stop(home: Home, names: list[str] | tuple[str, ...]) -> bool:
    """Stop processes, the dependent ones first; says whether any ran."""
    ran = False
    for name in reversed([name for name in PROCESSES if name in names]):
        record = _record(home.read(), name)
        if not process.is_alive(record):
            continue
        ran = True
        if name == "postgres":
            postgres.stop(record)
        else:
            process.stop(record)
        _remember(home, name, None)
    return ran
