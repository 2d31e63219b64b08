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
    loggers = (logging.getLogger(), logging.getLogger("assay"))
    before = [(each.level, each.propagate, list(each.handlers)) for each in loggers]
    yield
    for each, kept in zip(loggers, before, strict=True):
        each.level, each.propagate, each.handlers = kept
    logs.bind()


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


def test_every_line_names_what_was_bound_also_those_of_other_libraries(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("info")
    logs.bind(run_id="wr_1", job="assay-gold")
    logs.get("assay.lake").info("refined", extra={"table": "silver.trades"})
    logging.getLogger("py4j.java_gateway").warning("no answer from %s", "the JVM")
    logging.getLogger("py4j.java_gateway").info("Command to send: c o12 sql sSELECT ...")  # rows may be in it
    logs.bind(run_id="wr_2")
    logs.get("assay.lake").info("next")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(each["run_id"], each.get("job"), each["message"]) for each in lines] == [
        ("wr_1", "assay-gold", "refined"),
        ("wr_1", "assay-gold", "no answer from the JVM"),
        ("wr_2", None, "next"),
    ]


def test_for_a_while_lines_go_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "logs" / "jr_1.log"
    logs.configure()
    logs.bind(run_id="before")
    with logs.to(file):
        assert not file.exists()  # who has nothing to say leaves no file
        logs.bind(run_id="wr_1")
        logs.get("assay.x").error("in the file")
        logging.getLogger("py4j").error("in the file too")
    logs.get("assay.x").error("on standard error")
    inside = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["run_id"], line["message"]) for line in inside] == [
        ("wr_1", "in the file"),
        ("wr_1", "in the file too"),
    ]
    (outside,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (outside["run_id"], outside["message"]) == ("before", "on standard error")
