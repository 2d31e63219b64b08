"""The images of docker/ are built, and what they hold is started: API, dashboard, jobs."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import glue_base
import httpx
import psutil
import pytest
from builder import BASE, Builder, Built

from assay import configs
from assay.local import names, provision
from assay.local.aws import Aws
from assay.serving import queries
from assay.spec import Blueprint

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SECRET = re.compile("SECRET|PASSWORD|TOKEN|CREDENTIAL", re.IGNORECASE)
AWS = names.CREDENTIALS | {"AWS_DEFAULT_REGION": names.REGION, "AWS_EC2_METADATA_DISABLED": "true"}


def image(builder: Builder, report: list[Built], part: str, **arguments: str) -> Built:
    built = builder.build(
        ROOT / f"docker/{part}/Dockerfile", ROOT, f"localhost/assay-{part}", {"PYTHON": BASE, **arguments}
    )
    report.append(built)
    return built


@pytest.fixture(scope="module")
def api(builder: Builder, report: list[Built]) -> Built:
    return image(builder, report, "api")


@pytest.fixture(scope="module")
def dashboard(builder: Builder, report: list[Built]) -> Built:
    return image(builder, report, "dashboard")


@pytest.fixture(scope="module")
def glue(builder: Builder, report: list[Built]) -> Built:
    report.append(glue_base.build(builder))
    return image(builder, report, "glue", GLUE=glue_base.NAME)


@pytest.fixture
def stack(aws: str) -> str:
    """The emulator with buckets, journal and databases; its URL."""
    login = {"host": "127.0.0.1", "port": 5432, "dbname": "assay", "username": "assay", "password": "none"}
    provision.provision(Aws(aws), {names.SECRET: login})
    return aws


@contextmanager
def container(builder: Builder, built: Built) -> Iterator[str]:
    made = builder.create(built.name)
    try:
        yield made
    finally:
        builder.remove(made)


@contextmanager
def served(
    builder: Builder, made: str, command: Sequence[str], variables: Mapping[str, str]
) -> Iterator[None]:
    """Run a server in a container; buildah's end would leave it running, so its processes are ended by id."""
    server = subprocess.Popen(builder.run(made, command, variables))
    try:
        yield
    finally:
        family = [*psutil.Process(server.pid).children(recursive=True), psutil.Process(server.pid)]
        for each in family:
            each.terminate()
        psutil.wait_procs(family, timeout=30)


def run(
    builder: Builder, made: str, command: Sequence[str], variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    argv = builder.run(made, command, variables)
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=900)


def said(builder: Builder, made: str, command: Sequence[str], variables: Mapping[str, str]) -> str:
    done = run(builder, made, command, variables)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def answer(url: str, seconds: float = 120) -> httpx.Response:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            return httpx.get(url, timeout=30)
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"{url} does not answer")


def health(config: Mapping[str, Any]) -> list[str]:
    """The command of an image's health check."""
    kind, *command = config["Healthcheck"]["Test"]
    assert kind == "CMD"
    found: list[str] = command
    return found


# --- what they declare -----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["api", "dashboard", "glue"])
def test_an_image_runs_as_nobodys_root_and_holds_no_secret(
    builder: Builder, part: str, request: pytest.FixtureRequest
) -> None:
    built: Built = request.getfixturevalue(part)
    config: Any = builder.config(built.name)
    assert config["User"] == ("hadoop" if part == "glue" else "10001")
    assert config["Entrypoint"]
    assert not [each for each in config["Env"] if SECRET.search(each.partition("=")[0])]
    with container(builder, built) as made:
        assert int(said(builder, made, ["python3.11", "-c", "import os; print(os.getuid())"], {})) > 0
        # Nothing of the checkout but the installed library; a folder that the user may not enter is no find.
        look = "find / -xdev -name .git -o -xdev -name .assay 2>/dev/null; true"
        assert said(builder, made, ["sh", "-c", look], {}) == ""


# --- what they do ----------------------------------------------------------------------------------------


