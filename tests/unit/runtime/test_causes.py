"""What went wrong, and nothing of a row: real errors of the libraries that quote values."""

from __future__ import annotations

import decimal
import json
import subprocess
import sys

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from assay.errors import InputError, TransientError
from assay.runtime import causes

MARK = "Ada O'Brien"
NUMBER = 918273645


class Row(BaseModel):
    n: int


def caught(action: object) -> Exception:
    try:
        action()  # type: ignore[operator]
    except Exception as error:  # noqa: BLE001 whatever it is
        return error
    pytest.fail("nothing was raised")


@pytest.mark.parametrize(
    "action",
    [
        lambda: int(MARK),
        lambda: {}[MARK],
        lambda: json.loads(f'{{"name": {MARK}'),
        lambda: pa.array([NUMBER]).cast(pa.int8()),
        lambda: pa.array([MARK]).cast(pa.int64()),
        lambda: decimal.Decimal(MARK),
        lambda: Row.model_validate({"n": MARK}),
        lambda: MARK.encode("utf-8").decode("utf-16-be", errors="strict") and int(MARK),
    ],
)
def test_what_a_library_quotes_is_left_out(action: object) -> None:
    error = caught(action)
    for text in (causes.told(error), causes.trace(error).rsplit("\n", 1)[-1]):
        assert type(error).__name__ in text
        assert "Brien" not in text
        assert str(NUMBER) not in text
        assert "\n" not in text


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("duplicate key value\nDETAIL:  Key (email)=(ada@example.com) exists.", "duplicate key value"),
        ('invalid input syntax for type bigint: "ada', "invalid input syntax for type bigint: …"),
        ("[CAST_INVALID_INPUT] The value 'it's' of type \"STRING\" is", "[CAST_INVALID_INPUT] The value …"),
        (
            "[X] 12345678.90 cannot be represented as Decimal(18, 2).",
            "[X] … cannot be represented as Decimal(",
        ),
        ("cannot decode b'Ada'", "cannot decode b…"),
        ("row customer_id=17, tier=gold", "row customer_id…"),
        ("it can't be at s3a://lake/part-00001.parquet", "it can't be at s3a://lake/part-00001.parquet"),
        ("", ""),
    ],
)
def test_the_first_line_stays_without_what_may_be_a_value(message: str, said: str) -> None:
    assert causes.told(ValueError(message)).removeprefix("ValueError: ").startswith(said or "ValueError")


@given(st.text(min_size=1))
def test_between_quotation_marks_nothing_stays(value: str) -> None:
    for quote in "'\"":
        said = causes.told(ValueError(f"the value {quote}{value}{quote} of a row"))
        assert said.startswith("ValueError: the value …")
        assert said.removeprefix("ValueError: the value …") in {"", " of a row"}


def test_sentences_of_ours_and_names_of_places_stay() -> None:
    assert causes.told(InputError("week 2026-01-05 has 3 rows\nthat 'break' a rule")) == (
        "InputError: week 2026-01-05 has 3 rows that 'break' a rule"
    )
    assert causes.told(FileNotFoundError(2, "No such file", "/lake/x")) == (
        "FileNotFoundError: [Errno 2] No such file: '/lake/x'"
    )
    answer = ClientError({"Error": {"Code": "NoSuchBucket", "Message": "no bucket 'b1'"}}, "GetObject")
    assert "(NoSuchBucket)" in causes.told(answer)
    assert "'b1'" in causes.told(answer)


def test_a_chain_is_told_from_the_outside_in_each_link_once() -> None:
    try:
        try:
            {}["x"]
        except KeyError as first:
            raise TransientError("the store did not answer") from first
    except TransientError as second:
        chained = second
    assert causes.told(chained) == "TransientError: the store did not answer; caused by KeyError: …"
    assert causes.trace(chained).count("Traceback") == 2
    chained.__cause__.__cause__ = chained  # type: ignore[union-attr] # a circle ends
    assert causes.told(chained).count("KeyError") == 1
    hidden = caught(_hide)
    assert causes.told(hidden) == "InputError: said"


def _hide() -> None:
    try:
        int("x")
    except ValueError:
        raise InputError("said") from None


class Java:
    """What py4j shows of a Java exception."""

    def __init__(self, message: str | None, cause: Java | None = None) -> None:
        self.message, self.cause = message, cause

    def getClass(self) -> Java:  # noqa: N802 Java's name
        return self

    def getSimpleName(self) -> str:  # noqa: N802
        return "SparkException"

    def getMessage(self) -> str | None:  # noqa: N802
        return self.message

    def getCause(self) -> Java | None:  # noqa: N802
        return self.cause


def test_the_errors_of_the_jvm_are_causes_too() -> None:
    error = RuntimeError("An error occurred while calling o1.append")
    error.java_exception = Java("Job aborted", Java("The value 'Ada' is bad", Java(None)))  # type: ignore[attr-defined]
    assert causes.told(error) == (
        "RuntimeError; caused by SparkException: Job aborted; caused by SparkException: The value … is bad; "
        "caused by SparkException"
    )
    circle = Java("again")
    circle.cause = circle
    error.java_exception = circle  # type: ignore[attr-defined]
    assert causes.told(error) == "RuntimeError; caused by SparkException: again"


def test_a_jvm_that_is_gone_is_not_asked_for_long() -> None:
    class Gone:
        def getClass(self) -> None:  # noqa: N802
            raise ConnectionRefusedError

    error = RuntimeError("py4j")
    error.java_exception = Gone()  # type: ignore[attr-defined]
    assert causes.told(error) == "RuntimeError"


def test_pythons_own_trace_would_have_shown_it() -> None:
    """The reason for all this: it can fail."""
    shown = subprocess.run(
        [sys.executable, "-c", f"int({MARK!r})"], capture_output=True, text=True, check=False
    ).stderr
    assert "Brien" in shown
