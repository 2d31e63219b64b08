"""Sources as files: where rows come from, how they are asked for, and which silver table they end in.

`glue_configs/sources/<name>.yaml` is all that a source needs, beside the contract of its silver table. What
is secret (tokens, passwords, and addresses where they differ between installations) stands in Secrets
Manager.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from assay import configs
from assay.errors import InputError, did_you_mean
from assay.spec import reading, sentences
from assay.spec.asking import (
    Address,
    Auth,
    Column,
    Factor,
    FilePlace,
    Limits,
    Pages,
    Relation,
    Scalar,
    Since,
    Text,
    UrlPath,
)
from assay.spec.model import Model, Name, problem

FOLDER = "glue_configs/sources"
RECORD = "record"
_PLACEHOLDER = re.compile(r"{([^{}]*)}")


class Base(Model):
    """What sources of every kind have.

    Attributes:
        name: Names the source's folder in landing, its state and its rows (`_source`).
        table: The silver table, without its layer; its contract says what becomes of the rows.
        secret: Name of the secret, a JSON object, without what all secrets of an installation begin with.
        columns: Column of the table → where its value stands in a record; if left out, every field of a
            record is the column of that name (in lower case, words joined by `_`).
        add: Column → a text for every row; `{x}` stands for a value of `each`, `{source}` for the name,
            `{week}` for the Monday of the week that is worked on, `{as_of}` for the day after it, `{record}`
            for the record's number in its file, page or answer, from 1.
        codes: Column → value as it comes → what it becomes, such as `{"1": treatment}`; others stay.
        scale: Column → what its numbers are multiplied by, such as 0.01 for prices in pence.
        since: How only what is new is asked for; None reads everything each time.
        limits: What the source may be asked.
        at_least: Fewer rows than this are an error: a source that shows nothing has usually changed.
        required: Whether the run of the job fails with this source; else it is told, and the others count.
        optional: Whether it is left out where its secret does not exist, without a word in the run.
    """

    name: Name
    table: Name
    secret: Text | None = None
    columns: dict[Column, Text] = Field(default_factory=dict)
    add: dict[Column, Text] = Field(default_factory=dict)
    codes: dict[Column, dict[str, str]] = Field(default_factory=dict)
    scale: dict[Column, Factor] = Field(default_factory=dict)
    since: Since | None = None
    limits: Limits = Limits()
    at_least: int = Field(default=0, ge=0)
    required: bool = False
    optional: bool = False

    @model_validator(mode="after")
    def _check_optional(self) -> Base:
        if self.optional and self.secret is None:
            raise problem("optional", "needs a secret, without which the source is left out; name it")
        if self.optional and self.required:
            raise problem("optional", "contradicts 'required'; remove one of them")
        return self

    @property
    def values(self) -> dict[str, list[Scalar]]:
        """What `each` lists; nothing for kinds that have none."""
        return {}

    def check_placeholders(self, **texts: str) -> None:
        """Every `{x}` of these texts, and of `add`, is known.

        Raises:
            PydanticCustomError: One is not.
        """
        known = {"source", "week", "as_of", *self.values}
        for path, text in {**texts, **{f"add.{column}": text for column, text in self.add.items()}}.items():
            of_records = {RECORD} if path.startswith("add.") else set()
            for name in _PLACEHOLDER.findall(text):
                if name not in known | of_records:
                    hint = did_you_mean(name, known)
                    raise problem(path, f"holds {{{name}}}, which 'each' does not list; {hint}")


class Web(Base):
    """What sources on the web have.

    Attributes:
        url: The address that paths are added to; the secret's `url` where it is left out.
        path: Of the answer or page.
        query: Parameters of every request.
        headers: Of every request, beside those of `auth`.
        auth: How a request shows who asks.
        each: One name and its values: the path, the query and `add` are made for each of them.
    """

    url: Address | None = None
    path: UrlPath = ""
    query: dict[str, Scalar] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    auth: Auth | None = None
    each: dict[Name, Annotated[list[Scalar], Field(min_length=1)]] = Field(default_factory=dict, max_length=1)

    @property
    def values(self) -> dict[str, list[Scalar]]:
        """What `each` lists."""
        return self.each

    @model_validator(mode="after")
    def _check_web(self) -> Web:
        if self.url is None and self.secret is None:
            raise problem("url", "is missing; give the address here, or name a secret that holds it")
        if self.auth is not None and self.secret is None:
            raise problem("auth", "needs a secret that holds what it shows; name it with 'secret'")
        texts = {f"query.{name}": str(value) for name, value in self.query.items()}
        self.check_placeholders(path=self.path, **texts)
        for name, values in self.each.items():
            if len(set(map(str, values))) < len(values):
                raise problem(f"each.{name}", "lists a value twice; every value must be there once")
        return self


class Rest(Web):
    """An HTTP API that answers JSON.

    Attributes:
        records: Path of the records in an answer (JSONPath, such as `data.items`); the whole if empty.
        pages: How an answer leads to the next one; None for one answer.
    """

    kind: Literal["rest"]
    records: str = ""
    pages: Pages | None = None

    @model_validator(mode="after")
    def _check(self) -> Rest:
        if self.since is not None and self.since.query is None:
            raise problem("since.query", "is missing; say which parameter takes the value to begin with")
        return self


class Html(Web):
    """A web page with a table, or with things that repeat.

    Attributes:
        rows: Selector of the repeating thing, CSS, or XPath where it begins with `/`; or of one `<table>`,
            whose columns are then found by their headings.
        decimal: The decimal mark of numbers, `.` or `,`; the other one groups thousands and is taken out of
            the `numbers`.
        numbers: Columns whose texts are numbers written for people.
        robots: Whether the site's robots.txt is asked and obeyed; it is, unless the site is your own.
    """

    kind: Literal["html"]
    rows: Text
    columns: dict[Column, Text] = Field(min_length=1)
    decimal: Literal[".", ","] = "."
    numbers: list[Column] = Field(default_factory=list)
    robots: bool = True
    limits: Limits = Limits(per_second=1.0, parallel=1)
    at_least: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Html:
        if self.since is not None and self.since.query is not None:
            raise problem("since.query", "is for sources of kind rest; a page is read as a whole")
        return self


class Sql(Base):
    """A database that SQLAlchemy knows; the secret holds its `url`, or the parts of one.

    Attributes:
        relation: A table or view, with its schema if it needs one.
        batch: Rows that are fetched at a time.
    """

    kind: Literal["sql"]
    relation: Relation
    secret: Text
    batch: int = Field(default=10_000, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _check(self) -> Sql:
        if self.since is not None and self.since.query is not None:
            raise problem("since.query", "is for sources of kind rest; a database compares the column")
        self.check_placeholders()
        return self


class Files(Base):
    """Files, dropped into the landing bucket or fetched over HTTPS or SFTP; each version is read once.

    Attributes:
        at: `dropped/prices/*.csv` in the landing bucket, or an address with `https://` or `sftp://`.
        format: How they are written; their ending says it if left out.
        delimiter: Of a CSV file.
        encoding: Of a text file.
        sheet: Of an Excel file; the first if left out.
        records: Path of the records in a JSON file (JSONPath); the whole if empty.
    """

    kind: Literal["files"]
    at: FilePlace
    format: Literal["csv", "json", "jsonl", "parquet", "excel"] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    sheet: Text | None = None
    records: str = ""

    @model_validator(mode="after")
    def _check(self) -> Files:
        if self.since is not None:
            raise problem("since", "is not for files: each version of a file is read once; remove it")
        try:
            "".encode(self.encoding)
        except LookupError:
            raise problem(
                "encoding", f"is {self.encoding!r}, which Python does not know; for example 'utf-8', 'cp1252'"
            ) from None
        self.check_placeholders()
        return self


Source = Rest | Html | Sql | Files
KINDS: Mapping[str, type[Rest | Html | Sql | Files]] = MappingProxyType(
    {"rest": Rest, "html": Html, "sql": Sql, "files": Files}
)


def parse(document: str, origin: str) -> Source:
    """Read a source from YAML or JSON text.

    Args:
        document: The text.
        origin: What to call it in messages, for example the file's path.

    Raises:
        InputError: Not readable, or not a valid source; one sentence with file, path, value and remedy.
    """
    tree = reading.read(document, origin)
    kind = tree.get("kind")
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        hint = did_you_mean(str(kind), KINDS)
        what = "is missing; add it" if kind is None else f"is {kind!r}"
        raise InputError(f"{origin}, kind: {what}; {hint}")
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise InputError(sentences.sentence(error, model, origin)) from None


def load(path: Path) -> Source:
    """Read a source's file, which is named as the source is.

    Raises:
        InputError: The file is missing or unreadable, or its source is not valid.
    """
    source = parse(reading.text(path), f"sources/{path.name}")
    if source.name != path.stem:
        raise InputError(
            f"sources/{path.name}, name: is {source.name!r}; a file is named as its source: rename one of "
            "them"
        )
    return source


def sources() -> dict[str, Source]:
    """Every source, by name: those that ship with Assay, and the user's own.

    Raises:
        InputError: As for `load`.
    """
    return {name: load(path) for name, path in configs.files(FOLDER).items()}


def named(name: str) -> Source:
    """One source.

    Raises:
        InputError: There is none of that name, or as for `load`.
    """
    known = configs.files(FOLDER)
    if name not in known:
        raise InputError(f"there is no source {name[:80]!r} in {FOLDER}; {did_you_mean(name[:80], known)}")
    return load(known[name])


def filled(text: str, values: Mapping[str, object]) -> str:
    """A text with its placeholders filled.

    Args:
        text: With `{x}`.
        values: x → value; `check_placeholders` has seen that all are there.
    """
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), text)
