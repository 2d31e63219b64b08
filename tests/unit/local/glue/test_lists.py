"""Lists: ours first, then the emulator's, page after page."""

from __future__ import annotations

import json

import pytest
from tests.unit.local.glue.conftest import Glue


@pytest.fixture
def pair(glue: Glue) -> Glue:
    glue.job("one")
    glue.job("two")
    glue.start("one")
    glue.when({"one": "SUCCEEDED"}, "two")
    return glue


def test_everything_is_listed(pair: Glue) -> None:
    client = pair.up()
    jobs = client.get_paginator("get_jobs").paginate(PaginationConfig={"PageSize": 1})
    assert [[job["Name"] for job in page["Jobs"]] for page in jobs] == [["one"], ["two"], ["theirs"]]
    triggers = client.get_paginator("get_triggers").paginate()
    assert [t["Name"] for page in triggers for t in page["Triggers"]] == ["start", "t4", "theirs"]
    assert client.list_jobs()["JobNames"] == ["one", "two"]
    assert client.list_triggers(MaxResults=1)["TriggerNames"] == ["start"]
    first = client.list_workflows()
    assert first["Workflows"] == ["w"]
    assert client.list_workflows(NextToken=first["NextToken"])["Workflows"] == ["theirs"]


def test_the_emulator_is_asked_for_its_first_page_without_our_token(pair: Glue) -> None:
    client = pair.up()
    client.list_jobs(NextToken=client.list_jobs()["NextToken"], MaxResults=7)
    client.list_jobs(NextToken="theirs-2")
    asked = [json.loads(body) for operation, body, _ in pair.upstream.asked if operation == "ListJobs"]
    assert asked == [{"MaxResults": 7}, {"NextToken": "theirs-2"}]
    lengths = [int(headers["content-length"]) for _, _, headers in pair.upstream.asked]
    assert lengths == [len(body) for _, body, _ in pair.upstream.asked]


def test_triggers_of_one_job(pair: Glue) -> None:
    client = pair.up()
    assert [t["Name"] for t in client.get_triggers(DependentJobName="two")["Triggers"]] == ["t4"]
    assert client.list_triggers(DependentJobName="one")["TriggerNames"] == ["start"]
    assert client.list_triggers(DependentJobName="x")["TriggerNames"] == ["theirs"]


def test_tags_are_the_emulators_business(pair: Glue) -> None:
    client = pair.up()
    assert client.list_jobs(Tags={"a": "b"})["JobNames"] == ["theirs"]
