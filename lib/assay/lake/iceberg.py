"""Iceberg's Java API from Python: snapshots, branches and commits with properties.

The only module that touches the JVM. Branches are made, published and dropped here because one transaction of
the Java API publishes a branch and drops it in a single commit, where SQL needs three.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, reduce
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors.exceptions.captured import CapturedException
from pyspark.sql import SparkSession

MAIN = "main"
APPEND, REPLACE = "append", "replace"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ABSENT = frozenset({"NoSuchTableException", "NoSuchNamespaceException"})
_UNKNOWN = "CommitStateUnknownException"
_CONFLICT = frozenset({"CommitFailedException", _UNKNOWN})
# How the Java API says that a branch is behind main or is gone, or (a ValidationException, which stands for
# other things too) that rows or files changed under a write; the classes of these errors say nothing.
_CONFLICT_TEXTS = (
    "Cannot fast-forward",
    "Ref does not exist",
    "Branch does not exist",
    "Cannot find ref",
    "Cannot use branch (does not exist)",
    "the table has been concurrently modified",
    "Found conflicting files",
    "Found conflicting deleted files",
    "Found new conflicting delete files",
    "Missing required files to delete",
    "Cannot commit, missing data files",
    "Cannot determine history between",
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A committed state of a table.

    Attributes:
        id: Iceberg's number of it.
        parent: The state before it, None for the first.
        at: When it was committed, UTC.
        operation: What the commit did: append, overwrite, delete, or replace (the same rows in other files).
        summary: What the commit says of itself: counts, and the properties given to it.
    """

    id: int
    parent: int | None
    at: datetime
    operation: str
    summary: Mapping[str, str]

    @property
    def is_empty(self) -> bool:
        """Whether it says that it holds no row."""
        return self.summary.get("total-records") == "0"

    def count(self, name: str) -> int:
        """A count of the summary, such as `"added-records"`; 0 when the summary leaves it out."""
        return int(self.summary.get(name, "0"))


