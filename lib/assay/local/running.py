"""A running local stack, as others see it: where it is, and how jobs reach it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from assay.local import java, names, state
from assay.local.postgres import Postgres
from assay.local.state import Home


@dataclass(frozen=True, slots=True)
class Stack:
    """A local stack.

    Attributes:
        home: Its folder.
        ports: The port of 127.0.0.1 of each server.
    """

    home: Home
    ports: Mapping[str, int]

    @property
    def endpoint(self) -> str:
        """URL of the emulator."""
        return f"http://127.0.0.1:{self.ports['emulator']}"

    @property
    def parameters_url(self) -> str:
        """URL of the parameters API."""
        return f"http://127.0.0.1:{self.ports['api']}"

    @property
    def database(self) -> Postgres:
        """Its PostgreSQL server."""
        return Postgres(self.home, self.ports["postgres"], self.home.read()["password"])

    def environment(self) -> dict[str, str]:
        """The variables that point jobs, Spark and every AWS client at this stack."""
        return names.CREDENTIALS | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": names.REGION,
            "AWS_REGION": names.REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            state.HOME_VARIABLE: str(self.home.root),
            "JAVA_HOME": str(java.java_home()),
            "SPARK_CONF_DIR": str(self.home.spark / "conf"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            "TZ": "UTC",
        }

    def exports(self, name: str = names.INSTALLATION) -> dict[str, str]:
        """What the stacks under jobs and workflow export in AWS, with the values of this machine.

        Args:
            name: The parameter `Name` of the templates; the names of all exports begin with it.
        """
        return {f"{name}-{thing}": value for thing, value in names.EXPORTS.items()} | {
            f"{name}-api-url": self.parameters_url
        }
