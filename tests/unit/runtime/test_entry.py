"""How a job ends: its result, one sentence and a code, or a traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from assay.errors import InputError, TransientError
from assay.runtime import entry


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger("assay")
    before = (root.level, root.propagate, list(root.handlers))
    yield
    root.level, root.propagate, root.handlers = before


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
    assert capsys.readouterr().err == "week is late\n"


def test_a_defect_keeps_its_traceback() -> None:
    def main(_: list[str]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        entry.run(main, [])


def test_a_bad_log_level_is_the_users_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSAY_LOG_LEVEL", "loud")
    with pytest.raises(SystemExit) as ended:
        entry.run(lambda _: None, [])
    assert ended.value.code == 2
    assert "ASSAY_LOG_LEVEL is 'LOUD'" in capsys.readouterr().err
