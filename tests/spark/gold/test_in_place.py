"""Facts in somebody else's tables, which nobody copies: an Iceberg table and a partitioned Parquet table.

They stand in the emulator's Glue catalog and S3, made by pyiceberg, pyarrow and boto3 as their owner would.
"""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.table import Table
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from assay.cli.main import app
from assay.errors import InputError
from assay.lake import refresh
from assay.lake.metric_check import problems
from assay.lake.reconciliation import reconcile
from assay.runtime import clients
from assay.runtime.data_catalog import DataCatalog
from assay.serving.queries import catalog as tables
from assay.serving.queries import query
from assay.serving.queries.metric import MetricQuery
from assay.spec import Blueprint
from faults.landed import Place

from .conftest import World, moment, week

pytestmark = pytest.mark.long

PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
(FACTS,) = re.findall(r"```yaml\n(facts:\n  orders: .*?)```", PAGE, re.DOTALL)
"""As the page shows them."""
DOCUMENT = f"""
name: shop
start: 2026-01-05
{FACTS}
metrics:
  spent: {{type: mean, numerator: orders.amount, method: cuped}}
  ordered: {{type: proportion, numerator: orders.count}}
  irish: {{type: mean, numerator: visits.seconds, where: {{country: IE}}}}
  per_visit: {{type: ratio, numerator: visits.seconds, denominator: visits.count}}
  later: {{type: mean, numerator: days.count, window: {{to_day: 5}}}}
experiments:
  button:
    first_week: 2
    weeks: 3
    enrol_weeks: 2
    metrics: [spent, ordered, irish, per_visit, later]
    arms: [{{name: control, allocation: 0.5}}, {{name: blue, allocation: 0.5}}]
"""
DAY = timedelta(days=1)
END = week(5)
TABLES = ("gold.unit_metrics", "gold.metric_moments", "gold.experiment_health")
EVENTS = pa.schema(
    [("Visitor", pa.string()), ("seen_at", pa.timestamp("us", "UTC")), ("seconds", pa.int32())]
)
Order = tuple[int, datetime, float]
Visit = tuple[str, datetime, int, str]
"""Visitor, time, seconds, country."""


