"""The process that executes a run, as far as it is not seen in the runs themselves."""

from __future__ import annotations

from textwrap import dedent

import psutil
import pytest
from tests.unit.local.glue.conftest import Glue, until

from assay.errors import StackError
from assay.local.glue import runner

SAYS_WHERE = """
import os
from assay.errors import InputError
def main(argv):
    raise InputError(f"{os.environ['AWS_ENDPOINT_URL']} {os.environ.get('AWS_ENDPOINT_URL_S3')}")
"""


def test_without_an_endpoint_it_refuses(glue: Glue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(StackError, match="jobs would talk to the real AWS"):
        runner.main(["--home", str(glue.home.root), "wr_1"])


def test_jobs_of_a_run_are_pointed_at_the_stack(glue: Glue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    (glue.folder / "job.py").write_text(dedent(SAYS_WHERE))
    glue.job("one")
    glue.start("one")
    client = glue.up()
    run = glue.job_ended("one", client.start_job_run(JobName="one")["JobRunId"])
    assert run["ErrorMessage"] == f"http://127.0.0.1:{glue.port} None"


STARTS_A_CHILD = """
import subprocess, sys
from pathlib import Path
def main(argv):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(argv[argv.index("--book") + 1]).write_text(str(child.pid))
    child.wait(300 if "--wait" in argv else 0.01)
"""


@pytest.mark.parametrize("stopped", [False, True])
def test_nothing_that_a_job_started_is_left(glue: Glue, stopped: bool) -> None:
    (glue.folder / "job.py").write_text(dedent(STARTS_A_CHILD))
    glue.job("one", {"--wait": "yes"} if stopped else None)
    glue.start("one")
    client = glue.up()
    run_id = client.start_job_run(JobName="one")["JobRunId"]
    until(lambda: glue.book.exists() and glue.book.read_text() != "", "the child runs")
    child = int(glue.book.read_text())
    if stopped:
        client.batch_stop_job_run(JobName="one", JobRunIds=[run_id])
    assert glue.job_ended("one", run_id)["JobRunState"] == ("STOPPED" if stopped else "FAILED")
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie", "it is gone")
