"""compose.yaml: pinned, for this machine only, nobody's root, watched, and without a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "docker"
SERVICES: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
ONCE = {"setup", "glue"}
"""What ends by itself has no health."""


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_unprivileged_and_watched(name: str) -> None:
    service = SERVICES[name]
    tag = service["image"].rpartition(":")[2]
    assert any(digit in tag for digit in "0123456789")
    assert tag != "latest"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    if "build" in service:
        text = (FOLDER.parent / service["build"]["dockerfile"]).read_text()
        users = [line.split()[1] for line in text.splitlines() if line.startswith("USER ")]
        assert users[-1] in ("10001", "hadoop")
        assert name in ONCE or "healthcheck" in service or "HEALTHCHECK" in text
    else:
        assert service["user"] not in ("root", "0")
        assert service["healthcheck"]["test"]


def test_one_network_and_ports_of_this_machine_only() -> None:
    owner = SERVICES["emulator"]
    assert all(port.startswith("127.0.0.1:") for port in owner["ports"])
    for name, service in SERVICES.items():
        if name != "emulator":
            assert service["network_mode"] == "service:emulator"
            assert "ports" not in service


def test_the_only_literal_credentials_are_the_emulators() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if "SECRET" in name or "PASSWORD" in name:
                assert value == "test" or value.startswith("${ASSAY_DATABASE_PASSWORD:?")


def test_what_is_waited_for_exists_and_can_be_well() -> None:
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES
            if how["condition"] == "service_completed_successfully":
                assert SERVICES[other]["restart"] == "no"


def test_every_build_starts_from_the_same_pinned_python() -> None:
    lines = {
        line
        for file in FOLDER.glob("*/Dockerfile")
        for line in file.read_text().splitlines()
        if line.startswith("ARG PYTHON=")
    }
    assert len(lines) == 1
    assert "@sha256:" in lines.pop()
