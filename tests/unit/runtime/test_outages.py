"""What fails around a job is told from a defect; the JVM's errors are in tests/spark/test_outages.py."""

from __future__ import annotations

import errno
import os
import socket

import pytest
from py4j.java_gateway import GatewayParameters, JavaGateway

from assay.errors import InputError, TransientError
from assay.runtime import entry
from assay.runtime.outages import explained


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT])
def test_a_full_disk(number: int) -> None:
    found = explained(OSError(number, os.strerror(number), "/tmp/x"))  # noqa: S108 no file is made
    assert isinstance(found, TransientError)
    assert found.message.startswith("a disk is full: ")
    assert os.strerror(number) in found.message
    assert "run the job again" in found.message


def test_a_full_disk_behind_another_error() -> None:
    error = RuntimeError("cannot spill")
    error.__cause__ = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    found = explained(error)
    assert found is not None
    assert "No space left on device" in found.message


def test_a_jvm_that_is_gone() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gateway = JavaGateway(gateway_parameters=GatewayParameters(port=free.getsockname()[1]))
    with pytest.raises(Exception) as raised:  # noqa: PT011 py4j's own, or the system's, by its version
        gateway.jvm.java.lang.System.nanoTime()
    found = explained(raised.value)
    assert found is not None
    assert found.message.startswith("Spark's JVM ended in mid-work")


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("x"), ConnectionRefusedError(111, "refused"), OSError(2, "none")]
)
def test_a_defect_is_none_of_these(error: Exception) -> None:
    assert explained(error) is None


def test_a_job_raises_the_sentence_and_keeps_the_cause() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def main(_: list[str]) -> None:
        raise full

    with pytest.raises(TransientError, match="a disk is full") as raised:
        entry.call(main, [])
    assert raised.value.__cause__ is full


def test_an_error_of_ours_stays_what_it_is() -> None:
    ours = InputError("No space left on device is no week")

    def main(_: list[str]) -> None:
        raise ours

    with pytest.raises(InputError) as raised:
        entry.call(main, [])
    assert raised.value is ours
