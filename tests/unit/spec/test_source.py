"""Sources as files: what may be written, and how a mistake is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from assay import configs
from assay.errors import InputError
from assay.spec import source as spec

REST = """
name: quotes
kind: rest
table: market_quotes
url: https://example.com/api
path: /assets/{asset}
each: {asset: [DAX, SMI]}
add: {asset: "{asset}", source: "{source}"}
since: {column: day, query: from, lag: 3}
"""
HTML = "{name: page, kind: html, table: t, url: 'https://example.com', rows: table, columns: {a: A}}"
SQL = "{name: legacy, kind: sql, table: t, secret: legacy, relation: sales.closes}"
FILES = "{name: drops, kind: files, table: t, at: 'dropped/prices/*.csv'}"


def changed(document: str, **fields: object) -> str:
    tree = yaml.safe_load(document)
    for path, value in fields.items():
        *above, last = path.split("__")
        here = tree
        for name in above:
            here = here[name]
        here[last] = value
    return yaml.safe_dump(tree)


def test_each_kind_is_read() -> None:
    found = [spec.parse(text, "x.yaml") for text in (REST, HTML, SQL, FILES)]
    assert [each.kind for each in found] == ["rest", "html", "sql", "files"]
    rest = found[0]
    assert isinstance(rest, spec.Rest)
    assert rest.values == {"asset": ["DAX", "SMI"]}
    assert spec.filled(rest.path, {"asset": "DAX"}) == "/assets/DAX"
    assert found[1].limits.per_second == 1  # politer than an interface made for machines
    assert found[1].at_least == 1


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("{name: a, table: t}", "x.yaml, kind: is missing; add it; allowed: 'files', 'html', 'rest', 'sql'"),
        (changed(REST, kind="resst"), "x.yaml, kind: is 'resst'; did you mean 'rest'?"),
        (changed(REST, recods="a"), "x.yaml: no field 'recods'; did you mean 'records'?"),
        (
            changed(REST, path="/{aset}"),
            "x.yaml, path: holds {aset}, which 'each' does not list; did you mean 'asset'?",
        ),
        (
            changed(REST, each={"asset": ["DAX", "DAX"]}, path="/{asset}"),
            "x.yaml, each.asset: lists a value twice; every value must be there once",
        ),
        (
            changed(REST, since={"column": "day"}),
            "x.yaml, since.query: is missing; say which parameter takes the value to begin with",
        ),
        (
            changed(REST, url=None),
            "x.yaml, url: is missing; give the address here, or name a secret that holds it",
        ),
        (
            changed(REST, auth={"by": "bearer"}),
            "x.yaml, auth: needs a secret that holds what it shows; name it with 'secret'",
        ),
        (
            changed(REST, secret="s", auth={"by": "header"}),
            "x.yaml, auth.header: is given with 'by: header', and only then; name the header",
        ),
        (
            changed(REST, secret="s", auth={"by": "oauth2"}),
            "x.yaml, auth.url: is given with 'by: oauth2', and only then; give the token's address",
        ),
        (
            changed(REST, pages={"by": "cursor", "query": "c"}),
            "x.yaml, pages.at: is missing; pages by cursor need the path of the next cursor",
        ),
        (
            changed(REST, pages={"by": "number"}),
            "x.yaml, pages.query: is missing; pages by number need the parameter that names the page",
        ),
        (changed(REST, url="ftp://x"), "x.yaml, url: is 'ftp://x'; it must be an address such as https"),
        (changed(REST, limits={"attempts": 0}), "x.yaml, limits.attempts: is 0; it must be greater than or"),
        (
            changed(HTML, since={"column": "a", "query": "q"}),
            "x.yaml, since.query: is for sources of kind rest; a page is read as a whole",
        ),
        (
            changed(SQL, since={"column": "a", "query": "q"}),
            "x.yaml, since.query: is for sources of kind rest; a database compares the column",
        ),
        (
            changed(SQL, relation="closes; drop table x"),
            "x.yaml, relation: is 'closes; drop table x'; it must be the name",
        ),
        (
            changed(FILES, since={"column": "a"}),
            "x.yaml, since: is not for files: each version of a file is read once; remove it",
        ),
        (
            changed(HTML, optional=True),
            "x.yaml, optional: needs a secret, without which the source is left out; name it",
        ),
        (
            changed(SQL, optional=True, required=True),
            "x.yaml, optional: contradicts 'required'; remove one of them",
        ),
        (changed(SQL, scale={"price": 0}), "x.yaml, scale.price: is 0; it must be greater than 0"),
        (changed(FILES, encoding="latin-99"), "x.yaml, encoding: is 'latin-99', which Python does not know"),
        (
            changed(FILES, at="rds/brokerage/*.parquet"),
            "x.yaml, at: is 'rds/brokerage/*.parquet'; it must be a place",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(document: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        spec.parse(document, "x.yaml")
    assert caught.value.message.startswith(sentence), caught.value.message


def test_own_files_are_read_beside_the_shipped_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "quotes.yaml").write_text(REST)
    shipped = set(spec.sources())
    monkeypatch.setenv(configs.OWN, str(tmp_path))
    assert set(spec.sources()) == {*shipped, "quotes"}
    assert spec.named("quotes").table == "market_quotes"
    with pytest.raises(InputError, match=r"there is no source 'qotes' .* did you mean 'quotes'?"):
        spec.named("qotes")
    (tmp_path / "sources" / "other.yaml").write_text(REST)
    with pytest.raises(InputError, match="a file is named as its source: rename one"):
        spec.sources()
    monkeypatch.setenv(configs.OWN, str(tmp_path / "none"))
    with pytest.raises(InputError, match="there is no such folder; correct it, or unset it"):
        spec.sources()


def test_a_shipped_file_is_not_replaced_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "silver.trades.yaml").write_text("a: 1")
    monkeypatch.setenv(configs.OWN, str(tmp_path))
    with pytest.raises(InputError, match="Assay ships a file of that name; give yours another"):
        configs.files("glue_configs/contracts")


def test_the_page_shows_what_is_read() -> None:
    page = (Path(__file__).parents[3] / "docs" / "sources.md").read_text(encoding="utf-8")
    shown = page.partition("```yaml\n")[2].partition("```")[0]
    found = spec.parse(shown, "docs/sources.md")
    assert isinstance(found, spec.Rest)
    assert (found.name, found.secret) == ("quotes", "quotes")
    assert re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE) == [*spec.KINDS]
