"""Logs: quiet by default, one JSON object per line, fields kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.runtime import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger("assay")
    before = (root.level, root.propagate, list(root.handlers))
    yield
    root.level, root.propagate, root.handlers = before


def test_a_line_is_json_with_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logs.get("assay.sources").info("loaded", extra={"rows": 3, "path": Path("a")})
    (line,) = capsys.readouterr().err.splitlines()
    fields = json.loads(line)
    assert fields.pop("time").endswith("+00:00")
    assert fields == {
        "level": "INFO", "logger": "assay.sources", "message": "loaded", "rows": 3, "path": "a",
    }  # fmt: skip


def test_an_exception_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        logs.get("a_job").exception("failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["logger"] == "assay.a_job"
    assert json.loads(line)["exception"].endswith("ZeroDivisionError: integer division or modulo by zero")


def test_only_warnings_are_heard_by_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(logs.LEVEL_VARIABLE, raising=False)
    logs.configure()
    logs.get("assay.x").info("quiet")
    logs.get("assay.x").warning("heard")
    assert [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()] == ["heard"]


def test_configuring_twice_does_not_double_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(logs.LEVEL_VARIABLE, "debug")
    logs.configure()
    logs.configure()
    logs.get("assay.x").debug("once")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(InputError, match="ASSAY_LOG_LEVEL is 'LOUD'; allowed: 'CRITICAL'"):
        logs.configure("loud")
