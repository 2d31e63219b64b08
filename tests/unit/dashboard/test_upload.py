"""The page *Your data*: what `assay analyze` says, from a file that is never stored; and what is refused."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest
from tests.unit.dashboard.conftest import page

from assay.cli import dashboard
from assay.serving.analysis import analyze_file
from assay.serving.dashboard import upload

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]


def trial() -> bytes:
    rng = np.random.default_rng(5)
    lines = ["group,spent,visits,bought"]
    for i in range(400):
        spent = rng.gamma(2.0, 10.0) * (1.3 if i % 2 else 1.0)
        lines.append(f"{'b' if i % 2 else 'a'},{spent:.2f},{1 + i % 4},{int(rng.random() < 0.3)}")
    return ("\n".join(lines) + "\n").encode()


def given(name: str, content: bytes) -> AppTest:
    app = page("upload", None)
    app.file_uploader[0].upload(name, content)
    return app.run()


def analysed(app: AppTest, *metrics: str) -> AppTest:
    app.multiselect[0].set_value(list(metrics))
    app.button[0].click().run()
    return app


@pytest.fixture(autouse=True)
def _nothing_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Neither in the working directory nor among temporary files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield
    assert [each for each in tmp_path.rglob("*") if each.is_file() and each.suffix != ".log"] == []


def test_the_answer_is_that_of_the_command_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "trial.csv"
    path.write_bytes(trial())
    app = analysed(given("trial.csv", trial()), "spent", "bought")
    assert not app.exception
    assert not app.error
    told = analyze_file(path, arm="group", control="a", metrics=["spent", "bought"])
    assert told.diagnoses
    (shown,) = app.get("html")
    assert shown.proto.body == told._repr_html_()


def test_the_diagnosis_can_be_left_out_and_a_ratio_asked_for() -> None:
    app = given("trial.csv", trial())
    app.checkbox[0].uncheck()
    (divisor,) = [each for each in app.selectbox if each.label == "Divided by"]
    divisor.select("visits")
    shown = analysed(app, "spent").get("html")[0].proto.body
    assert "spent/visits" in shown
    assert "Error rates on these very data" not in shown


def test_parquet_is_read_as_well() -> None:
    stream = io.BytesIO()
    table = {"arm": ["x", "y"] * 50, "value": [float(i % 7) for i in range(100)]}
    pq.write_table(pa.table(table), stream)
    app = given("trial.parquet", stream.getvalue())
    app.checkbox[0].uncheck()
    assert "value" in analysed(app, "value").get("html")[0].proto.body


def test_before_a_file_is_chosen_the_page_says_what_to_do() -> None:
    app = page("upload", None)
    assert [each.value for each in app.info] == ["Choose a file to begin."]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "empty.csv is empty; a CSV or Parquet file with a header and rows is needed"),
        ("photo.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 99, "photo.png is"),
        ("blob.bin", bytes(range(128, 256)) * 2000, "blob.bin is neither Parquet nor CSV in UTF-8"),
        ("page.html", b"<html><body>x</body></html>\n", "page.html is neither CSV nor Parquet"),
        ("one.csv", b"arm\na\nb\n", "one.csv has 1 column; from 2 to 2,000 are taken here"),
        ("twice.csv", b"arm,x,x\na,1,2\n", "twice.csv has more than one column 'x'"),
        ("bare.csv", b"arm,x\n", "bare.csv has a header but no rows"),
        ("torn.parquet", b"PAR1 and nothing else", "torn.parquet begins like Parquet but is damaged"),
        ("ids.csv", b"id,x\n" + b"".join(b"%d,1\n" % i for i in range(500)), "column 'id' has 500 different"),
        ("void.csv", b"arm,x\n,1\n,2\n", "column 'arm' has 0 different values"),
        (
            "wide.csv",
            ",".join(f"c{i}" for i in range(1_000_000)).encode() + b"\n" + b"1," * 999_999 + b"1\n",
            "the first line of wide.csv has more than 65,536 bytes",
        ),
        ("many.csv", ",".join(f"c{i}" for i in range(2001)).encode() + b"\n", "many.csv has 2,001 columns"),
    ],
)  # fmt: skip
def test_what_is_no_experiment_is_refused_in_one_sentence(name: str, content: bytes, says: str) -> None:
    app = given(name, content)
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith(says)
    assert "\n" not in error.value


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "MOST_MEGABYTES", 1)
    app = given("big.csv", b"arm,x\n" + b"a,1\n" * 500_000)
    (error,) = app.error
    assert error.value.startswith("big.csv has 2 MB; at most 1 MB are taken here")


def test_a_metric_must_be_chosen_and_be_a_number() -> None:
    app = analysed(given("trial.csv", trial()))
    assert [each.value for each in app.error] == ["no metric is chosen; choose at least one column"]
    words = b"arm,x\na,1\na,2\nb,three\nb,4\n"
    app = analysed(given("words.csv", words), "x")
    (error,) = app.error
    assert "has the text 'three' in row 3" in error.value


def test_the_server_has_the_limit_of_the_page() -> None:
    flag = f"--server.maxUploadSize={upload.MOST_MEGABYTES}"
    assert flag in dashboard.command(8501)
    image = (ROOT / "docker" / "dashboard" / "Dockerfile").read_text()
    assert f"STREAMLIT_SERVER_MAX_UPLOAD_SIZE={upload.MOST_MEGABYTES}" in image
