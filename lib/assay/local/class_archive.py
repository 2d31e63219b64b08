"""The classes that Spark loads, packed once per machine: a JVM that maps them starts in half the time.

Whenever Spark starts, Java finds, reads, checks and links some 17,000 classes in 260 jars. Java's class data
sharing keeps them ready in a file that is mapped instead. The first Spark of a machine notes which classes it
loads; after its run the archive is made of them, in the background, into the user's cache. It belongs to one
Java and one list of jars: with others another is made, and a JVM that cannot use it goes on without it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assay.errors import StackError
from assay.local import jars, java

KEPT = 3
"""Archives of other Javas and jars that stay, the newest ones: each has 160 MB."""
_PATIENCE = 19  # the archive is for later: whatever else runs comes first


@dataclass(frozen=True, slots=True)
class ClassArchive:
    """The archive for a Java and its jars.

    Attributes:
        home: The JDK.
        classpath: The jars, in their order.
        folder: Where archives are.
    """

    home: Path
    classpath: tuple[Path, ...]
    folder: Path

    @classmethod
    def of(cls, libraries: Iterable[Path] | None = None) -> ClassArchive:
        """The one for Spark with some libraries.

        Args:
            libraries: Jars beside Spark's own; those of `jars.ensure` by default.

        Raises:
            StackError: Java or Spark is missing, or jars are neither cached nor to be fetched.
        """
        added = jars.ensure() if libraries is None else tuple(libraries)
        own = sorted((jars.spark_home() / "jars").glob("*.jar"))
        return cls(java.java_home(), (*own, *added), jars.cache_folder().parent / "classes")

    @property
    def path(self) -> Path:
        """Where the archive is, or will be: its name is of Java and of every jar's place, size and time."""
        said = [(self.home / "release").read_text(encoding="utf-8")]
        for jar in self.classpath:
            found = jar.stat() if jar.exists() else None
            said.append(f"{jar} {found.st_size} {found.st_mtime_ns}" if found else str(jar))
        return self.folder / f"{hashlib.sha256(os.linesep.join(said).encode()).hexdigest()[:16]}.jsa"

    def shell(self) -> str:
        """Lines for `spark-env.sh`: use the archive if it is there, else note the classes for it.

        The class path is given anew, without Spark's folder of settings: Java archives nothing from folders.
        """
        path = self.path
        given = _quoted("-cp", ":".join(str(jar) for jar in self.classpath))
        used = _quoted(f"-XX:SharedArchiveFile={path}")
        noted = _quoted(f"-XX:DumpLoadedClassList={path}.%p.list")  # Java puts its process's number there
        return "\n".join(
            (
                f"given={shlex.quote(given)}",
                f"if [ -r {shlex.quote(str(path))} ]; then classes={shlex.quote(used)}",
                f"elif [ -w {shlex.quote(str(self.folder))} ]; then classes={shlex.quote(noted)}",
                "else classes=; fi",
                'export SPARK_SUBMIT_OPTS="${SPARK_SUBMIT_OPTS:-} $given $classes"',
                "unset classes given",
            )
        )

    # -- making it -------------------------------------------------------------------------------
    def pack(self) -> bool:
        """Make the archive of the classes that were noted, unless it is there or nothing was noted.

        Returns:
            Whether it is there now.

        Raises:
            StackError: Java could not make it.
        """
        path = self.path
        with self._locked():
            noted = sorted(self.folder.glob(f"{path.name}.*.list"), key=lambda file: file.stat().st_size)
            try:
                if not path.exists() and noted:
                    self._dump(noted[-1], path)
            finally:  # also what a process left that was killed at it
                for file in self.folder.glob(f"{path.name}.*"):
                    file.unlink(missing_ok=True)
            for old in sorted(self.folder.glob("*.jsa"), key=lambda file: -file.stat().st_mtime)[KEPT:]:
                old.unlink(missing_ok=True)
        return path.exists()

    def _dump(self, noted: Path, path: Path) -> None:
        whole, unfinished = noted.with_suffix(".whole"), noted.with_suffix(".unfinished")
        # The JVM that writes the list may still run: its last line may be half there.
        whole.write_bytes(noted.read_bytes().rpartition(b"\n")[0] + b"\n")
        command = [str(self.home / "bin" / "java"), "-Xshare:dump", f"-XX:SharedClassListFile={whole}"]
        command += [f"-XX:SharedArchiveFile={unfinished}", "-XX:+UseParallelGC"]
        command += ["-cp", ":".join(str(jar) for jar in self.classpath)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode or not unfinished.exists():
            raise StackError(f"Java made no archive of classes: {(ran.stderr or ran.stdout)[-300:]}")
        with unfinished.open("rb") as made:
            os.fsync(made.fileno())  # a JVM dies of half an archive
        unfinished.rename(path)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # until it is closed, or this process dies
            yield


def pack_later() -> None:
    """Make the archive in the background, after everything else, if it is not there yet."""
    found = ClassArchive.of()
    if not found.path.exists() and any(found.folder.glob(f"{found.path.name}.*.list")):
        subprocess.Popen(
            [sys.executable, "-m", "assay.local.class_archive"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _quoted(*words: str) -> str:
    """Words as Spark's launcher splits them."""
    return " ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)


def main() -> int:
    """Make it now, at the lowest priority; 0 if it is there."""
    os.nice(_PATIENCE)
    try:
        if ClassArchive.of().pack():
            return 0
        said = "no Spark has noted yet which classes it loads: `assay run` first, with this environment"
    except StackError as error:
        said = str(error)
    sys.stderr.write(f"{said}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
