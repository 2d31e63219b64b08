"""An experiment of one's own: file, contract, source and blueprint, through the jobs to its result."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from assay.lake.tables import Lake
from faults.landed import Place

from .conftest import Declared

pytestmark = pytest.mark.long

OWN = Path(__file__).parents[3] / "examples" / "own"


@pytest.fixture
def place(declared: Declared) -> Place:
    return declared(OWN, "cash")


@pytest.fixture
def thornton(tmp_path: Path) -> bytes:
    """The real data."""
    import runpy

    runpy.run_path(str(OWN.parent / "thornton" / "get.py"))["main"](tmp_path / "thornton.csv")
    return (tmp_path / "thornton.csv").read_bytes()


def test_a_file_becomes_a_result(place: Place, thornton: bytes) -> None:
    """Thornton (2008): of those whose visit is known 33.9 % came without an incentive, 78.9 % with one."""
    place.put_key("dropped/visits/thornton.csv", thornton)
    place.run("sources", "bronze", "silver", "gold")
    lake = Lake(place.spark, "reader")
    rows = list(csv.DictReader(thornton.decode().splitlines()))
    known = [each for each in rows if each["any"] and each["got"]]
    assert lake.read("silver.visits").count() == len(known) == 2834
    aside = lake.read("silver.quarantine")
    assert aside.count() == len(rows) - len(known)
    (result,) = lake.read("gold.experiment_results").collect()
    assert (result["experiment"], result["metric"], result["treatment"]) == ("cash", "came", "cash")
    assert (result["n_control"], result["n_treatment"]) == (623, 2211)
    assert result["mean_control"] == pytest.approx(0.339, abs=5e-4)
    assert result["mean_treatment"] == pytest.approx(0.789, abs=5e-4)
    health = {each["check"]: each["status"] for each in lake.read("gold.experiment_health").collect()}
    assert health == {"srm": "ok", "multi_exposure": "ok", "quarantined": "warn", "reconciliation": "ok"}
