"""Runs one job of Assay with the image's own spark-submit: JOB names it, the command line is the job's.

`docker compose run --rm -e JOB=silver glue --week 2026-01-05`; what the command line names wins over what the
stack of compose.yaml gives.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from assay import configs
from assay.errors import AssayError, InputError, did_you_mean
from assay.local import names, spark_conf

SCRATCH = Path("/tmp/assay-spark")  # noqa: S108 in a container of one job


def command(environment: Mapping[str, str], arguments: Sequence[str]) -> list[str]:
    """The command line of the job.

    Args:
        environment: `JOB`, one of the scripts under jobs/; `AWS_ENDPOINT_URL`, where the emulator is.
        arguments: The job's own arguments.

    Raises:
        InputError: One of the two is not set, or there is no such job.
    """
    job, endpoint = environment.get("JOB", ""), environment.get("AWS_ENDPOINT_URL")
    scripts = {script.stem: script for script in configs.path("jobs").glob("*.py")}
    if job not in scripts:
        raise InputError(f"JOB is {job!r}; {did_you_mean(job, scripts)}")
    if not endpoint:
        raise InputError("AWS_ENDPOINT_URL is not set: this image runs jobs against the local stack only")
    settings = spark_conf.settings(
        endpoint=endpoint, warehouse=names.WAREHOUSE, region=names.REGION, scratch=SCRATCH
    )
    defaults = {
        "JOB_NAME": f"assay-{job}",
        "blueprint": str(configs.path("glue_configs/blueprints/brokerage.yaml")),
        "parameters_url": environment.get("ASSAY_PARAMETERS_URL", "http://127.0.0.1:8000"),
    }
    given = [token for name, value in defaults.items() for token in (f"--{name}", value)]
    conf = [token for name, value in settings.items() for token in ("--conf", f"{name}={value}")]
    return ["spark-submit", *conf, str(scripts[job]), *given, *arguments]


def main() -> None:
    """Become the job."""
    try:
        argv = command(os.environ, sys.argv[1:])
    except AssayError as error:
        sys.stderr.write(f"{error.message}\n")
        raise SystemExit(error.exit_code) from error
    os.execvp(argv[0], argv)  # noqa: S606 no shell is wanted: signals reach the job itself


if __name__ == "__main__":
    main()
