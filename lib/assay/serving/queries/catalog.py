"""Where tables are found: Glue's Data Catalog in AWS or on the stand-in that the environment names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from pyiceberg.table import Table

from assay.errors import InputError, TransientError, did_you_mean
from assay.runtime import clients

NAME = "glue_catalog"
_REGION = "eu-west-1"


class NoTableError(InputError):
    """A query names a table, or a database, that does not exist."""


def glue() -> Catalog:
    """The catalog `glue_catalog`; endpoint, region and credentials come from the environment.

    Without `AWS_ENDPOINT_URL` nothing is set and AWS's own chain of credentials applies.
    """
    # Our client gives up after seconds; pyiceberg's own tries ten times, which takes minutes.
    return GlueCatalog(NAME, client=clients.glue(), **properties(os.environ))


def properties(environment: os._Environ[str] | dict[str, str]) -> dict[str, str]:
    """How pyiceberg reaches the object store, for an environment in boto3's words."""
    region = environment.get("AWS_DEFAULT_REGION") or environment.get("AWS_REGION") or _REGION
    found = {"s3.region": region}
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if endpoint:
        found["s3.endpoint"] = endpoint
        found["s3.access-key-id"] = environment.get("AWS_ACCESS_KEY_ID", "")
        found["s3.secret-access-key"] = environment.get("AWS_SECRET_ACCESS_KEY", "")
    return found


def load(catalog: Catalog, database: str, name: str) -> Table:
    """The table, as it is now.

    Raises:
        NoTableError: There is no such database or table; the message hints at the nearest.
        TransientError: The catalog does not answer.
    """
    with answering():
        try:
            return catalog.load_table((database, name))
        except (NoSuchTableError, NoSuchNamespaceError):
            pass
        raise NoTableError(_missing(catalog, database, name))


def names(catalog: Catalog) -> list[tuple[str, str]]:
    """Every (database, table), sorted."""
    with answering():
        spaces = sorted(space[0] for space in catalog.list_namespaces())
        return [(space, table[-1]) for space in spaces for table in sorted(catalog.list_tables(space))]


@contextmanager
def answering() -> Iterator[None]:
    """Say in our words that a service of the catalog did not answer.

    Raises:
        TransientError: It did not.
    """
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        text = str(error).rstrip(".")
        raise TransientError(
            f"the catalog does not answer: {text}; is the stack up (`assay status`)?"
        ) from error


def _missing(catalog: Catalog, database: str, name: str) -> str:
    """What is missing, and what is near it if the caller may see what there is."""
    try:
        databases = [space[0] for space in catalog.list_namespaces()]
        if database not in databases:
            return f"there is no database {database!r}; {did_you_mean(database, databases)}"
        return f"there is no table '{database}.{name}'; {_nearest(catalog, databases, database, name)}"
    except ClientError:  # a role that reads one database may not list the others
        return f"there is no table '{database}.{name}'; `assay run` fills the lake"


def _nearest(catalog: Catalog, databases: list[str], database: str, name: str) -> str:
    """The nearest table of the database, or the same name in another one."""
    inside = {space: [table[-1] for table in catalog.list_tables(space)] for space in databases}
    elsewhere = [f"{space}.{name}" for space, tables in inside.items() if name in tables]
    if elsewhere:
        return f"did you mean {elsewhere[0]!r}?"
    if not inside[database]:
        return f"{database} has no tables yet; `assay run` fills it"
    return did_you_mean(f"{database}.{name}", [f"{database}.{table}" for table in inside[database]])