@dataclass
class Company:
    """Her tables, and the same events as plain Python has them."""

    world: World
    bucket: str
    orders_table: Table
    orders: list[Order] = field(default_factory=list)
    visits: dict[str, list[Visit]] = field(default_factory=dict)
    exposed: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def order(self, rows: Sequence[Order]) -> None:
        self.orders += rows
        schema = pa.schema(
            [("customer", pa.int64()), ("orderedAt", pa.timestamp("us")), ("amount", pa.float64())]
        )
        plain = [(customer, at.replace(tzinfo=None), amount) for customer, at, amount in rows]
        self.orders_table.append(pa.table(list(zip(*plain, strict=True)), schema=schema))

    def visit(self, key: str, rows: Sequence[Visit]) -> None:
        """Write a file; all its rows are of one day and country."""
        self.visits[key] = list(rows)
        columns = list(zip(*(row[:3] for row in rows), strict=True))
        file = io.BytesIO()
        pq.write_table(pa.table(columns, schema=EVENTS), file)
        clients.s3().put_object(Bucket=self.bucket, Key=key, Body=file.getvalue())

    def partition(self, day: date, country: str, folder: str) -> None:
        clients.glue().create_partition(
            DatabaseName="clicks", TableName="events",
            PartitionInput={
                "Values": [f"{day}", country],
                "StorageDescriptor": _stored(f"s3://{self.bucket}/{folder}"),
            },
        )  # fmt: skip

    def fill(self, n: int, customers: int = 60) -> None:
        """A week of orders and visits, and of exposures."""
        rng = np.random.default_rng(n)

        def at(day: int | None = None) -> datetime:
            hours = float(rng.uniform(0, 168)) if day is None else 24 * day + float(rng.uniform(0, 24))
            return moment(week(n), round(hours, 3))

        self.order([(int(rng.integers(customers)), at(), round(rng.gamma(2, 30), 2)) for _ in range(120)])
        for day in (1, 4):
            for country in ("IE", "FR, Corse"):
                when = week(n) + day * DAY
                visits = [
                    (str(rng.integers(customers)), at(day), int(rng.integers(1, 500)), country)
                    for _ in range(30)
                ]
                hive = country == "IE"
                name = country if hive else "FR%2C%20Corse"
                folder = (
                    f"clicks/events/day={when}/country={name}" if hive or day == 1 else f"elsewhere/{when}"
                )
                self.visit(f"{folder}/part[{n}].parquet", visits)
                self.partition(when, country, folder)
        if n in (2, 3):
            for unit in range(n % 2, customers, 2):
                arm, when_seen = str(rng.choice(["control", "blue"])), at()
                self.exposed[unit] = (arm, when_seen)
                self.world.expose("button", unit, arm, when_seen)

    def run(self, n: int) -> int:
        self.told.clear()
        return refresh.experiments(
            self.world.lake, week(n), week(n + 1), catalog=DataCatalog(), warn=self.told.append
        )

    # -- by definition ---------------------------------------------------------------------------
    def values(self, metric: str, as_of: date) -> dict[str, list[tuple[float, float, float]]]:
        """Arm → y, d and x of its units, in order of the units' names."""
        found: dict[str, list[tuple[float, float, float]]] = {"control": [], "blue": []}
        for unit, (arm, at) in sorted(self.exposed.items(), key=lambda item: str(item[0])):
            if at < moment(as_of) and (metric != "later" or moment(as_of) - at >= 5 * DAY):
                found[arm].append(self.value(metric, unit, at, moment(as_of)))
        return found

    def value(self, metric: str, unit: int, at: datetime, as_of: datetime) -> tuple[float, float, float]:
        until = min(as_of, moment(END))
        orders = [(when, amount) for customer, when, amount in self.orders if customer == unit]
        visits = [(when, s, c) for file in self.visits.values() for v, when, s, c in file if v == str(unit)]
        after, before = (
            [a for w, a in orders if low <= w < high] for low, high in ((at, until), (at - 7 * DAY, at))
        )
        seen = [(s, c) for w, s, c in visits if at <= w < until]
        if metric == "spent":
            return sum(after), 1.0, sum(before)
        if metric == "ordered":
            return float(bool(after)), 1.0, float(bool(before))
        if metric == "irish":
            past = [s for w, s, c in visits if at - 7 * DAY <= w < at and c == "IE"]
            return float(sum(s for s, c in seen if c == "IE")), 1.0, float(sum(past))
        if metric == "per_visit":
            return float(sum(s for s, _ in seen)), float(len(seen)), 0.0
        days = [datetime.combine(w.date(), datetime.min.time(), UTC) for w, _, _ in visits]
        return float(sum(at <= d < min(until, at + 5 * DAY) for d in days)), 1.0, 0.0


def _stored(place: str) -> dict[str, Any]:
    return {
        "Location": place,
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
        },
        "Columns": [
            {"Name": "visitor", "Type": "varchar(20)"}, {"Name": "seen_at", "Type": "timestamp"},
            {"Name": "seconds", "Type": "int"}, {"Name": "tags", "Type": "array<string>"},
        ],
    }  # fmt: skip


def make(name: str, place: str, **more: Any) -> None:
    """A table that the catalog has, of Parquet files unless `more` says otherwise."""
    clients.glue().create_table(
        DatabaseName="clicks",
        TableInput={
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": _stored(place) | more.pop("stored", {}),
            **more,
        },
    )


