"""A web page: one table, or things that repeat; robots.txt is obeyed, and a page that changed is an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from cssselect import SelectorError
from parsel import Selector
from protego import Protego
from typing_extensions import override

from assay.errors import InputError, TerminalError
from assay.sources.readers.base import Asked, Batch, Part, Record
from assay.sources.readers.web import WebReader, shown
from assay.spec.source import Html, filled

_OK, _NONE = 200, range(400, 500)
_AGENT = "assay"


class HtmlReader(WebReader[Html]):
    """Reads pages."""

    def __init__(self, source: Html, asked: Asked) -> None:
        """Prepare, without a request; errors as for `WebReader`."""
        super().__init__(source, asked)
        self._rules: Protego | None = None

    @override
    def read(self, part: Part, since: str | None) -> Iterator[Batch]:
        """The records of one page."""
        source, site = self._source, self._site
        url = site.url + filled(source.path, part.values)
        self._ask_robots(url)
        answer = site.get(url, self._query(part))
        page = Selector(answer.text, type="html")
        found = self._select(page, source.rows)
        if not found:
            raise self._changed(answer.url, f"has nothing at {source.rows!r}")
        if found[0].root.tag == "table":
            records = self._of_table(answer.url, found[0])
        else:
            records = [self._of_thing(row) for row in found]
        yield Batch(shown(answer.url), records)

    @override
    def get(self, record: Record, place: str) -> tuple[bool, Any]:
        """A value by its heading or selector; numbers that people wrote become plain ones."""
        if place not in record:
            return False, None
        text = record[place]
        columns = {column for column, at in self._source.columns.items() if at == place}
        if text is not None and columns & set(self._source.numbers):
            group = "," if self._source.decimal == "." else "."
            text = text.replace(group, "").replace("\u00a0", "").replace(" ", "").replace("\u2212", "-")
            text = text.replace(self._source.decimal, ".")
        return True, text or None

    def _ask_robots(self, url: str) -> None:
        if not self._source.robots:
            return
        if self._rules is None:
            parts = urlsplit(self._site.url)
            where = f"{parts.scheme}://{parts.netloc}/robots.txt"
            session = self._site.session
            answer = self._site.telling(lambda: session.get(where, headers=self._site.headers))
            # A site without the file allows everything; one that cannot say allows nothing (RFC 9309, 2.3.1).
            text = answer.text if answer.status_code == _OK else ""
            if answer.status_code not in {_OK, *_NONE}:
                self._site.judged(answer)
            self._rules = Protego.parse(text)
        if not self._rules.can_fetch(url, _AGENT):
            raise TerminalError(
                f"source {self._source.name}: the site's robots.txt does not allow {shown(url)}; ask its "
                "owner, or set 'robots: false' where the site is yours"
            )

    def _select(self, at: Selector, selector: str) -> list[Selector]:
        try:
            is_path = selector.startswith(("/", "./", "("))
            return list(at.xpath(selector) if is_path else at.css(selector))
        except (ValueError, SelectorError) as error:
            raise InputError(
                f"source {self._source.name}: {selector!r} is no selector ({' '.join(str(error).split())}); "
                "write CSS, or XPath that begins with /"
            ) from error

    def _of_table(self, url: str, table: Selector) -> list[Record]:
        rows = table.xpath(".//tr")
        headings = [_text(cell) for cell in rows[0].xpath("./th|./td")] if rows else []
        lacking = sorted(set(self._source.columns.values()) - set(headings))
        if lacking:
            has = ", ".join(map(repr, headings)) or "none"
            raise self._changed(
                url, f"has a table without the heading {lacking[0]!r}; its headings are {has}"
            )
        records: list[Record] = []
        for row in rows[1:]:
            cells = [_text(cell) for cell in row.xpath("./td|./th")]
            if len(cells) == len(headings):
                records.append(dict(zip(headings, cells, strict=True)))
            elif any(cells):
                raise self._changed(
                    url, f"has a row of {len(cells)} cells in a table of {len(headings)} columns: {cells[:3]}"
                )
        return records

    def _of_thing(self, row: Selector) -> Record:
        record: dict[str, str | None] = {}
        for place in self._source.columns.values():
            found = self._select(row, place)
            if found:
                record[place] = _text(found[0])
        return record

    def _changed(self, url: str, what: str) -> TerminalError:
        return TerminalError(
            f"source {self._source.name}: {shown(url)} {what}; the page has changed, or shows something "
            "else: look at it, and correct 'rows' and 'columns'"
        )


def _text(found: Selector) -> str:
    """The text of an element with its spaces put right; of an attribute or text node the text."""
    if isinstance(found.root, str):
        return " ".join(found.root.split())
    return " ".join(str(found.xpath("normalize-space(.)").get("")).split())
