"""The command line that the Glue image's entry makes; that it runs a job: test_images.py."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.runtime import arguments

ENTRY = runpy.run_path(str(Path(__file__).parents[2] / "docker/glue/run.py"))
command: Callable[[Mapping[str, str], Sequence[str]], list[str]] = ENTRY["command"]
STACK = {"JOB": "silver", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}


def test_settings_stand_before_the_script_and_arguments_after() -> None:
    argv = command(STACK, ["--week", "2026-01-05"])
    place = next(i for i, token in enumerate(argv) if token.endswith("jobs/silver.py"))
    assert argv[0] == "spark-submit"
    assert set(argv[1:place:2]) == {"--conf"}
    assert "spark.sql.catalog.glue_catalog.glue.endpoint=http://127.0.0.1:4566" in argv[2:place:2]
    given = arguments.options(argv[place + 1 :])
    assert (given["JOB_NAME"], given["week"]) == ("assay-silver", "2026-01-05")
    assert given["parameters_url"] == "http://127.0.0.1:8000"
    assert Path(given["blueprint"]).is_file()


def test_the_callers_arguments_win() -> None:
    argv = command(STACK | {"ASSAY_PARAMETERS_URL": "http://127.0.0.1:9"}, ["--blueprint", "mine.yaml"])
    given = arguments.options(argv[-8:])
    assert (given["blueprint"], given["parameters_url"]) == ("mine.yaml", "http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({**STACK, "JOB": "sliver"}, "JOB is 'sliver'; did you mean 'silver'?"),
        (
            {**STACK, "JOB": ""},
            "JOB is ''; allowed: 'bronze', 'calibrate', 'gold', 'ingest', 'maintain', 'silver', 'sources'",
        ),
        ({"JOB": "gold"}, "AWS_ENDPOINT_URL is not set: this image runs jobs against the local stack only"),
    ],
)
def test_what_cannot_run_is_refused(environment: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as refusal:
        command(environment, [])
    assert refusal.value.message == said
