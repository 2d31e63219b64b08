"""An Airflow of its own in a temporary folder, and AWS clients that can reach nothing but a test's server."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

# Airflow has an environment of its own, in which `make test-airflow` runs these tests; elsewhere are none.
collect_ignore_glob = [] if importlib.util.find_spec("airflow") else ["test_*.py"]

DAGS = Path(__file__).parents[2] / "glue_configs" / "dags"
_HOME = TemporaryDirectory(prefix="assay-airflow-")
# Airflow reads its settings when it is imported.
os.environ |= {
    "AIRFLOW_HOME": _HOME.name,
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_MAX_ATTEMPTS": "1",
    "ASSAY_POLL_SECONDS": "0.2",
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A fake of the three services, to which every client of the test goes."""
    from fake_aws import FakeAws

    server = FakeAws()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    yield server
    server.close()


@pytest.fixture(scope="session")
def airflow_database() -> Path:
    """Airflow's home with a fresh database in it."""
    subprocess.run([airflow(), "db", "migrate"], check=True, capture_output=True, timeout=300)
    return Path(_HOME.name)


def airflow() -> str:
    """The command of this environment."""
    return str(Path(sys.executable).with_name("airflow"))
