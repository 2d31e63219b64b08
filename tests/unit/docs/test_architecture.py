"""The drawing of the architecture is that of the templates, contracts and sources that ship."""

from __future__ import annotations

import re
import runpy
from dataclasses import replace

import pytest

from assay import configs
from assay.lake.contracts import names
from assay.spec.source import KINDS

ARCHITECTURE = runpy.run_path(str(configs.path("docs/architecture.py")))
DRAWING = configs.path("docs/architecture.svg").read_text(encoding="utf-8")


def test_the_drawing_is_what_is_drawn_now() -> None:
    assert ARCHITECTURE["svg"]() == DRAWING, "`make docs` draws it anew"


def test_every_job_table_and_kind_of_source_is_there() -> None:
    shown = set(re.findall(r"<text[^>]*>([^<]*)</text>", DRAWING))
    found = ARCHITECTURE["workflow"]()
    jobs = {job.removeprefix("assay-") for job in found.all_jobs}
    assert {"ingest", "sources", "maintain"} < jobs
    tables = {name.partition(".")[2] for name in names(configs.path("glue_configs/contracts"))}
    assert {"market_quotes", "splits", "fx_rates"} < tables
    assert jobs | tables <= shown
    assert ", ".join(KINDS) in shown


def test_what_follows_what_is_what_triggers_say() -> None:
    assert ARCHITECTURE["edges"](ARCHITECTURE["workflow"]()) == [
        ("ingest", "bronze"),
        ("sources", "bronze"),
        ("bronze", "silver"),
        ("silver", "gold"),
        ("gold", "calibrate"),
    ]
    assert "bronze follows sources" in DRAWING


def test_a_job_without_a_place_is_an_error() -> None:
    found = ARCHITECTURE["workflow"]()
    more = replace(found, jobs={**found.jobs, "assay-polish": next(iter(found.jobs.values()))})
    with pytest.raises(KeyError, match="polish"):
        list(ARCHITECTURE["_jobs"](more))
