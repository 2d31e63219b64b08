"""The names that the local stack and its jobs agree on; in AWS they come from CloudFormation."""

from __future__ import annotations

from typing import Final

REGION: Final = "eu-west-1"
LANDING, LAKE, ARTIFACTS = "assay-landing", "assay-lake", "assay-artifacts"
BUCKETS = (LANDING, LAKE, ARTIFACTS)
WAREHOUSE = f"s3://{LAKE}/warehouse/"
JOURNAL = "assay-journal"
SECRET = "assay/database"  # noqa: S105  # its name, not its value
CATALOG_DATABASES = ("bronze", "silver", "gold")
DATABASE = "assay"
DATABASE_USER = "assay"
SCHEMA = "brokerage"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""The emulator's public test credentials: it serves this machine only."""
