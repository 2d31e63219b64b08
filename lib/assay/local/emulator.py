"""The process that stands in for S3, DynamoDB, Glue and Secrets Manager: ministack, made durable.

The local Glue in front of it answers for the jobs, triggers and workflow of our templates, which it runs.

Started as `python -m assay.local.emulator --home FOLDER --port PORT` with an environment of its own
(`environment`): ministack reads its settings from there when it is imported.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from assay.errors import StackError
from assay.local import process
from assay.local.durable import Durable
from assay.local.glue.endpoint import Endpoint
from assay.local.glue.setup import Setup
from assay.local.state import Home
from assay.local.wal import Generations

_GRACE_SECONDS = 2.0
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})


def environment(home: Home, port: int, region: str) -> dict[str, str]:
    """The whole environment of the emulator's process: nothing else of the caller's reaches it.

    Args:
        home: The stack's folder.
        port: The port of 127.0.0.1 to serve on.
        region: The AWS region of requests that name none.
    """
    return process.kept_environment() | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home.emulator / "s3"),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        "TZ": "UTC",
    }


def drop_stale_sidecars(objects: Path) -> list[Path]:
    """Remove descriptions of objects that a kill left behind the object's content.

    The emulator writes an object's content first and its description (size, checksum) after; without a
    description it derives one from the content.

    Args:
        objects: The folder that holds the buckets.

    Returns:
        The descriptions removed.
    """
    stale = []
    for sidecar in objects.rglob("*.meta.json"):
        content = sidecar.with_name(sidecar.name.removesuffix(".meta.json"))
        try:
            described = json.loads(sidecar.read_bytes())
        except ValueError:
            described = {}
        is_marker = described.get("is_delete_marker", False)
        if not is_marker and (not content.exists() or content.stat().st_size != described.get("size")):
            sidecar.unlink()
            stale.append(sidecar)
    return stale


def save_state(folder: Path) -> None:
    """Write the state of every ministack service that was used into a folder.

    Args:
        folder: An empty folder; ministack saves there from now on.

    Raises:
        StackError: A service's state could not be saved (ministack itself only logs that).
    """
    from ministack import app
    from ministack.core import persistence

    previous, persistence.STATE_DIR = persistence.STATE_DIR, str(folder)
    for name, get_state in app._build_persistence_save_dict().items():  # noqa: SLF001  # no public way to save
        state = get_state()
        if state is None:
            continue
        persistence.save_state(name, state)
        if not (folder / f"{name}.json").exists():
            persistence.STATE_DIR = previous
            message = f"the emulator's state of {name} could not be saved in {folder}"
            raise StackError(message)


def end_when_full(end: Callable[[], object] = lambda: os._exit(os.EX_IOERR)) -> None:
    """Make the emulator end where an object cannot be written: it would answer that it has kept it.

    Args:
        end: Ends the process at once.
    """
    from ministack.services import s3

    write = s3._atomic_write  # noqa: SLF001  # it logs the error of this and goes on

    def write_or_end(*arguments: Any, **options: Any) -> None:
        try:
            write(*arguments, **options)
        except OSError as error:
            if error.errno in _FULL:
                logging.getLogger("assay.local.emulator").critical(
                    "this process ends, as it cannot keep an object: %s", error
                )
                end()
            raise

    s3._atomic_write = write_or_end  # noqa: SLF001  # as above


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM, then save everything.

    Args:
        argv: `--home FOLDER --port PORT`; the process's own arguments by default.
    """
    parser = argparse.ArgumentParser(prog="python -m assay.local.emulator")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args(argv)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("assay").setLevel(logging.INFO)
    home = Home(arguments.home)
    running = home.emulator / "running"
    if running.exists():
        for sidecar in drop_stale_sidecars(home.emulator / "s3"):
            logging.getLogger("assay.local.emulator").warning("dropped stale %s", sidecar)
    running.touch()
    asyncio.run(_serve(home, arguments.port))
    running.unlink()


async def _serve(home: Home, port: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    generations = Generations(home.emulator / "generations")
    os.environ["STATE_DIR"] = str(generations.state)  # read when ministack is imported
    from ministack import app

    end_when_full()
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    durable = Durable(app.app, generations, save_state)
    glue = Endpoint(durable, Setup(home))
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75  # as ministack serves itself
    config.graceful_timeout = _GRACE_SECONDS
    config.loglevel = "WARNING"
    await serve(glue, config, shutdown_trigger=stopping.wait)  # type: ignore[arg-type]  # hypercorn's own TypedDicts


if __name__ == "__main__":
    main()