def test_the_api_serves_and_keeps(builder: Builder, api: Built, stack: str) -> None:
    path = configs.path("glue_configs/blueprints/brokerage.yaml")
    document = json.loads(Blueprint.parse(path.read_text(), str(path)).document()) | {
        "name": "in_a_container"
    }
    config: Any = builder.config(api.name)
    port = free_port()
    variables = AWS | {
        "AWS_ENDPOINT_URL": stack, "ASSAY_LANDING_BUCKET": names.LANDING, "UVICORN_HOST": "127.0.0.1",
        "UVICORN_PORT": port,
    }  # fmt: skip
    with container(builder, api) as made, served(builder, made, config["Entrypoint"], variables):
        url = f"http://127.0.0.1:{port}"
        assert answer(f"{url}/v1/status").json() == {"status": "ok"}
        assert httpx.post(f"{url}/v1/parameters", json=document, timeout=60).status_code == 201
        assert httpx.get(f"{url}/v1/parameters/in_a_container", timeout=60).json()["number"] == 1
        said(builder, made, health(config), variables)


def test_the_dashboard_serves(builder: Builder, dashboard: Built, stack: str) -> None:
    config: Any = builder.config(dashboard.name)
    port = free_port()
    variables = AWS | {
        "AWS_ENDPOINT_URL": stack, "STREAMLIT_SERVER_ADDRESS": "127.0.0.1", "STREAMLIT_SERVER_PORT": port,
    }  # fmt: skip
    with container(builder, dashboard) as made, served(builder, made, config["Entrypoint"], variables):
        assert answer(f"http://127.0.0.1:{port}/_stcore/health").text == "ok"
        assert "<title>" in answer(f"http://127.0.0.1:{port}/").text
        said(builder, made, health(config), variables)
        script = (
            "from streamlit.testing.v1 import AppTest; from assay.serving.dashboard import app; "
            "a = AppTest.from_file(app.__file__, default_timeout=120).run(); "
            "assert not a.exception; print([i.value for i in a.info])"
        )
        assert "No results yet" in said(builder, made, ["python", "-c", script], variables)


def test_jobs_run_in_the_stand_in_of_glue(
    builder: Builder, glue: Built, stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the image's own entry: bronze tells that no week arrived, silver refines what there is."""
    variables = AWS | {"AWS_ENDPOINT_URL": stack}
    config: Any = builder.config(glue.name)
    with container(builder, glue) as made:
        week = [*config["Entrypoint"], "--week", "2026-01-05"]
        waited = run(builder, made, [*week, "--wait_seconds", "1"], variables | {"JOB": "bronze"})
        assert waited.returncode != 0
        # spark-submit passes on what Python says to either as its standard output.
        told = [line for line in waited.stdout.splitlines() if " INFO " not in line]
        assert [line for line in told if "week 2026-01-05 has not arrived within 1 s" in line], told[-25:]
        said(builder, made, week, variables | {"JOB": "silver"})
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}'"
        for layer, table in {"bronze": "parameters", "silver": "blueprints"}.items():
            assert table in queries.query(sql.format(layer)).column("table_name").to_pylist()
        assert queries.query("SELECT count(*) AS n FROM silver.trades").to_pylist() == [{"n": 0}]
        for job in ("ingest", "gold", "calibrate"):
            code = f"import runpy; from assay import configs; runpy.run_path(configs.path('jobs/{job}.py'))"
            said(builder, made, ["python3.11", "-c", code], {})
        refused = run(builder, made, week, {"JOB": "sliver"})
        assert refused.returncode != 0
        assert "JOB is 'sliver'; did you mean 'silver'?" in refused.stderr


def test_the_kept_environment_of_this_machine_is_not_in_an_image(builder: Builder, api: Built) -> None:
    config: Any = builder.config(api.name)
    mine = {name for name in os.environ if name.startswith("AWS_")}
    assert not [each for each in config["Env"] if each.partition("=")[0] in mine]
