"""The library on frames: what counts as a table, results as frames and charts, plans and certificates."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import assay
from assay.certify.certificate import Certificate
from assay.errors import InputError
from assay.serving.analysis import Analysis, Comparison, tables

RNG = np.random.Generator(np.random.PCG64DXSM(5))
COLUMNS: dict[str, list[Any]] = {
    "arm": ["a", "b", "c"] * 100,
    "spent": RNG.gamma(1.0, 10.0, 300).tolist(),
    "visits": (RNG.poisson(3.0, 300) + 1).tolist(),
    "bought": (RNG.random(300) < 0.3).tolist(),
}
ARROW = pa.table(COLUMNS)
FRAME = ARROW.to_pandas()


class Streaming:
    """A frame of another library: it gives an Arrow stream, and nothing else."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return ARROW.__arrow_c_stream__(requested_schema)


class DataFrame:
    """Looks like Spark's: columns, a selection by name, `toPandas`."""

    columns = tuple(COLUMNS)
    asked: list[str]

    def select(self, *names: str) -> DataFrame:
        self.asked = [name.strip("`") for name in names]
        return self

    def toPandas(self) -> pd.DataFrame:  # noqa: N802 as Spark names it
        return FRAME[self.asked]


DataFrame.__module__ = "pyspark.sql.dataframe"


def analysis(table: Any = FRAME, **options: Any) -> Analysis:
    asked = {"metrics": ["spent", "bought", "spent/visits"], "diagnose": False} | options
    return assay.analyze(table, arm="arm", control="a", **asked)


@pytest.mark.parametrize(
    "table",
    [
        ARROW, COLUMNS, FRAME, FRAME.set_index("visits", drop=False), Streaming(), DataFrame(),
    ],
    ids=lambda table: f"{type(table).__module__}.{type(table).__name__}",
)  # fmt: skip
def test_every_frame_gives_the_same_answer(table: Any) -> None:
    assert analysis(table).comparisons == analysis(ARROW).comparisons


def test_a_stream_that_is_read_once() -> None:
    assert analysis(ARROW.to_reader()).comparisons == analysis(ARROW).comparisons
    control = {"arm": "arm", "control": "a", "lift": 0.3, "replicates": 100}
    assert assay.plan(ARROW.to_reader(), value="spent", **control) == assay.plan(
        FRAME, value="spent", **control
    )
    sums = pa.table(
        {"variation": ["a", "b"], "users": [9, 9], "main_sum": [3, 5], "main_sum_squares": [3, 5]}
    )
    assert assay.compare(sums.to_reader(), control="a").analysis == assay.compare(sums, control="a").analysis


def test_duckdb() -> None:
    with duckdb.connect() as connection:
        assert analysis(connection.from_arrow(ARROW)).comparisons == analysis(ARROW).comparisons


def test_polars_where_it_is_installed() -> None:
    polars = pytest.importorskip("polars")
    assert analysis(polars.DataFrame(COLUMNS)).comparisons == analysis(ARROW).comparisons


def test_only_the_columns_that_are_asked_for_are_read() -> None:
    spark = DataFrame()
    analysis(spark, metrics=["bought"])
    assert spark.asked == ["arm", "bought"]
    odd = FRAME.assign(mixed=pd.Series([1, "a", None] * 100, dtype=object))
    assert analysis(odd).comparisons == analysis(ARROW).comparisons


def test_a_column_may_be_named_by_a_number() -> None:
    table = FRAME.rename(columns={"spent": 7})
    found = analysis(table, metrics=["7"]).comparisons
    assert [row.p_value for row in found] == [row.p_value for row in analysis(metrics=["spent"]).comparisons]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (pd.concat([FRAME, FRAME["spent"]], axis="columns"), "the table has more than one column 'spent'"),
        (5, "a int is no table"),
        (SimpleNamespace(), "give a frame of pandas, Polars, Arrow or Spark, or columns by name"),
        ({"arm": ["a"], "spent": [1, 2]}, "a dict is no table"),
        (FRAME.assign(spent=pd.Series([1, "a", None] * 100, dtype=object)), "the frame cannot be read"),
        (FRAME.iloc[:0], "a table has no rows"),
    ],
)
def test_what_is_no_table(table: Any, says: str) -> None:
    with pytest.raises(InputError, match=r"^[^\n]*$") as caught:
        analysis(table)
    assert says in caught.value.message


# --- results --------------------------------------------------------------------------------------------


def test_comparisons_as_frames() -> None:
    found = analysis()
    table = found.to_arrow()
    assert table.column_names == list(Comparison.__dataclass_fields__)
    assert table.to_pylist()[0]["p_value"] == found.comparisons[0].p_value
    assert str(table.schema.field("n_control").type) == "int64"
    assert list(found.to_pandas()["metric"]) == ["spent"] * 2 + ["bought"] * 2 + ["spent/visits"] * 2


def test_what_was_measured_and_checked_stands_beside() -> None:
    found = analysis(metrics=["bought"], diagnose=True, allocation=dict.fromkeys("abc", 1 / 3))
    frame = found.to_pandas()
    assert list(frame["type_i_error"]) == [each.chosen.type_i_error for each in found.diagnoses]
    assert (frame["type_i_lower"] < frame["type_i_upper"]).all()
    assert set(frame["srm_p_value"]) == {1.0}


