"""The stack as an ordinary user, tried by root in a mount namespace where that user reaches the code."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

import assay
from assay.local import jars, stack
from assay.local.postgres import NOBODY

SCRIPT = """
import os, psycopg
from pathlib import Path
from assay.local import stack, process
from assay.local.aws import Aws
running = stack.up()
try:
    assert os.geteuid() != 0
    assert all(each.running for each in stack.status())
    data = running.home.root / "postgres" / "data"
    assert data.stat().st_uid == os.geteuid()      # inside the private folder: nobody else needs to reach it
    assert oct(data.stat().st_mode & 0o777) == "0o700"
    assert "postgres_folder" not in running.home.read()
    with psycopg.connect(running.database.dsn, autocommit=True) as connection:
        connection.execute("create table brokerage.t (id bigint primary key)")
        connection.execute("insert into brokerage.t values (1)")
    stack.wait_for_capture(30)
    assert Aws(running.endpoint).s3.list_objects_v2(Bucket="assay-landing", Prefix="rds/")["KeyCount"] == 1
    pid = next(each.pid for each in stack.status() if each.name == "postgres")
    record = process.identify(pid)
    os.kill(pid, 9)
    while process.is_alive(record):
        pass
    stack.up()
    with psycopg.connect(running.database.dsn) as connection:
        assert connection.execute("select count(*) from brokerage.t").fetchone() == (1,)
finally:
    stack.reset()
print("as an ordinary user: ok")
"""


def seen_by_everybody(source: Path, target: Path) -> str:
    """Shell command that shows a folder at a second place, in this namespace only."""
    return f"mkdir -p {target} && mount --bind {source} {target}"


def covers_none_of(*sources: Path) -> Path:
    """A folder over which the namespace can mount without hiding what it shows elsewhere."""
    folders = [Path(name) for name in ("/mnt", "/srv", "/media", tempfile.gettempdir())]
    return next(f for f in folders if f.is_dir() and not any(s.is_relative_to(f) for s in sources))


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs every other test of this folder as one")
def test_an_ordinary_user_has_the_same_stack(tmp_path: Path, stack_home: None) -> None:  # noqa: ARG001
    stack.up()  # the jars are in root's cache now
    libraries, code = Path(sysconfig.get_path("purelib")), Path(assay.__file__).parents[1]
    scratch = covers_none_of(Path(sys.base_prefix), libraries, code, jars.cache_folder())
    stage = scratch / tmp_path.name  # on a file system of the namespace, gone with it
    mounts = [
        f"mount -t tmpfs tmpfs {scratch}",
        f"mkdir -m 755 -p {stage} && mkdir -m 777 {stage}/home",
        seen_by_everybody(Path(sys.base_prefix), stage / "python"),
        seen_by_everybody(libraries, stage / "libraries"),
        seen_by_everybody(code, stage / "checkout" / "lib"),
        seen_by_everybody(code.parent / "glue_configs", stage / "checkout" / "glue_configs"),
        seen_by_everybody(jars.cache_folder(), stage / "cache" / "assay" / "jars"),
    ]
    variables = {
        "PATH": os.defpath,
        "LD_LIBRARY_PATH": f"{stage}/python/lib",
        "HOME": f"{stage}/home",
        "ASSAY_HOME": f"{stage}/home/.assay",
        "XDG_CACHE_HOME": f"{stage}/cache",
        "PYTHONPATH": f"{stage}/checkout/lib:{stage}/libraries",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    settings = " ".join(f"{name}={value}" for name, value in variables.items())
    python = f"{stage}/python/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    drop = f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups --no-new-privs"
    command = " && ".join(
        [*mounts, f"cd {stage}/home", f'exec {drop} env -i {settings} {python} -c "$SCRIPT"']
    )
    run = subprocess.run(
        ["unshare", "--mount", "sh", "-c", command],
        env={"PATH": os.defpath, "SCRIPT": SCRIPT},
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in run.stderr and "not permitted" in run.stderr:
        pytest.skip("this machine allows no mount namespaces")
    assert run.stdout == "as an ordinary user: ok\n", run.stderr
