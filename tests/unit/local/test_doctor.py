"""What a machine lacks, looked for on machines that lack it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from assay.errors import StackError
from assay.local import doctor, jars, stack, state
from assay.local.doctor import Finding
from assay.local.stack import ProcessStatus


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has nothing: no state, no cache, no credentials."""
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def found(what: str, environment: dict[str, str] | None = None) -> Finding:
    (finding,) = (each for each in doctor.examine(environment) if each.what == what)
    return finding


def test_nothing_that_is_needed_is_missing_here() -> None:
    findings = doctor.examine({"HOME": "/nobody"})
    # The tests also run on the next Glue's Python, which is not the one that is asked for.
    lacking = set() if sys.version_info[:2] == doctor.PYTHON else {"Python"}
    assert {each.what for each in findings if each.status == "missing"} == lacking
    assert all(each.remedy for each in findings if each.status != "ok")
    assert len({each.what for each in findings}) == len(findings)
    needed = {"Python", "packages", "packages of [local]", "Java", "memory", "disk", "ports"}
    assert needed - lacking <= {each.what for each in findings if each.status == "ok"}


def test_another_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PYTHON", (3, 99))
    assert found("Python").status == "missing"
    assert "install Python 3.99" in found("Python").remedy


def test_a_package_is_missing_where_its_extra_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = ["numpy==2", 'nosuchpackage>=1; extra == "local"', 'notthere; extra == "examples"',
                'assay[cli]; extra == "local"']  # fmt: skip
    monkeypatch.setattr(doctor, "requires", lambda _: declared)
    assert found("packages") == Finding("packages", "ok", "all 1")
    assert found("packages of [local]") == Finding(
        "packages of [local]", "missing", "without nosuchpackage", 'pip install "assay[local]"'
    )
    assert found("packages of [examples]").status == "optional"


def test_a_library_on_a_path_is_no_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> list[str]:
        raise doctor.PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "requires", none)
    assert found("packages").status == "missing"


def test_another_java_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> Path:
        raise StackError("no Java 17: JAVA_HOME is /opt/java8; set it")

    assert "17" in found("Java").found
    monkeypatch.setattr("assay.local.java.java_home", refuse)
    assert found("Java") == Finding(
        "Java",
        "missing",
        "no Java 17: JAVA_HOME is /opt/java8",
        'set JAVA_HOME, or pip install "assay[local]"',
    )


def test_memory_is_what_a_container_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(doctor, "_CGROUPS", (limit, tmp_path / "none"))
    limit.write_text("max\n")
    assert found("memory").status == "ok"
    limit.write_text("1000000000\n")
    assert found("memory") == Finding(
        "memory", "missing", "1.0 GB", f"give this machine {doctor.MEMORY_GB} GB"
    )


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10, 9, 1))
    assert found("disk").status == "missing"
    assert "ASSAY_HOME" in found("disk").remedy


def test_a_port_that_is_taken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(doctor, "DASHBOARD_PORT", taken.getsockname()[1])
        assert found("port of the dashboard").status == "optional"

    def refuse(_: int) -> list[int]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(state, "free_ports", refuse)
    assert found("ports").status == "missing"


@pytest.mark.parametrize(
    ("running", "status"), [((True, True), "ok"), ((False, False), "optional"), ((True, False), "missing")]
)
def test_a_stack_that_lost_a_process_is_missing_it(
    running: tuple[bool, bool], status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = [ProcessStatus(f"p{i}", up, None, None, "") for i, up in enumerate(running)]
    monkeypatch.setattr(stack, "status", lambda: processes)
    assert found("local stack").status == status


def test_libraries_are_fetched_by_the_first_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("Java libraries").status == "optional"
    monkeypatch.setattr(jars, "are_cached", lambda: True)
    assert found("Java libraries").status == "ok"


def test_tools_that_few_need_are_optional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("assay.deploy.lint.TOOLS", "nowhere/bin")
    assert found("linters of the templates").found == "without cfn-lint, checkov"
    assert found("Docker").status == "optional"
    for name in ("cfn-lint", "checkov", "docker"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert found("linters of the templates").status == "ok"
    assert found("Docker") == Finding("Docker", "ok", str(tmp_path / "docker"))


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIA-IS-SECRET", "AWS_SECRET_ACCESS_KEY": "s3cr3t"}, "in the environment"),
        ({"AWS_PROFILE": "mine"}, "AWS_PROFILE is set"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x"}, "_FULL_URI is set"),
    ],
)
def test_credentials_are_seen_and_never_said(environment: dict[str, str], says: str) -> None:
    finding = found("AWS credentials", environment)
    assert finding.status == "ok"
    assert says in finding.found
    assert not any(value in repr(finding) for value in environment.values())


def test_credentials_in_a_file_are_seen_and_not_read(home: Path) -> None:
    assert found("AWS credentials", {"HOME": str(home)}).status == "optional"
    (home / ".aws").mkdir()
    file = home / ".aws" / "credentials"
    file.write_text("")
    file.chmod(0)
    assert found("AWS credentials", {"HOME": str(home)}).found == f"in {file}"


def test_it_answers_where_packages_are_missing() -> None:
    """Without what the extra `local` brings, the doctor is what is needed most."""
    code = (
        "import sys\n"
        "for name in ('cryptography', 'psutil', 'psycopg', 'pyarrow', 'boto3', 'pydantic', 'yaml'):\n"
        "    sys.modules[name] = None\n"
        "from assay.local import doctor\n"
        "found = {each.what: each for each in doctor.examine()}\n"
        "print(found['Java'].status, found['Java'].found, '|', found['Python'].status)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "missing cannot be looked for: there is no module cryptography" in done.stdout
