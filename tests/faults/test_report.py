from __future__ import annotations

from pathlib import Path

from faults.report import BEGIN, END, Finding, found, keep, write


def test_the_page_holds_what_was_kept_and_the_same_fault_once(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    keep(Finding("files", "an empty | file", 1, 0, "no"), tmp_path / "kept")
    keep(Finding("files", "an empty | file", 2, 0, "the\nsentence"), tmp_path / "kept")
    keep(Finding("AWS", "throttled", 1000, 0, "nothing"), tmp_path / "kept")
    assert [each.tried for each in found(tmp_path / "kept")] == [1000, 2]
    write(page, tmp_path / "kept")
    text = page.read_text(encoding="utf-8")
    assert "| files | an empty \\| file | 2 | 0 | the sentence |" in text
    assert "| AWS | throttled | 1,000 | 0 | nothing |" in text
    assert "old" not in text
    assert text.endswith(f"{END}\nafter\n")
