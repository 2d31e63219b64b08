"""The process that executes a run, as far as it is not seen in the runs themselves."""

from __future__ import annotations

from textwrap import dedent

import pytest
from tests.unit.local.glue.conftest import Glue

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
