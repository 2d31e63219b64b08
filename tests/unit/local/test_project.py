"""The project that `assay init` writes: its files fit each other, and its data have the planted truth."""

from __future__ import annotations

import csv
import io
import math
import re
import statistics
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assay.cli.main import app
from assay.errors import InputError
from assay.lake.contracts import Contract
from assay.lake.metric_check import problems
from assay.local import project
from assay.serving.analysis import analyze_file
from assay.spec import load_blueprint
from assay.spec.truth import truth


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "new-basket"
    project.make(folder)
    monkeypatch.setenv("ASSAY_CONFIGS", str(folder))
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(folder)
    return folder


def test_the_files_are_there_with_the_name_in_them(made: Path) -> None:
    found = sorted(str(path.relative_to(made)) for path in made.rglob("*") if path.is_file())
    assert found == [
        ".gitignore", "Makefile", "README.md", "contracts/silver.units.yaml", "data/units.csv",
        "experiment.yaml", "sources/units.yaml",
    ]  # fmt: skip
    texts = {name: (made / name).read_text() for name in found}
    assert not any(re.search("%[A-Z]+%", text) for text in texts.values())
    assert "assay" in texts["Makefile"]
    assert "report new_basket" in texts["Makefile"].replace("$(ASSAY) ", "")
    assert len(texts["README.md"].splitlines()) <= 20


def test_what_make_check_asks_is_fine(made: Path) -> None:
    for arguments in (["sources", "check", "units"], ["metrics", "check", "experiment.yaml"]):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
    blueprint = load_blueprint(made / "experiment.yaml")
    assert blueprint.name == "new_basket"
    assert blueprint.population is None
    assert problems(blueprint) == []
    (planned,) = blueprint.plan(blueprint.week_start(2))
    assert planned.id == "new_basket"


def test_the_rows_keep_the_contract_and_the_planted_truth(made: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((made / "data" / "units.csv").read_text())))
    columns = {field.name for field in Contract.load("silver.units").fields}
    assert rows[0].keys() <= columns
    assert len({row["unit"] for row in rows}) == len(rows) > 900
    assert all("2026-01-05" <= row["seen_on"] <= row["spent_on"] < "2026-01-12" for row in rows)
    spent = {
        arm: [float(row["spent"]) for row in rows if row["arm"] == arm] for arm in ("control", "treatment")
    }
    world = load_blueprint(Path(project.__file__).parent / "world.yaml")
    planned = world.round_of("example")
    known = truth(world, planned, "spent", planned.end)
    assert known["treatment"].relative == pytest.approx(0.3)
    for arm, values in spent.items():
        # False alarm: 1e-6; at 500 units it would show a mean that is off by half of itself.
        off = statistics.fmean(values) - known[arm].mean
        assert abs(off) < 4.9 * math.sqrt(known[arm].variance / len(values))


def test_an_analysis_of_the_file_holds_what_is_planted(made: Path) -> None:
    (found,) = analyze_file(
        made / "data" / "units.csv", arm="arm", control="control", metrics=["spent"], diagnose=False
    ).comparisons
    assert found.decision == "higher"
    assert found.relative_lower < 0.3 < found.relative_upper


def test_the_same_every_time() -> None:
    assert project.texts("a") == project.texts("a")


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(InputError, match="is there already, and not empty"):
        project.make(tmp_path)
    with pytest.raises(InputError, match="is there already, and not empty"):
        project.make(tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["New", "1st", "a b", "", "x" * 64, "a\n"])
def test_a_name_is_a_word(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--name is"):
        project.make(tmp_path / "folder", name)
    assert not (tmp_path / "folder").exists()


def test_a_name_that_means_something_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"experiment\.yaml"):
        project.make(tmp_path / "folder", "canary_a")
    assert not (tmp_path / "folder").exists()


def test_a_folder_that_cannot_be_a_name_gives_a_usual_one(tmp_path: Path) -> None:
    folder = tmp_path / "2026 Q1"
    folder.mkdir()
    project.make(folder)
    assert load_blueprint(folder / "experiment.yaml").name == "experiment"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        project.make(tmp_path / "file" / "folder")


def test_the_command_says_what_it_wrote_and_what_is_next(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["init", str(tmp_path / "x"), "--name", "trial"])
    assert done.exit_code == 0
    assert f"written: {tmp_path / 'x' / 'experiment.yaml'}" in done.stdout
    assert done.stdout.rstrip().endswith("make check && make run")
    again = CliRunner().invoke(app, ["init", str(tmp_path / "x")])
    assert again.exit_code == 2
    assert len(again.stderr.strip().splitlines()) == 1
