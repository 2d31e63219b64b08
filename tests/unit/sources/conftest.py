"""A landing bucket on a real S3 interface, and a site on a real socket."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay import configs
from assay.runtime import clients
from assay.sources.landing import Landing

from .lab import Lab, Site


@pytest.fixture
def landing(aws: str) -> Landing:
    assert aws
    bucket = f"landing-{uuid.uuid4().hex[:8]}"
    client = clients.s3()
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return Landing(client, bucket)


@pytest.fixture
def lab(tmp_path: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv(configs.OWN, str(tmp_path))
    return Lab(tmp_path, landing)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as found:
        yield found
