"""What `assay certify --published` prints, writes and answers."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import typer
from rich.console import Console

from assay.certify.published import type_s_m
from assay.cli.published import show_published
from assay.errors import InputError


def printed(names: list[str], replicates: int, page: Path | None = None) -> str:
    console = Console(file=io.StringIO(), width=160, highlight=False)
    show_published(names, replicates, 2026, console, page)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_tables_and_a_verdict(tmp_path: Path) -> None:
    text = printed(["type_s_m", "cuped_variance"], 2_000, tmp_path / "page.md")
    assert text.index("Errors of sign and magnitude  (type_s_m, 2,000 replicates)") < text.index(
        "CUPED leaves"
    )
    assert "Gelman and Carlin (2014)" in text
    assert "0.750 (theory)" in text
    assert text.endswith("all 14 rows agree (published tables: 2)\n")
    assert printed(["type_s_m", "cuped_variance"], 2_000) == text
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "Tables: 2, rows: 14. All agree." in page


def test_a_disagreement_is_named_and_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = type_s_m.Case(0.1, 3.28, 0.05, 0.64, 77)
    monkeypatch.setattr(type_s_m, "CASES", (wrong, *type_s_m.CASES[1:]))
    console = Console(width=200, highlight=False)
    with pytest.raises(typer.Exit) as stopped:
        show_published(["type_s_m"], 2_000, 2026, console, tmp_path / "page.md")
    assert stopped.value.exit_code == 1
    out = capsys.readouterr().out
    assert "1 of 9 rows disagree: type_s_m: type S, effect 0.1, standard error 3.28" in out
    assert out.count("DISAGREES") == 1
    assert "**1 disagree.**" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_bad_input_is_one_sentence_and_nothing_is_simulated(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'cuped_variance'"):
        printed(["type_s_m", "cuped_varianc"], 100)
    with pytest.raises(InputError, match="replicates is 10; a published table needs 100 or more"):
        printed([], 10)
    with pytest.raises(InputError, match="cannot be written: there is no folder"):
        printed(["type_s_m"], 100, tmp_path / "no" / "page.md")


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        printed(["type_s_m"], 2_000, tmp_path)


def test_as_json_it_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    show_published(["type_s_m"], 2_000, 2026, Console(file=io.StringIO()), as_json=True)
    document = json.loads(capsys.readouterr().out)
    (table,) = document["tables"]
    assert document["agrees"] is table["agrees"] is True
    assert (table["name"], table["replicates"], len(table["rows"])) == ("type_s_m", 2_000, 9)