@pytest.fixture(scope="module")
def place(emulator: str) -> Iterator[str]:
    """The environment of a job: everything that asks AWS asks the emulator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", emulator)
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield emulator


@pytest.fixture(scope="module")
def company(spark: SparkSession, place: str) -> Iterator[Company]:
    """Four weeks, taken to gold week by week; the catalog, which others use too, is empty afterwards."""
    landing = Place(spark)
    landing.make(place)
    name = f"glue_{uuid.uuid4().hex[:8]}"
    _glue(spark, name, place, f"s3://{landing.bucket}/warehouse")
    for database in ("sales", "clicks"):
        clients.glue().create_database(DatabaseInput={"Name": database})
    schema = pa.schema(
        [("customer", pa.int64()), ("orderedAt", pa.timestamp("us")), ("amount", pa.float64())]
    )
    theirs = tables.glue()
    orders = theirs.create_table(
        "sales.orders", schema=schema, location=f"s3://{landing.bucket}/sales/orders"
    )
    # Athena and Glue know the column by its name in lower case.
    make(
        "events",
        f"s3://{landing.bucket}/clicks/events/",
        PartitionKeys=[{"Name": "day", "Type": "date"}, {"Name": "country", "Type": "string"}],
        Parameters={"classification": "parquet"},
    )
    company = Company(World(spark, name), landing.bucket, orders)
    company.world.register(DOCUMENT.replace("ordered_at", "orderedat"))
    for n in (1, 2, 3, 4):
        company.fill(n)
        company.world.load(n)
        company.world.publish()
        company.run(n)
    yield company
    glue = clients.glue()
    for database in [each["Name"] for each in glue.get_databases()["DatabaseList"]]:
        for table in glue.get_tables(DatabaseName=database)["TableList"]:
            glue.delete_table(DatabaseName=database, Name=table["Name"])
        glue.delete_database(Name=database)


def _glue(spark: SparkSession, name: str, endpoint: str, warehouse: str) -> None:
    """A catalog of Spark's that is the emulator's Glue."""
    java: Any = spark._jvm  # type: ignore[attr-defined]
    for key in ("aws.accessKeyId", "aws.secretAccessKey"):
        java.java.lang.System.setProperty(key, "test")
    prefix = f"spark.sql.catalog.{name}"
    for key, value in {
        prefix: "org.apache.iceberg.spark.SparkCatalog",
        f"{prefix}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{prefix}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{prefix}.warehouse": warehouse,
        f"{prefix}.client.region": "eu-west-1",
        f"{prefix}.glue.endpoint": endpoint,
        f"{prefix}.s3.endpoint": endpoint,
        f"{prefix}.s3.path-style-access": "true",
        f"{prefix}.s3.access-key-id": "test",
        f"{prefix}.s3.secret-access-key": "test",
    }.items():
        spark.conf.set(key, value)


def check_numbers(company: Company, as_of: date) -> None:
    """Means of gold's moments at a look, against a loop over the events."""
    rows = company.world.lake.read("gold.metric_moments").where(f"as_of = '{as_of}'").collect()
    found = {(row["metric"], row["arm"]): row for row in rows}
    for metric in Blueprint.parse(DOCUMENT, "").metrics:
        for arm, values in company.values(metric, as_of).items():
            row = found[metric, arm]
            y, d, x = np.array(values).mean(axis=0)
            assert row["n"] == len(values), (metric, arm)
            assert [row["mean_y"], row["mean_d"]] == pytest.approx([y, d]), (metric, arm)
            assert metric not in {"spent", "ordered", "irish"} or row["mean_x"] == pytest.approx(x)


def check_anew(company: Company) -> None:
    """What stands is what is made from nothing, to the last bit."""
    stepwise = company.world.gold(*TABLES)
    company.world.forget()
    company.run(4)
    assert company.world.gold(*TABLES) == stepwise


@pytest.mark.parametrize("as_of", [week(3), week(4), week(5)])
def test_numbers_are_those_of_the_events_where_they_are(company: Company, as_of: date) -> None:
    check_numbers(company, as_of)


