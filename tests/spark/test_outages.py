"""Real errors of the JVM in our words: no server, a silent one, a busy one, a clock that goes back."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pyspark.sql import SparkSession

from assay.runtime.outages import explained


class Refusing(BaseHTTPRequestHandler):
    """Answers everything with the server's status."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, kind = self.server.answer  # type: ignore[attr-defined]
        body = f'{{"__type": "{kind}", "message": "not now"}}'.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


ANONYMOUS = "software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider"


def glue(spark: SparkSession, port: int) -> str:
    """A catalog in Glue on a port of this machine."""
    name = f"glue_{uuid.uuid4().hex[:8]}"
    prefix = f"spark.sql.catalog.{name}"
    for key, value in {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        ".warehouse": "s3://lake/",
        ".client.region": "eu-west-1",
        ".client.credentials-provider": ANONYMOUS,
        ".glue.endpoint": f"http://127.0.0.1:{port}",
        ".http-client.apache.socket-timeout-ms": "300",
    }.items():
        spark.conf.set(f"{prefix}{key}", value)
    return name


def said(spark: SparkSession, port: int) -> str | None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 of many kinds
        spark.table(f"{glue(spark, port)}.silver.trades")
    found = explained(raised.value)
    return found and found.message


def test_nobody_listens(spark: SparkSession) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = said(spark, port) or ""
    assert found.startswith("S3 or the catalog did not answer: ")
    assert "refused" in found
    assert "\n" not in found


def test_it_accepts_and_is_silent(spark: SparkSession) -> None:
    with socket.socket() as hung:
        hung.bind(("127.0.0.1", 0))
        hung.listen()
        found = said(spark, hung.getsockname()[1]) or ""
    assert found.startswith("S3 or the catalog did not answer: ")
    assert "timed out" in found


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, "InternalServiceException"), (503, "Unavailable"), (400, "ThrottlingException")],
)
def test_it_asks_to_be_left_alone(spark: SparkSession, refusing: HTTPServer, status: int, kind: str) -> None:
    refusing.answer = (status, kind)  # type: ignore[attr-defined]
    found = said(spark, refusing.server_port) or ""
    assert found.startswith("S3 or the catalog did not answer: ")
    assert "not now" in found


def test_a_refusal_is_no_outage(spark: SparkSession, refusing: HTTPServer) -> None:
    refusing.answer = (400, "AccessDeniedException")  # type: ignore[attr-defined]
    assert said(spark, refusing.server_port) is None


def test_the_clock_goes_back(spark: SparkSession) -> None:
    """Iceberg's own refusal of a commit that would be older than the last one."""
    jvm = spark._jvm
    text = "Invalid update timestamp 1: before the latest metadata log entry timestamp 2"
    with pytest.raises(Exception) as raised:  # noqa: PT011 Java's
        jvm.org.apache.iceberg.relocated.com.google.common.base.Preconditions.checkArgument(False, text)
    found = explained(raised.value)
    assert found is not None
    assert found.message.startswith(f"this machine's clock is behind the lake's last commit ({text})")
