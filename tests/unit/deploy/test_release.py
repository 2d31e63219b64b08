"""A release: reproducible, complete, of the lock's versions. pip runs, on a folder instead of the index."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from assay.deploy.release import Release, build, pins
from assay.deploy.release.builder import MODULES, copied, digest, expected, layer, library, modules
from assay.errors import InputError, TerminalError, TransientError

ROOT = Path(__file__).parents[3]
LOCK = """\
annotated-types==0.8.0
    # via pydantic
numpy==2.3.4
    # via
    #   assay (pyproject.toml)
    #   scipy
psycopg==3.3.9
    # via assay (pyproject.toml)
psycopg-binary==3.3.9
    # via psycopg
pydantic==2.14.3
    # via
    #   assay (pyproject.toml)
    #   fastapi
scipy==1.17.1
    # via assay (pyproject.toml)
"""


@pytest.mark.long
@pytest.mark.usefixtures("package_index")
def test_the_same_sources_give_the_same_release(tmp_path: Path) -> None:
    first, second = (build(ROOT, tmp_path / home) for home in ("one", "two"))
    assert first.digest == second.digest
    assert first.prefix == f"releases/{first.digest}/"
    assert first.files.keys() == expected(ROOT) == second.files.keys()
    assert first.size == sum(len(path.read_bytes()) for path in first.files.values())
    for key, path in first.files.items():
        assert path.read_bytes() == second.files[key].read_bytes(), key


def test_another_content_is_another_release(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("two")
    one = digest({"jobs/a.py": tmp_path / "a"})
    assert one != digest({"jobs/a.py": tmp_path / "b"})
    assert one != digest({"jobs/b.py": tmp_path / "a"})
    assert one == digest({"jobs/a.py": tmp_path / "a"})


def test_the_wheel_has_its_data(tmp_path: Path) -> None:
    wheel = library(ROOT, tmp_path)
    names = zipfile.ZipFile(wheel).namelist()
    assert "assay/_packaged/glue_configs/contracts/gold.runs.yaml" in names
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.usefixtures("package_index")
def test_glue_installs_the_modules_without_an_index(tmp_path: Path) -> None:
    """As Glue does: `pip install --no-index` of the list in the archive, from the wheels beside it."""
    archive = modules(tmp_path / "modules.zip", ROOT, pins.for_glue(ROOT))
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "unpacked")
    wheels = tmp_path / "unpacked/wheels"
    target = tmp_path / "site"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--target",
        str(target),
    ]
    command += ["--find-links", str(wheels), "-r", str(wheels / "requirements.txt")]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    subprocess.run(command, check=True, env=environment)
    listed = (wheels / "requirements.txt").read_text().splitlines()
    assert [line.split("==")[0] for line in listed] == list(pins.for_glue(ROOT))
    assert len(list(target.glob("*.dist-info"))) == len(listed)
    assert MODULES.endswith(".gluewheels.zip")


def test_modules_are_what_the_library_needs_and_glue_lacks() -> None:
    needed = set(pins.for_glue(ROOT))
    assert {"scipy", "pydantic", "pydantic-core", "pyyaml", "psycopg-binary", "httpx"} <= needed
    assert not needed & {*pins.GLUE_SHIPS, "botocore", "fastapi", "pytest", "assay"}


def test_the_lock_says_what_brought_what(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(LOCK)
    lock = pins.read(tmp_path / "lock")
    assert lock.versions["scipy"] == "1.17.1"
    assert lock.closure(["scipy", "psycopg"], without=frozenset({"numpy"})) == (
        "psycopg",
        "psycopg-binary",
        "scipy",
    )
    assert lock.closure(["pydantic", "scipy"]) == ("annotated-types", "numpy", "pydantic", "scipy")
    with pytest.raises(InputError, match=r"requirements.lock does not pin httpx; run `make lock`"):
        lock.closure(["httpx"])


def test_a_wheel_that_cannot_be_had(package_index: Path, tmp_path: Path) -> None:
    for wheel in package_index.glob("scipy-*.whl"):
        wheel.unlink()
    with pytest.raises(
        TransientError, match=r"cannot fetch .*scipy==.* for Python 3.11: .*; is the package index"
    ):
        modules(tmp_path / "modules.zip", ROOT, pins.for_glue(ROOT))


@pytest.mark.usefixtures("package_index")
def test_the_layer_is_packed_once(tmp_path: Path) -> None:
    kept = layer(tmp_path)
    made = kept.stat().st_mtime_ns
    assert layer(tmp_path).stat().st_mtime_ns == made
    names = zipfile.ZipFile(kept).namelist()
    assert any(name.endswith("site-packages/scipy/__init__.py") for name in names)


def test_elsewhere_there_is_nothing_to_deploy(tmp_path: Path) -> None:
    for refused in (lambda: expected(tmp_path), lambda: library(tmp_path, tmp_path / "out")):
        with pytest.raises(InputError, match=r"no pyproject.toml; deploy from a checkout of Assay"):
            refused()
    with pytest.raises(InputError, match=r"No such file or directory; deploy from a checkout of Assay"):
        pins.for_glue(tmp_path)


def test_a_wheel_that_cannot_be_built(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "assay"\nversion = "1.0"\n')
    with pytest.raises(
        TerminalError, match=r"cannot build assay-1.0-py3-none-any.whl: .*; is hatchling installed\?"
    ):
        library(tmp_path, tmp_path / "out")


def test_what_airflows_machine_installs_from_is_copied() -> None:
    script = (ROOT / "glue_configs/stacks/airflow.yaml").read_text()
    named = set(re.findall(r"dags/[a-z_]+\.(?:py|txt)", script))
    assert named == {"dags/requirements.txt"}
    assert named <= {key for key, _ in copied(ROOT)}


def test_what_is_copied() -> None:
    keys = [key for key, _ in copied(ROOT)]
    assert {"jobs/gold.py", "blueprints/brokerage.yaml", "dags/assay_weekly.py"} <= set(keys)
    assert any(key.startswith("athena/") for key in keys)
    assert len(keys) == len(set(keys))


def test_a_release_knows_its_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert Release("0", {"a": tmp_path / "a"}).size == 5
