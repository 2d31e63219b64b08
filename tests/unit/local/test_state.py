from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from assay.errors import StackError
from assay.local import state
from assay.local.state import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / ".assay")
    made.create()
    return made


def test_the_folder_is_named_by_the_environment_or_lies_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "elsewhere"))
    assert state.home().root == tmp_path / "elsewhere"
    monkeypatch.delenv("ASSAY_HOME")
    monkeypatch.chdir(tmp_path)
    assert state.home().root == tmp_path / ".assay"


def test_everything_in_the_folder_is_its_owners_only(home: Home) -> None:
    home.update(password="x")
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(home.file.stat().st_mode) == 0o600
    with home.locked():
        assert stat.S_IMODE((home.root / "lock").stat().st_mode) == 0o600


def test_update_keeps_the_other_entries(home: Home) -> None:
    home.update(a=1, b={"c": 2})
    assert home.update(a=3) == {"a": 3, "b": {"c": 2}}
    assert home.read() == {"a": 3, "b": {"c": 2}}


def test_a_failed_write_leaves_the_old_content_and_no_scratch_file(home: Home) -> None:
    home.update(a=1)
    with pytest.raises(UnicodeEncodeError):
        state.write_text(home.file, "\ud800")
    assert home.read() == {"a": 1}
    assert not list(home.root.glob(".state.json.*"))


def test_ports_are_chosen_once_and_only_those_asked_for_are_chosen_anew(home: Home) -> None:
    first = home.choose_ports(("a", "b"))
    assert len(set(first.values())) == 2
    assert home.choose_ports(("a", "b")) == first
    changed = home.choose_ports(("a", "b"), anew=frozenset({"b"}))
    assert changed["a"] == first["a"]
    assert home.port("b") == changed["b"]


def test_a_port_never_chosen_has_a_remedy(home: Home) -> None:
    with pytest.raises(StackError, match=r"no port for 'api'.*assay up"):
        home.port("api")


def test_a_port_is_free_until_somebody_listens() -> None:
    (port,) = state.free_ports(1)
    assert state.is_free(port)
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        assert not state.is_free(port)


@pytest.mark.parametrize(("text", "said"), [("{", "not valid JSON"), ("[1]", "holds a list")])
def test_a_damaged_state_file_is_refused(home: Home, text: str, said: str) -> None:
    home.file.write_text(text)
    with pytest.raises(StackError, match=f"{said}.*assay reset"):
        home.read()


def test_no_state_file_is_an_empty_document(tmp_path: Path) -> None:
    assert Home(tmp_path / "none").read() == {}


def test_the_lock_excludes_another_process_until_it_is_released(home: Home) -> None:
    script = (
        "import sys; from pathlib import Path; from assay.local.state import Home\n"
        "with Home(Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(home.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    with (
        pytest.raises(StackError, match="another command has been changing the local stack"),
        home.locked(0.2),
    ):
        pytest.fail("two holders at once")
    other.kill()  # the kernel releases the lock of a killed process
    other.communicate()
    with home.locked(5):
        pass


def test_remove_deletes_everything_and_may_be_repeated(home: Home) -> None:
    home.remove()
    home.remove()
    assert not home.root.exists()


def test_json_on_disk_is_readable_by_people(home: Home) -> None:
    home.update(ports={"b": 2, "a": 1})
    assert home.file.read_text() == json.dumps({"ports": {"a": 1, "b": 2}}, indent=1) + "\n"
