"""Sources that fail, die, repeat themselves and change: the others go on, and silver has every row once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from pyspark.sql import SparkSession

from assay import configs
from assay.errors import AssayError
from assay.lake.tables import Lake
from assay.runtime import clients
from assay.sources.landing import Landing
from faults.landed import Place
from unit.sources.lab import CONTRACT, Answer, Site

pytestmark = pytest.mark.long

CLOSES, BRONZE = "silver.closes", "bronze.closes"
LIMITS = {"per_second": 1000, "wait": 0.01, "attempts": 2}
DAYS = [{"day": f"2026-01-{n:02}", "close": n + 0.25} for n in range(1, 21)]
Survived = Callable[..., None]


class Fed:
    """A lake that sources fill."""

    def __init__(self, place: Place, folder: Path, site: Site) -> None:
        self.place, self.folder, self.site = place, folder, site
        (folder / "contracts").mkdir()
        (folder / "sources").mkdir()
        (folder / "contracts" / CONTRACT.name).write_text(CONTRACT.read_text())

    def declare(self, name: str, **fields: object) -> None:
        given: dict[str, object] = {
            "name": name, "table": "closes", "kind": "rest", "url": self.site.url, "path": f"/{name}",
            "limits": LIMITS, "add": {"asset": name.upper()}, "since": {"column": "day", "query": "from"},
        }  # fmt: skip
        (self.folder / "sources" / f"{name}.yaml").write_text(yaml.safe_dump({**given, **fields}))

    def run(self, *jobs: str) -> None:
        self.place.run(*(jobs or ("sources", "bronze", "silver")))

    @property
    def lake(self) -> Lake:
        return Lake(self.place.spark, "reader")

    def closes(self) -> list[tuple[str, str, str]]:
        found = self.lake.read(CLOSES).selectExpr("asset", "string(day)", "string(close)").collect()
        return sorted(tuple(row) for row in found)

    def files(self, source: str) -> list[str]:
        """Everything that a source has written for the table, read or not."""
        return [file.name for file in Landing(clients.s3(), self.place.bucket).written(source, "closes")]

    def warnings(self) -> dict[str, list[str]]:
        """Step → what the journal has of it."""
        items = boto3.client("dynamodb").scan(TableName=self.place.journal)["Items"]
        return {item["step"]["S"]: item["warnings"]["S"].split("\n") for item in items if "warnings" in item}


def want(asset: str, *days: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(asset, each["day"], f"{each['close']:.4f}") for each in days]


@pytest.fixture
def fed(
    spark: SparkSession,
    glue_catalog: str,
    aws: str,
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Fed:
    assert glue_catalog
    monkeypatch.setenv(configs.OWN, str(tmp_path))
    place = Place(spark)
    place.make(aws)
    place.load("20260112-031500001", 1, {})
    return Fed(place, tmp_path, site)


def test_one_source_fails_and_the_others_go_on(fed: Fed, survived: Survived) -> None:
    fed.declare("dax")
    fed.declare("smi")
    fed.site.put("/dax", Answer(DAYS[:5]))
    broken = {
        "answers 401": Answer(status=401), "answers 404": Answer(status=404),
        "answers 429": Answer(status=429), "answers 500": Answer(status=500),
        "HTML instead of JSON": Answer("<html>Log in"), "a connection that is cut": Answer(DAYS, cut=True),
    }  # fmt: skip
    told = []
    for answer in broken.values():
        fed.site.put("/smi", answer)
        fed.run("sources")
        (sentence,) = fed.warnings().pop("source smi")
        told.append(sentence)
    fed.run("bronze", "silver")
    assert fed.closes() == want("DAX", *DAYS[:5])
    assert all(each.startswith("source smi: ") for each in told)
    fed.site.put("/smi", Answer(DAYS))
    fed.run()
    assert fed.closes() == [*want("DAX", *DAYS[:5]), *want("SMI", *DAYS)]
    survived(
        "sources", f"a source {', '.join(broken)}, while another is well",
        tried=len(broken), lost=0,
        saw="a sentence with its name in the run's warnings; the other's rows arrive",
    )  # fmt: skip


def test_a_run_that_dies_between_its_files_and_its_mark(
    fed: Fed, survived: Survived, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files that it left are never read; the next run reads the same again."""
    fed.declare("dax")
    fed.site.put("/dax", Answer(DAYS[:5]))
    fed.run()
    fed.site.put("/dax", Answer(DAYS[4:]))
    with monkeypatch.context() as patch:
        client = "dlt.destinations.impl.filesystem.filesystem.FilesystemClient.complete_load"
        patch.setattr(client, lambda *_: (_ for _ in ()).throw(ConnectionError("gone")))
        fed.run()
    assert len(fed.files("dax")) == 2
    assert fed.closes() == want("DAX", *DAYS[:5])
    fed.run()
    assert fed.closes() == want("DAX", *DAYS)
    assert fed.lake.read(BRONZE).count() == 5 + 16
    survived(
        "sources", "a source's run that dies between its files and their mark", tried=1, lost=0,
        saw="nothing of it is read; the next run lands it all",
    )  # fmt: skip


def test_what_comes_again_changed_and_broken(fed: Fed, survived: Survived) -> None:
    fed.declare("dax")
    fed.site.put("/dax", Answer(DAYS[:3]))
    fed.run()
    corrected = [{**DAYS[2], "close": 99}, {"day": "2026-01-04", "close": "n/a", "note": 7}]
    fed.site.put("/dax", Answer([*DAYS[:2], *corrected]))
    fed.run()
    assert fed.closes() == want("DAX", *DAYS[:2], corrected[0])
    (aside,) = fed.lake.read("silver.quarantine").collect()
    assert (aside["contract"], aside["reasons"]) == (CLOSES, ["close is decimal(18,4)", "close is not null"])
    assert json.loads(json.loads(aside["row"])["_extra"]) == {"close": "n/a", "note": "7"}
    survived(
        "sources", "rows that come again, one corrected, one of another type with an unknown field", tried=4,
        lost=0, saw="the newest counts; what does not fit is in quarantine with its reason, as it came",
    )  # fmt: skip


def test_a_source_that_must_not_fail_fails_the_run(fed: Fed) -> None:
    fed.declare("dax", required=True)
    fed.declare("smi")
    fed.site.put("/smi", Answer(DAYS))
    with pytest.raises(AssayError, match=r"source dax: .* answers 404"):
        fed.run("sources")
    fed.run("bronze", "silver")
    assert fed.closes() == want("SMI", *DAYS)