def test_a_chart_has_a_panel_per_metric_and_all_numbers() -> None:
    chart = analysis().chart().to_dict()
    assert len(chart["vconcat"]) == 3
    data = [row for rows in chart["datasets"].values() for row in rows if "contrast" in row]
    assert len(data) == 6
    assert {row["judged"] for row in data} <= {"higher", "lower", "no difference shown"}


def test_a_chart_of_what_has_no_interval() -> None:
    same = {"arm": ["a", "a", "b", "b"], "x": [1, 1, 1, 1]}
    chart = assay.analyze(same, arm="arm", control="a", metrics=["x:mean"], diagnose=False).chart().to_dict()
    row = next(row for rows in chart["datasets"].values() for row in rows if "contrast" in row)
    assert (row["lower"], row["judged"]) == (None, "cannot be judged")


def test_a_chart_needs_altair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(InputError, match="charts need Altair"):
        analysis().chart()


# --- plans and certificates -----------------------------------------------------------------------------


def test_a_plan_from_numbers_and_from_a_frame() -> None:
    assert assay.plan(mean=0.1, lift=0.2, replicates=100).n_control == 3841
    found = assay.plan(FRAME, value="spent", arm="arm", control="a", lift=0.3, replicates=100)
    control = FRAME[FRAME["arm"] == "a"]["spent"]
    assert found.mean == pytest.approx(control.mean())
    assert found.sd == pytest.approx(control.std(ddof=0))
    assert assay.plan(FRAME, value="spent", denominator="visits", n=400, replicates=100).metric == "ratio"


def test_a_unit_with_several_rows_is_added_up() -> None:
    frame = pd.DataFrame({"who": [i // 2 for i in range(300)], "spent": COLUMNS["spent"]})
    found = assay.plan(frame, value="spent", unit="who", lift=0.3, replicates=100)
    assert found.mean == pytest.approx(2 * np.mean(COLUMNS["spent"]))


def test_certificates_on_units() -> None:
    found = assay.certificates(
        FRAME, value="spent", methods=["welch", "lift_log"], lift=0.5, replicates=200, seed=3
    )
    assert [row.method for row in found.rows] == ["welch", "lift_log"]
    assert [row.as_of for row in found.rows] == [None, None]
    assert found.rows[0].replicates == 200
    assert 0 <= found.rows[0].type_i_error < 0.2
    assert (found.rows[0].power or 0) > found.rows[0].type_i_error
    again = assay.certificates(
        FRAME, value="spent", methods=["welch", "lift_log"], lift=0.5, replicates=200, seed=3
    )
    assert again == found
    assert assay.certificates(FRAME, value="bought", replicates=100).rows[0].method == "proportions_score"


def test_shipped_certificates_as_frames() -> None:
    every = assay.certificates()
    welch = assay.certificates(methods=["welch"])
    assert 0 < len(welch.rows) < len(every.rows)
    table = welch.to_arrow()
    assert table.column_names == list(Certificate.__dataclass_fields__)
    assert table.schema.field("as_of").type == pa.date32()
    assert set(welch.to_pandas()["method"]) == {"welch"}
    assert "<table" in welch._repr_html_()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: assay.plan(value="spent", lift=0.1), "value 'spent' names a column; give the table"),
        (lambda: assay.plan(FRAME, lift=0.1), "a table needs value"),
        (lambda: assay.plan(FRAME, value="spend", lift=0.1), "no value column 'spend'; did you mean 'spent'"),
        (lambda: assay.plan(FRAME, value="spent", arm="arm", lift=0.1), "belong together"),
        (lambda: assay.plan(FRAME.iloc[:0], value="spent", lift=0.1), "the table has no row with value"),
        (lambda: assay.certificates(FRAME), "a table needs value"),
        (lambda: assay.certificates(FRAME, value="spent", methods=["welsh"]), "no method 'welsh'"),
        (
            lambda: assay.certificates(FRAME, value="spent", methods=["ratio_delta"]),
            "does not compare the moments",
        ),
        (
            lambda: assay.certificates(FRAME, value="spent", methods=["bootstrap_t"]),
            "does not compare the moments",
        ),
    ],
)
def test_what_is_refused(call: Any, says: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert says in caught.value.message


def test_the_package_is_light_and_has_what_it_promises() -> None:
    code = (
        "import sys, assay; "
        "print([m for m in ('numpy', 'pandas', 'pyarrow', 'scipy', 'altair') if m in sys.modules]); "
        "from assay import analyze, certificates, compare, plan; print(analyze.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "analyze"]
    assert set(assay.__all__) == {"__version__", *assay._HOMES}
    with pytest.raises(AttributeError, match="has no attribute 'analyse'"):
        _ = assay.analyse  # type: ignore[attr-defined]


def test_names_of_a_table() -> None:
    assert tables.names(DataFrame()) == tables.names(ARROW) == tables.names(FRAME) == list(COLUMNS)