class Table:
    """One table as of the moment it was loaded or refreshed.

    Spark keeps one Java object per table for all threads: what another thread commits shows here as well.
    """

    def __init__(self, jvm: Any, java: Any) -> None:
        self._jvm = jvm
        self._java = java

    @staticmethod
    def load(spark: SparkSession, identifier: str) -> Table | None:
        """The table, refreshed from the catalog; None if it does not exist.

        Args:
            spark: The session.
            identifier: `catalog.database.table`.
        """
        jvm = _jvm(spark)
        load = _static(jvm, "org.apache.iceberg.spark.Spark3Util.loadIcebergTable")
        try:
            java = load(spark._jsparkSession, identifier)  # noqa: SLF001 the JVM's edge
        except (Py4JJavaError, CapturedException) as error:
            if _ABSENT.intersection(causes(error)):
                return None
            raise
        table = Table(jvm, java)
        table.refresh()
        return table

    def refresh(self) -> None:
        """See what other processes committed."""
        self._java.refresh()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names in order."""
        schema = _static(self._jvm, "org.apache.iceberg.SchemaParser.toJson")(self._java.schema())
        return tuple(field["name"] for field in json.loads(schema)["fields"])

    @property
    def branches(self) -> tuple[str, ...]:
        """The names of branches and tags."""
        return tuple(str(name) for name in self._java.refs().keySet())

    @property
    def location(self) -> str:
        """The folder with all of the table's files."""
        return str(self._java.location())

    def note(self, key: str) -> str | None:
        """A property of the table; None if it has none of that name."""
        value = self._java.properties().get(key)
        return None if value is None else str(value)

    def set_note(self, key: str, value: str | None) -> None:
        """Give the table a property, or take it away with None; its states stay as they are."""
        update = self._java.updateProperties()
        (update.remove(key) if value is None else update.set(key, value)).commit()

    def head(self, branch: str = MAIN) -> Snapshot | None:
        """The newest snapshot of a branch; None if there is none."""
        ref = self._java.refs().get(branch)
        return None if ref is None else self._snapshot(ref.snapshotId())

    def tip(self, branch: str = MAIN) -> Snapshot | None:
        """The newest snapshot of a branch, or of main where the branch is not there; None on a new table."""
        return self.head(branch) or self.head()

    def ancestry(self, branch: str = MAIN) -> Iterator[Snapshot]:
        """The snapshots of `tip`, newest first, as far back as they are kept."""
        tip = self.tip(branch)
        return self.ancestry_of(tip.id) if tip else iter(())

    def ancestry_of(self, number: int) -> Iterator[Snapshot]:
        """A snapshot and those before it, newest first, as far back as they are kept."""
        snapshot = self._snapshot(number)
        while snapshot is not None:
            yield snapshot
            snapshot = None if snapshot.parent is None else self._snapshot(snapshot.parent)

    def kept(self) -> list[int]:
        """The numbers of all snapshots that are kept, of main, of branches and of none."""
        return [java.snapshotId() for java in self._java.snapshots()]

    def snapshots(self) -> list[Snapshot]:
        """All snapshots that are kept, of main, of branches and of none, oldest first."""
        found = (self._snapshot(java.snapshotId()) for java in self._java.snapshots())
        return sorted((each for each in found if each is not None), key=lambda each: each.at)

    def manifests(self) -> int:
        """How many lists of files main's newest state has."""
        current = self._java.currentSnapshot()
        return 0 if current is None else len(current.allManifests(self._java.io()))

    def remembers(self) -> bool:
        """Whether lists of main's newest state still name files that a commit has removed, with bounds."""
        current = self._java.currentSnapshot()
        lists = () if current is None else current.allManifests(self._java.io())
        return any(manifest.hasDeletedFiles() for manifest in lists)

    def tidy(self, spark: SparkSession, properties: Mapping[str, str]) -> None:
        """Write the lists of main's files anew: as one, and without files that a commit has removed.

        Iceberg's Spark procedure leaves a single list as it is, whatever it names.

        Args:
            spark: The session.
            properties: What the new snapshot's summary shall carry.
        """
        jvm = _jvm(spark)
        invoke, kind = jvm.java.lang.invoke, jvm.java.lang.Class.forName
        anything = invoke.MethodHandles.constant(kind("java.lang.Object"), "")
        gateway: Any = spark.sparkContext._gateway  # noqa: SLF001 the JVM's edge
        taken = gateway.new_array(jvm.java.lang.Class, 1)
        taken[0] = kind("java.lang.Object")
        together = invoke.MethodHandleProxies.asInterfaceInstance(
            kind("java.util.function.Function"), invoke.MethodHandles.dropArguments(anything, 0, taken)
        )
        rewrite = self._java.rewriteManifests().clusterBy(together)
        for key, value in properties.items():
            rewrite = rewrite.set(key, value)
        rewrite.commit()

    def has_deletes(self, number: int) -> bool:
        """Whether rows of a snapshot are gone by files that name them: no changelog is made across it."""
        return not self._java.snapshot(number).deleteManifests(self._java.io()).isEmpty()

    def schema_of(self, number: int) -> int | None:
        """The number of the columns that a snapshot was written with."""
        found = self._java.snapshot(number).schemaId()
        return None if found is None else int(found)

    def has_statistics(self, snapshot: int) -> bool:
        """Whether the table has a file with statistics of a snapshot."""
        return any(file.snapshotId() == snapshot for file in self._java.statisticsFiles())

    def orphans(self, spark: SparkSession, before: datetime, *, remove: bool) -> list[str]:
        """Files in the table's folder that no snapshot knows, left by killed writes.

        The folder is listed by the table's own file access, so that it needs no Hadoop file system.

        Args:
            spark: The session.
            before: Younger files are left alone: a write may be about to commit them.
            remove: Whether to delete them.

        Returns:
            Their URIs.
        """
        jvm = _jvm(spark)
        actions = jvm.org.apache.iceberg.spark.actions.SparkActions.get(
            spark._jsparkSession  # noqa: SLF001 the JVM's edge
        )
        action = actions.deleteOrphanFiles(self._java)
        action = action.olderThan(int(before.timestamp() * 1000)).usePrefixListing(True)
        if not remove:
            action = action.deleteWith(
                jvm.java.util.stream.Stream.builder()
            )  # takes every file, does nothing
        return sorted(str(uri) for uri in action.execute().orphanFileLocations())

    def expire(self, before: datetime, abandoned: Iterable[int]) -> None:
        """Drop states, with the files that only they had, in one commit.

        By the driver, which reads lists of files, where Iceberg's procedure in SQL starts jobs of Spark.

        Args:
            before: States that are older go, but for the heads of branches.
            abandoned: Numbers of further states.
        """
        milliseconds = (before - _EPOCH) // timedelta(milliseconds=1)
        update = self._java.expireSnapshots().expireOlderThan(milliseconds).retainLast(1)
        for number in abandoned:
            update = update.expireSnapshotId(number)
        update.commit()

    def fork(self, branch: str, tip: Snapshot | None = None) -> Snapshot | None:
        """Make a branch at a state.

        Args:
            branch: Its name.
            tip: The state; main's newest by default.

        Returns:
            Where it starts, on a new table an empty snapshot; None if another writer has dropped it already.
        """
        start = tip or self.head()
        manage = self._java.manageSnapshots()
        (manage.createBranch(branch) if start is None else manage.createBranch(branch, start.id)).commit()
        return start or self.head(branch)

    def publish(self, branch: str, dead: tuple[str, ...], onto: str = MAIN) -> None:
        """Move main to a branch's head and drop the branch and others, in one commit.

        Args:
            branch: A branch of which main's head is an ancestor.
            dead: Further branches to drop.
            onto: Another branch to move instead of main.

        Raises:
            Py4JJavaError: Main has moved meanwhile; see `is_conflict`.
        """
        manage = self._java.manageSnapshots().fastForwardBranch(onto, branch)
        for each in (branch, *dead):
            manage = manage.removeBranch(each)
        manage.commit()

    def restore(self, snapshot: int, properties: Mapping[str, str]) -> None:
        """Give main an earlier state again, in one commit.

        Main becomes a new snapshot, the earlier one's child without any change. So whoever forked from the
        main that is left behind can no longer publish: it is no ancestor of his.

        Args:
            snapshot: The earlier state.
            properties: What the new snapshot's summary shall carry.
        """
        transaction = self._java.newTransaction()
        transaction.manageSnapshots().setCurrentSnapshot(snapshot).commit()
        append = transaction.newFastAppend()
        for key, value in properties.items():
            append = append.set(key, value)
        append.commit()
        transaction.commitTransaction()

    def drop(self, branch: str) -> None:
        """Drop a branch if it is there."""
        self.refresh()
        if branch in self.branches:
            self._java.manageSnapshots().removeBranch(branch).commit()

    def _snapshot(self, number: int) -> Snapshot | None:
        java = self._java.snapshot(number)
        if java is None:  # expired
            return None
        # As one text: asked one by one, the entries of a summary take a hundred calls of the JVM.
        said = json.loads(_static(self._jvm, "org.apache.iceberg.SnapshotParser.toJson")(java))
        at, summary = datetime.fromtimestamp(said["timestamp-ms"] / 1000, UTC), said["summary"]
        return Snapshot(number, said.get("parent-snapshot-id"), at, summary.pop("operation"), summary)


