"""The Trino server of a local stack: started on request, stopped with the stack."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from assay.errors import AssayError, StackError
from assay.local import process, state
from assay.local.process import Record
from assay.local.running import Stack
from assay.local.state import Home, write_text
from assay.local.trino import artifacts, settings
from assay.serving.queries import trino

NAME = "trino"
START_SECONDS = 180.0


def up(stack: Stack) -> str:
    """Start the server if it does not run, and wait until it answers.

    Args:
        stack: The running stack whose tables it reads.

    Returns:
        Its URL.

    Raises:
        StackError: It cannot be fetched or started.
    """
    installed = artifacts.ensure()
    home = stack.home
    with home.locked():
        port = home.choose_ports((NAME,), anew=_taken(home))[NAME]
        changed = _write(home.root / NAME, port, stack.endpoint)
        if running(home) and not changed:
            return _url(port)
        stop(home)
        record = process.launch(
            settings.command(installed.java, installed.folder, home.root / NAME),
            env=process.kept_environment() | {"TZ": "UTC"},
            log=home.logs / f"{NAME}.log",
            cwd=home.root / NAME,
        )
        _remember(home, record)
        process.wait_until(
            lambda: answers(_url(port)),
            name="the local Trino",
            record=record,
            log=home.logs / f"{NAME}.log",
            seconds=START_SECONDS,
        )
        return _url(port)


def url() -> str:
    """The URL of the running server.

    Raises:
        StackError: None runs.
    """
    home = state.home()
    if not running(home):
        message = (
            "no Trino runs here: start one with `assay up --trino` (it is fetched once, 0.6 GB), or ask with "
            "`--engine duckdb`"
        )
        raise StackError(message)
    return _url(home.port(NAME))


def running(home: Home) -> bool:
    """Whether the server's process is there."""
    return process.is_alive(_record(home))


def stop(home: Home) -> bool:
    """Stop the server; the caller holds the stack's lock.

    Returns:
        Whether it ran.
    """
    record = _record(home)
    if not process.is_alive(record):
        return False
    process.stop(record)
    _remember(home, None)
    return True


def answers(url: str) -> bool:
    """Whether a server runs queries: for seconds after it says that it started, it does not."""
    try:
        return bool(trino.run("SELECT 1", url).num_rows)
    except AssayError:
        return False


def _taken(home: Home) -> frozenset[str]:
    """Its name, if it does not run and somebody else took its port meanwhile."""
    kept = home.read().get("ports", {}).get(NAME)
    taken = kept is not None and not running(home) and not state.is_free(kept)
    return frozenset({NAME} if taken else ())


def _write(folder: Path, port: int, endpoint: str) -> bool:
    """Write its settings; says whether they are others than before."""
    wanted = {
        folder / "config.properties": settings.text(settings.server(port)),
        folder / "catalog" / f"{settings.CATALOG}.properties": settings.text(settings.catalog(endpoint)),
    }
    changed = {path: text for path, text in wanted.items() if not path.exists() or path.read_text() != text}
    for path, text in changed.items():
        write_text(path, text)
    return bool(changed)


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _record(home: Home) -> Record | None:
    kept = home.read().get("processes", {}).get(NAME)
    return Record(**kept) if kept else None


def _remember(home: Home, record: Record | None) -> None:
    processes = home.read().get("processes", {})
    home.update(processes=processes | {NAME: asdict(record) if record else None})
