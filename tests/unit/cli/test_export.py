"""`assay export`, `assay compare` and `assay analyze --format`: printed, written whole, or refused."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from assay.cli.main import app
from assay.local import stack
from assay.serving import queries
from assay.serving.analysis import Comparison, analyze
from assay.serving.summaries import peers

TRIAL = "arm,x,bought\n" + "".join(f"{'ab'[i % 2]},{i % 7 + i % 2},{int(i % 5 == 0)}\n" for i in range(400))
SUMS = "variation,users,main_sum,main_sum_squares\n0,200,610,2400\n1,200,700,3000\n"
ASKED = ["--arm", "arm", "--control", "a", "--metric", "x", "--metric", "bought", "--no-diagnose"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trial.csv").write_text(TRIAL)
    (tmp_path / "sums.csv").write_text(SUMS)
    return tmp_path


@pytest.fixture
def gold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two looks of one experiment, behind `assay export`."""
    table = {"arm": ["a"] * 9 + ["b"] * 9, "x": list(range(18))}
    rows = analyze(table, arm="arm", control="a", metrics=["x"], diagnose=False).to_arrow().to_pylist()
    looks = [date(2026, 1, 12), date(2026, 1, 19)]
    whole = pa.Table.from_pylist(
        [{"experiment": "shop", "as_of": day, **row} for day in looks for row in rows]
    )

    def query(sql: str) -> pa.Table:
        if "information_schema" in sql:
            return pa.table({"table_name": ["experiment_results"]})
        if "DISTINCT" in sql:
            return whole.select(["experiment", "as_of"])
        return (
            whole
            if "AND true" in sql
            else whole.slice(looks.index(date.fromisoformat(sql.split("DATE '")[1][:10])), 1)
        )

    monkeypatch.setattr(stack, "environment", dict)
    monkeypatch.setattr(queries, "query", query)


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.usefixtures("gold")
def test_the_newest_look_is_printed_and_all_are_written(home: Path) -> None:
    lines = assay("export", "shop").stdout.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("shop,2026-01-19,x,mean,welch,")
    assert (
        assay("export", "shop", "--as-of", "2026-01-12").stdout.splitlines()[1].startswith("shop,2026-01-12")
    )
    assert assay("export", "shop", "--json").stdout == assay("export", "shop", "-f", "json").stdout
    done = assay("export", "shop", "--all", "-f", "parquet", "-o", "shop.parquet")
    assert (done.exit_code, done.stdout) == (0, "written: shop.parquet\n")
    assert pq.read_table(home / "shop.parquet").num_rows == 2


@pytest.mark.usefixtures("gold")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["shop", "-f", "xlsx"], "there is no format 'xlsx'"),
        (["shop", "-f", "arrow"], "arrow is not text; name a file with --out"),
        (["shop", "--as-of", "2026-1-1"], "--as-of is '2026-1-1'; it must be a day such as 2026-03-02"),
        (["shop", "--as-of", "2026-03-02"], "has no look as of 2026-03-02"),
        (["shop", "--as-of", "2026-01-12", "--all"], "--all and --as-of exclude each other"),
        (["shop", "--json", "-f", "csv"], "--json and --format exclude each other; leave one out"),
        (["shops"], "no results of an experiment 'shops'; did you mean 'shop'?"),
        (["shop", "--all", "-f", "growthbook", "-o", "x.json"], "has no place for more than one"),
        (["shop", "-o", "no/where.csv"], "no/where.csv cannot be written: No such file or directory"),
    ],
)
def test_what_export_refuses_writes_nothing(arguments: list[str], says: str, home: Path) -> None:
    _refused(["export", *arguments], says, home)


