"""Trino is fetched once, checked, and appears in the cache as a whole."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from assay.errors import StackError
from assay.local.trino import artifacts, jdk


def core() -> bytes:
    """An archive with the folders of the real one."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in (
            "lib/a.jar",
            "plugin/geospatial/b.jar",
            "secrets-plugin/c.jar",
            "bin/launcher",
            "NOTICE",
        ):
            entry = tarfile.TarInfo(f"trino-server-core-476/{name}")
            entry.size = 1
            archive.addfile(entry, io.BytesIO(b"x"))
    return out.getvalue()


def plugin() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("trino-iceberg-476/iceberg.jar", "x")
    return out.getvalue()


class Machine:
    """Stands for pip and Ivy, which need the network."""

    def __init__(self) -> None:
        self.ran: list[list[str]] = []
        self.files = {artifacts.CORE.file: core(), artifacts.ICEBERG.file: plugin()}
        self.fails: dict[str, str] = {}

    def run(self, argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.ran.append(argv)
        tool = "pip" if "pip" in argv else "ivy"
        if tool in self.fails:
            return subprocess.CompletedProcess(argv, 1, "", self.fails[tool])
        if tool == "pip":
            java = jdk.java(Path(argv[argv.index("--target") + 1]))
            java.parent.mkdir(parents=True)
            java.touch()
        else:
            module = Path(argv[argv.index("-ivy") + 1]).read_text()
            assert 'org="io.trino" name="trino-server-core" rev="476" transitive="false"' in module
            folder = Path(argv[argv.index("-retrieve") + 1]).parent
            for name, content in self.files.items():
                (folder / name).write_bytes(content)
        return subprocess.CompletedProcess(argv, 0, "", "")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(subprocess, "run", made.run)
    for name, content in (("CORE", core()), ("ICEBERG", plugin())):
        pinned = replace(getattr(artifacts, name), sha256=hashlib.sha256(content).hexdigest())
        monkeypatch.setattr(artifacts, name, pinned)
    return made


def test_it_is_fetched_once_and_then_reused(machine: Machine, tmp_path: Path) -> None:
    found = artifacts.ensure(tmp_path / "trino")
    server = {str(path.relative_to(found.folder)) for path in found.folder.rglob("*.jar")}
    assert server == {"lib/a.jar", "secrets-plugin/c.jar", "plugin/iceberg/iceberg.jar"}
    assert found.java.is_file()
    assert len(machine.ran) == 2
    assert artifacts.ensure(tmp_path / "trino") == found
    assert len(machine.ran) == 2
    assert [path.name for path in (tmp_path / "trino").iterdir()] == [f"476-{jdk.VERSION}"]


def test_other_content_is_not_used(machine: Machine, tmp_path: Path) -> None:
    machine.files[artifacts.ICEBERG.file] = b"forged"
    with pytest.raises(
        StackError, match=r"trino-iceberg-476\.zip has the hash .* it is not used; connect to"
    ):
        artifacts.ensure(tmp_path / "trino")
    assert list((tmp_path / "trino").iterdir()) == []


@pytest.mark.parametrize(
    ("tool", "stderr", "said"),
    [
        (
            "ivy",
            "noise\n\tHttpClientHandler: no route url=u\n",
            r"cannot be fetched \(HttpClientHandler: no route",
        ),
        ("ivy", "", r"cannot be fetched \(no output\)"),
        ("pip", "ERROR: No matching distribution\n", r"Java .* cannot be fetched \(ERROR: No matching"),
        ("pip", "", r"\(pip said nothing\)"),
    ],
)
def test_no_network_is_one_sentence_with_a_remedy(
    machine: Machine, tmp_path: Path, tool: str, stderr: str, said: str
) -> None:
    machine.fails[tool] = stderr
    with pytest.raises(StackError, match=said) as failed:
        artifacts.ensure(tmp_path / "trino")
    assert "copy assay/trino from the cache folder of a machine that has it" in failed.value.message
    assert list((tmp_path / "trino").iterdir()) == []


def test_an_archive_that_does_not_come_is_said(machine: Machine, tmp_path: Path) -> None:
    del machine.files[artifacts.CORE.file]
    with pytest.raises(StackError, match="an archive is missing"):
        artifacts.fetch((artifacts.CORE,), tmp_path / "archives")


def test_a_network_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(argv: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(argv, 1)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(StackError, match="no answer within 900 s"):
        artifacts.fetch((artifacts.CORE,), tmp_path)


def test_every_java_is_pinned() -> None:
    assert all(len(each) == 64 for each in jdk.HASHES)
    assert all(len(each.sha256) == 64 for each in (artifacts.CORE, artifacts.ICEBERG))
