"""Seven faults planted in the real local platform: each time the workflow run fails, and says why.

Two weeks with canaries go through every job once. Then, for each fault, silver is put back to where it was,
gold to where it was a week before, the fault is done to silver's tables, and the workflow runs gold and
calibration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from assay.local import job, stack
from assay.local.runs import WorkflowRun
from assay.local.workflow import Workflow
from assay.spark.session import session

pytestmark = pytest.mark.slow

BLUEPRINT = Path(__file__).parents[1] / "data" / "blueprints" / "canaries.yaml"
FIRST, SECOND = "2026-01-05", "2026-01-12"
SILVER = ("silver.trades", "silver.exposures")
GOLD = (
    "gold.unit_metrics", "gold.metric_moments", "gold.experiment_results", "gold.experiment_health",
    "gold.asset_daily", "gold.portfolio_daily",
)  # fmt: skip
IDLE = "def main(argv: list[str]) -> None:\n    pass\n"
TREATED = "CAST(customer_id AS STRING) IN (SELECT unit FROM silver.exposures WHERE arm = 'treatment')"
BRITISH = "(SELECT CAST(customer_id AS STRING) FROM silver.customers WHERE country = 'GB')"
FAULTS = {
    "2 % of treatment events dropped": (
        f"DELETE FROM silver.trades WHERE pmod(xxhash64(trade_id), 50) = 0 AND {TREATED}"
    ),
    "a partition loaded twice": (
        "INSERT INTO silver.trades SELECT * FROM silver.trades WHERE to_date(traded_at) = DATE '2026-01-15'"
    ),
    "late rows ignored": (
        "DELETE FROM silver.trades WHERE _run_id = '{second}' AND traded_at < TIMESTAMP '2026-01-12 00:00:00'"
    ),
    "arms swapped for one segment": (
        "UPDATE silver.exposures SET arm = CASE arm WHEN 'control' THEN 'treatment' ELSE 'control' END "
        f"WHERE unit IN {BRITISH}"
    ),
    "a join that multiplies rows": (
        "INSERT INTO silver.trades SELECT t.* FROM silver.trades t "
        "JOIN silver.customers c ON t.customer_id = c.customer_id AND c.country = 'GB'"
    ),
    "a time zone shifted by an hour": "UPDATE silver.trades SET traded_at = traded_at + INTERVAL 1 HOUR",
    "capping one arm only": f"UPDATE silver.trades SET notional = 800 WHERE notional > 800 AND {TREATED}",
}


@dataclass(frozen=True)
class Platform:
    """The stack after two sound weeks, and the way back there."""

    spark: SparkSession
    workflow: Workflow
    idle: Path
    second: str
    heads: dict[str, int]

    def run(self, week: str, *, all_jobs: bool) -> WorkflowRun:
        def script(location: str) -> Path:
            judged = location.endswith(("/gold.py", "/calibrate.py"))
            return job.shipped(location) if all_jobs or judged else self.idle

        return self.workflow.run({"week": week, "blueprint": str(BLUEPRINT)}, scripts=script)

    def plant(self, fault: str) -> None:
        self.spark.sql(fault.format(second=self.second))

    def restore(self) -> None:
        for table, head in self.heads.items():
            self.spark.sql(f"CALL glue_catalog.system.set_current_snapshot('{table}', {head})")

    def remember(self, *tables: str) -> None:
        for table in tables:
            asked = f"SELECT snapshot_id FROM glue_catalog.{table}.refs WHERE name = 'main'"
            self.heads[table] = self.spark.sql(asked).first()[0]  # type: ignore[index]


@pytest.fixture(scope="module")
def platform(stack_home: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    del stack_home  # it must exist first
    idle = tmp_path_factory.mktemp("idle") / "idle.py"
    idle.write_text(IDLE)
    up = stack.up()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in up.environment().items():
            patch.setenv(name, value)
        workflow = Workflow.load(exports=up.exports())
        first = workflow.run({"week": FIRST, "blueprint": str(BLUEPRINT)})
        assert first.succeeded, reason(first)
        spark = session("gate faults")
        spark.sql("USE glue_catalog")
        made = Platform(spark, workflow, idle, "", {})
        made.remember(*GOLD)
        second = made.run(SECOND, all_jobs=True)
        assert second.succeeded, reason(second)
        made.remember(*SILVER)
        yield Platform(spark, workflow, idle, second.run_id, made.heads)
        spark.stop()


def reason(ended: WorkflowRun) -> str:
    said = [f"{name}: {each.error}" for name, each in ended.latest.items() if each.state != "SUCCEEDED"]
    return "; ".join(said)


def test_a_sound_run_passes_also_when_it_is_repeated(platform: Platform) -> None:
    platform.restore()
    for _ in range(2):
        ended = platform.run(SECOND, all_jobs=False)
        assert ended.succeeded, reason(ended)


def test_marts_hold_no_canary(platform: Platform) -> None:
    platform.restore()
    assert platform.run(SECOND, all_jobs=False).succeeded
    counted = platform.spark.sql(
        "SELECT count_if(customer_id < 0) AS canaries, count_if(customer_id >= 0) AS trades "
        "FROM silver.trades"
    ).first()
    mart = platform.spark.sql("SELECT sum(trades) AS trades FROM gold.asset_daily").first()
    assert counted is not None
    assert mart is not None
    assert counted["canaries"] > 0
    assert mart["trades"] == counted["trades"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_the_run_and_is_named(
    platform: Platform, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    platform.restore()
    platform.plant(FAULTS[fault])
    ended = platform.run(SECOND, all_jobs=False)
    said = reason(ended)
    with capsys.disabled():
        print(f"\n{fault}\n    {said}")  # noqa: T201 the table that this test is for
    assert not ended.succeeded
    assert said.startswith("assay-calibrate: the planted experiments do not come out as planted: ")
    assert "ledger: canary_" in said


def test_whoever_runs_it_again_without_mending_anything_is_told_again(platform: Platform) -> None:
    platform.restore()
    platform.plant(FAULTS["capping one arm only"])
    said = {reason(platform.run(SECOND, all_jobs=False)) for _ in range(2)}
    assert len(said) == 1
    assert "ledger: canary_" in said.pop()
