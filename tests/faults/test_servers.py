"""Database, object store and catalog die or hang while a job writes: told in a sentence, and mended."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assay.local.spark_conf import CATALOG
from faults.harness import RUN, SECOND, Place, Undisturbed, differing

pytestmark = pytest.mark.slow

MINUTE = "minute,2"
"""Glue's minute lasts two seconds: the job `ingest`, which may take 15, is given 30."""
# Spark's clients wait for half a minute and ask up to six times by default; here less, to be done soon.
_PREFIX = f"spark.sql.catalog.{CATALOG}"
SHORT = {
    f"{_PREFIX}.http-client.apache.socket-timeout-ms": "3000",
    f"{_PREFIX}.s3.retry.num-retries": "2",
    f"{_PREFIX}.s3.retry.min-wait-ms": "200",
    "spark.hadoop.fs.s3a.connection.timeout": "3000",
}
PATIENCE = "patience,3"


def planted(place: Place, server: str, number: str, point: str, seconds: str = "") -> str:
    """The fault that sends a signal to all processes of a server."""
    return f"server,{number},{place.pid(server)},{point},{seconds}"


def test_servers_die_and_hang_in_mid_write(
    second_week: Place, undisturbed: Undisturbed, survived: Callable[..., None]
) -> None:
    """One week, in which every job meets another end of a server; each is run again once all is mended."""
    place, saw = second_week, {}

    # PostgreSQL, while rows are copied into it.
    ended = place.job("assay-ingest", SECOND, plant=planted(place, "postgres", "SIGKILL", "copy"))
    assert ended.code == 1
    assert "is it running and reachable" in ended.sentence
    saw["PostgreSQL killed during COPY"] = ended.sentence
    place.assay("up")

    hang = planted(place, "postgres", "SIGSTOP", "copy")
    ended = place.ask(*RUN, "--weeks", "1", plant=f"{MINUTE};{hang}")
    assert ended.code == 1
    assert "assay-ingest timeout: stopped: it exceeded its timeout" in ended.said
    saw["PostgreSQL hung during COPY"] = ended.sentence
    place.assay("up")
    for job in ("assay-ingest", "assay-bronze"):
        ended = place.job(job, SECOND)
        assert ended.code == 0, ended.said

    # S3, DynamoDB and the catalog, when a table's files are written and it is about to be published.
    ended = place.job("assay-silver", SECOND, plant=planted(place, "emulator", "SIGKILL", "publish"))
    assert ended.code == 1, ended.said
    assert "run the job again" in ended.sentence
    saw["the emulator of S3, DynamoDB and Glue killed before a publication"] = ended.sentence
    place.assay("up")
    ended = place.job("assay-silver", SECOND)
    assert ended.code == 0, ended.said

    short = place.spark_conf(SHORT)
    hang = planted(place, "emulator", "SIGSTOP", "publish")
    ended = place.job("assay-gold", SECOND, plant=f"{PATIENCE};{hang}", environment=short)
    assert ended.code == 1, ended.said
    assert "run the job again" in ended.sentence
    saw["the emulator hung before a publication, for good"] = ended.sentence
    place.assay("up")  # what hangs is replaced, perhaps at another port
    short = place.spark_conf(SHORT)

    hang = planted(place, "emulator", "SIGSTOP", "publish", "5")
    ended = place.job("assay-gold", SECOND, plant=f"{PATIENCE};{hang}", environment=short)
    assert ended.code == 0, ended.said
    saw["the emulator hung before a publication, longer than its clients' time-out"] = (
        "nothing: they ask again"
    )

    done = place.run("--weeks", "1")
    assert [week["week"] for week in done["weeks"]] == [SECOND]
    wrong = differing(place.checksums(), undisturbed.second)
    assert not wrong
    for fault, sentence in saw.items():
        survived("servers", fault, tried=1, lost=len(wrong), saw=sentence)
