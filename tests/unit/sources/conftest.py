"""A landing bucket on a real S3 interface."""

from __future__ import annotations

import uuid

import pytest

from assay.runtime import clients
from assay.sources.landing import Landing


@pytest.fixture
def landing(aws: str) -> Landing:
    assert aws
    bucket = f"landing-{uuid.uuid4().hex[:8]}"
    client = clients.s3()
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return Landing(client, bucket)
