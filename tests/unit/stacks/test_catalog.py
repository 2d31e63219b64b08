"""The catalog's template, and its questions: each runs here as in Athena, and answers what it asks."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assay import configs
from assay.lake.contracts import Contract
from assay.local.names import CATALOG_DATABASES
from assay.serving.queries import engine, statement, translation
from assay.stacks import template_yaml
from assay.stacks.template import Resource, Template

PATH = Path(configs.path("glue_configs/stacks/catalog.yaml"))
DOCUMENT = template_yaml.read(PATH)
FILES = sorted(Path(configs.path("glue_configs/athena")).glob("*.sql"))
KEY_ARN = "arn:aws:kms:eu-west-1:000000000000:key/k"
EXPORTS = {"assay-data-key": KEY_ARN, "assay-lake-bucket": "lake"}
Rows = list[dict[str, Any]]
_KINDS: dict[str, tuple[str, pa.DataType]] = {
    "string": ("VARCHAR", pa.string()),
    "bigint": ("BIGINT", pa.int64()),
    "int": ("INTEGER", pa.int32()),
    "double": ("DOUBLE", pa.float64()),
    "boolean": ("BOOLEAN", pa.bool_()),
    "date": ("DATE", pa.date32()),
    "array<string>": ("ARRAY(VARCHAR)", pa.list_(pa.string())),
    "timestamp": ("TIMESTAMP WITH TIME ZONE", pa.timestamp("us", "UTC")),
}


@cache
def found(kind: str, **parameters: str) -> tuple[Resource, ...]:
    return Template(PATH, parameters, exports=EXPORTS).resources(kind)


def typed(kind: str) -> tuple[str, pa.DataType]:
    """Athena's and Arrow's type of a contract's."""
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    if decimal:
        precision, scale = map(int, decimal.groups())
        return f"DECIMAL({precision}, {scale})", pa.decimal128(precision, scale)
    return _KINDS[kind]


def ask(question: str, rows: Rows | None = None) -> Rows:
    """The answer to a question, when the one table that it reads holds these rows."""
    parsed = statement.parse(Path(configs.path(f"glue_configs/athena/{question}.sql")).read_text())
    (name,) = translation.tables(parsed)
    kinds = {field.name: typed(field.type) for field in Contract.load(".".join(name)).fields}
    translated = translation.translate(parsed, {name: {n: athena for n, (athena, _) in kinds.items()}})
    assert rows is None or all(row.keys() <= kinds.keys() for row in rows)
    schema = pa.schema([(column, kinds[column][1]) for column in translated.columns[name]])
    full = [{column: row.get(column) for column in schema.names} for row in rows or []]
    answer: Rows = engine.run(translated.sql, {name: pa.Table.from_pylist(full, schema=schema)}).to_pylist()
    return answer


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_question_begins_with_what_it_asks_and_runs_over_an_empty_lake(file: Path) -> None:
    assert re.match(r"-- [A-Z].*[?.]\n", file.read_text())
    assert ask(file.stem) == []


def test_the_questions_of_the_template_are_those_of_the_files() -> None:
    queries = {query.properties["Name"]: query.properties for query in found("AWS::Athena::NamedQuery")}
    assert len(FILES) >= 6
    assert {name: q["QueryString"] for name, q in queries.items()} == {
        f"assay-{file.stem}": file.read_text() for file in FILES
    }
    for file in FILES:
        query = queries[f"assay-{file.stem}"]
        assert query["Description"] == file.read_text().split("\n", 1)[0].removeprefix("-- ")
        assert (query["Database"], query["WorkGroup"]) == ("gold", "assay-queries")


def result(**more: Any) -> dict[str, Any]:
    usual = {
        "experiment": "fees", "as_of": date(2026, 1, 12), "metric": "revenue", "segment": "all",
        "contrast": "b vs a", "method": "welch", "n_control": 10, "n_treatment": 12, "alpha": 0.05,
        "final": False, "decision": "running",
    }  # fmt: skip
    return usual | more


def test_decisions_are_of_the_latest_look_at_everyone() -> None:
    last = {"as_of": date(2026, 1, 19), "decision": "better"}
    answer = ask(
        "decisions", [result(), result(**last), result(**last, segment="gold"), result(experiment="x")]
    )
    assert [(row["experiment"], row["decision"]) for row in answer] == [("fees", "better"), ("x", "running")]


def test_health_names_what_is_not_ok_at_the_latest_look() -> None:
    def check(day: int, name: str, status: str) -> dict[str, Any]:
        return {"experiment": "fees", "as_of": date(2026, 1, day), "check": name, "status": status}

    rows = [check(12, "srm", "fail"), check(19, "srm", "ok"), check(19, "late", "warn")]
    assert [(row["check"], row["status"]) for row in ask("health", rows)] == [("late", "warn")]


def test_looks_follow_an_estimate() -> None:
    first = result(estimate=1.0, lower=-1.0, upper=3.0)
    second = result(as_of=date(2026, 1, 19), estimate=1.5, lower=1.0, upper=2.0)
    answer = ask("looks", [second, first])
    assert [(row["units"], row["moved"], row["narrowed_to"]) for row in answer] == [
        (22, None, None),
        (22, 0.5, 0.25),
    ]


