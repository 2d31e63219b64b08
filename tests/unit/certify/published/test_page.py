"""The page for the documentation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from assay.certify.published import COMMAND, PUBLICATIONS, page, reproduce

ROOT = Path(__file__).parents[4]


def test_a_page_says_how_it_was_made_and_shows_every_row() -> None:
    tables = reproduce("type_s_m", "cuped_variance", replicates=2_000)
    text = page(tables)
    assert text.startswith(f"<!-- Made by `{COMMAND}`. -->\n\n# ")
    assert "Tables: 2, rows: 14. All agree.\n" in text
    for table in tables:
        assert f"## {table.title}\n\n{table.compares}\n\nSource: {table.source} `{table.name}`, 2,000" in text
        for row in table.rows:
            assert sum(line.startswith(f"| {row.label} | ") for line in text.splitlines()) == 1
    assert "| correlation 0.5 | 0.750 *theory* | 0.75019 | " in text
    assert "| type M, effect 2, standard error 8.1 | *computed* | 9.537 | " in text
    assert text.endswith("|\n")
    assert "\n\n\n" not in text


def test_a_page_counts_what_disagrees_and_nothing_is_no_agreement() -> None:
    (table,) = reproduce("type_s_m", replicates=2_000)
    first, *others = table.rows
    text = page([replace(table, rows=(replace(first, ours=0.9), *others))])
    assert "Tables: 1, rows: 9. **1 disagree.**" in text
    assert text.count("DISAGREES") == 1
    assert "All agree" not in page([])


def test_the_committed_page_has_every_publication_and_no_disagreement() -> None:
    text = (ROOT / "docs" / "certificates" / "published.md").read_text(encoding="utf-8")
    assert COMMAND in text
    assert "DISAGREES" not in text
    for each in PUBLICATIONS.values():
        assert f"## {each.title}\n\n{each.compares}\n\nSource: {each.source} `{each.name}`" in text
        assert f"`{each.name}`, {each.replicates:,} replicates" in text


def test_the_committed_page_is_what_the_code_makes() -> None:
    text = (ROOT / "docs" / "certificates" / "published.md").read_text(encoding="utf-8")
    for name in ("cuped_variance", "type_s_m"):
        section = page(reproduce(name)).partition("\n## ")[2]
        assert f"\n## {section}" in f"{text}\n"
