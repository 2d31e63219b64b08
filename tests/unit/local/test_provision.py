"""What a deployment makes in AWS is made on the emulator once, and mended."""

from __future__ import annotations

from assay import configs
from assay.local.aws import Aws
from assay.local.names import ARTIFACTS
from assay.local.provision import provision

SECRETS = {"assay/database": {"host": "127.0.0.1"}, "assay/sources/market": {"url": "http://127.0.0.1:1"}}
KEY = "blueprints/brokerage.yaml"


def test_blueprints_are_uploaded_and_kept_as_shipped(emulator: str) -> None:
    aws = Aws(emulator)
    shipped = configs.path("glue_configs/blueprints/brokerage.yaml").read_bytes()
    provision(aws, SECRETS)
    first = aws.s3.get_object(Bucket=ARTIFACTS, Key=KEY)
    assert first["Body"].read() == shipped
    provision(aws, SECRETS)
    assert aws.s3.head_object(Bucket=ARTIFACTS, Key=KEY)["LastModified"] == first["LastModified"]
    aws.s3.put_object(Bucket=ARTIFACTS, Key=KEY, Body=b"old")
    provision(aws, SECRETS)
    assert aws.s3.get_object(Bucket=ARTIFACTS, Key=KEY)["Body"].read() == shipped
