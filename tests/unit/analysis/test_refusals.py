"""What cannot be analysed is refused in one sentence that names the place and the remedy."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.errors import InputError
from assay.serving.analysis import analyze, analyze_file
from assay.serving.analysis.files import Held

GOOD: dict[str, list[object]] = {"arm": ["a", "a", "b", "b"], "x": [1, 2, 3, 4], "d": [1, 1, 2, 2]}


def _refused(table: dict[str, list[object]] | None = None, **asked: object) -> str:
    options = {"arm": "arm", "control": "a", "metrics": ["x"], **asked}
    with pytest.raises(InputError) as caught:
        analyze(table or GOOD, **options)  # type: ignore[arg-type]
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"arm": "amr"}, "there is no arm column 'amr'; did you mean 'arm'?"),
        ({"control": "z"}, "control 'z' is not there; column 'arm' has 'a', 'b'"),
        ({"control": "7"}, "control '7' is not there"),
        ({"metrics": ["y"]}, "there is no metric column 'y'"),
        ({"metrics": []}, "no metric is asked for"),
        ({"metrics": ["x", "x:mean"]}, "metric 'x' is asked for more than once"),
        ({"metrics": ["x:median"]}, "metric 'x:median': the type is 'median'; did you mean 'mean'?"),
        ({"metrics": ["x:ratio"]}, "a ratio names two columns"),
        ({"metrics": ["/d:ratio"]}, "a ratio names two columns"),
        ({"metrics": ["x/e:ratio"]}, "there is no denominator column 'e'"),
        ({"metrics": ["y/d"]}, "there is no numerator column 'y'"),
        ({"metrics": ["arm"]}, "column 'arm' is both the arm and a metric"),
        (
            {"metrics": ["x:proportion"]},
            "is 2 in row 2 (the header not counted); a proportion holds only 0 and 1",
        ),
        ({"alpha": 1.2}, "alpha is 1.2; it must lie strictly between 0 and 1"),
        ({"alpha": float("nan")}, "alpha is nan"),
        ({"allocation": {"a": 1.0}}, "the allocation has no share for arm 'b'"),
        ({"allocation": {"a": 0.5, "c": 0.5}}, "allocation 'c' is not there; the arms are 'a', 'b'"),
        ({"allocation": {"a": 0.0, "b": 1.0}}, "the allocation of 'a' is 0.0"),
        ({"allocation": {"a": 0.5, "b": 0.4}}, "the allocations sum to 0.9; they must sum to 1"),
    ],
)
def test_what_is_asked(asked: dict[str, object], says: str) -> None:
    assert says in _refused(**asked)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"arm": ["a", "a"], "x": [1, 2]}, "has only one value, 'a'; a comparison needs two arms"),
        ({"arm": [None, ""], "x": [1, 2]}, "has no value in any row"),
        ({"arm": [f"a{i}" for i in range(101)], "x": [1] * 101}, "has 101 different values"),
        ({"arm": [date(2026, 1, 1)] * 2, "x": [1, 2]}, "holds date32[day]; arms are named by"),
        ({"arm": ["a", "a", "b"], "x": [1, 2, 3]}, "arm 'b' has 1 unit with a value of 'x'; at least 2"),
        ({"arm": ["a", "a", "b", "b"], "x": [1, 2, None, None]}, "arm 'b' has 0 units with a value"),
        ({"arm": ["a", "b"], "x": [None, None]}, "arm 'a' has 0 units with a value of 'x'"),
        ({"arm": ["a", "b", "a"], "x": ["1", "2", "3,5"]}, "has the text '3,5' in row 3"),
        ({"arm": ["a", "b"], "x": [1.0, float("inf")]}, "is infinite in row 2"),
        ({"arm": ["a", "b"], "x": [date(2026, 1, 1)] * 2}, "holds date32[day], not numbers"),
        ({"arm": [], "x": []}, "a table has no rows"),
    ],
)
def test_what_the_table_holds(table: dict[str, list[object]], says: str) -> None:
    assert says in _refused(table)


def test_denominators() -> None:
    assert "is -1 in row 2" in _refused({**GOOD, "d": [1, -1, 2, 2]}, metrics=["x/d"])
    assert "sum to 0 in arm 'b'" in _refused({**GOOD, "d": [1, 1, 0, 0]}, metrics=["x/d"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"arm,x\n", "has a header but no rows"),
        (b"arm,x,x\na,1,2\n", "more than one column 'x'"),
        (b'{"arm": 1}\n', "neither CSV nor Parquet"),
        (b"PK\x03\x04\x00\x00\n", "neither CSV nor Parquet"),
        (b"arm,\xe9\xff\n1,2\n", "neither Parquet nor CSV in UTF-8"),
        (b"arm,x\na,1\nb\n", "not a well-formed CSV file"),
        (b"arm,x\na,1\nb,\xe9\xff\n", "not a well-formed CSV file"),
        (b"PAR1 this is not it", "begins like Parquet but is damaged"),
        (b"arm,x\na,1\na,2\nb,three\nb,4\n", "has the text 'three' in row 3"),
        (b"arm,x\na,1\n", "has only one value"),
    ],
)
def test_files(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        analyze_file(path, arm="arm", control="a", metrics=["x"])
    assert says in caught.value.message
    assert "\n" not in caught.value.message


def test_paths(tmp_path: Path) -> None:
    for path, says in ((tmp_path / "none.csv", "there is no file"), (tmp_path, "is not a file")):
        with pytest.raises(InputError, match=says):
            analyze_file(path, arm="arm", control="a", metrics=["x"])


def test_parquet_whose_pages_are_damaged(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"arm": ["a", "b"] * 500, "x": list(range(1000))}), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[4:200] = b"\xff" * 196
    path.write_bytes(content)
    with pytest.raises(InputError, match="is damaged Parquet"):
        analyze_file(path, arm="arm", control="a", metrics=["x"])


@pytest.mark.long
def test_text_far_below_the_first_block_is_found(tmp_path: Path) -> None:
    rows = [f"{'ab'[i % 2]},{i}" for i in range(200_000)]
    rows[150_000] = "a,oops"
    path = tmp_path / "long.csv"
    path.write_text("arm,x\n" + "\n".join(rows) + "\n")
    with pytest.raises(InputError, match=r"the text 'oops' in row 150001"):
        analyze_file(path, arm="arm", control="a", metrics=["x"])


def test_a_header_that_does_not_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"käse{i}" for i in range(20_000)) + "\n")
    with pytest.raises(
        InputError, match=r"the first line of .*wide.csv has more than 65,536 bytes; a CSV file"
    ):
        analyze_file(path, arm="käse1", control="a", metrics=["käse2"])


def test_a_file_that_is_held_in_memory_is_a_file() -> None:
    content = b"arm,x\na,1\na,2\na,4\nb,3\nb,4\nb,9\n"
    found = analyze_file(Held("t.csv", content), arm="arm", control="a", metrics=["x"], diagnose=False)
    assert found.source == "t.csv"
    assert (found.comparisons[0].mean_control, found.comparisons[0].mean_treatment) == (
        pytest.approx(7 / 3),
        pytest.approx(16 / 3),
    )
    with pytest.raises(InputError, match=r"^none.csv is empty"):
        analyze_file(Held("none.csv", b""), arm="arm", control="a", metrics=["x"])