def execute(spark: SparkSession, statement: str, properties: Mapping[str, str]) -> None:
    """Run a SQL statement whose commit carries properties in its snapshot's summary.

    `MERGE INTO` has no options and Iceberg 1.10 reads none from the session, so the properties go through
    Iceberg's `CommitMetadata`. That is bound to the thread, hence safe when several tables are written at a
    time; it wants a Java `Callable`, made here from a method handle so that nothing calls back into Python.

    Args:
        spark: The session.
        statement: A statement that commits to one Iceberg table.
        properties: What the snapshot's summary shall carry.
    """
    jvm = _jvm(spark)
    invoke = jvm.java.lang.invoke
    java_session = spark._jsparkSession  # noqa: SLF001 the JVM's edge
    find_class = java_session.getClass().getClassLoader().loadClass
    result = invoke.MethodType.methodType(
        find_class("org.apache.spark.sql.Dataset"), find_class("java.lang.String")
    )
    method = invoke.MethodHandles.publicLookup().findVirtual(java_session.getClass(), "sql", result)
    gateway: Any = spark.sparkContext._gateway  # noqa: SLF001 the JVM's edge
    arguments = gateway.new_array(jvm.java.lang.Object, 1)
    arguments[0] = statement
    bound = invoke.MethodHandles.insertArguments(method.bindTo(java_session), 0, arguments)
    task = invoke.MethodHandleProxies.asInterfaceInstance(find_class("java.util.concurrent.Callable"), bound)
    jvm.org.apache.iceberg.spark.CommitMetadata.withCommitProperties(
        dict(properties), task, find_class("java.lang.Exception")
    )


def is_conflict(error: BaseException) -> bool:
    """Whether a commit failed because another writer committed first, or its outcome is unknown."""
    return bool(_CONFLICT.intersection(causes(error))) or any(text in str(error) for text in _CONFLICT_TEXTS)


def is_unknown(error: BaseException) -> bool:
    """Whether a commit's outcome is unknown: the answer got lost."""
    return _UNKNOWN in causes(error)


def causes(error: BaseException) -> list[str]:
    """The simple class names of a Java error and its causes, outermost first; empty for other errors."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    found = []
    while java is not None:
        found.append(str(java.getClass().getSimpleName()))
        java = java.getCause()
    return found


def _jvm(spark: SparkSession) -> Any:
    """The JVM with the session made the thread's own: catalogs are looked up in the active one's settings."""
    jvm: Any = spark._jvm  # noqa: SLF001 the JVM's edge
    activate = _static(jvm, "org.apache.spark.sql.SparkSession.setActiveSession")
    activate(spark._jsparkSession)  # noqa: SLF001 as above
    return jvm


@lru_cache(maxsize=64)
def _static(jvm: Any, path: str) -> Any:
    """A static method of a JVM, found once: every part of its path is a question to the JVM."""
    return reduce(getattr, path.split("."), jvm)
