"""Documents that JSON's readers read differently have no text in bronze; all others enter as they came."""

from __future__ import annotations

import base64
import json

import pytest

from assay.sources.documents import judged, kept


@pytest.mark.parametrize(
    "text",
    ['{"document": "{}"}', '{"document": "no"}', "no", "", "[1]", '{"n": ' + "9" * 5_000 + "}", '{"é": 1}'],
)
def test_what_has_one_meaning_or_none_enters_as_it_came(text: str) -> None:
    assert judged(text.encode()) == (text, None)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"document": "\xff"}', "is no UTF-8 at byte 14"),
        (b'{"document": "{}", "document": "[]"}', "gives a key twice"),
        (json.dumps({"document": '{"a": {"b": 1, "b": 2}}'}).encode(), "gives a key twice"),
        (b'{"document": NaN}', "holds NaN, which is no JSON"),
        (json.dumps({"document": '{"a": -Infinity}'}).encode(), "holds -Infinity, which is no JSON"),
        (b'{"document": ' + b"[" * 100_000, "is nested too deep"),
    ],
)
def test_what_readers_would_read_differently_has_no_text(body: bytes, problem: str) -> None:
    assert judged(body) == (None, problem)
    code = json.loads(kept(body))["document"].removeprefix("base64:")
    assert base64.b64decode(code) == body
