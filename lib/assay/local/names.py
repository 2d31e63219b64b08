"""The names that the local stack and its jobs agree on; in AWS they come from CloudFormation."""

from __future__ import annotations

from typing import Final

from assay.stacks.template import ACCOUNT

REGION: Final = "eu-west-1"
INSTALLATION: Final = "assay"
LANDING, LAKE, ARTIFACTS = "assay-landing", "assay-lake", "assay-artifacts"
BUCKETS = (LANDING, LAKE, ARTIFACTS)
WAREHOUSE = f"s3://{LAKE}/warehouse/"
JOURNAL = "assay-journal"
SECRET = "assay/database"  # noqa: S105  # its name, not its value
SOURCE_SECRETS = "assay/sources/"  # how the names of sources' secrets begin
CATALOG_DATABASES = ("bronze", "silver", "gold")
DATABASE = "assay"
LEGACY = "legacy"  # of the stand-in market: prices that nobody has moved elsewhere
DATABASE_USER = "assay"
SCHEMA = "brokerage"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""The emulator's public test credentials: it serves this machine only."""
EXPORTS: Final = {
    "landing-bucket": LANDING,
    "lake-bucket": LAKE,
    "artifacts-bucket": ARTIFACTS,
    "logs-bucket": "assay-logs",
    "journal-table": JOURNAL,
    "data-key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/local",
    "alerts-topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:assay-alerts",
    "security-configuration": "assay-security",
    "database-secret": SECRET,
    "database-connection": "assay-database",
    "private-subnets": "subnet-1,subnet-2",
    "jobs-security-group": "sg-jobs",
    "jobs-log-prefix": "/assay/jobs",
    "api-arn-prefix": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:local/$default",
}
"""What the stacks of AWS export, as far as jobs and workflow ask for it; some of it exists by name only."""
