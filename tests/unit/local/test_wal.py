from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import StackError
from assay.local.wal import Entry, Generations


def entry(body: str = "{}") -> Entry:
    return Entry("POST", "/", "", {"x-amz-target": "DynamoDB_20120810.PutItem"}, body)


def save(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "service.json").write_text(text)

    return write


@settings(deadline=None)  # files are written
@given(st.lists(st.binary(max_size=40), max_size=8))
def test_what_was_appended_is_read_back_whatever_the_bytes(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]
) -> None:
    root = tmp_path_factory.mktemp("wal")
    writer = Generations(root)
    for body in bodies:
        writer.append(entry(body.decode("utf-8", "surrogateescape")))
    assert [each.payload for each in Generations(root).entries()] == bodies
    writer.close()


def test_a_torn_last_line_is_cut_off_and_the_log_goes_on(tmp_path: Path) -> None:
    log = Generations(tmp_path)
    log.append(entry("1"))
    log.append(entry("2"))
    log.close()
    log.log.write_bytes(log.log.read_bytes()[:-7])
    restarted = Generations(tmp_path)
    assert [each.body for each in restarted.entries()] == ["1"]
    restarted.append(entry("3"))
    assert [each.body for each in restarted.entries()] == ["1", "3"]
    restarted.close()


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"method": "POST"}\n'])
def test_a_damaged_line_before_the_last_is_refused(tmp_path: Path, line: bytes) -> None:
    log = Generations(tmp_path)
    log.append(entry())
    log.close()
    log.log.write_bytes(log.log.read_bytes() + line)
    with pytest.raises(StackError, match=r"wal.jsonl, byte \d+: not a log entry"):
        list(log.entries())


def test_no_log_has_no_entries(tmp_path: Path) -> None:
    assert list(Generations(tmp_path).entries()) == []
    assert Generations(tmp_path).size == 0


def test_a_checkpoint_replaces_state_and_empties_the_log(tmp_path: Path) -> None:
    log = Generations(tmp_path)
    log.append(entry())
    log.checkpoint(save("new"))
    restarted = Generations(tmp_path)
    assert restarted.number == log.number == 1
    assert (restarted.state / "service.json").read_text() == "new"
    assert list(restarted.entries()) == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["1", "CURRENT"]


def test_a_failed_save_changes_nothing(tmp_path: Path) -> None:
    log = Generations(tmp_path)
    log.checkpoint(save("old"))
    log.append(entry("kept"))

    def fail(folder: Path) -> None:
        (folder / "half.json").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        log.checkpoint(fail)
    log.append(entry("also kept"))
    restarted = Generations(tmp_path)
    assert (restarted.state / "service.json").read_text() == "old"
    assert [each.body for each in restarted.entries()] == ["kept", "also kept"]
    log.close()


def test_a_kill_before_the_switch_leaves_the_old_generation(tmp_path: Path) -> None:
    log = Generations(tmp_path)
    log.append(entry("kept"))
    (tmp_path / "1" / "state").mkdir(parents=True)  # the checkpoint's folder, not yet named by CURRENT
    (tmp_path / "1" / "state" / "service.json").write_text("half")
    restarted = Generations(tmp_path)
    assert restarted.number == 0
    assert [each.body for each in restarted.entries()] == ["kept"]
    assert not (tmp_path / "1").exists()
    log.close()


def test_a_kill_after_the_switch_leaves_the_new_one(tmp_path: Path) -> None:
    log = Generations(tmp_path)
    log.append(entry("applied already"))
    log.close()
    old = tmp_path / "0"
    kept = {path.relative_to(old): path.read_bytes() for path in old.rglob("*") if path.is_file()}
    log.checkpoint(save("new"))
    for path, content in kept.items():  # the old folder was not yet deleted
        (old / path).parent.mkdir(parents=True, exist_ok=True)
        (old / path).write_bytes(content)
    restarted = Generations(tmp_path)
    assert list(restarted.entries()) == []
    assert not old.exists()
