"""What `assay status` says of the local Glue."""

from __future__ import annotations

import pytest
from tests.unit.local.glue.conftest import Glue

from assay.local import stack
from assay.local.glue.status import GlueStatus


def test_it_tells_workflow_and_runs(glue: Glue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(glue.home.root))
    glue.job("one", {"--sleep": "60"})
    glue.start("one")
    endpoint = f"http://127.0.0.1:{glue.port}"
    assert stack.glue() == GlueStatus(endpoint, None, ())
    client = glue.up()
    run_id = client.start_workflow_run(Name="w")["RunId"]
    assert stack.glue() == GlueStatus(endpoint, "w", (run_id,))


def test_a_stack_that_was_never_started_has_none(glue: Glue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(glue.folder / "none"))
    assert stack.glue() is None


def test_down_ends_what_clients_started(glue: Glue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(glue.home.root))
    glue.job("one", {"--sleep": "60"})
    glue.start("one")
    run_id = glue.up().start_workflow_run(Name="w")["RunId"]
    glue.job_of("one")
    stack.down()
    with glue.history() as history:
        assert history.runners() == []
        assert history.run(run_id).status == "STOPPED"