def test_there_are_results_and_the_account_of_gold_is_silent(company: Company) -> None:
    lake = company.world.lake
    rows = lake.read("gold.experiment_results").where(f"as_of = '{END}'").collect()
    assert {row["metric"]: row["method"] for row in rows} == {
        "spent": "cuped", "ordered": "proportions_score", "irish": "welch", "per_visit": "ratio_delta",
        "later": "welch",
    }  # fmt: skip
    reconcile(lake, week(4))
    assert lake.read("gold.reconciliation").where("target = 'gold.unit_metrics'").isEmpty()


def test_nothing_new_writes_nothing(company: Company) -> None:
    assert company.run(4) == 0
    assert company.told == []


@pytest.mark.parametrize("metric", ["spent", "irish", "later"])
def test_a_metric_is_explained_from_the_same_tables(company: Company, metric: str) -> None:
    """By DuckDB, through pyiceberg and pyarrow: another reader of both."""
    blueprint = Blueprint.parse(DOCUMENT.replace("ordered_at", "orderedat"), "")
    asked = MetricQuery(blueprint, metric, blueprint.round_of("button"), END)
    arms = {row["arm"]: row for row in query(asked.arms).to_pylist()}
    for arm, values in company.values(metric, END).items():
        assert arms[arm]["units"] == len(values)
        assert arms[arm]["mean"] == pytest.approx(np.mean([y for y, _, _ in values]))
    assert query(asked.events).num_rows > 0


def test_rows_that_were_appended_cost_their_weeks(company: Company) -> None:
    unit, _ = min(company.exposed.items(), key=lambda item: item[1][1])
    company.order([(unit, moment(week(4), 30), 77.5)])
    folder = f"clicks/events/day={week(4) + DAY}/country=IE"
    company.visit(f"{folder}/late.parquet", [(str(unit), moment(week(4), 30), 60, "IE")])
    before = written(company)
    assert company.run(4) > 0
    assert company.told == []
    after = written(company)
    assert {each: after[each] for each in after if each < week(4)} == {
        each: before[each] for each in before if each < week(4)
    }
    assert after[week(4)] != before[week(4)]
    check_numbers(company, END)
    check_anew(company)


def written(company: Company) -> dict[date, set[str]]:
    """Week → the runs that wrote its unit metrics."""
    rows = company.world.lake.read("gold.unit_metrics").select("period", "_run_id").distinct().collect()
    found: dict[date, set[str]] = {}
    for period, run in rows:
        found.setdefault(period, set()).add(run)
    return found


def rewritten(company: Company) -> str:
    key, rows = next((k, v) for k, v in company.visits.items() if f"{week(3) + DAY}" in k)
    company.visit(key, [(visitor, at, seconds + 1, country) for visitor, at, seconds, country in rows])
    return "clicks.events"


def removed(company: Company) -> str:
    key = next(k for k in company.visits if f"{week(2) + DAY}" in k)
    del company.visits[key]
    clients.s3().delete_object(Bucket=company.bucket, Key=key)
    return "clicks.events"


def expired(company: Company) -> str:
    company.order([(next(iter(company.exposed)), moment(week(3), 50), 12.25)])
    spark, name = company.world.spark, company.world.catalog
    spark.sql(
        f"CALL {name}.system.expire_snapshots(table => 'sales.orders', retain_last => 1, "
        "older_than => TIMESTAMP '2200-01-01 00:00:00')"
    )
    return "sales.orders"


def deleted_by_files(company: Company) -> str:
    spark, table = company.world.spark, f"{company.world.catalog}.sales.orders"
    spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('write.delete.mode' = 'merge-on-read')")
    gone = next(iter(company.exposed))
    spark.sql(f"DELETE FROM {table} WHERE customer = {gone}")
    company.orders = [row for row in company.orders if row[0] != gone]
    return "sales.orders"


@pytest.mark.parametrize("change", [rewritten, removed, expired, deleted_by_files])
def test_what_cannot_be_told_is_made_anew(company: Company, change: Callable[[Company], str]) -> None:
    name = change(company)
    assert company.run(4) > 0
    (sentence,) = company.told
    assert sentence.startswith(f"what changed in {name} since the last run is not known")
    check_numbers(company, week(4))
    check_numbers(company, END)
    check_anew(company)


