"""What MkDocs cannot know of this repository; `make site` builds docs/ with these hooks (see mkdocs.yml).

Pages are written for the repository, where a link leads to a file. On the site

- pages that live outside docs/ (the changelog, an example's README) have an address, and notebooks are pages;
- a link to a page leads to its address, a link to another file of the repository becomes its path (its page
  at `repo_url`, if mkdocs.yml names one), and a link to nowhere is a warning, on which `--strict` fails;
- an entry of the navigation that ends in `/*` stands for the other pages of that folder;
- a list directly below a paragraph gets the empty line without which Python-Markdown sees no list.
"""

from __future__ import annotations

import json
import logging
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
ELSEWHERE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "docker/README.md": "docker.md",
    "examples/thornton/README.md": "examples/thornton.md",
}
"""Files outside docs/ that are pages of the site, and where they stand there."""
log = logging.getLogger("mkdocs.hooks.assay")  # MkDocs counts the warnings of its own loggers
_LINK = re.compile(
    r"(?P<code>^ *```.*?^ *```|`[^`\n]+`)"
    r"|(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])+)\]\((?P<target>[^()\s]+)\)",
    re.MULTILINE | re.DOTALL,
)
_ITEM = re.compile(r"(?:[-*]|1\.) ")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are no Markdown below docs/, and fill in the navigation."""
    from mkdocs.structure.files import File

    for path, page in ELSEWHERE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    for path in notebooks():
        files.append(File.generated(config, str(address(path)), content=notebook((ROOT / path).read_text())))
    if config.nav is not None:
        config.nav = expanded(config.nav, [file.src_uri for file in files.documentation_pages()])
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: object) -> str:
    """Turn links of the repository into links of the site, and lists into Python-Markdown's."""
    return spaced(linked(markdown, page.file.src_uri, config.repo_url or ""))


def notebooks() -> list[str]:
    """The notebooks, as paths in the repository."""
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("notebooks/*.ipynb"))


def address(path: str) -> str | None:
    """The page, or file, of the site that a path of the repository is; None if the site does not have it."""
    if path in ELSEWHERE:
        return ELSEWHERE[path]
    if not path.startswith("docs/") or path.endswith(".py"):
        return None
    if (ROOT / path).is_dir():
        return address(f"{path}/README.md") if (ROOT / path / "README.md").exists() else None
    return re.sub(r"\.ipynb$", ".md", path.removeprefix("docs/"))


def source(page: str) -> str:
    """The file of the repository that is a page of the site."""
    written = {address(path): path for path in [*ELSEWHERE, *notebooks()]}
    return written.get(page, f"docs/{page}")


def linked(text: str, page: str, repo_url: str = "") -> str:
    """A page's text with links as the site needs them.

    Args:
        text: Markdown, with links as in the repository.
        page: The page of the site.
        repo_url: Address of the repository; without it files that are no pages are named, not linked.
    """
    home = source(page)

    def replaced(found: re.Match[str]) -> str:
        target = found["target"]
        if found["code"] or re.match(r"[a-z]+:|[#/]", target):
            return found[0]
        path, _, anchor = target.partition("#")
        place = posixpath.normpath(posixpath.join(posixpath.dirname(home), path))
        if not (ROOT / place).exists():
            log.warning("%s links to %s, which does not exist", home, place)
        if there := address(place):
            near = posixpath.relpath(there, posixpath.dirname(page) or ".")
            return f"[{found['text']}]({near}{'#' * bool(anchor)}{anchor})"
        if repo_url:
            return f"[{found['text']}]({repo_url.rstrip('/')}/blob/main/{place})"
        return _named(found["text"], place)

    return _LINK.sub(replaced, text)


def _named(text: str, place: str) -> str:
    """A file in words: its path alone where the link's text says no more."""
    return f"`{place}`" if place.endswith(text.strip("`").rstrip("/")) else f"{text} (`{place}`)"


def spaced(text: str) -> str:
    """A page's text with an empty line before each list that follows a paragraph."""
    lines: list[str] = []
    code = False
    for line in text.splitlines():
        before = lines[-1] if lines else ""
        follows = before.strip() and not before.startswith((" ", "#")) and not _ITEM.match(before)
        if not code and follows and _ITEM.match(line):
            lines.append("")
        code ^= line.lstrip().startswith("```")
        lines.append(line)
    return "\n".join(lines) + "\n"


def expanded(nav: Sequence[Any], pages: Sequence[str]) -> list[Any]:
    """The navigation with each `folder/*` replaced by the pages of that folder that it does not name."""
    rest = sorted(set(pages) - set(_entries(nav)))

    def walked(entries: Sequence[Any]) -> Iterator[Any]:
        for entry in entries:
            if isinstance(entry, dict):
                yield {
                    name: each if isinstance(each, str) else [*walked(each)] for name, each in entry.items()
                }
            elif entry.endswith("/*"):
                yield from (page for page in rest if posixpath.dirname(page) == entry[:-2])
            else:
                yield entry

    return [*walked(nav)]


def _entries(nav: Sequence[Any]) -> Iterator[str]:
    for entry in nav:
        for each in entry.values() if isinstance(entry, dict) else [entry]:
            yield from [each] if isinstance(each, str) else _entries(each)


def notebook(text: str) -> str:
    """A notebook with its outputs as Markdown."""
    parts = []
    for cell in json.loads(text)["cells"]:
        said = "".join(cell["source"])
        parts.append(said if cell["cell_type"] == "markdown" else f"```python\n{said}\n```")
        parts += [_output(each) for each in cell.get("outputs", [])]
    return "\n\n".join(parts) + "\n"


def _output(output: dict[str, Any]) -> str:
    data = output.get("data", {"text/plain": output.get("text", "")})
    for kind in ("image/svg+xml", "text/html"):
        if kind in data:
            return f'<div class="output">\n{"".join(data[kind])}\n</div>'
    return f"```text\n{''.join(data['text/plain']).rstrip()}\n```"
