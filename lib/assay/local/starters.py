"""How each process of the local stack is started, and what it finds when it is."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assay.local import emulator, jars, names, process, spark_conf, state
from assay.local.market import replay
from assay.local.process import Record
from assay.local.running import Stack

_ANSWER_SECONDS = 20.0  # a busy emulator must not pass for a dead one


@dataclass(frozen=True, slots=True)
class Server:
    """One process of the stack.

    Attributes:
        name: Its name, also of its log file.
        start: Starts it without waiting.
        question: Bytes that it answers on its port; None if it serves on none.
    """

    name: str
    start: Callable[[Stack], Record]
    question: bytes | None

    def is_well(self, ports: Mapping[str, int]) -> bool:
        """Whether it answers; true of a process that serves on no port."""
        return self.question is None or (self.name in ports and answers(ports[self.name], self.question))

    def wait(self, stack: Stack, record: Record) -> None:
        """Wait until it is ready.

        Raises:
            StackError: It died or took too long.
        """
        log = stack.home.logs / f"{self.name}.log"
        ready = _is_capturing if self.question is None else _is_serving
        process.wait_until(lambda: ready(self, stack), name=f"the local {self.name}", record=record, log=log)


def _start_emulator(stack: Stack) -> Record:
    arguments = ["--home", str(stack.home.root), "--port", str(stack.ports["emulator"])]
    environment = emulator.environment(stack.home, stack.ports["emulator"], names.REGION)
    return _python(stack, "emulator", ["assay.local.emulator", *arguments], environment)


def _start_postgres(stack: Stack) -> Record:
    return stack.database.start()


def _start_market(stack: Stack) -> Record:
    replay.kept(stack.home.market)  # made here, so that the server needs none of the packages that it is from
    arguments = ["--replay", str(stack.home.market), "--port", str(stack.ports["market"])]
    return _python(stack, "market", ["assay.local.market.server", *arguments], process.kept_environment())


def _start_capture(stack: Stack) -> Record:
    stack.home.report.unlink(missing_ok=True)
    module = ["assay.local.capture", "--home", str(stack.home.root)]
    return _python(stack, "capture", module, os.environ | stack.environment())


def _is_serving(server: Server, stack: Stack) -> bool:
    return server.is_well(stack.ports) and (server.name != "postgres" or stack.database.answers())


def _is_capturing(_server: Server, stack: Stack) -> bool:
    report = state.read_json(stack.home.report)
    return bool(report) and report["error"] is None


def _start_api(stack: Stack) -> Record:
    address = ["--host", "127.0.0.1", "--port", str(stack.ports["api"]), "--log-level", "warning"]
    tokens = {"ASSAY_API_TOKENS": str(stack.home.tokens)}
    environment = os.environ | stack.environment() | {"ASSAY_LANDING_BUCKET": names.LANDING} | tokens
    return _python(stack, "api", ["uvicorn", "assay.serving.api.app:app", *address], environment)


def set_up(stack: Stack, *, mend: bool) -> None:
    """Make databases, buckets, tables and secrets, which capture, API and jobs need.

    Args:
        stack: The stack; emulator and PostgreSQL run.
        mend: Whether the emulator was started just now, so that its catalog is compared with the lake.
    """
    from assay.local import catalog, provision
    from assay.local.aws import Aws
    from assay.local.market import legacy

    stack.database.prepare()
    legacy.fill(stack.database.of(names.LEGACY), stack.home.market)
    aws = Aws(stack.endpoint)
    login: dict[str, object] = {
        "host": "127.0.0.1",
        "port": stack.ports["postgres"],
        "dbname": names.DATABASE,
        "username": names.DATABASE_USER,
        "password": stack.database.password,
    }
    secrets: dict[str, dict[str, object]] = {
        names.SECRET: login,
        f"{names.SOURCE_SECRETS}market": {"url": f"http://127.0.0.1:{stack.ports['market']}"},
        f"{names.SOURCE_SECRETS}legacy": login | {"dbname": names.LEGACY},
    }
    provision.provision(aws, secrets)
    if mend:
        catalog.rebuild(aws, names.WAREHOUSE, names.CATALOG_DATABASES)


def write_spark_conf(stack: Stack) -> None:
    """Write Spark's settings for this stack; fetches the jars if this machine has none yet."""
    values = spark_conf.settings(
        endpoint=stack.endpoint,
        warehouse=names.WAREHOUSE,
        region=names.REGION,
        scratch=stack.home.spark,
    )
    spark_conf.write(stack.home.spark / "conf", values, jars.ensure())


def answers(port: int, question: bytes) -> bool:
    """Whether a server of this machine answers.

    A connection alone proves nothing: the kernel accepts it while a killed process is being taken apart.

    Args:
        port: Its port of 127.0.0.1.
        question: Bytes that make it say something.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(question)
            return bool(connection.recv(1))
    except OSError:
        return False


EMULATOR = Server("emulator", _start_emulator, b"GET /_ministack/health HTTP/1.0\r\n\r\n")
POSTGRES = Server("postgres", _start_postgres, struct.pack("!ii", 8, 80877103))  # may we speak TLS?
MARKET = Server("market", _start_market, b"GET /v1/splits HTTP/1.0\r\n\r\n")
CAPTURE = Server("capture", _start_capture, None)
API = Server("api", _start_api, b"GET /v1/status HTTP/1.0\r\n\r\n")


def _python(stack: Stack, name: str, module: list[str], environment: Mapping[str, str]) -> Record:
    command = [sys.executable, "-m", *module]
    return process.launch(command, env=environment, log=stack.home.logs / f"{name}.log", cwd=stack.home.root)
