"""The tables of the history of runs, and the way from an older file to them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

LOCK_SECONDS = 30.0
"""How long a writer waits for another one."""
_VERSION = 1
_WORKFLOW_RUNS = """
CREATE TABLE workflow_runs (
    run_id TEXT PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL, properties TEXT NOT NULL,
    started_at TEXT NOT NULL, ended_at TEXT, error TEXT, pid INTEGER NOT NULL, pid_started REAL NOT NULL,
    detached INTEGER NOT NULL DEFAULT 0, resumption TEXT)
"""
_JOB_RUNS = """
CREATE TABLE job_runs (
    id TEXT PRIMARY KEY, run_id TEXT REFERENCES workflow_runs, job TEXT NOT NULL, attempt INTEGER NOT NULL,
    trigger TEXT NOT NULL, state TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT, seconds REAL,
    error TEXT, request TEXT NOT NULL DEFAULT '{}', previous TEXT, predecessors TEXT NOT NULL DEFAULT '[]',
    pid INTEGER NOT NULL DEFAULT 0, pid_started REAL NOT NULL DEFAULT 0, detached INTEGER NOT NULL DEFAULT 0)
"""
_REST = (
    "CREATE INDEX job_runs_of_run ON job_runs (run_id)",
    "CREATE INDEX job_runs_of_job ON job_runs (job)",
    "CREATE INDEX workflow_runs_of_workflow ON workflow_runs (workflow)",
    "CREATE TABLE triggers (name TEXT PRIMARY KEY, active INTEGER NOT NULL, fired_for TEXT)",
)
# The first version of these tables bore no number, and a job run there always belonged to a workflow run.
_OLD = {
    "workflow_runs": "run_id, workflow, status, properties, started_at, ended_at, error, pid, pid_started",
    "job_runs": "id, run_id, job, attempt, trigger, state, started_at, ended_at, seconds, error",
}


def connect(folder: Path) -> sqlite3.Connection:
    """A connection to the history in a folder, which is made if there is none.

    Args:
        folder: Holds `history.db`.

    Returns:
        A connection in autocommit mode whose rows know their columns' names.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = sqlite3.connect(folder / "history.db", timeout=LOCK_SECONDS, isolation_level=None)
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA journal_mode = WAL")
    if _version(database) < _VERSION:
        database.execute("BEGIN IMMEDIATE")  # who comes second finds the work done
        with database:
            if _version(database) < _VERSION:
                _create(database)
    return database


def _version(database: sqlite3.Connection) -> int:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    return int(version)


def _create(database: sqlite3.Connection) -> None:
    names = {row["name"] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in names & _OLD.keys():
        database.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        database.execute("DROP INDEX IF EXISTS job_runs_of_run")
    for statement in (_WORKFLOW_RUNS, _JOB_RUNS, *_REST):
        database.execute(statement)
    for table, columns in _OLD.items():
        if table in names:
            copy = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM old_{table}"  # noqa: S608 own names
            database.execute(f"{copy} ORDER BY rowid")
            database.execute(f"DROP TABLE old_{table}")
    database.execute(f"PRAGMA user_version = {_VERSION}")
