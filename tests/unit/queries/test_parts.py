# ruff: noqa: E501 - tables of cases
"""The parts of the translation by themselves: types, filters handed down, the catalog's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from pyiceberg import expressions as iceberg
from pyiceberg import types
from pyiceberg.catalog.glue import GlueCatalog

from assay.errors import InputError, TransientError
from assay.serving import queries
from assay.serving.queries import catalog, columns, pushdown, scales, statement, translation

if TYPE_CHECKING:
    from .conftest import FolderCatalog

TYPES = {
    ("silver", "trades"): {"trade_id": "BIGINT", "asset": "VARCHAR", "day": "DATE", "weight": "DOUBLE", "n": "DECIMAL(18, 2)"},
    ("gold", "assets"): {"asset": "VARCHAR", "unit": "VARCHAR"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (types.LongType(), "BIGINT"),
        (types.TimestamptzType(), "TIMESTAMP WITH TIME ZONE"),
        (types.MapType(1, types.StringType(), 2, types.DoubleType()), "MAP(VARCHAR, DOUBLE)"),
        (types.ListType(1, types.DecimalType(9, 3)), "ARRAY(DECIMAL(9, 3))"),
        (types.StructType(types.NestedField(1, "a b", types.DateType())), 'ROW("a b" DATE)'),
    ],
)
def test_athenas_names_of_icebergs_types(kind: types.IcebergType, wanted: str) -> None:
    assert columns.athena_type(kind) == wanted


def _translated(sql: str) -> translation.Translation:
    query = statement.parse(sql)
    return translation.translate(query, {name: TYPES[name] for name in translation.tables(query)})


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("asset = 'oil'", iceberg.EqualTo("asset", "oil")),
        ("day >= DATE '2026-01-05'", iceberg.GreaterThanOrEqual("day", "2026-01-05")),
        (
            "trade_id < 9 AND asset > 'a'",
            iceberg.And(iceberg.LessThan("trade_id", 9), iceberg.GreaterThan("asset", "a")),
        ),
        ("trade_id <= 9 AND weight > 2", iceberg.LessThanOrEqual("trade_id", 9)),
        ("asset = 'oil' OR trade_id = 1", None),
        ("weight = 2", None),
        ("trade_id = 2.5", None),
        ("asset = asset", None),
        ("lower(asset) = 'oil'", None),
        ("asset IN ('oil', 'tin')", None),
        ("day > CAST(asset AS DATE)", None),
    ],
)
def test_conditions_that_are_handed_down(where: str, wanted: iceberg.BooleanExpression | None) -> None:
    found = pushdown.filters(_translated(f"SELECT trade_id FROM silver.trades WHERE {where}").query)
    assert found.get(("silver", "trades")) == wanted


def test_a_table_read_twice_is_read_whole() -> None:
    sql = (
        "SELECT trade_id FROM silver.trades WHERE asset = 'oil' UNION ALL "
        "SELECT trade_id FROM silver.trades WHERE asset = 'tin'"
    )
    assert pushdown.filters(_translated(sql).query) == {}


def test_only_the_columns_needed_are_read() -> None:
    found = _translated(
        "SELECT count(*), max(t.day) FROM silver.trades t JOIN gold.assets a ON t.asset = a.asset"
    )
    assert found.columns == {("silver", "trades"): ("asset", "day"), ("gold", "assets"): ("asset",)}
    assert _translated("SELECT count(*) FROM silver.trades").columns == {("silver", "trades"): ("trade_id",)}


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("n / 3", 2),
        ("n * n / 1.0", 4),
        ("CASE WHEN n > 1 THEN n ELSE 1.125 END / 2", 3),
        ("(SELECT max(n) FROM silver.trades) / 2", None),
        ("CAST(n AS DECIMAL) / 2.0", 1),
        ("s.u / 2", 4),
    ],
)
def test_scales(expression: str, wanted: int | None) -> None:
    sql = (
        f"SELECT {expression} AS x FROM silver.trades t CROSS JOIN "
        "(SELECT n * n AS u FROM silver.trades UNION ALL SELECT n AS u FROM silver.trades) s"
    )
    query = statement.parse(sql.replace("n /", "t.n /").replace("n * n / ", "t.n * t.n / "))
    if wanted is None:
        with pytest.raises(InputError, match=r"the number of decimals of .* cannot be told"):
            translation.translate(query, {("silver", "trades"): TYPES["silver", "trades"]})
        return
    typed = translation.translate(query, {("silver", "trades"): TYPES["silver", "trades"]}).query
    assert wanted in scales.of(typed).values()


def test_the_catalogs_settings_follow_the_environment() -> None:
    assert catalog.properties({}) == {"s3.region": "eu-west-1"}
    found = catalog.properties(
        {
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:2",
            "AWS_REGION": "us-east-1",
        }
        | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    )
    assert found["s3.endpoint"] == "http://127.0.0.1:2"
    assert found["s3.region"] == "us-east-1"


@pytest.mark.long
def test_a_catalog_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # the discard port: nobody listens
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    assert isinstance(catalog.glue(), GlueCatalog)
    with pytest.raises(TransientError, match="the catalog does not answer"):
        queries.query("SELECT * FROM gold.runs")


def test_an_empty_database_says_how_it_is_filled(lake: FolderCatalog) -> None:
    class Empty(type(lake)):  # type: ignore[misc]
        def list_namespaces(self, namespace: object = ()) -> list[tuple[str, ...]]:
            del namespace
            return [("gold",)]

    with pytest.raises(InputError, match="gold has no tables yet; `assay run` fills it"):
        queries.query("SELECT * FROM gold.runs", source=Empty(lake.folder))


def test_a_role_that_may_not_list_is_told_of_the_table_alone(lake: FolderCatalog) -> None:
    class Closed(type(lake)):  # type: ignore[misc]
        def list_namespaces(self, namespace: object = ()) -> list[tuple[str, ...]]:
            del namespace
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetDatabases")

    with pytest.raises(catalog.NoTableError, match=r"no table 'gold.runs'; `assay run` fills the lake"):
        queries.query("SELECT * FROM gold.runs", source=Closed(lake.folder))
