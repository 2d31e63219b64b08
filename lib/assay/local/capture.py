"""The process that captures changes: `python -m assay.local.capture --home FOLDER`.

It polls the database, lands what is new and tries again after every failure, with fresh connections: the
database and the emulator may be killed and started while it runs. What it last did stands in a report.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from assay.errors import AssayError
from assay.local import names
from assay.local.aws import Aws
from assay.local.replication import NAME, Capture, lsn_number
from assay.local.state import Home, write_json

POLL_SECONDS = 0.3
RETRY_SECONDS = 1.0
_logger = logging.getLogger("assay.local.capture")


@dataclass(slots=True)
class Daemon:
    """The loop around a capture.

    Attributes:
        home: The stack's folder; the report is written there.
        endpoint: URL of the emulator.
        stopping: Set to end the loop after the batch in hand.
    """

    home: Home
    endpoint: str
    stopping: threading.Event = field(default_factory=threading.Event)
    _changes: int = 0
    _reported: str | None = None

    def run(self) -> None:
        """Capture until told to stop."""
        while not self.stopping.is_set():
            try:
                with contextlib.closing(self._connect()) as capture:
                    capture.prepare()
                    self._report(None)
                    self._follow(capture)
            except (psycopg.Error, BotoCoreError, ClientError, AssayError) as error:
                reason = str(error).strip() or type(error).__name__
                if reason != self._reported:
                    _logger.warning("trying again: %s", reason)
                self._report(reason)
                self.stopping.wait(RETRY_SECONDS)

    def _follow(self, capture: Capture) -> None:
        while not self.stopping.is_set():
            count = capture.cycle()
            if count:
                self._changes += count
                self._report(None)
            else:
                self.stopping.wait(POLL_SECONDS)

    def _connect(self) -> Capture:
        """Where the database is and how to log in stands in the secret; both may have changed."""
        aws = Aws(self.endpoint)
        secret = json.loads(aws.secretsmanager.get_secret_value(SecretId=names.SECRET)["SecretString"])
        dsn = psycopg.conninfo.make_conninfo(
            host=secret["host"],
            port=secret["port"],
            dbname=secret["dbname"],
            user=secret["username"],
            password=secret["password"],
            connect_timeout=5,
        )
        return Capture(dsn, aws.s3, names.LANDING)

    def _report(self, error: str | None) -> None:
        self._reported = error
        now = datetime.now(UTC).isoformat()
        write_json(self.home.report, {"error": error, "changes": self._changes, "at": now})


def wait_until_landed(dsn: str, seconds: float) -> bool:
    """Wait until everything committed before the call was landed.

    Args:
        dsn: The database.
        seconds: The longest wait.

    Returns:
        Whether it was.
    """
    deadline = time.monotonic() + seconds
    with psycopg.connect(dsn, autocommit=True) as connection:
        target = _position(connection, "select pg_current_wal_flush_lsn()::text", [])
        query = "select confirmed_flush_lsn::text from pg_replication_slots where slot_name = %s"
        while _position(connection, query, [NAME]) < target:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
    return True


def main(argv: Sequence[str] | None = None) -> None:
    """Capture until SIGTERM.

    Args:
        argv: `--home FOLDER`; the process's own arguments by default.
    """
    parser = argparse.ArgumentParser(prog="python -m assay.local.capture")
    parser.add_argument("--home", type=Path, required=True)
    arguments = parser.parse_args(argv)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    daemon = Daemon(Home(arguments.home), os.environ["AWS_ENDPOINT_URL"])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stopping.set())
    daemon.run()


def _position(connection: psycopg.Connection, query: str, parameters: list[str]) -> int:
    row = connection.execute(query.encode(), parameters).fetchone()
    return lsn_number(row[0]) if row else -1


if __name__ == "__main__":
    main()
