from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from assay.errors import StackError
from assay.local import jars

ONE = ("group:artifact:1",)


def resolver(*names: str) -> object:
    """Stands for `spark-submit`, which needs the network: writes what it would have fetched."""

    def run(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ivy = Path(next(a for a in argv if a.startswith("spark.jars.ivy=")).partition("=")[2])
        assert argv[argv.index("--packages") + 1] == "group:artifact:1"
        (ivy / "jars").mkdir()
        for name in names:
            (ivy / "jars" / name).write_bytes(name.encode())
        return subprocess.CompletedProcess(argv, 0, "", "")

    return run


def test_jars_are_fetched_once_with_a_manifest_and_then_reused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", resolver("b.jar", "a.jar"))
    paths = jars.ensure(ONE, tmp_path)
    assert [path.name for path in paths] == ["a.jar", "b.jar"]
    folder = paths[0].parent
    assert jars.manifest(folder)[0] == jars.Jar("a.jar", 5, hashlib.sha256(b"a.jar").hexdigest())
    assert jars.verify(folder) == []

    def unreachable(*_: object, **__: object) -> None:
        pytest.fail("the network was asked again")

    monkeypatch.setattr(subprocess, "run", unreachable)
    assert jars.ensure(ONE, tmp_path) == paths
    assert [each.name for each in tmp_path.iterdir()] == [folder.name]  # no scratch folder is left


@pytest.mark.parametrize("damage", ["missing", "short", "no manifest", "odd manifest"])
def test_a_damaged_cache_is_fetched_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(subprocess, "run", resolver("a.jar"))
    (path,) = jars.ensure(ONE, tmp_path)
    manifest = path.with_name("manifest.json")
    if damage == "missing":
        path.unlink()
        assert jars.verify(path.parent) == ["a.jar"]
    elif damage == "short":
        path.write_bytes(b"a")
    else:
        manifest.write_text(json.dumps({"jars": [{"file": 1}]}) if damage == "odd manifest" else "")
    assert not jars.is_whole(path.parent)
    assert jars.ensure(ONE, tmp_path) == (path,)
    assert jars.is_whole(path.parent)


def test_other_coordinates_have_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", resolver("a.jar"))
    folder = jars.ensure(ONE, tmp_path)[0].parent
    assert folder.name == hashlib.sha256(b"group:artifact:1").hexdigest()[:12]


@pytest.mark.parametrize(
    ("stderr", "said"),
    [(":: x#y;1: unresolved dependency\n", "unresolved dependency"), ("", "no output")],
)
def test_no_network_is_one_sentence_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stderr: str, said: str
) -> None:
    def fail(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(argv, 1, "", stderr)

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(
        StackError, match=f"group:artifact:1 cannot be fetched .*{said}.*connect to the network"
    ):
        jars.ensure(ONE, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_resolver_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(argv: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(argv, 1)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(StackError, match="no answer within 900 s"):
        jars.ensure(ONE, tmp_path)


def test_the_cache_is_the_users(tmp_path: Path) -> None:
    assert jars.cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "assay" / "jars"
    assert jars.cache_folder({}) == Path.home() / ".cache" / "assay" / "jars"


def test_pyspark_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "find_spec", lambda _: None)
    with pytest.raises(StackError, match="pyspark is not installed"):
        jars.spark_home()


def installed(root: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a folder pass for PySpark of a version."""
    (root / "jars").mkdir()
    (root / "jars" / f"spark-core_2.1x-{version}.jar").touch()
    monkeypatch.setattr(jars, "spark_home", lambda: root)


@pytest.mark.parametrize(
    ("spark", "runtime", "iceberg"),
    [("3.5.6", "3.5_2.12", "1.10.0"), ("4.1.1", "4.1_2.13", "1.11.0")],  # AWS Glue 5.1 and 6.0
)
def test_what_glue_ships_is_what_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spark: str, runtime: str, iceberg: str
) -> None:
    installed(tmp_path, spark, monkeypatch)
    versions = {each.rsplit(":", 2)[1]: each.rsplit(":", 1)[1] for each in jars.of_installed()}
    assert versions[f"iceberg-spark-runtime-{runtime}"] == versions["iceberg-aws-bundle"] == iceberg


@pytest.mark.parametrize("version", ["4.0.1", "none"])
def test_another_spark_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    installed(tmp_path, version, monkeypatch)
    with pytest.raises(StackError, match=rf"PySpark is {version}; Assay runs on 3\.5 and 4\.1"):
        jars.of_installed()


def test_the_connector_is_of_the_hadoop_and_iceberg_of_the_scala_that_pyspark_has() -> None:
    """Of the environment that the tests run in: `make test-next` asks this of another PySpark."""
    shipped = {each.name for each in (jars.spark_home() / "jars").iterdir()}
    versions = {each.rsplit(":", 2)[1]: each.rsplit(":", 1)[1] for each in jars.of_installed()}
    (runtime,) = (name for name in versions if name.startswith("iceberg-spark-runtime-"))
    assert f"hadoop-client-api-{versions['hadoop-aws']}.jar" in shipped
    scala = runtime.rpartition("_")[2]
    assert any(name.startswith(f"spark-core_{scala}-") for name in shipped)
