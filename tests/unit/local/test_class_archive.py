from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.errors import StackError
from assay.local import class_archive, jars
from assay.local.class_archive import KEPT, ClassArchive
from assay.local.java import java_home


@pytest.fixture
def found(tmp_path: Path) -> ClassArchive:
    """An archive of a small library's classes, which is not made yet."""
    (library,) = (jars.spark_home() / "jars").glob("py4j-*.jar")
    folder = tmp_path / "my classes"
    folder.mkdir()
    return ClassArchive(java_home(), (library,), folder)


def options(archive: ClassArchive, given: str = "") -> str:
    """What `spark-env.sh` would give a driver."""
    script = f'{archive.shell()}\nprintf %s "$SPARK_SUBMIT_OPTS"; [ -z "${{given:-}}${{classes:-}}" ]'
    environment = os.environ | {"SPARK_SUBMIT_OPTS": given}
    ran = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
    return ran.stdout


def note(archive: ClassArchive, name: str = "1") -> Path:
    """Let Java note the classes that it loads."""
    noted = archive.folder / f"{archive.path.name}.{name}.list"
    classpath = ":".join(map(str, archive.classpath))
    java = str(archive.home / "bin" / "java")
    subprocess.run([java, f"-XX:DumpLoadedClassList={noted}", "-cp", classpath, "-version"], check=True)
    return noted


def version(archive: ClassArchive) -> str:
    """What Java says of itself when it is given the archive."""
    classpath = ":".join(map(str, archive.classpath))
    command = [str(archive.home / "bin" / "java"), f"-XX:SharedArchiveFile={archive.path}"]
    command += ["-cp", classpath, "-version"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


def test_a_jvm_maps_what_another_one_noted(found: ClassArchive) -> None:
    assert not found.pack()  # nothing was noted
    assert "-XX:DumpLoadedClassList=" in options(found)
    noted = note(found)
    with noted.open("a") as file:
        file.write("java/lang/Obj")  # the JVM that writes it still runs
    assert found.pack()
    assert not list(found.folder.glob("*.list"))
    assert f'"-XX:SharedArchiveFile={found.path}"' in options(found)
    assert ", sharing)" in version(found)
    found.path.chmod(0o600)
    found.path.write_bytes(b"of another Java" * 1_000)
    assert ", sharing)" not in version(found)  # it goes on without it


def test_what_is_there_is_not_made_again(found: ClassArchive) -> None:
    found.path.write_bytes(b"made")
    note(found)
    assert found.pack()
    assert found.path.read_bytes() == b"made"
    assert not list(found.folder.glob("*.list"))


def test_other_jars_have_another_archive(found: ClassArchive, tmp_path: Path) -> None:
    jar = tmp_path / "a.jar"
    jar.write_bytes(b"1")
    archive = ClassArchive(found.home, (*found.classpath, jar), found.folder)
    before = archive.path
    assert before != found.path
    jar.write_bytes(b"12")
    assert archive.path != before


def test_the_newest_stay(found: ClassArchive) -> None:
    for age in range(KEPT + 2):
        old = found.folder / f"{age}.jsa"
        old.write_bytes(b"")
        os.utime(old, (time.time() - age, time.time() - age))
    found.pack()
    assert sorted(file.stem for file in found.folder.glob("*.jsa")) == [str(age) for age in range(KEPT)]


def test_options_of_the_user_stay_and_a_folder_that_is_gone_is_not_written_to(found: ClassArchive) -> None:
    found.folder.rmdir()
    assert options(found, "-Dmine=1").split() == ["-Dmine=1", '"-cp"', f'"{found.classpath[0]}"']


def test_a_java_that_cannot_is_told_of_and_leaves_nothing(found: ClassArchive, tmp_path: Path) -> None:
    home = tmp_path / "jdk"
    (home / "bin").mkdir(parents=True)
    (home / "release").write_text('JAVA_VERSION="17"')
    java = home / "bin" / "java"
    java.write_text("#!/bin/sh\necho no room >&2; exit 1\n")
    java.chmod(0o755)
    archive = ClassArchive(home, found.classpath, found.folder)
    (archive.folder / f"{archive.path.name}.1.list").write_text("java/lang/Object\n")
    with pytest.raises(StackError, match="no room"):
        archive.pack()
    assert [file.name for file in archive.folder.iterdir()] == ["lock"]


def test_what_a_killed_process_left_goes(found: ClassArchive) -> None:
    for left in ("whole", "unfinished"):
        (found.folder / f"{found.path.name}.pid7.{left}").write_text("half")
    note(found)
    assert found.pack()
    assert sorted(file.name for file in found.folder.iterdir()) == [found.path.name, "lock"]


def test_it_is_made_after_a_run_in_the_background(
    found: ClassArchive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The process is started only where something was noted, and nothing is there."""
    monkeypatch.setattr(ClassArchive, "of", lambda: found)
    started = tmp_path / "started"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$@" > {started}\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    class_archive.pack_later()
    (found.folder / f"{found.path.name}.1.list").write_text("java/lang/Object\n")
    class_archive.pack_later()
    deadline = time.monotonic() + 30
    while not (started.exists() and started.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert started.read_text() == "-m assay.local.class_archive\n"


def test_as_a_command_it_says_what_went_wrong(
    found: ClassArchive, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "nice", lambda _: 0)  # it would stay so for the tests that follow
    monkeypatch.setattr(ClassArchive, "of", lambda: found)
    assert class_archive.main() == 1
    assert "`assay run` first" in capsys.readouterr().err
    note(found)
    assert class_archive.main() == 0

    def missing() -> ClassArchive:
        raise StackError("no Java 17")

    monkeypatch.setattr(ClassArchive, "of", missing)
    assert class_archive.main() == 1
    assert capsys.readouterr().err.endswith("no Java 17\n")