WRONG = [
    ("sales.orders", "sales.order",
     "facts.orders.table: is 'sales.order'; neither the contracts nor the Data Catalog have a table of"),
    ("unit: customer,", "unit: custumer,",
     "facts.orders.unit: sales.orders has no column 'custumer'; did you mean"),
    ("unit: customer,", "unit: amount,",
     "facts.orders.unit: sales.orders.amount is a double; a unit must be a"),
    ("time: orderedat", "time: customer",
     "facts.orders.time: sales.orders.customer is a bigint; a time must be"),
    ("values: [seconds]", "values: [seconds, tags]",
     "facts.visits.values: clicks.events.tags is a array<string>; only"),
    ("country: IE", "country: 5",
     "metrics.irish.where.country: clicks.events.country is a string, which 5 is not"),
    ("{type: mean, numerator: days.count", "{type: mean, numerator: distinct(days.tags)",
     "metrics.later.numerator: clicks.events.tags is a array<string>, no single value"),
    ("clicks.events, unit: visitor, time: seen_at", "clicks.csv, unit: visitor, time: seen_at",
     "facts.visits.table: is 'clicks.csv', a table of kind CSV or text; Iceberg and Parquet"),
    ("clicks.events, unit: visitor, time: seen_at", "clicks.computed, unit: visitor, time: seen_at",
     "facts.visits.table: is 'clicks.computed', whose partitions only Athena computes"),
    ("clicks.events, unit: visitor, time: seen_at", "clicks.seen, unit: visitor, time: seen_at",
     "facts.visits.table: is 'clicks.seen', a table of kind view"),
    ("clicks.events, unit: visitor, time: seen_at", "clicks.old, unit: visitor, time: seen_at",
     "facts.visits.table: is 'clicks.old', which lies at 'hdfs://old/events'; only what lies in S3 is read"),
]  # fmt: skip


@pytest.fixture(scope="module")
def others(company: Company) -> None:
    """Tables that cannot be read in place."""
    text = "org.apache.hadoop.mapred.TextInputFormat"
    csv = {
        "InputFormat": text,
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
    }
    make("csv", f"s3://{company.bucket}/csv/", stored=csv)
    make("computed", f"s3://{company.bucket}/computed/", Parameters={"projection.enabled": "true"})
    make("seen", "", TableType="VIRTUAL_VIEW", stored={"InputFormat": "", "SerdeInfo": {}})
    make("old", "hdfs://old/events")


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize(("old", "new", "sentence"), WRONG)
def test_what_does_not_fit_is_told_before_anything_runs(
    old: str, new: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / ".assay"))  # no local stack runs there
    document = DOCUMENT.replace("ordered_at", "orderedat")
    assert document.count(old) == 1
    wrong = document.replace(old, new)
    (found,) = problems(Blueprint.parse(wrong, "shop.yaml"), DataCatalog())
    assert found.startswith(sentence)
    file = tmp_path / "shop.yaml"
    file.write_text(wrong)
    ended = CliRunner().invoke(app, ["metrics", "check", str(file), "--json"])
    assert ended.exit_code == 2
    assert json.loads(ended.output)["problems"] == [found]


def test_files_unlike_the_catalog_are_one_sentence(company: Company) -> None:
    """The last test: the file stays."""
    folder = f"clicks/events/day={week(4) + DAY}/country=IE"
    file = io.BytesIO()
    pq.write_table(pa.table({"visitor": ["1"], "seen_at": ["yesterday"], "seconds": [1]}), file)
    clients.s3().put_object(Bucket=company.bucket, Key=f"{folder}/odd.parquet", Body=file.getvalue())
    with pytest.raises(InputError, match=r"clicks\.events.*: a file has a column of another type than the"):
        company.run(4)
