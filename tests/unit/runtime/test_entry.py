"""How a job ends: its result, one sentence and a code, or a traceback."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from assay.errors import InputError, TransientError
from assay.runtime import arguments, entry, logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    loggers = (logging.getLogger(), logging.getLogger("assay"))
    before = [(each.level, each.propagate, list(each.handlers)) for each in loggers]
    yield
    for each, kept in zip(loggers, before, strict=True):
        each.level, each.propagate, each.handlers = kept
    logs.bind()


def test_a_job_gets_its_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr("sys.argv", ["job.py", "--a", "1"])
    entry.run(seen.append)
    entry.run(seen.append, ("--b", "2"))
    assert seen == [["--a", "1"], ["--b", "2"]]


@pytest.mark.parametrize(
    ("error", "code"), [(InputError("week is late"), 2), (TransientError("week is late"), 1)]
)
def test_an_error_of_ours_is_one_sentence_and_a_code(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def main(argv: list[str]) -> None:
        assert argv == []
        raise error

    with pytest.raises(SystemExit) as ended:
        entry.run(main, [])
    assert ended.value.code == code
    assert str(ended.value) == "week is late"  # what Glue shows as the run's error
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["message"]) == ("ERROR", "week is late")
    assert line["causes"] == f"{type(error).__name__}: week is late"


def test_a_defect_is_one_line_with_its_trace_and_without_what_it_quotes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Arguments(arguments.JobArguments):
        pass

    def main(argv: list[str]) -> None:
        arguments.parse(Arguments, argv)
        int("Mrs Smith")

    with pytest.raises(SystemExit) as ended:
        entry.run(main, ["--JOB_NAME", "assay-gold", "--WORKFLOW_RUN_ID", "wr_1"])
    sentence = "ValueError: invalid literal for int() with base …: …"
    assert (ended.value.code, str(ended.value)) == (1, sentence)
    line = json.loads(capsys.readouterr().err)
    assert "Mrs Smith" not in str(line).replace('int("Mrs Smith")', "")  # but for the line of code
    assert (line["run_id"], line["job"], line["message"]) == ("wr_1", "assay-gold", sentence)
    trace = [each for each in line["exception"].splitlines() if each.strip(" ~^")]  # later Pythons point
    assert trace[-2:] == ['    int("Mrs Smith")', sentence]


def test_a_bad_log_level_is_the_users_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSAY_LOG_LEVEL", "loud")
    with pytest.raises(SystemExit) as ended:
        entry.run(lambda _: None, [])
    assert ended.value.code == 2
    assert "ASSAY_LOG_LEVEL is 'LOUD'" in capsys.readouterr().err