def test_segments_are_those_whose_interval_leaves_out_the_whole() -> None:
    def part(segment: str, low: float, high: float) -> dict[str, Any]:
        middle = (low + high) / 2
        return result(
            segment=segment, final=True, relative_estimate=middle, relative_lower=low, relative_upper=high
        )

    rows = [part("all", 0.0, 0.2), part("gold", 0.05, 0.3), part("new", 0.2, 0.4), part("old", -0.4, -0.2)]
    assert [row["segment"] for row in ask("segments", rows)] == ["new", "old"]


def test_planted_truths_are_counted_by_method() -> None:
    def planted(*, covered: bool, error: str, estimate: float) -> dict[str, Any]:
        return result(final=True, truth=1.0, covered=covered, error_kind=error, estimate=estimate)

    rows = [
        *[planted(covered=True, error="none", estimate=1.5)] * 3,
        planted(covered=False, error="type II", estimate=3.5),
        result(final=True, estimate=9.0),  # nothing planted
        result(truth=1.0, covered=False, error_kind="type I"),  # not final
    ]
    (row,) = ask("planted", rows)
    assert (row["results"], row["coverage"], row["coverage_promised"]) == (4, 0.75, 0.95)
    assert (row["type_i"], row["type_ii"], row["type_s"], row["bias"]) == (0, 1, 0, 1.0)


def test_certificates_list_what_does_not_hold_any_more() -> None:
    def certificate(day: int, method: str, verdict: str, **more: Any) -> dict[str, Any]:
        measured = {"method": method, "metric": "revenue", "as_of": date(2026, 1, day), "verdict": verdict}
        return measured | {"type_i_error": 0.1} | more

    rows = [
        certificate(12, "welch", "liberal"),
        certificate(19, "welch", "holds"),
        certificate(19, "z", "liberal"),
        certificate(19, "simulated", "liberal", metric=None),
    ]
    assert [row["method"] for row in ask("certificates", rows)] == ["z"]


def run(job: str, **more: Any) -> dict[str, Any]:
    started = datetime(2026, 1, 12, 3, 15, tzinfo=UTC)
    return {"job": job, "week": date(2026, 1, 5), "state": "SUCCEEDED", "started_at": started} | more


def test_costs_add_up_by_week_and_job() -> None:
    silver = {"seconds": 90.0, "dpu_seconds": 360.0, "dollars": 0.044, "rows_in": 10}
    answer = ask("costs", [run("silver", **silver), run("silver", **silver, state="FAILED"), run("gold")])
    assert answer[0] == {
        "week": date(2026, 1, 5),
        "job": "silver",
        "runs": 2,
        "failed": 1,
        "minutes": 3.0,
        "dpu_hours": 0.2,
        "dollars": pytest.approx(0.088),
        "rows_in": 20,
        "rows_out": None,
        "rows_quarantined": None,
    }
    assert [row["job"] for row in answer] == ["silver", "gold"]


def test_failures_are_runs_that_did_not_end_well() -> None:
    rows = [run("silver"), run("gold", state="FAILED", error="no disk"), run("bronze", state="STARTED")]
    assert [(row["job"], row["error"]) for row in ask("failures", rows)] == [
        ("bronze", None),
        ("gold", "no disk"),
    ]


def test_markets_are_summed_by_week() -> None:
    def day(number: int, open_: str, close: str) -> dict[str, Any]:
        prices = {
            "open": Decimal(open_),
            "close": Decimal(close),
            "low": Decimal(open_),
            "high": Decimal(close),
        }
        return {
            "asset": "oil",
            "day": date(2026, 1, number),
            "trades": 2,
            "traded_value": Decimal("1.50"),
            **prices,
        }

    answer = ask(
        "markets", [day(6, "11", "12"), day(5, "10", "11"), day(12, "8", "9")]
    )  # two Mondays, a Tuesday
    assert [(row["week"], row["week_return"], row["trades"]) for row in answer] == [
        (date(2026, 1, 12), 0.125, 2),
        (date(2026, 1, 5), pytest.approx(0.2), 4),
    ]
    assert (answer[1]["low"], answer[1]["high"], answer[1]["traded_value"]) == (10, 12, 3)
    (split,) = ask(
        "markets", [day(6, "100", "100") | {"log_return": 0.0}, day(7, "10", "10") | {"log_return": 0.1}]
    )
    assert split["week_return"] == pytest.approx(math.expm1(0.1))


def test_the_workgroup_bounds_and_encrypts_every_question() -> None:
    (group,) = found("AWS::Athena::WorkGroup", ScanLimit="20000000")
    settings = group.properties["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == "20000000"
    assert settings["ResultConfiguration"] == {
        "OutputLocation": "s3://lake/temp/athena/",
        "ExpectedBucketOwner": "000000000000",
        "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": KEY_ARN},
    }


def test_the_scan_limit_is_not_below_what_athena_allows() -> None:
    limit = DOCUMENT["Parameters"]["ScanLimit"]
    assert (
        limit["MinValue"] == 10 * 2**20
    )  # user guide, "Configure per-query and per-workgroup data usage controls"
    assert limit["Default"] == 10 * 2**30


def test_databases_have_the_names_and_places_that_jobs_use() -> None:
    databases = {d.properties["DatabaseInput"]["Name"]: d for d in found("AWS::Glue::Database")}
    assert tuple(databases) == CATALOG_DATABASES
    for name, each in databases.items():
        assert each.properties["DatabaseInput"]["LocationUri"] == f"s3://lake/warehouse/{name}.db"
        assert DOCUMENT["Resources"][each.logical_id]["DeletionPolicy"] == "Retain"
