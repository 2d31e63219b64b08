"""Five in a hundred calls of AWS fail, from Python and from the JVM: a week ends in the same tables."""

from __future__ import annotations

from collections.abc import Callable

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from assay.local import stack
from assay.local.spark_conf import CATALOG
from faults.flaky import WAYS, Flaky
from faults.harness import RUN, SECOND, Place, Undisturbed, differing

SHARE = 0.05
REPEATS = 5
"""How often a user may have to run the week again."""
_PREFIX = f"spark.sql.catalog.{CATALOG}"


@pytest.mark.slow
def test_five_in_a_hundred_calls_fail(
    second_week: Place, undisturbed: Undisturbed, survived: Callable[..., None]
) -> None:
    """A job that gives up all the same says so in a sentence, and the same command goes on."""
    place = second_week
    with place.used():
        emulator = stack.environment()["AWS_ENDPOINT_URL"]
    said = []
    with Flaky(emulator, share=SHARE, seed=7).running() as flaky:
        settings = {
            f"{_PREFIX}.glue.endpoint": flaky.url,
            f"{_PREFIX}.s3.endpoint": flaky.url,
            "spark.hadoop.fs.s3a.endpoint": flaky.url,
            f"{_PREFIX}.s3.retry.min-wait-ms": "50",  # 2 s by default: each of many waits
        }
        conf = place.spark_conf(settings)["SPARK_CONF_DIR"]
        for _ in range(REPEATS):
            ended = place.ask(*RUN, "--weeks", "1", plant=f"endpoint,{flaky.url},{conf}")
            if ended.code == 0:
                break
            assert "Traceback" not in ended.said, ended.said
            said.append(ended.sentence)
    assert ended.code == 0, said
    assert set(flaky.faults) == set(WAYS)
    wrong = differing(place.checksums(), undisturbed.second)
    assert not wrong
    calls, faults = sum(flaky.calls.values()), sum(flaky.faults.values())
    kinds = ", ".join(f"{count:,} {way}" for way, count in sorted(flaky.faults.items()))
    survived(
        "AWS",
        f"{faults:,} of {calls:,} calls to S3, DynamoDB, Glue and Secrets Manager fail in a week ({kinds})",
        tried=faults,
        lost=len(wrong),
        saw=f"{len(said)} runs of the week ended with a sentence before one ended well: {'; '.join(said)}"
        if said
        else "nothing: every client asks again",
    )
    assert [week["week"] for week in place.run("--week", "2")["weeks"]] == [SECOND]


def test_the_proxy_fails_what_it_shall_and_carries_out_the_rest(aws: str) -> None:
    """Without this a proxy that fails nothing would pass for a platform that survives everything."""
    with Flaky(aws, share=0.5, seed=1).running() as flaky:
        s3 = boto3.client(
            "s3", endpoint_url=flaky.url, config=boto3.session.Config(retries={"total_max_attempts": 1})
        )
        boto3.client("s3", endpoint_url=aws).create_bucket(
            Bucket="flaky", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        failed = 0
        for number in range(60):
            try:
                s3.put_object(Bucket="flaky", Key=f"{number:02}", Body=b"x" * 1_000)
                assert s3.get_object(Bucket="flaky", Key=f"{number:02}")["Body"].read() == b"x" * 1_000
            except (BotoCoreError, ClientError):
                failed += 1
    assert 30 < failed < 60
    assert set(flaky.faults) == set(WAYS)
    assert sum(flaky.faults.values()) >= failed
    stored = boto3.client("s3", endpoint_url=aws).list_objects_v2(Bucket="flaky")["KeyCount"]
    assert 60 - failed < stored < 60  # some of the failed ones were carried out
