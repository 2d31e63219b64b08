"""Every format on the comparisons of a file and on those of gold, and the refusals."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.errors import InputError
from assay.serving.analysis import Analysis, analyze
from assay.serving.export import flat, latex, markdown
from assay.serving.export.formats import FORMATS, named

GOLD = Path(__file__).parents[1] / "dashboard" / "data" / "experiment_results.json"
ODD = r"100 %_of|<b>&$#{}~^\ [x](y)"


def gold(**chosen: object) -> pa.Table:
    """Rows of a real run, from which some are chosen."""
    rows = json.loads(GOLD.read_text())["rows"]
    kept = [row for row in rows if all(row[name] == value for name, value in chosen.items())]
    return pa.Table.from_pylist(kept)


def analysis(**options: Any) -> Analysis:
    table = {
        "arm": ["a", "b", "c"] * 60,
        "spent": [float(i % 7 + i % 3) for i in range(180)],
        "visits": [1 + i % 4 for i in range(180)],
        "bought": [int(i % 5 == 0) for i in range(180)],
    }
    asked = {"metrics": ["spent", "bought", "spent/visits:ratio"], "diagnose": False} | options
    return analyze(table, arm="arm", control="a", **asked)


NEWEST = {"experiment": "button_colour", "final": True}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_a_files_and_golds_comparisons(name: str) -> None:
    for table in (analysis().to_arrow(), gold(**NEWEST)):
        content = named(name).content(table)
        assert content
        assert named(name).summary
        if named(name).text:
            assert content.decode().endswith("\n")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_what_has_no_rows(name: str) -> None:
    assert named(name).content(analysis().to_arrow().slice(0, 0)) is not None


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InputError, match="there is no format 'latx'; did you mean 'latex'"):
        named("latx")


def test_csv_json_parquet_and_arrow_hold_the_same_values() -> None:
    table = analysis().to_arrow()
    rows = table.to_pylist()
    read = list(csv.DictReader(io.StringIO(named("csv").content(table).decode())))
    assert [float(row["estimate"]) for row in read] == [row["estimate"] for row in rows]
    assert [row["estimate"] for row in json.loads(named("json").content(table))] == [
        row["estimate"] for row in rows
    ]
    assert pq.read_table(pa.BufferReader(named("parquet").content(table))).equals(table)
    assert pa.ipc.open_file(named("arrow").content(table)).read_all().equals(table)


def test_what_is_missing_or_endless() -> None:
    table = pa.table({"a": [None, float("inf")], "b": [True, None], "c": [[1], None]})
    assert flat.csv_text(table) == "a,b,c\n,true,[1]\ninf,,\n"
    assert json.loads(flat.json_content(table))[1] == {"a": None, "b": None, "c": None}


def test_every_kind_of_value_has_a_word_in_json() -> None:
    found = flat.plain({"d": date(2026, 1, 5), "n": Decimal("1.10"), "b": b"\x01", "t": (1, "x"), "o": 1j})
    assert found == {"d": "2026-01-05", "n": "1.10", "b": "01", "t": [1, "x"], "o": "1j"}
    assert flat.cell(datetime(2026, 1, 5, 10, 30)) == "2026-01-05 10:30:00"  # noqa: DTZ001 - as a table has it


def test_a_table_in_words_has_the_digits_of_the_command_line() -> None:
    text = named("markdown").content(analysis().to_arrow()).decode()
    lines = text.splitlines()
    assert lines[0].startswith(
        "| metric | contrast | units | control | treatment | difference | 95 % interval"
    )
    assert lines[1] == "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --- | --- |"
    assert "| spent | b vs a | 60 / 60 |" in lines[2]
    assert " points |" in lines[4]
    assert len({line.count(" | ") for line in lines}) == 1


def test_looks_are_a_column_where_there_are_several_and_so_is_what_was_measured() -> None:
    head = named("markdown").content(gold(experiment="button_colour")).decode().splitlines()[0]
    assert head.startswith("| as of | metric |")
    assert head.endswith("| decision | method | type I here |")
    assert "as of" not in named("markdown").content(gold(**NEWEST)).decode()


def test_several_levels_and_unknown_numbers() -> None:
    rows = [
        row | {"alpha": alpha} for row, alpha in zip(gold(**NEWEST).to_pylist(), (0.05, 0.1), strict=False)
    ]
    rows[0] |= dict.fromkeys(("estimate", "lower", "upper", "p_value", "relative_estimate", "type_i_error"))
    text = named("markdown").content(pa.Table.from_pylist(rows)).decode()
    assert "| interval |" in text
    assert "unknown to unknown (95 %)" in text
    assert " (90 %)" in text
    assert "| unknown |" in text


def test_a_table_without_a_column_that_words_need() -> None:
    with pytest.raises(InputError, match="the results have no column 'p_value'"):
        named("latex").content(analysis().to_arrow().drop_columns(["p_value"]))


def test_special_characters_are_escaped() -> None:
    assert latex.escape(ODD) == (
        r"100 \%\_of\textbar{}\textless{}b\textgreater{}\&\$\#\{\}\textasciitilde{}\textasciicircum{}"
        r"\textbackslash{} [x](y)"
    )
    assert latex.escape("-0.5 to -0.1 on 2026-01-05") == "$-$0.5 to $-$0.1 on 2026-01-05"
    assert markdown.escape("a|b\n<i>*") == r"a\|b \<i\>\*"


def test_latex_has_booktabs_rules_and_as_many_cells_as_columns() -> None:
    lines = named("latex").content(analysis().to_arrow()).decode().splitlines()
    assert lines[0] == r"\begin{tabular}{llrrrrrrrll}"
    assert [line for line in lines if line.endswith("rule")] == [r"\toprule", r"\midrule", r"\bottomrule"]
    assert all(line.count(" & ") == 10 for line in lines if line.endswith(r"\\"))


def test_growthbooks_shape_has_the_keys_of_its_engine() -> None:
    found = json.loads(
        named("growthbook").content(analysis(allocation=dict.fromkeys("abc", 1 / 3)).to_arrow())
    )
    assert [each["metric"] for each in found] == ["spent", "bought", "spent/visits"]
    dimension = found[0]["analyses"][0]["dimensions"][0]
    assert dimension["dimension"] == "All"
    assert dimension["srm"] == pytest.approx(1.0)
    baseline, *others = dimension["variations"]
    assert set(baseline) == {"cr", "value", "users", "denominator", "stats"}
    assert set(baseline["stats"]) == {"users", "count", "stddev", "mean"}
    assert len(others) == 2
    assert set(others[0]) == {*baseline, "expected", "uplift", "ci", "errorMessage", "pValue"}
    row = analysis().comparisons[0]
    assert (others[0]["expected"], others[0]["ci"]) == (
        row.relative_estimate,
        [row.relative_lower, row.relative_upper],
    )
    assert baseline["value"] == pytest.approx(row.mean_control * 60)
    assert found[2]["analyses"][0]["dimensions"][0]["variations"][0]["value"] is None


def test_growthbook_gets_an_analysis_per_method_and_a_dimension_per_segment() -> None:
    row = gold(**NEWEST).to_pylist()[0]
    rows = [row, row | {"segment": "gold"}, row | {"method": "welch"}, row | {"method": "of another tool"}]
    found = json.loads(named("growthbook").content(pa.Table.from_pylist(rows)))
    assert [[d["dimension"] for d in each["dimensions"]] for each in found[0]["analyses"]] == [
        ["All", "gold"],
        ["All"],
        ["All"],
    ]
    assert found[0]["analyses"][2]["dimensions"][0]["variations"][0]["value"] is None


def test_tea_tastings_words() -> None:
    found = json.loads(named("tea-tasting").content(analysis().to_arrow()))
    assert found[0]["variants"] == "('a', 'b')"
    single = json.loads(named("tea-tasting").content(gold(**NEWEST, contrast="treatment vs control")))
    assert list(single[0]) == [
        "metric", "control", "treatment", "effect_size", "effect_size_ci_lower", "effect_size_ci_upper",
        "rel_effect_size", "rel_effect_size_ci_lower", "rel_effect_size_ci_upper", "pvalue", "statistic",
    ]  # fmt: skip
    row = gold(**NEWEST).to_pylist()[0]
    two = json.loads(named("tea-tasting").content(pa.Table.from_pylist([row, row | {"method": "welch"}])))
    assert [each["metric"] for each in two] == [f"{row['metric']} ({m})" for m in (row["method"], "welch")]


@pytest.mark.parametrize(("name", "tool"), [("growthbook", "GrowthBook"), ("tea-tasting", "tea-tasting")])
def test_a_format_for_one_look_refuses_several(name: str, tool: str) -> None:
    with pytest.raises(InputError, match=f"values of as_of, and the format of {tool} has no place"):
        named(name).content(gold(experiment="button_colour"))