def _refused(arguments: list[str], says: str, home: Path) -> None:
    before = sorted(path.name for path in home.iterdir())
    done = assay(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert sorted(path.name for path in home.iterdir()) == before


def test_export_needs_the_stack() -> None:
    assert "start it with `assay up`" in assay("export", "shop").stderr


def test_analyze_prints_and_writes_every_format(home: Path) -> None:
    assert assay("analyze", "trial.csv", *ASKED, "-f", "markdown").stdout.startswith("| metric | contrast |")
    assert (
        json.loads(assay("analyze", "trial.csv", *ASKED, "-f", "json").stdout)[1]["method"]
        == "proportions_score"
    )
    done = assay("analyze", "trial.csv", *ASKED, "-f", "latex", "--out", "t.tex", "--html", "t.html")
    assert done.stdout == "written: t.tex\n"
    assert r"\toprule" in (home / "t.tex").read_text()
    assert "<svg" in (home / "t.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-f", "csv", "--json"], "--json and --format exclude each other"),
        (["-o", "x.csv"], "--out x.csv needs --format: csv, json, parquet"),
        (["-f", "cvs"], "there is no format 'cvs'; did you mean 'csv'?"),
    ],
)
def test_what_analyze_refuses(arguments: list[str], says: str, home: Path) -> None:
    _refused(["analyze", "trial.csv", *ASKED, *arguments], says, home)


def test_compare_says_what_it_means_and_how_to_get_the_others() -> None:
    done = assay("compare", "sums.csv", "--control", "0", "--allocation", "0=0.5", "--allocation", "1=0.5")
    assert done.exit_code == 0
    assert "400 units in summary statistics; by variation" in done.stdout
    assert "main: 3.50 in arm 1 against 3.05 in arm 0" in done.stdout
    assert "as allocated" in done.stdout
    assert "not compared  gbstats is not installed: pip install gbstats" in done.stdout


def test_compare_shows_theirs_with_the_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"metric": "main", "treatment": 1, "reason": ""} | dict.fromkeys(
        ("lower", "upper", "p_value", "relative_estimate", "relative_lower", "relative_upper"), 0.04
    )
    told = {
        "gbstats": {"version": "9", "rows": [row | {"estimate": 0.5}]},
        "tea-tasting": {
            "version": "9",
            "rows": [{"metric": "main", "treatment": 1, "reason": "it is [tired]"}],
        },
    }
    monkeypatch.setattr(peers, "_run", lambda *_: told)
    done = assay("compare", "sums.csv", "--control", "0")
    assert "By other tools, from the same moments" in done.stdout
    assert "+0.50 (0.04 to 0.04)" in done.stdout
    assert "+5.0e-02" in done.stdout
    assert "it is [tired]" in done.stdout
    document = json.loads(assay("compare", "sums.csv", "--control", "0", "--json").stdout)
    assert document["theirs"][0]["estimate_minus"] == pytest.approx(0.05)
    assert document["theirs"][1]["p_value"] is None
    assert document["comparisons"][0]["estimate"] == pytest.approx(0.45)


def test_compare_exports_ours(home: Path) -> None:
    done = assay("compare", "sums.csv", "--control", "0", "-f", "csv", "-o", "ours.csv")
    assert done.stdout == "written: ours.csv\n"
    assert (home / "ours.csv").read_text().startswith(",".join(list(Comparison.__dataclass_fields__)[:4]))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.csv", "--control", "0"], "there is no file none.csv"),
        (["trial.csv", "--control", "0"], "summary statistics have those of one of GrowthBook: users"),
        (["sums.csv", "--control", "7"], "control '7' is not there"),
        (["sums.csv", "--control", "0", "--method", "cuped"], "method cuped needs a covariate"),
        (["sums.csv", "--control", "0", "--peers", "no/python"], "the Python no/python cannot be asked"),
        (["sums.csv", "--control", "0", "--allocation", "0"], "ARM=SHARE"),
        (["sums.csv", "--control", "0", "-f", "parquet"], "parquet is not text"),
    ],
)
def test_what_compare_refuses(arguments: list[str], says: str, home: Path) -> None:
    _refused(["compare", *arguments], says, home)


def test_variances_that_cannot_be_are_refused(home: Path) -> None:
    shutil.copy("sums.csv", "bad.csv")
    (home / "bad.csv").write_text(SUMS.replace("2400", "1000"))
    _refused(
        ["compare", "bad.csv", "--control", "0"],
        "row 1 (arm '0'): the sum of squares gives y a variance",
        home,
    )
